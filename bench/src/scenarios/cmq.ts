import type { BareServerCommands } from "../bare-server/commands.ts";
import type { CmqCommands, CmqLoop } from "../cmq/commands.ts";
import { Child } from "../process/child.ts";
import type { KeyPair } from "../server/catalog.ts";
import type { Server } from "../server/launch.ts";
import { median } from "../statistics/percentiles.ts";
import { untilQuiet } from "./arrival.ts";
import type { Bench, Measured, Scenario } from "./bench.ts";
import type { DeliveryAccount, Figure } from "./result.ts";
import { besideNeighbours } from "./yardstick.ts";

const PUBLISH_REACH = 1.3;
/** A send and a delete are a commit each, a receive is the claim and its own; with a database of its own, so are its statements. */
const CYCLE_REACH = { sqlite: 8, postgres: 20 };
/** Cycles under way: each has its message in hand for a moment, and they take each other's. */
const CYCLES_IN_FLIGHT = 32;

interface Sample {
  readonly count: number;
  /** Of the server, and of the database where it is one of its own; per message. */
  readonly cpuUs: number;
  readonly perSecond: number;
}

/**
 * CMQ's API in front of the engine. Publishing by it stands beside the native publish, without any delivery: the topic's subscription is
 * paused. A cycle of send, receive and delete stands beside three requests of the same size to a server that only
 * answers.
 */
export const cmqScenario: Scenario = {
  name: "cmq",
  title: "CMQ's API: a signed publish beside the native one, and cycles of send, receive and delete",
  async run(bench, server) {
    const pair = await server.catalog.makeKeyPair();
    const program = new Child<CmqCommands>(new URL("../cmq/main.ts", import.meta.url));
    const bareServer = new Child<BareServerCommands>(new URL("../bare-server/main.ts", import.meta.url));
    try {
      const publishing = await measurePublishing(bench, server, program, pair);
      const cycling = await measureCycles(bench, server, program, bareServer, pair);
      return {
        figures: [publishing.figure, cycling.figure],
        deliveries: [publishing.account, cycling.account],
        details: { publishing: publishing.details, cycling: cycling.details },
      };
    } finally {
      await Promise.all([program.stop(), bareServer.stop()]);
    }
  },
};

interface Part {
  readonly figure: Figure;
  readonly account: DeliveryAccount;
  readonly details: Measured["details"];
}

type Program = Child<CmqCommands>;

async function measurePublishing(bench: Bench, server: Server, program: Program, pair: KeyPair): Promise<Part> {
  const { settings } = bench;
  await server.catalog.putTopic("published");
  await server.catalog.putSubscription("published", "s", `${bench.receiverOrigin}/published/0`, settings.maxInFlight);
  await server.catalog.pause("published", "s");
  const refused: Record<string, number> = {};
  let accepted = 0;
  const native = async (durationMs: number): Promise<Sample> => {
    const before = bench.cpuUs(server);
    const report = await program.call("publishNatively", loopOf(bench, server, pair, "published", durationMs));
    return sampled(before, report, report.acceptedMessages);
  };
  const signed = async (durationMs: number): Promise<Sample> => {
    const before = bench.cpuUs(server);
    const report = await program.call("publish", loopOf(bench, server, pair, "published", durationMs));
    return sampled(before, report, report.acceptedMessages);
  };
  async function sampled(cpuBefore: number, report: Reported, count: number): Promise<Sample> {
    addRefused(refused, report.refused);
    accepted += count;
    return sampleOf(bench, server, cpuBefore, report, count);
  }
  await native(settings.warmUpMs);
  await signed(settings.warmUpMs);
  const natives = [await native(settings.measuredMs)];
  const signeds: Sample[] = [];
  for (let repeat = 0; repeat < settings.repeats; repeat++) {
    signeds.push(await signed(settings.measuredMs));
    natives.push(await native(settings.measuredMs));
  }
  const kept = await server.catalog.backlog("published", "s");
  return {
    figure: figureOf("CPU per message, published by CMQ's API, beside the native one", PUBLISH_REACH, signeds, natives),
    account: accountOf("published", accepted, kept, refused),
    details: { native: natives, signed: signeds },
  };
}

