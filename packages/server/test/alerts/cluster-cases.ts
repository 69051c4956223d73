import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { PostgresServer } from "../../src/store/postgres/testing/postgres-server.ts";
import { subscriptionPath } from "../harness/api.ts";
import { temporaryFolder } from "../harness/folder.ts";
import { startReceiver } from "../harness/receiver.ts";
import { Server } from "../harness/server.ts";
import { until } from "../harness/until.ts";
import { type AlertCase, metricsOf, type Scrape, Timeline } from "./timeline.ts";

/** Runs with two servers on one PostgreSQL, with a topic and a subscription. */
async function withCluster(
  make: (servers: readonly [Server, Server], timeline: Timeline, database: PostgresServer) => Promise<unknown>,
): Promise<readonly Scrape[]> {
  await using started = new AsyncDisposableStack();
  const database = await PostgresServer.start();
  started.defer(() => database.stop());
  await database.query("CREATE DATABASE alerts");
  const { path: folder } = started.use(await temporaryFolder());
  const env = { RINGBACK_MASTER_KEY: randomBytes(32).toString("base64") };
  const args = ["--database", database.url("alerts"), "--node-gone-after-ms", "2000"];
  const start = async () => started.use(await Server.start({ folder, args, env }));
  const servers = [await start(), await start()] as const;
  const receiver = started.use(await startReceiver());
  await servers[0].api.putTopic("orders");
  await servers[0].api.subscribe("orders", "mail", { push: { url: receiver.url } });
  const timeline = new Timeline(servers.map(({ url }) => url));
  await timeline.run(2, () => publish(servers[0]));
  await make(servers, timeline, database);
  return timeline.scrapes;
}

function publish({ api }: Server): Promise<unknown> {
  return api.publish("orders", { body: "x" });
}

/** Holds a table that publishes and counts need, for longer than a rule allows a publish to take. */
function lockLog(database: PostgresServer): Promise<unknown> {
  const sql = "BEGIN; LOCK TABLE ringback.topic_log IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(1.5); COMMIT";
  return database.query(sql, [], "alerts");
}

const killed = () =>
  withCluster(async ([one, other], timeline) => {
    await other.kill();
    await until(
      "the other node counts as dead",
      () => metricsOf(one.url),
      (text) => text?.includes("\nringback_cluster_nodes_alive 1\n") === true,
    );
    await timeline.run(4, () => publish(one));
  });

const slow = () =>
  withCluster(([one], timeline, database) =>
    timeline.run(6, async () => {
      const locked = lockLog(database);
      await until("the lock is held", () => isLocked(database), Boolean);
      await Promise.all([publish(one), locked]);
    }),
  );

/** The scrape, too, waits for the lock. It has read before how many operations wait. */
const crowded = () =>
  withCluster(async ([one], timeline, database) => {
    const path = subscriptionPath("orders", "mail");
    let running: Promise<unknown> = Promise.resolve();
    await timeline.run(5, async () => {
      await running;
      const locked = lockLog(database);
      await until("the lock is held", () => isLocked(database), Boolean);
      const calls = Array.from({ length: 200 }, () => one.api.call("GET", path));
      running = Promise.all([...calls, locked]);
      await pause(500);
    });
    await running;
  });

async function isLocked(database: PostgresServer): Promise<boolean> {
  const sql = `SELECT 1 FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
    WHERE c.relname = 'topic_log' AND l.mode = 'AccessExclusiveLock' AND l.granted`;
  return (await database.query(sql, [], "alerts")).length > 0;
}

export const clusterCases: readonly AlertCase[] = [
  {
    name: "a healthy cluster",
    expected: {},
    make: () => withCluster((servers, timeline) => timeline.run(10, () => publish(servers[1]))),
  },
  { name: "a node that is killed", expected: { RingbackDown: null, RingbackNodeGone: null }, make: killed },
  { name: "a slow database", expected: { RingbackSlowPublishes: null }, make: slow },
  { name: "a busy database", expected: { RingbackDatabaseConnectionsBusy: null }, make: crowded },
];
