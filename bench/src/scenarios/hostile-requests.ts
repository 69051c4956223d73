import { setTimeout as delay } from "node:timers/promises";
import { jsonShapes } from "../hostile/body-shapes.ts";
import { hostileRequests } from "../hostile/requests.ts";
import type { HostileRequest } from "../hostile/requests.ts";
import { operationsOf } from "../hostile/targets.ts";
import { publishTimed } from "../load/requests.ts";
import type { Server } from "../server/server.ts";
import { WorkerProcess } from "../workers/worker-process.ts";
import { untilQuiet } from "./account.ts";
import type { Bench, Scenario } from "./bench.ts";
import type { Measured } from "./result.ts";

/** Rate of the healthy publishes beside the hostile requests. */
const HEALTHY_PER_SECOND = 50;
/** Dialects that put a message into an envelope. Each gets every shape as a message. */
const DIALECTS = ["cmq-json", "mns-xml", "mns-json", "cloudevents", "wechat"];
const SLOW_BODIES = 20;
const SHOWN_MAX = 10;

interface Cost {
  readonly request: string;
  readonly status: number;
  /** The longest time of `/healthz` while the request was under way. */
  readonly healthMs: number;
  /** How much the peak of the resident memory was above the memory before the request. */
  readonly grownMb: number;
  readonly peakMb: number;
  /** The longest CPU time for which the event loop was held. */
  readonly turnMs: number;
  readonly cpuMs: number;
}

/**
 * Sends every hostile shape to every route, one request at a time beside a healthy load, and measures what one request
 * does to the others: the longest time of `/healthz`, and the growth of the process.
 */
export const hostileRequestsScenario: Scenario = {
  name: "hostile-requests",
  title: "every hostile shape to every route, beside a healthy load",
  preload: "turns",
  async run(bench, server) {
    const client = new WorkerProcess("hostile-client");
    const probe = new WorkerProcess("health-probe");
    try {
      return await measure(bench, server, client, probe);
    } finally {
      await Promise.all([client.stop(), probe.stop()]);
    }
  },
};

type Client = WorkerProcess<"hostile-client">;
type Probe = WorkerProcess<"health-probe">;

async function measure(bench: Bench, server: Server, client: Client, probe: Probe): Promise<Measured> {
  const { warmUpMs, idleMs, scale } = bench.settings;
  const requests = await prepare(bench, server, client);
  await bench.load.call("openLoop", healthyLoad(bench, server, warmUpMs));
  await untilQuiet(server);
  await probe.call("probe", server.origin);
  await delay(warmUpMs);
  await probe.call("takeLongestMs");
  await delay(idleMs);
  const idleHealthMs = await probe.call("takeLongestMs");
  const idleMb = server.memory().residentBytes / 1e6;

  const sent = scale < 1 ? requests.filter((_, index) => index % Math.ceil(1 / scale) === 0) : requests;
  await client.call(
    "startSlowBodies",
    server.origin,
    Array.from({ length: SLOW_BODIES }, () => "/in/hostile"),
  );
  const costs: Cost[] = [];
  let isOver = false;
  const healthy = loadUntil(bench, server, () => isOver);
  for (const request of sent) costs.push(await costOf(server, client, probe, request));
  isOver = true;
  await client.call("stopSlowBodies");
  const refused = await healthy;
  const peakMb = Math.max(...costs.map(({ peakMb }) => peakMb));

  const slowest = costs.toSorted((one, other) => other.healthMs - one.healthMs);
  const largest = costs.toSorted((one, other) => other.grownMb - one.grownMb);
  const holding = costs.toSorted((one, other) => other.turnMs - one.turnMs);
  print(bench, "longest /healthz", slowest);
  print(bench, "event loop held longest", holding);
  print(bench, "largest growth", largest);
  return {
    figures: [
      {
        name: "longest /healthz over its longest on the idle server",
        value: Math.max(0, (slowest[0]?.healthMs ?? 0) - idleHealthMs),
        unit: "ms",
        atMost: 50,
      },
      {
        name: "longest CPU time for which the event loop was held",
        value: holding[0]?.turnMs ?? 0,
        unit: "ms",
        atMost: 50,
      },
      {
        name: "highest memory of the process over the idle server",
        value: peakMb - idleMb,
        unit: "MB",
      },
      { name: "largest growth of the process by one request", value: largest[0]?.grownMb ?? 0, unit: "MB", atMost: 64 },
    ],
    deliveries: [],
    details: {
      requests: sent.length,
      idleHealthMs,
      idleMb,
      peakMb,
      healthyRefused: refused,
      slowest: slowest.slice(0, 50),
      largest: largest.slice(0, 50),
    },
  };
}