async function measureCycles(
  bench: Bench,
  server: Server,
  program: Program,
  bareServer: Child<BareServerCommands>,
  pair: KeyPair,
): Promise<Part> {
  const { settings } = bench;
  await server.catalog.createQueue(pair, "cycled");
  const bareOrigin = `http://127.0.0.1:${await bareServer.call("port", null)}`;
  const refused: Record<string, number> = {};
  let answerBytes: readonly [number, number, number] = [0, 0, 0];
  let cycled = 0;
  const work = async (durationMs: number): Promise<Sample> => {
    const before = bench.cpuUs(server);
    const report = await program.call("cycles", inFlight(loopOf(bench, server, pair, "cycled", durationMs)));
    addRefused(refused, report.refused);
    answerBytes = report.answerBytes;
    cycled += report.cycles;
    return sampleOf(bench, server, before, report, report.cycles);
  };
  const bare = async (durationMs: number): Promise<Sample> => {
    const loop = { ...inFlight(loopOf(bench, server, pair, "cycled", durationMs)), origin: bareOrigin, answerBytes };
    const before = await bareServer.call("cpuUs", null);
    const report = await program.call("bareCycles", loop);
    const cpuUs = ((await bareServer.call("cpuUs", null)) - before) / report.cycles;
    const perSecond = (report.cycles * 1000) / (report.endedAtMs - report.startedAtMs);
    return { count: report.cycles, cpuUs, perSecond };
  };
  await work(settings.warmUpMs);
  await bare(settings.warmUpMs);
  const bares = [await bare(settings.bareMs)];
  const works: Sample[] = [];
  for (let repeat = 0; repeat < settings.repeats; repeat++) {
    works.push(await work(settings.measuredMs));
    bares.push(await bare(settings.bareMs));
  }
  const failed = Object.values(refused).reduce((sum, count) => sum + count, 0);
  const reach = bench.database === null ? CYCLE_REACH.sqlite : CYCLE_REACH.postgres;
  const perCpuSecond = (samples: readonly Sample[]) => 1e6 / median(samples.map(({ cpuUs }) => cpuUs));
  return {
    figure: figureOf("CPU per send, receive and delete, beside three bare requests", reach, works, bares),
    account: accountOf("cycled", cycled + failed, cycled, refused),
    details: {
      cycles: works,
      bare: bares,
      answerBytes,
      cyclesPerCpuSecond: perCpuSecond(works),
      bareCyclesPerCpuSecond: perCpuSecond(bares),
    },
  };
}

function loopOf({ settings }: Bench, { origin }: Server, pair: KeyPair, name: string, durationMs: number): CmqLoop {
  const { bodyBytes, concurrency, requestsMax } = settings;
  return { origin, ...pair, name, bodyBytes, concurrency, durationMs, requestsMax };
}

function inFlight(loop: CmqLoop): CmqLoop {
  return { ...loop, concurrency: Math.min(loop.concurrency, CYCLES_IN_FLIGHT) };
}

interface Reported {
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly refused: Readonly<Record<string, number>>;
}

async function sampleOf(
  bench: Bench,
  server: Server,
  cpuBefore: number,
  report: Reported,
  count: number,
): Promise<Sample> {
  await untilQuiet(server);
  const perSecond = (count * 1000) / (report.endedAtMs - report.startedAtMs);
  return { count, cpuUs: (bench.cpuUs(server) - cpuBefore) / count, perSecond };
}

function addRefused(all: Record<string, number>, some: Readonly<Record<string, number>>): void {
  for (const [why, count] of Object.entries(some)) all[why] = (all[why] ?? 0) + count;
}

function figureOf(name: string, reach: number, samples: readonly Sample[], beside: readonly Sample[]): Figure {
  const cpuUs = samples.map((sample) => sample.cpuUs);
  const bareUs = beside.map((sample) => sample.cpuUs);
  const ratios = besideNeighbours(cpuUs, bareUs);
  return {
    name,
    value: median(ratios),
    lowest: Math.min(...ratios),
    highest: Math.max(...ratios),
    unit: "×",
    limit: "at most",
    reach,
    perSecond: median(samples.map((sample) => sample.perSecond)),
    serverUs: median(cpuUs),
    bareUs: median(bareUs),
  };
}

/** Nothing is delivered here: what was accepted must be in the log, or have been deleted by whoever got it. */
function accountOf(
  group: string,
  accepted: number,
  kept: number,
  refused: Readonly<Record<string, number>>,
): DeliveryAccount {
  return {
    group,
    acceptedMessages: accepted,
    expectedDeliveries: accepted,
    missing: Math.max(0, accepted - kept),
    missingExamples: [],
    duplicates: 0,
    unexpected: Math.max(0, kept - accepted),
    refused,
  };
}
