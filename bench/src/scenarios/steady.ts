import { publishTimed } from "../load/requests.ts";
import type { OpenLoop } from "../load/open-loop.ts";
import type { StepCounts } from "../process/step-counts.ts";
import type { Server } from "../server/server.ts";
import { median, spread } from "../statistics/percentiles.ts";
import { Account, untilQuiet } from "./account.ts";
import { alternate, besideBare, headersOf } from "./baseline.ts";
import type { Bench, Scenario } from "./bench.ts";
import { medianFigure } from "./result.ts";
import type { Figure } from "./result.ts";

const RATES = [5, 50, 500] as const;
/** The rate that has targets: so low that no two messages are handled together. */
const TARGET_RATE = 50;
const REPEATS_MAX = 2;
/** The members of this group are the addresses to which the relay sends. */
const RELAY_GROUP = "timed-relay";
const TOPIC = "timed-steady";
const COUNTED_TOPIC = "timed-counted";
const ID_HEADER = "ringback-message-id";

interface Sample {
  readonly cpuUs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/**
 * Messages at a steady rate, one at a time. The unit is the CPU time per message of a program that takes a request and
 * sends its body on, at the same rate.
 */
export const steadyScenario: Scenario = {
  name: "steady",
  title: "one message at a time, at steady rates",
  async run(bench, server) {
    const { warmUpMs, steadyMs, repeats } = bench.settings;
    const steady = await Steady.start(bench, server, TOPIC);
    await steady.account.publishFor(server, warmUpMs);
    await steady.prepareRelay();
    const figures: Figure[] = [];
    const details: Record<string, unknown> = {};
    for (const rate of RATES) {
      await steady.throughServer(rate, steadyMs / 2);
      await steady.throughRelay(rate, steadyMs / 2);
      const { samples, bares } = await alternate(
        Math.min(repeats, REPEATS_MAX),
        () => steady.throughServer(rate, steadyMs),
        () => steady.throughRelay(rate, steadyMs),
      );
      figures.push(...figuresOf(rate, samples, bares, bench.database !== null));
      details[`${rate}/s`] = { samples, bares };
    }
    details["perMessage"] = await countSteps(bench, steadyMs);
    return { figures, deliveries: [await steady.account.close()], details };
  },
};

class Steady {
  readonly account: Account;
  readonly #bench: Bench;
  readonly #server: Server;

  private constructor(bench: Bench, server: Server, account: Account) {
    this.#bench = bench;
    this.#server = server;
    this.account = account;
  }

  static async start(bench: Bench, server: Server, topic: string): Promise<Steady> {
    return new Steady(bench, server, await Account.ofTopic(bench, server, topic));
  }

  /** The relay sends the headers that the receiver got from the server. */
  async prepareRelay(): Promise<void> {
    const { receiver, receiverOrigin, relay } = this.#bench;
    const { group } = this.account;
    const sample = await receiver.call("sample", group);
    if (sample === null) throw new Error(`nothing arrived at /${group}, so there is no request to copy`);
    const headers = headersOf(sample.head);
    headers.splice(headers.indexOf(ID_HEADER), 2);
    await relay.call("sendTo", { origin: receiverOrigin, path: `/${RELAY_GROUP}/0`, headers, idHeader: ID_HEADER });
  }

  async throughServer(rate: number, durationMs: number): Promise<Sample> {
    const before = this.#bench.cpuUs(this.#server);
    const skipped = (await this.#bench.receiver.call("latenciesMs", this.account.group)).length;
    const report = await this.#publish(this.#server.origin, rate, durationMs);
    this.account.add(report);
    await this.account.untilArrived();
    await untilQuiet(this.#server);
    const cpuUs = this.#bench.cpuUs(this.#server) - before;
    return sampleOf(cpuUs, (await this.#bench.receiver.call("latenciesMs", this.account.group)).slice(skipped));
  }

  async throughRelay(rate: number, durationMs: number): Promise<Sample> {
    const { relay, receiver } = this.#bench;
    const before = await relay.call("cpuUs");
    await this.#publish(`http://127.0.0.1:${await relay.call("port")}`, rate, durationMs);
    const cpuUs = (await relay.call("cpuUs")) - before;
    const latenciesMs = await receiver.call("latenciesMs", RELAY_GROUP);
    await receiver.call("discard", RELAY_GROUP);
    return sampleOf(cpuUs, latenciesMs);
  }

  #publish(origin: string, requestsPerSecond: number, durationMs: number) {
    const target = publishTimed(origin, this.account.group, this.#bench.settings.bodyBytes);
    const loop: OpenLoop = { ...target, requestsPerSecond, durationMs };
    return this.#bench.load.call("openLoop", loop);
  }
}

function sampleOf(cpuUs: number, latenciesMs: readonly number[]): Sample {
  const { p50, p99 } = spread(latenciesMs);
  return { cpuUs: cpuUs / latenciesMs.length, p50Ms: p50, p99Ms: p99 };
}

function figuresOf(
  rate: number,
  samples: readonly Sample[],
  bares: readonly Sample[],
  withDatabase: boolean,
): readonly Figure[] {
  const cpuOf = (of: readonly Sample[]): number[] => of.map(({ cpuUs }) => cpuUs);
  const hasTarget = rate === TARGET_RATE;
  return [
    {
      name: `CPU per message at ${rate}/s, in those of a relay`,
      ...medianFigure(besideBare(cpuOf(samples), cpuOf(bares))),
      unit: "×",
      ...(hasTarget && { atMost: withDatabase ? 3.5 : 1.6 }),
      perSecond: rate,
      serverUs: median(cpuOf(samples)),
      bareUs: median(cpuOf(bares)),
    },
    {
      name: `publish to receiver at ${rate}/s, p50`,
      ...medianFigure(samples.map(({ p50Ms }) => p50Ms)),
      unit: "ms",
      ...(hasTarget && { atMost: 4 }),
    },
    { name: `publish to receiver at ${rate}/s, p99`, ...medianFigure(samples.map(({ p99Ms }) => p99Ms)), unit: "ms" },
  ];
}

/** Counts per message at the target rate, by a server that counts. */
async function countSteps(bench: Bench, durationMs: number): Promise<Record<string, number>> {
  const server = await bench.launch("steady-steps", "steps");
  try {
    const steady = await Steady.start(bench, server, COUNTED_TOPIC);
    await steady.throughServer(TARGET_RATE, durationMs / 2);
    const rest = await countsDuring(server, () => new Promise((resolve) => setTimeout(resolve, durationMs)));
    const busy = await countsDuring(server, () => steady.throughServer(TARGET_RATE, durationMs));
    await steady.account.close();
    const messages = (TARGET_RATE * durationMs) / 1_000;
    return Object.fromEntries(
      Object.entries(busy).map(([name, count]) => [name, (count - (rest[name] ?? 0)) / messages]),
    );
  } finally {
    await server.stop();
    await bench.removeData("steady-steps");
  }
}

async function countsDuring(server: Server, work: () => Promise<unknown>): Promise<Record<string, number>> {
  const read = async (): Promise<Record<string, number>> => {
    const steps: StepCounts = await server.stepCounts();
    return { ...steps, ...server.systemCounts() };
  };
  const before = await read();
  await work();
  const after = await read();
  return Object.fromEntries(Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)]));
}
