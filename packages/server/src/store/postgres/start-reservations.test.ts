import { afterAll, beforeAll, expect, it } from "vitest";
import { Cluster, withCluster } from "./testing/cluster.ts";
import { PostgresServer } from "./testing/postgres-server.ts";

// Real: PostgreSQL, nodes with separate connections. Faked: the clock. All nodes run in one process.
let server: PostgresServer;
beforeAll(async () => void (server = await PostgresServer.start()));
afterAll(() => server.stop());

it("nodes that reserve at the same time share one schedule, without a gap and without a start too many", () =>
  withCluster(Cluster.start(server, 3), async (cluster) => {
    const { id } = await cluster.subscribe({});
    let round = 0;
    const pace = { intervalMs: 1_000 / 300, burst: 1 };
    const beginMs = Number(cluster.clock?.now());
    const starts: number[] = [];
    const reserve = async (node: number): Promise<void> => {
      const want = { count: 1 + ((round + node) % 20), spanMs: 10 + ((round * 7 + node) % 40) };
      const { firstAtMs, count } = await cluster.store(node).log.reserveStarts(id, pace, want);
      for (let index = 0; index < count; index++) starts.push(firstAtMs + index * pace.intervalMs - beginMs);
    };
    while (Number(cluster.clock?.now()) < beginMs + 3_000) {
      await Promise.all([0, 1, 2, 0].map(reserve));
      cluster.clock?.advance(20);
      round++;
    }
    const sorted = starts.toSorted((a, b) => a - b);
    expect(sorted.length).toBeGreaterThanOrEqual(900);
    for (const [index, at] of sorted.entries()) expect(at).toBeCloseTo(index * pace.intervalMs, 1);
  }));

it("a row of the schedule is removed with its subscription", () =>
  withCluster(Cluster.start(server, 1), async (cluster) => {
    const { id, topicId, name } = await cluster.subscribe({});
    const { log, catalog } = cluster.store(0);
    await log.reserveStarts(id, { intervalMs: 10, burst: 1 }, { count: 1, spanMs: 1 });
    const rows = () => cluster.query("SELECT subscription_id FROM ringback.start_schedule");
    expect(await rows()).toHaveLength(1);
    await catalog.deleteSubscription(topicId, name);
    for (let more = true; more;) ({ more } = await log.retain());
    expect(await rows()).toHaveLength(0);
  }));
