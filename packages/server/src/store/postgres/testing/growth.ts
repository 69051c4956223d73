import type { TopicId } from "../../../domain/model.ts";
import { dead, delivered, message, parkedUntil, settings, settlement } from "../../contract/fixtures.ts";
import type { Settled } from "../../port.ts";
import { PostgresStore } from "../postgres-store.ts";
import { freshDatabase, storeOptions } from "./postgres-database.ts";
import type { PostgresServer } from "./postgres-server.ts";

const ROUNDS = 60;
const PER_ROUND = 20;

/** Rows of finished work, of the topic itself and of others. */
async function fill(
  server: PostgresServer,
  database: string,
  topicId: TopicId,
  subscriptionId: number,
  rows: number,
): Promise<void> {
  const statements = [
    `INSERT INTO ringback.message (topic_id, seq, published_at, body)
       SELECT ${topicId}, n, 1, 'x' FROM generate_series(1, ${rows}) AS n`,
    `UPDATE ringback.topic_log SET last_seq = ${rows} WHERE topic_id = ${topicId}`,
    `UPDATE ringback.subscription_cursor SET scanned_through = ${rows}`,
    `INSERT INTO ringback.attempt (topic_id, seq, subscription_id, attempt, started_at, duration_ms, verdict)
       SELECT ${topicId}, n, ${subscriptionId}, 1, 1, 1, n % 2 FROM generate_series(1, ${rows}) AS n`,
    `INSERT INTO ringback.parked (subscription_id, seq, due_at, attempts, retries)
       SELECT ${subscriptionId} + 1 + n % 100, n, 4000000000000, 1, 1 FROM generate_series(1, ${rows / 10}) AS n`,
    `INSERT INTO ringback.dead_letter
       (account_id, subscription_id, topic_id, seq, reason, attempts, died_at, published_at, body)
       SELECT 1, ${subscriptionId}, ${topicId}, n, 'expired', 1, 1, 1, 'x' FROM generate_series(1, ${rows / 10}) AS n`,
    `INSERT INTO ringback.idempotency (topic_id, key, fingerprint, first_seq, published_at)
       SELECT ${topicId}, 'k' || n, 'f', n, 1 FROM generate_series(1, ${rows / 10}) AS n`,
    "ANALYZE",
  ];
  for (const sql of statements) await server.query(sql, [], database);
}

/** The tables that are as large as they were asked to be. The others are as small as ever. */
const GROWN = ["message", "attempt", "parked", "dead_letter", "idempotency"];

/** How the grown tables are looked at: the tables that are read from end to end, and the indexes that rows are found by. */
export interface Plans {
  readonly tablesScanned: readonly string[];
  readonly indexesUsed: readonly string[];
}

export interface Reading {
  /** Rows of tables and entries of indexes that publishing, claiming, failing, retrying and settling read. */
  readonly perMessage: number;
  readonly plans: Plans;
}

interface Looked {
  readonly isIndex: boolean;
  readonly name: string;
  readonly scans: number;
  readonly read: number;
}

/** By the database's own count. Entries of indexes as well: a scan of an index alone fetches no row. */
async function looked(server: PostgresServer, database: string): Promise<Map<string, Looked>> {
  const rows = await server.query<Looked>(
    `SELECT false AS "isIndex", relname AS name, seq_scan::float AS scans,
       (seq_tup_read + coalesce(idx_tup_fetch, 0))::float AS read FROM pg_stat_user_tables
     UNION ALL
     SELECT true, indexrelname, idx_scan::float, idx_tup_read::float FROM pg_stat_user_indexes`,
    [],
    database,
  );
  return new Map(rows.map((row) => [row.name, row]));
}

/** Partitions have their table's name with more behind it. */
function isGrown(name: string): boolean {
  return GROWN.some((table) => name === table || name.startsWith(`${table}_`));
}

function difference(before: ReadonlyMap<string, Looked>, after: ReadonlyMap<string, Looked>) {
  let read = 0;
  const used: Looked[] = [];
  for (const now of after.values()) {
    const then = before.get(now.name);
    read += now.read - (then?.read ?? 0);
    if (now.scans > (then?.scans ?? 0) && isGrown(now.name)) used.push(now);
  }
  const names = (isIndex: boolean) => used.filter((each) => each.isIndex === isIndex).map(({ name }) => name);
  return { read, plans: { tablesScanned: names(false).toSorted(), indexesUsed: names(true).toSorted() } };
}

function outcome(index: number, attemptsMade: number): Settled {
  if (index === 0) return dead;
  return index < 4 && attemptsMade === 0 ? parkedUntil(1) : delivered;
}

/** Publishes, claims, fails, retries and settles in tables of this size. */
export async function readInTablesOf(server: PostgresServer, rows: number): Promise<Reading> {
  const database = await freshDatabase(server);
  const first = await PostgresStore.open(storeOptions(server.url(database)));
  const { topic } = await first.putTopic(first.defaultAccount().id, "orders", {});
  const { subscription } = await first.putSubscription(topic.id, "reader", settings({ order: "key" }), "now");
  await first.close();
  await fill(server, database, topic.id, subscription.id, rows);
  const store = await PostgresStore.open(storeOptions(server.url(database)));
  await store.getSubscriptionById(subscription.id);
  const before = await looked(server, database);
  for (let round = 0; round < ROUNDS; round++) {
    const messages = Array.from({ length: PER_ROUND }, (_, index) =>
      message("m", { orderingKey: `${round} ${index}` }),
    );
    await store.append({ topicId: topic.id, messages, idempotency: { key: `new ${round}`, fingerprint: "f" } });
    const want = { subscriptionId: subscription.id, deliveriesMax: 100, bytesMax: 1_000_000, fromLog: true };
    for (;;) {
      const [claim] = await store.claim([want], 60_000);
      if (claim === undefined || claim.deliveries.length === 0) break;
      await store.settle(
        claim.deliveries.map((each, index) => settlement(claim, each, outcome(index, each.attemptsMade))),
      );
    }
  }
  // Its connections report what they have read when they end.
  await store.close();
  const { read, plans } = difference(before, await looked(server, database));
  const after = await PostgresStore.open(storeOptions(server.url(database)));
  const { backlog, parked, inFlight } = await after.subscriptionCounts(subscription.id);
  if (backlog + parked + inFlight > 0) throw new Error("Something was left undone.");
  await after.close();
  return { perMessage: read / ROUNDS / PER_ROUND, plans };
}
