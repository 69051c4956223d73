import { setTimeout as pause } from "node:timers/promises";
import { PostgresServer } from "../../../src/store/postgres/testing/postgres-server.ts";
import type { Api } from "../api.ts";
import { Endpoints } from "../chaos/endpoints.ts";
import type { Accepted } from "../chaos/publishers.ts";
import { prepare, settledCounts } from "../chaos/subscribing.ts";
import { temporaryFolder } from "../folder.ts";
import { chanceFrom } from "../random.ts";
import { cutConnections, databaseName } from "./database.ts";
import { Disturbances } from "./disturbances.ts";
import { ClusterNodes } from "./nodes.ts";
import { ClusterPublishers } from "./publishers.ts";
import { Recorded } from "./recorded.ts";
import { nodeCount, rounds } from "./script.ts";
import type { Round, Step } from "./script.ts";

export interface ClusterChaosOptions {
  readonly seed: number;
  /** The minimum duration of the load. New rounds begin until this time is over. */
  readonly loadMs: number;
  /** The setting `nodeGoneAfterMs` of the servers. */
  readonly nodeGoneAfterMs: number;
}

export interface ClusterChaosReport {
  readonly accepted: readonly Accepted[];
  /** Bodies of publishes without an idempotency key, which can be accepted several times. */
  readonly withoutKey: ReadonlySet<string>;
  readonly unexpected: readonly string[];
  readonly refused: number;
  readonly unanswered: number;
  readonly endpoints: Endpoints;
  readonly disturbances: Disturbances;
  /** Number of arrivals of each delivery at the time when its success was recorded. */
  readonly arrivedByThen: ReadonlyMap<string, number>;
  readonly recordCounts: ReadonlyMap<string, number>;
  readonly startsInVain: number;
  readonly deliveriesLost: number;
  readonly leftOver: readonly object[];
  readonly loadedMs: number;
}

const publishers = 3;

/** Loads three servers on one database. The servers and the database are disturbed in the order of the script. */
export async function runClusterChaos({
  seed,
  loadMs,
  nodeGoneAfterMs,
}: ClusterChaosOptions): Promise<ClusterChaosReport> {
  const database = await PostgresServer.start();
  try {
    await database.query(`CREATE DATABASE ${databaseName}`);
    await using folder = await temporaryFolder();
    const disturbances = new Disturbances();
    await using endpoints = await Endpoints.start(chanceFrom(seed + 1));
    await using nodes = new ClusterNodes({ database, folder: folder.path, disturbances, nodeGoneAfterMs });
    await Promise.all(Array.from({ length: nodeCount }, (_, node) => nodes.begin(node)));
    await prepare(apiOf(nodes, 0), endpoints.url);

    const load = new ClusterPublishers(chanceFrom(seed + 2), nodes);
    const recorded = new Recorded(database, (delivery) => endpoints.arrivals.get(delivery)?.length ?? 0);
    const publishing = new AbortController();
    const watching = new AbortController();
    const loading = load.run(publishers, publishing.signal);
    const watched = recorded.watch(watching.signal);
    const startedMs = performance.now();
    for (const round of rounds(seed)) {
      await play(round, { nodes, database, disturbances });
      if (performance.now() - startedMs >= loadMs) break;
    }
    const loadedMs = performance.now() - startedMs;
    publishing.abort();
    await loading;
    const leftOver = await settledCounts(apiOf(nodes, 0));
    const recordCounts = await recorded.counts();
    watching.abort();
    await watched;
    const { accepted, withoutKey, unexpected, refused, unanswered } = load;
    const { startsInVain, deliveriesLost } = nodes;
    const { arrivedByThen } = recorded;
    const counted = { accepted, withoutKey, unexpected, refused, unanswered, startsInVain, deliveriesLost, loadedMs };
    return { ...counted, endpoints, disturbances, arrivedByThen, recordCounts, leftOver };
  } finally {
    await database.stop();
  }
}

export interface Playing {
  readonly nodes: ClusterNodes;
  readonly database: PostgresServer;
  readonly disturbances: Disturbances;
}

export async function play({ stopped, meanwhile, afterwards }: Round, playing: Playing): Promise<void> {
  const lost = playing.nodes.stopUntilLost(stopped);
  await Promise.all([lost, playSteps(meanwhile, playing)]);
  await playSteps(afterwards, playing);
}

/** Executes the steps. Resolves when all nodes and the database run again. */
async function playSteps(steps: readonly Step[], { nodes, database, disturbances }: Playing): Promise<void> {
  const beginning: Promise<void>[] = [];
  for (const step of steps) {
    await pause(step.afterMs);
    if (step.kind === "kill") {
      await nodes.kill(step.node);
      beginning.push(pause(step.downMs).then(() => nodes.begin(step.node)));
      continue;
    }
    const end = disturbances.begin(step.kind, null);
    if (step.kind === "cut") await cutConnections(database, step.share);
    else {
      if (step.kind === "crash") await database.crash();
      else await database.shutDown();
      await runAgain(database);
    }
    end();
  }
  await Promise.all(beginning);
}

/** PostgreSQL ends while it starts if its disk is full. */
async function runAgain(database: PostgresServer): Promise<void> {
  for (;;) {
    try {
      return await database.run();
    } catch {
      await pause(100);
    }
  }
}

function apiOf(nodes: ClusterNodes, node: number): Api {
  const server = nodes.server(node);
  if (server === null) throw new Error(`node ${node} is down`);
  return server.api;
}
