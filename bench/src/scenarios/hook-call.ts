import { callHook } from "../load/requests.ts";
import type { ClosedLoop } from "../load/closed-loop.ts";
import type { LoadReport } from "../load/tally.ts";
import type { Server } from "../server/server.ts";
import { median } from "../statistics/percentiles.ts";
import type { HookTransport } from "../workers/hook-caller.ts";
import { untilQuiet } from "./account.ts";
import { alternate, Baseline } from "./baseline.ts";
import type { Bench, Scenario } from "./bench.ts";
import { addRefused, countedAccount, medianFigure } from "./result.ts";
import type { DeliveryAccount, Figure } from "./result.ts";

/** The group of the receiver. The receiver's paths are `/hook/…`. */
const GROUP = "hook";

interface Sample {
  readonly calls: number;
  readonly cpuUs: number;
  readonly perSecond: number;
}

/**
 * Measures the CPU time of a call of a hook, from the caller's request to the outcome. The unit is the CPU time of a
 * bare POST: a POST by a loop that does nothing else. For a call through the API, the CPU time is the server's. For a
 * call with `createHooks`, over `fetch` or over an undici dispatcher, the CPU time is the program's.
 */
export const hookCallScenario: Scenario = {
  name: "hook-call",
  title: "one hook, one URL, called through the API and from a program",
  async run(bench, server) {
    const { bodyBytes, warmUpMs, measuredMs, repeats } = bench.settings;
    await server.catalog.putHook("bench", `${bench.receiverOrigin}/${GROUP}/api`);
    const target = callHook(server.origin, "bench", bodyBytes);
    const calls = new HookCalls(bench);
    await calls.throughApi(server, bench.loop(target, warmUpMs));
    const baseline = await Baseline.of(bench, GROUP);
    await calls.fromProgram("fetch", warmUpMs);
    await calls.fromProgram("dispatcher", warmUpMs);
    const { samples } = await alternate(
      repeats,
      async () => ({
        api: await calls.throughApi(server, bench.loop(target, measuredMs)),
        fetch: await calls.fromProgram("fetch", measuredMs),
        dispatcher: await calls.fromProgram("dispatcher", measuredMs),
      }),
      () => baseline.measure(),
    );
    const figure = (name: string, by: "api" | HookTransport): Figure =>
      figureOf(
        name,
        samples.map((sample) => sample[by]),
        baseline,
      );
    return {
      figures: [
        figure("CPU per call, through the API", "api"),
        figure("CPU per call, createHooks in a program", "fetch"),
        figure("CPU per call, createHooks over an undici dispatcher", "dispatcher"),
      ],
      deliveries: [await calls.account()],
      details: { samples, bareRequestUs: baseline.requestUs, bareDispatchUs: baseline.dispatchUs },
    };
  },
};

/** Calls the hook and counts the calls. */
class HookCalls {
  readonly #bench: Bench;
  readonly #refused: Record<string, number> = {};
  #calls = 0;

  constructor(bench: Bench) {
    this.#bench = bench;
  }

  async throughApi(server: Server, loop: ClosedLoop): Promise<Sample> {
    const cpuUsBefore = server.cpuUs();
    const report = await this.#bench.load.call("closedLoop", loop);
    await untilQuiet(server);
    addRefused(this.#refused, report.refused);
    return this.#sample(report, server.cpuUs() - cpuUsBefore);
  }

  async fromProgram(transport: HookTransport, durationMs: number): Promise<Sample> {
    const { hookCallers, receiverOrigin, settings } = this.#bench;
    const { bodyBytes, maxInFlight, requestsMax } = settings;
    const url = `${receiverOrigin}/${GROUP}/program`;
    const loop = { transport, url, bodyBytes, concurrency: maxInFlight, durationMs, requestsMax };
    const report = await hookCallers[transport].call("callHook", loop);
    if (report.acceptedMessages < report.requests) {
      throw new Error(`calls of a hook from a program failed: ${JSON.stringify(report.refused)}`);
    }
    return this.#sample(report, report.cpuUs);
  }

  /** Counts calls as deliveries: every call with an outcome has reached the receiver. */
  async account(): Promise<DeliveryAccount> {
    const { requests } = await this.#bench.receiver.call("arrivals", GROUP);
    await this.#bench.receiver.call("discard", GROUP);
    return countedAccount(GROUP, this.#calls, requests, this.#refused);
  }

  #sample({ acceptedMessages: calls, startedAtMs, endedAtMs }: LoadReport, cpuUs: number): Sample {
    this.#calls += calls;
    return { calls, cpuUs: cpuUs / calls, perSecond: (calls * 1000) / (endedAtMs - startedAtMs) };
  }
}

function figureOf(name: string, samples: readonly Sample[], baseline: Baseline): Figure {
  const cpuUs = samples.map((sample) => sample.cpuUs);
  const ratios = baseline.ratios(cpuUs);
  return {
    name,
    ...medianFigure(ratios.request),
    unit: "×",
    atMost: 1.5,
    dispatchRatio: median(ratios.dispatch),
    perSecond: median(samples.map((sample) => sample.perSecond)),
    serverUs: median(cpuUs),
    bareUs: median(baseline.requestUs),
  };
}
