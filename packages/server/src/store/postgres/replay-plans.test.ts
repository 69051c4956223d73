import { Client } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { limits } from "../../domain/limits.ts";
import type { Subscription } from "../../domain/model.ts";
import { dead, delivered, message, Scene } from "../contract/fixtures.ts";
import { ManualClock } from "../contract/harness.ts";
import { PostgresStore } from "./postgres-store.ts";
import { freshDatabase, storeOptions } from "./testing/postgres-database.ts";
import { PostgresServer } from "./testing/postgres-server.ts";

// Real: PostgreSQL, its planner and its counters of rows. Faked: the clock. What a statement reads is counted, because
// the statements are within functions, whose plans EXPLAIN does not show.
let server: PostgresServer;
let store: PostgresStore;
let client: Client;
let scene: Scene;
let reader: Subscription;
/** Much more than a step may read. */
const count = 12_000;

beforeAll(async () => {
  server = await PostgresServer.start();
  const clock = new ManualClock();
  const url = server.url(await freshDatabase(server));
  store = await PostgresStore.open(storeOptions(url, { clock }));
  client = new Client({ connectionString: url });
  await client.connect();
  scene = await Scene.make({ store, clock, crash: () => Promise.reject(new Error()), dispose: async () => {} });
  reader = await scene.subscribe("reader", { maxInFlight: 1_000 });
  for (let from = 0; from < count; from += 1_000) {
    await scene.publish(...Array.from({ length: 1_000 }, () => message("m", { type: "a.b" })));
    const [half, rest] = [
      await scene.claim(reader, { deliveriesMax: 500 }),
      await scene.claim(reader, { deliveriesMax: 500 }),
    ];
    await scene.settle(half, delivered);
    await scene.settle(rest, dead);
  }
  await client.query("ANALYZE");
});
afterAll(async () => {
  await client.end();
  await store.close();
  await server.stop();
});

interface Reads {
  readonly table: string;
  readonly scans: number;
  readonly rows: number;
}

/** Returns how often a statement scans each table as a whole, and how many rows it fetches by indexes. */
async function readsOf(sql: string, values: readonly unknown[]): Promise<readonly Reads[]> {
  await client.query("BEGIN");
  try {
    await client.query(sql, [...values]);
    const { rows } = await client.query<{ table: string; scans: string; rows: string }>(
      `SELECT regexp_replace(relname, '_\\d+$', '') AS table, sum(seq_scan) AS scans, sum(idx_tup_fetch) AS rows
       FROM pg_stat_xact_user_tables WHERE schemaname = 'ringback' GROUP BY 1 ORDER BY 1`,
    );
    return rows.map(({ table, scans, rows: read }) => ({ table, scans: Number(scans), rows: Number(read ?? 0) }));
  } finally {
    await client.query("ROLLBACK");
  }
}

const large = (reads: readonly Reads[]) =>
  reads.filter(({ table }) => /^(message|attempt|parked|dead_letter)/.test(table));
const examined = limits.replayExaminedMax;

it.each([
  ["all messages", null],
  ["what has failed", "failed"],
])("a step examines %s by indexes, and no more than it may", async (_title, only) => {
  const values = [scene.topic.id, 4_000, count, examined, reader.id, ["^\\.a\\.b$"], only === null ? null : reader.id];
  const reads = large(await readsOf("SELECT * FROM ringback.examine_log($1, $2, $3, $4, $5, $6, $7)", values));
  expect(reads.map(({ table }) => table)).toContain("message");
  for (const { table, scans, rows } of reads) {
    expect([table, scans]).toEqual([table, 0]);
    expect([table, rows <= 3 * examined]).toEqual([table, true]);
  }
});

it("a step examines dead letters, parks copies and removes them by indexes", async () => {
  const letters = [reader.id, 1_000, count, examined, [], [503], null, null];
  const read = await readsOf("SELECT * FROM ringback.examine_letters($1, $2, $3, $4, $5, $6, $7, $8)", letters);
  const seqs = Array.from({ length: limits.replayParkedMax }, (_, index) => 2_000 + index);
  const copies = [7, reader.id, scene.topic.id, true, 0, seqs, seqs, seqs.map(() => null)];
  const parked = await readsOf("SELECT ringback.park_copies($1, $2, $3, $4, $5, $6, $7, $8)", copies);
  const removed = await readsOf("SELECT ringback.remove_copies($1, $2, $3, $4)", [7, reader.id, 0, 1]);
  for (const { table, scans, rows } of [read, parked, removed].flatMap(large)) {
    expect([table, scans]).toEqual([table, 0]);
    expect([table, rows <= 3 * examined]).toEqual([table, true]);
  }
});