/** Creates what the requests are sent to. Returns the requests. */
async function prepare(bench: Bench, server: Server, client: Client): Promise<HostileRequest[]> {
  const { catalog, origin } = server;
  const endpoint = `http://127.0.0.1:${await client.call("port")}`;
  for (const topic of ["hostile", "dialects"]) await catalog.putTopic(topic);
  await catalog.putSubscription("hostile", "s", `${endpoint}/`, bench.settings.maxInFlight);
  for (const dialect of DIALECTS) {
    await catalog.putSubscription("dialects", dialect, `${endpoint}/`, bench.settings.maxInFlight, dialect);
  }
  await catalog.putTopic("healthy");
  await catalog.putSubscription("healthy", "s", `${bench.receiverOrigin}/healthy/0`, bench.settings.maxInFlight);
  await catalog.putInbox("hostile");
  await catalog.putHook("hostile", `${endpoint}/`);
  const keyPair = await catalog.createKeyPair();
  const names = { topic: "hostile", subscription: "s", inbox: "hostile", hook: "hostile" };
  const requests = [...hostileRequests(await operationsOf(origin, names), names, keyPair)];
  const json = { "content-type": "application/json" };
  for (const shape of Object.keys(jsonShapes)) {
    const message = { shapes: "json", shape, bytes: 1024 * 1024 - 64, before: '{"body":', after: "}" } as const;
    const path = "/v1/topics/dialects/messages";
    requests.push({ name: `to every dialect: ${shape}`, method: "POST", path, headers: json, body: message });
    const hook = `reply-${requests.length}`;
    await catalog.putHook(hook, `${endpoint}/reply/${encodeURIComponent(shape)}`);
    const payload = { shapes: "json", shape: "equal members", bytes: 20 } as const;
    const called = `/v1/hooks/${hook}/call`;
    requests.push({ name: `reply of a hook: ${shape}`, method: "POST", path: called, headers: json, body: payload });
  }
  return requests;
}

function healthyLoad(bench: Bench, server: Server, durationMs: number) {
  const target = publishTimed(server.origin, "healthy", bench.settings.bodyBytes);
  return { ...target, requestsPerSecond: HEALTHY_PER_SECOND, durationMs };
}

/** Publishes at a steady rate. Returns the number of refused publishes by their reasons. */
async function loadUntil(bench: Bench, server: Server, isOver: () => boolean): Promise<Record<string, number>> {
  const refused: Record<string, number> = {};
  while (!isOver()) {
    const report = await bench.load.call("openLoop", healthyLoad(bench, server, 1_000));
    for (const [why, count] of Object.entries(report.refused)) refused[why] = (refused[why] ?? 0) + count;
  }
  return refused;
}

async function costOf(server: Server, client: Client, probe: Probe, request: HostileRequest): Promise<Cost> {
  server.resetPeak();
  await probe.call("takeLongestMs");
  await server.takeLongestTurnMs();
  const before = { memory: server.memory().residentBytes, cpuUs: server.cpuUs() };
  const status = await client.call("send", server.origin, request);
  const { peakBytes } = server.memory();
  return {
    request: `${request.method} ${request.path.slice(0, 60)}, ${request.name}`,
    status,
    healthMs: await probe.call("takeLongestMs"),
    turnMs: await server.takeLongestTurnMs(),
    peakMb: peakBytes / 1e6,
    grownMb: (peakBytes - before.memory) / 1e6,
    cpuMs: (server.cpuUs() - before.cpuUs) / 1000,
  };
}

function print(bench: Bench, what: string, costs: readonly Cost[]): void {
  bench.log(`  ${what}:`);
  for (const { request, status, healthMs, turnMs, grownMb, cpuMs } of costs.slice(0, SHOWN_MAX)) {
    const figures = `${healthMs.toFixed(1)} ms, held ${turnMs.toFixed(1)} ms, ${grownMb.toFixed(1)} MB, ${cpuMs} ms of CPU`;
    bench.log(`    ${figures}, ${status}: ${request}`);
  }
}
