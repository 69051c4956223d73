import type { LoadReport } from "../load/tally.ts";
import type { KeyPair } from "../load/signed-form.ts";
import type { Server } from "../server/server.ts";
import { median } from "../statistics/percentiles.ts";
import type { CmqLoop, ReplyBytes } from "../workers/cmq-client.ts";
import { WorkerProcess } from "../workers/worker-process.ts";
import { Account, untilQuiet } from "./account.ts";
import { alternate, besideBare } from "./baseline.ts";
import type { Bench, Scenario } from "./bench.ts";
import { addRefused, countedAccount, medianFigure } from "./result.ts";
import type { DeliveryAccount, Figure, Measured } from "./result.ts";

const PUBLISH_TARGET = 1.3;
/**
 * Targets for the CPU time of a cycle of send, receive and delete. The unit is the CPU time of three requests to a
 * server that only answers. A send and a delete cost a commit each, and a receive costs two. With PostgreSQL, the cost
 * of its statements is added.
 */
const CYCLE_TARGET = { sqlite: 8, postgres: 20 };
/**
 * Number of cycles that run at the same time. A cycle may receive the message of another cycle, because all use one
 * queue.
 */
const CYCLES_IN_FLIGHT = 32;

interface Sample {
  readonly count: number;
  /** CPU time per message or cycle of the server. With PostgreSQL, the database's time is included. */
  readonly cpuUs: number;
  readonly perSecond: number;
}

interface Part {
  readonly figure: Figure;
  readonly account: DeliveryAccount;
  readonly details: Measured["details"];
}

/**
 * Measures CMQ's API. A publish is compared with a native publish. The only subscription of the topic is paused, so
 * that nothing is delivered. A cycle of send, receive and delete is compared with three requests of the same size to
 * the bare server.
 */
export const cmqScenario: Scenario = {
  name: "cmq",
  title: "CMQ's API: a signed publish beside the native one, and cycles of send, receive and delete",
  async run(bench, server) {
    const keyPair = await server.catalog.createKeyPair();
    const client = new WorkerProcess("cmq-client");
    const bareServer = new WorkerProcess("bare-server");
    try {
      const publishing = await measurePublishing(bench, server, client, keyPair);
      const cycling = await measureCycles(bench, server, client, bareServer, keyPair);
      return {
        figures: [publishing.figure, cycling.figure],
        deliveries: [publishing.account, cycling.account],
        details: { publishing: publishing.details, cycling: cycling.details },
      };
    } finally {
      await Promise.all([client.stop(), bareServer.stop()]);
    }
  },
};

type Client = WorkerProcess<"cmq-client">;

async function measurePublishing(bench: Bench, server: Server, client: Client, keyPair: KeyPair): Promise<Part> {
  const { repeats, warmUpMs, measuredMs, concurrency } = bench.settings;
  const topic = "published";
  await Account.ofTopic(bench, server, topic);
  await server.catalog.pause(topic, "s");
  const refused: Record<string, number> = {};
  let accepted = 0;
  const publish = async (command: "publish" | "publishNatively", durationMs: number): Promise<Sample> => {
    const cpuUsBefore = bench.cpuUs(server);
    const report = await client.call(command, loopOf(bench, server, keyPair, topic, concurrency, durationMs));
    await untilQuiet(server);
    addRefused(refused, report.refused);
    accepted += report.acceptedMessages;
    return sampleOf(report, bench.cpuUs(server) - cpuUsBefore);
  };
  await publish("publishNatively", warmUpMs);
  await publish("publish", warmUpMs);
  const { samples: signed, bares: native } = await alternate(
    repeats,
    () => publish("publish", measuredMs),
    () => publish("publishNatively", measuredMs),
  );
  const kept = await server.catalog.backlog(topic, "s");
  return {
    figure: figureOf("CPU per message, published by CMQ's API, beside the native one", PUBLISH_TARGET, signed, native),
    account: countedAccount(topic, accepted, kept, refused),
    details: { native, signed },
  };
}

async function measureCycles(
  bench: Bench,
  server: Server,
  client: Client,
  bareServer: WorkerProcess<"bare-server">,
  keyPair: KeyPair,
): Promise<Part> {
  const { repeats, warmUpMs, measuredMs, bareMs } = bench.settings;
  const queue = "cycled";
  await server.catalog.createQueue(keyPair, queue);
  const bareOrigin = `http://127.0.0.1:${await bareServer.call("port")}`;
  const concurrency = Math.min(bench.settings.concurrency, CYCLES_IN_FLIGHT);
  const refused: Record<string, number> = {};
  let replyBytes: ReplyBytes = [0, 0, 0];
  let cycled = 0;
  const cycle = async (durationMs: number): Promise<Sample> => {
    const cpuUsBefore = bench.cpuUs(server);
    const report = await client.call("cycle", loopOf(bench, server, keyPair, queue, concurrency, durationMs));
    await untilQuiet(server);
    addRefused(refused, report.refused);
    replyBytes = report.replyBytes;
    cycled += report.acceptedMessages;
    return sampleOf(report, bench.cpuUs(server) - cpuUsBefore);
  };
  const bareCycle = async (durationMs: number): Promise<Sample> => {
    const cpuUsBefore = await bareServer.call("cpuUs");
    const loop = loopOf(bench, { origin: bareOrigin }, keyPair, queue, concurrency, durationMs);
    const report = await client.call("bareCycle", loop, replyBytes);
    return sampleOf(report, (await bareServer.call("cpuUs")) - cpuUsBefore);
  };
  await cycle(warmUpMs);
  await bareCycle(warmUpMs);
  const { samples, bares } = await alternate(
    repeats,
    () => cycle(measuredMs),
    () => bareCycle(bareMs),
  );
  const failed = Object.values(refused).reduce((sum, count) => sum + count, 0);
  const target = bench.database === null ? CYCLE_TARGET.sqlite : CYCLE_TARGET.postgres;
  return {
    figure: figureOf("CPU per send, receive and delete, beside three bare requests", target, samples, bares),
    account: countedAccount(queue, cycled + failed, cycled, refused),
    details: {
      cycles: samples,
      bare: bares,
      replyBytes,
      cyclesPerCpuSecond: 1e6 / medianUs(samples),
      bareCyclesPerCpuSecond: 1e6 / medianUs(bares),
    },
  };
}

function loopOf(
  { settings }: Bench,
  { origin }: Pick<Server, "origin">,
  keyPair: KeyPair,
  name: string,
  concurrency: number,
  durationMs: number,
): CmqLoop {
  const { bodyBytes, requestsMax } = settings;
  return { origin, keyPair, name, bodyBytes, concurrency, durationMs, requestsMax };
}

function sampleOf({ acceptedMessages: count, startedAtMs, endedAtMs }: LoadReport, cpuUs: number): Sample {
  return { count, cpuUs: cpuUs / count, perSecond: (count * 1000) / (endedAtMs - startedAtMs) };
}

function figureOf(name: string, atMost: number, samples: readonly Sample[], bares: readonly Sample[]): Figure {
  const cpuUsOf = (all: readonly Sample[]): number[] => all.map(({ cpuUs }) => cpuUs);
  return {
    name,
    ...medianFigure(besideBare(cpuUsOf(samples), cpuUsOf(bares))),
    unit: "×",
    atMost,
    perSecond: median(samples.map(({ perSecond }) => perSecond)),
    serverUs: medianUs(samples),
    bareUs: medianUs(bares),
  };
}

function medianUs(samples: readonly Sample[]): number {
  return median(samples.map(({ cpuUs }) => cpuUs));
}
