import { median } from "../statistics/percentiles.ts";
import type { Server } from "../server/launch.ts";
import type { ClosedLoop } from "../load/commands.ts";
import type { HookLoop } from "../program/commands.ts";
import { untilQuiet } from "./arrival.ts";
import type { Bench, Measured, Scenario } from "./bench.ts";
import { callHook, closedLoop } from "./requests.ts";
import type { DeliveryAccount, Figure } from "./result.ts";
import { besideNeighbours, Yardstick } from "./yardstick.ts";

/** The receiver's paths are `/hook/…`. */
const GROUP = "hook";
const REACH = 1.5;

interface Sample {
  readonly calls: number;
  readonly cpuUs: number;
  readonly perSecond: number;
}

/**
 * A call of a hook, from the caller's request to its outcome: by the server's API, in the server's CPU time, and by
 * `createHooks` in a program, in that program's: over `fetch`, and over an undici dispatcher.
 */
export const hookCallScenario: Scenario = {
  name: "hook-call",
  title: "one hook, one URL, called through the API and from a program",
  async run(bench, server) {
    const { settings } = bench;
    const url = `${bench.receiverOrigin}/${GROUP}/api`;
    await server.catalog.putHook("bench", url);
    const target = callHook(server.origin, "bench", settings.bodyBytes);
    const tally = { calls: 0, refused: {} as Record<string, number> };
    await callThroughApi(bench, server, closedLoop(target, settings, settings.warmUpMs), tally);
    const yardstick = await Yardstick.of(bench, GROUP);
    const measured = closedLoop(target, settings, settings.measuredMs);
    const byApi: Sample[] = [];
    const byFetch: Sample[] = [];
    const byDispatcher: Sample[] = [];
    await callFromProgram(bench, "fetch", settings.warmUpMs, tally);
    await callFromProgram(bench, "dispatcher", settings.warmUpMs, tally);
    for (let repeat = 0; repeat < settings.repeats; repeat++) {
      await yardstick.measure();
      byApi.push(await callThroughApi(bench, server, measured, tally));
      byFetch.push(await callFromProgram(bench, "fetch", settings.measuredMs, tally));
      byDispatcher.push(await callFromProgram(bench, "dispatcher", settings.measuredMs, tally));
    }
    await yardstick.measure();
    return {
      figures: [
        figureOf("CPU per call, through the API", byApi, yardstick),
        figureOf("CPU per call, createHooks in a program", byFetch, yardstick),
        figureOf("CPU per call, createHooks over an undici dispatcher", byDispatcher, yardstick),
      ],
      deliveries: [await accountOf(bench, tally)],
      details: {
        byApi,
        byFetch,
        byDispatcher,
        bareRequestUs: yardstick.requestUs,
        bareDispatchUs: yardstick.dispatchUs,
      },
    } satisfies Measured;
  },
};

interface Tally {
  calls: number;
  readonly refused: Record<string, number>;
}

async function callThroughApi(bench: Bench, server: Server, loop: ClosedLoop, tally: Tally): Promise<Sample> {
  const before = server.cpuUs();
  const report = await bench.load.call("closedLoop", loop);
  await untilQuiet(server);
  tally.calls += report.acceptedMessages;
  for (const [why, count] of Object.entries(report.refused)) tally.refused[why] = (tally.refused[why] ?? 0) + count;
  return sampleOf(report.acceptedMessages, server.cpuUs() - before, report.endedAtMs - report.startedAtMs);
}

async function callFromProgram(
  bench: Bench,
  transport: HookLoop["transport"],
  durationMs: number,
  tally: Tally,
): Promise<Sample> {
  const { settings } = bench;
  const report = await bench.programs[transport].call("hooks", {
    transport,
    url: `${bench.receiverOrigin}/${GROUP}/program`,
    bodyBytes: settings.bodyBytes,
    concurrency: settings.maxInFlight,
    durationMs,
  });
  if (report.failed > 0) throw new Error(`${report.failed} calls of a hook from a program failed`);
  tally.calls += report.posts;
  return sampleOf(report.posts, report.cpuUs, report.wallMs);
}

function sampleOf(calls: number, cpuUs: number, wallMs: number): Sample {
  return { calls, cpuUs: cpuUs / calls, perSecond: (calls * 1000) / wallMs };
}

function figureOf(name: string, samples: readonly Sample[], yardstick: Yardstick): Figure {
  const cpuUs = samples.map((sample) => sample.cpuUs);
  const ratios = besideNeighbours(cpuUs, yardstick.requestUs);
  return {
    name,
    value: median(ratios),
    lowest: Math.min(...ratios),
    highest: Math.max(...ratios),
    unit: "×",
    limit: "at most",
    reach: REACH,
    dispatchRatio: median(besideNeighbours(cpuUs, yardstick.dispatchUs)),
    perSecond: median(samples.map((sample) => sample.perSecond)),
    serverUs: median(cpuUs),
    bareUs: median(yardstick.requestUs),
  };
}

/** A call that has an outcome has been at the callback server; calls carry no ids, so they are counted. */
async function accountOf(bench: Bench, { calls, refused }: Tally): Promise<DeliveryAccount> {
  const { requests } = await bench.receiver.call("arrivals", { group: GROUP });
  await bench.receiver.call("forget", { group: GROUP });
  const missing = Math.max(0, calls - requests);
  return {
    group: GROUP,
    acceptedMessages: calls,
    expectedDeliveries: calls,
    missing,
    missingExamples: [],
    duplicates: 0,
    unexpected: Math.max(0, requests - calls),
    refused,
  };
}
