import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemTimers, type Timers } from "../../domain/ports.ts";
import { eventually } from "../contract/fixtures.ts";
import { ManualClock } from "../contract/harness.ts";
import { postgresLimits } from "./postgres-limits.ts";
import { processIdentity } from "./process-identity.ts";
import { Cluster, seqsOf, withCluster } from "./testing/cluster.ts";
import { Node } from "./testing/postgres-database.ts";
import { PostgresServer } from "./testing/postgres-server.ts";

// Real: PostgreSQL, nodes with separate connections, TCP relays between them. Faked: the clock and the timers. The
// timers hardly wait.
let server: PostgresServer;
beforeAll(async () => void (server = await PostgresServer.start()));
afterAll(() => server.stop());

const brisk: Timers = { ...systemTimers, after: (delayMs, task) => systemTimers.after(Math.min(delayMs, 5), task) };
const heartbeatMs = postgresLimits.nodeAliveMs / postgresLimits.heartbeatsMissed;
const LEASE_MS = 3_600_000;

function withNodes(count: number, work: (cluster: Cluster, clock: ManualClock) => Promise<void>): Promise<void> {
  const clock = new ManualClock();
  return withCluster(Cluster.start(server, count, clock, { timers: brisk }), (cluster) => work(cluster, clock));
}

/** Advances the clock in steps of one heartbeat. Waits at each step for the heartbeats of the given nodes. */
async function pass(cluster: Cluster, clock: ManualClock, ms: number, nodes: readonly number[]): Promise<void> {
  const ids = nodes.map((node) => cluster.store(node).nodeId);
  for (let passed = 0; passed < ms; passed += heartbeatMs) {
    clock.advance(heartbeatMs);
    await eventually(async () => {
      const rows = await cluster.query<{ id: string }>(
        `SELECT id FROM ringback.node WHERE alive_until = ${clock.now() + postgresLimits.nodeAliveMs}`,
      );
      return ids.every((id) => rows.some((row) => Number(row.id) === id));
    });
  }
}

describe("a node without heartbeats", () => {
  it("is listed as dead, after the living nodes, with the time of its last heartbeat", () =>
    withNodes(2, async (cluster, clock) => {
      const [gone, left] = [cluster.store(0), cluster.store(1)];
      const startedAtMs = clock.now();
      await cluster.nodes[0]?.kill();
      // Only a clean stop deletes the row of a node.
      await pass(cluster, clock, postgresLimits.nodeAliveMs, [1]);
      expect(await left.cluster.nodes()).toMatchObject([
        { id: left.nodeId, isThis: true, isAlive: true, lastSeenAtMs: clock.now() },
        { id: gone.nodeId, isThis: false, isAlive: false, startedAtMs, lastSeenAtMs: startedAtMs },
      ]);
    }));

  it("loses its claims to living nodes long before its leases expire, and these nodes are notified", () =>
    withNodes(2, async (cluster, clock) => {
      const reader = await cluster.subscribe();
      await cluster.publish("a", "b");
      const lost = await cluster.claim(0, reader, {}, LEASE_MS);
      expect(seqsOf(lost)).toEqual([1, 2]);
      let ready = false;
      cluster.store(1).log.onReady((ids) => void (ready ||= ids.includes(reader.id)));
      await pass(cluster, clock, postgresLimits.nodeAliveMs, [0, 1]);
      expect(seqsOf(await cluster.claim(1, reader))).toEqual([]);
      cluster.nodes[0]?.cable.cut();
      ready = false;
      await pass(cluster, clock, postgresLimits.nodeAliveMs, [1]);
      await eventually(() => ready);
      expect(seqsOf(await cluster.claim(1, reader))).toEqual([1, 2]);
      // The node was only disconnected. Its settlements are ignored now.
      cluster.nodes[0]?.cable.mend();
      expect(await cluster.settle(0, lost)).toBe(0);
    }));

  it("keeps its claims when no node could send heartbeats, because the database was not available", () =>
    withNodes(2, async (cluster, clock) => {
      const reader = await cluster.subscribe();
      await cluster.publish("a");
      const held = await cluster.claim(0, reader, {}, LEASE_MS);
      await pass(cluster, clock, postgresLimits.nodeAliveMs, [0, 1]);
      for (const { cable } of cluster.nodes) cable.cut();
      clock.advance(10 * postgresLimits.nodeAliveMs);
      cluster.nodes[1]?.cable.mend();
      await pass(cluster, clock, heartbeatMs, [1]);
      expect(seqsOf(await cluster.claim(1, reader))).toEqual([]);
      cluster.nodes[0]?.cable.mend();
      await pass(cluster, clock, postgresLimits.nodeAliveMs, [0, 1]);
      expect(seqsOf(await cluster.claim(1, reader))).toEqual([]);
      expect(await cluster.settle(0, held)).toBe(1);
    }));

  it("loses its claims at once to a node of its name whose machine sees that its process has ended", async () => {
    const child = spawn(process.execPath, ["--eval", "process.stdin.resume()"], {
      stdio: ["pipe", "ignore", "ignore"],
    });
    await once(child, "spawn");
    const node = { name: "web-1", version: "" };
    const options = { timers: brisk, node, process: processIdentity(child.pid) };
    const clock = new ManualClock();
    await withCluster(Cluster.start(server, 1, clock, options), async (cluster) => {
      const reader = await cluster.subscribe();
      await cluster.publish("a", "b");
      expect(seqsOf(await cluster.claim(0, reader, {}, LEASE_MS))).toEqual([1, 2]);
      await cluster.nodes[0]?.kill();
      const start = (name: string): Promise<Node> =>
        Node.start(server, cluster.database, { clock, timers: brisk, node: { name, version: "" } });
      cluster.nodes.push(await start("web-1"));
      expect(seqsOf(await cluster.claim(1, reader))).toEqual([]);
      child.kill("SIGKILL");
      await once(child, "exit");
      cluster.nodes.push(await start("web-2"));
      expect(seqsOf(await cluster.claim(2, reader))).toEqual([]);
      cluster.nodes.push(await start("web-1"));
      expect(seqsOf(await cluster.claim(3, reader))).toEqual([1, 2]);
    });
  });
});
