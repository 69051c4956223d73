import { Client } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { systemTimers, type Timers } from "../../domain/ports.ts";
import { eventually } from "../contract/fixtures.ts";
import { Cluster } from "./testing/cluster.ts";
import { PostgresServer } from "./testing/postgres-server.ts";

// Real: PostgreSQL, another session that holds a lock. Faked: the timers, which wait a fiftieth of their time.
let server: PostgresServer;
beforeAll(async () => void (server = await PostgresServer.start()));
afterAll(() => server.stop());

const brisk: Timers = { ...systemTimers, after: (delayMs, task) => systemTimers.after(delayMs / 50, task) };

it("counts a database that neither takes writes nor refuses them as not writable, until it answers again", async () => {
  const cluster = await Cluster.start(server, 1, null, { timers: brisk });
  const holder = new Client({ connectionString: server.url(cluster.database) });
  await holder.connect();
  try {
    const store = cluster.store(0);
    await holder.query("BEGIN");
    await holder.query("LOCK TABLE ringback.node");
    await eventually(() => !store.cluster.writable());
    await holder.query("ROLLBACK");
    await eventually(() => store.cluster.writable());
    expect(store.cluster.connections().map(({ pool, lost }) => [pool, lost])).toEqual([
      ["hot", 0],
      ["rest", 0],
      ["listen", 0],
    ]);
  } finally {
    await holder.end();
    await cluster.dispose();
  }
});
