import type { Subscription, Topic, TopicId } from "../../../domain/model.ts";
import {
  attempt,
  dead,
  delivered,
  invisibleUntil,
  message,
  parkedUntil,
  settings,
  settlement,
  topicSettings,
} from "../../contract/fixtures.ts";
import type { Settled } from "../../log.ts";
import { PostgresStore } from "../postgres-store.ts";
import { freshDatabase, storeOptions } from "./postgres-database.ts";
import type { PostgresServer } from "./postgres-server.ts";

const ROUNDS = 60;
const PER_ROUND = 20;
const PULLED_AT_MS = 1_000;
/**
 * The old partitions of messages have the ids that follow this id. The ids belong to the third class of retention
 * times.
 */
const PARTITION = 300_000_000;
const SPAN_MS = 90 * 3600_000;

export interface Size {
  readonly rows: number;
  readonly partitions: number;
}

/** Inserts rows of finished work, for the topic of the test and for other topics. */
async function fill(
  server: PostgresServer,
  database: string,
  topicId: TopicId,
  subscriptionId: number,
  { rows, partitions }: Size,
): Promise<void> {
  const statements = [
    `SELECT ringback.ensure_message_partition(${PARTITION} + n) FROM generate_series(1, ${partitions}) AS n`,
    `SELECT ringback.ensure_attempt_partitions(array_agg(n * ${SPAN_MS}::bigint)) FROM generate_series(1, ${partitions}) AS n`,
    `INSERT INTO ringback.message (topic_id, seq, partition_id, published_at, body)
       SELECT ${topicId}, n, ${PARTITION} + 1 + (n - 1) * ${partitions} / ${rows}, 1, 'x' FROM generate_series(1, ${rows}) AS n`,
    `INSERT INTO ringback.segment (topic_id, first_seq, partition_id)
       SELECT topic_id, min(seq), partition_id FROM ringback.message GROUP BY topic_id, partition_id`,
    `UPDATE ringback.topic_log SET last_seq = ${rows}, partition_id = ${PARTITION + partitions},
       segment_first_seq = (SELECT max(first_seq) FROM ringback.segment) WHERE topic_id = ${topicId}`,
    `UPDATE ringback.subscription_cursor SET scanned_through = ${rows}`,
    `INSERT INTO ringback.attempt (topic_id, seq, subscription_id, attempt, started_at, duration_ms, verdict)
       SELECT ${topicId}, n, ${subscriptionId}, 1, ${SPAN_MS}::bigint * (1 + n % ${partitions}), 1, n % 2 FROM generate_series(1, ${rows}) AS n`,
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

/** The tables that the test fills. The other tables stay small. */
const GROWN = [
  "message",
  "attempt",
  "parked",
  "dead_letter",
  "idempotency",
  "segment",
  "message_partition",
  "attempt_partition",
];
/** This table has only one row, although its name has the prefix of a table that grows. */
const NEVER_GROWS = "attempt_partition_span";

/** How the grown tables were accessed: tables that were read sequentially, and indexes that were used. */
export interface Plans {
  readonly tablesScanned: readonly string[];
  readonly indexesUsed: readonly string[];
}

export interface Reading {
  /**
   * Table rows and index entries read per message, over publish, claim, failure, retry, settlement, pull and
   * acknowledgement.
   */
  readonly perMessage: number;
  /** Pages of tables and indexes read per message. */
  readonly pagesPerMessage: number;
  readonly plans: Plans;
}

interface TableScans {
  readonly isIndex: boolean;
  readonly name: string;
  readonly scans: number;
  readonly read: number;
}

interface Scans {
  readonly pages: number;
  readonly byName: ReadonlyMap<string, TableScans>;
}

/** Before version 15, a separate process collects the statistics, and they may be half a second old. */
async function counted(server: PostgresServer, database: string): Promise<void> {
  const [now] = await server.query<{ at: string }>("SELECT clock_timestamp()::text AS at", [], database);
  for (;;) {
    const [row] = await server.query<{ fresh: boolean }>(
      "SELECT coalesce(pg_stat_get_snapshot_timestamp(), 'infinity') > $1::timestamptz AS fresh",
      [now?.at],
      database,
    );
    if (row?.fresh === true) return;
  }
}

/** Reads the database's statistics. Index entries are counted too, because an index-only scan fetches no row. */
async function readScans(server: PostgresServer, database: string): Promise<Scans> {
  await counted(server, database);
  const [io] = await server.query<{ pages: number }>(
    `SELECT sum(heap_blks_hit + heap_blks_read + coalesce(idx_blks_hit + idx_blks_read, 0))::float AS pages
       FROM pg_statio_user_tables`,
    [],
    database,
  );
  const rows = await server.query<TableScans>(
    `SELECT false AS "isIndex", relname AS name, seq_scan::float AS scans,
       (seq_tup_read + coalesce(idx_tup_fetch, 0))::float AS read FROM pg_stat_user_tables
     UNION ALL
     SELECT true, indexrelname, idx_scan::float, idx_tup_read::float FROM pg_stat_user_indexes`,
    [],
    database,
  );
  return { pages: io?.pages ?? 0, byName: new Map(rows.map((row) => [row.name, row])) };
}

/** The name of a partition begins with the name of its table. */
function isGrown(name: string): boolean {
  return !name.startsWith(NEVER_GROWS) && GROWN.some((table) => name === table || name.startsWith(`${table}_`));
}

function difference(before: Scans, after: Scans): { rows: number; pages: number } {
  let rows = 0;
  for (const now of after.byName.values()) rows += now.read - (before.byName.get(now.name)?.read ?? 0);
  return { rows, pages: after.pages - before.pages };
}

/** Replaces a partition by its parent table, because all partitions of a table are accessed in the same way. */
function plansBetween(before: Scans, after: Scans): Plans {
  const used = [...after.byName.values()].filter(
    ({ name, scans }) => isGrown(name) && scans > (before.byName.get(name)?.scans ?? 0),
  );
  const names = (isIndex: boolean) => {
    const found = used.filter((each) => each.isIndex === isIndex).map(({ name }) => name.replace(/\d+/g, "N"));
    return [...new Set(found)].toSorted();
  };
  return { tablesScanned: names(false), indexesUsed: names(true) };
}

/** Whether the message with this index is pulled and acknowledged. */
const isPulled = (index: number): boolean => index >= 4 && index < 6;

function outcome(index: number, attemptsMade: number): Settled {
  if (index === 0) return dead;
  if (index < 4 && attemptsMade === 0) return parkedUntil(1);
  return isPulled(index) ? invisibleUntil(Date.now() + 600_000, 1, PULLED_AT_MS) : delivered;
}

/** Publishes, claims, fails, retries, settles, pulls and acknowledges. Each connection plans its statements again. */
async function runRounds(url: string, topic: Topic, subscription: Subscription, rounds: number): Promise<void> {
  const store = await PostgresStore.open(storeOptions(url));
  await store.catalog.getSubscriptionById(subscription.id);
  for (let round = 0; round < rounds; round++) {
    const messages = Array.from({ length: PER_ROUND }, (_, index) =>
      message("m", { orderingKey: `${round} ${index}` }),
    );
    const idempotency = { key: `${rounds} ${round}`, fingerprint: "f" };
    await store.log.append({ topicId: topic.id, messages, idempotency });
    const want = { subscriptionId: subscription.id, deliveriesMax: 100, bytesMax: 1_000_000, fromLog: true };
    for (;;) {
      const [claim] = await store.log.claim([want], 60_000);
      if (claim === undefined || claim.deliveries.length === 0) break;
      await store.log.settle(
        claim.deliveries.map((each, index) =>
          settlement(claim, each, outcome(index, each.attemptsMade), !isPulled(index)),
        ),
      );
      const pulled = claim.deliveries.filter((_, index) => isPulled(index));
      const applied = await store.log.settlePulled(
        subscription.id,
        pulled.map(({ message: { seq } }) => ({
          pulled: { seq, retriesMade: 1, firstAttemptAtMs: PULLED_AT_MS },
          answer: { kind: "delivered", attempt: attempt(1, "accepted") },
        })),
      );
      if (!applied.every(Boolean)) throw new Error("An answer came too late.");
    }
  }
  // Connections report their statistics when they end.
  await store.close();
}

/** Measures the rows and pages that a message reads in tables of this size, once every statement is planned. */
export async function readInTablesOf(server: PostgresServer, size: Size): Promise<Reading> {
  const database = await freshDatabase(server);
  const url = server.url(database);
  const first = await PostgresStore.open(storeOptions(url));
  const { topic } = await first.catalog.putTopic(first.catalog.defaultAccount().id, "orders", topicSettings());
  const { subscription } = await first.catalog.putSubscription(topic.id, "reader", settings({ order: "key" }), "now");
  await first.close();
  await fill(server, database, topic.id, subscription.id, size);
  // The first publish creates the partitions of today with empty indexes. It runs before the measurement.
  await runRounds(url, topic, subscription, 1);
  const atFirst = await readScans(server, database);
  await runRounds(url, topic, subscription, ROUNDS / 4);
  const between = await readScans(server, database);
  await runRounds(url, topic, subscription, ROUNDS);
  const atLast = await readScans(server, database);
  const after = await PostgresStore.open(storeOptions(url));
  const { backlog, parked, inFlight } = await after.records.subscriptionCounts(subscription.id);
  if (backlog + parked + inFlight > 0) throw new Error("Something was left undone.");
  await after.close();
  // Both measurements include the same planning, so the planning cancels out in their difference.
  const few = difference(atFirst, between);
  const many = difference(between, atLast);
  const messages = (ROUNDS - ROUNDS / 4) * PER_ROUND;
  return {
    perMessage: (many.rows - few.rows) / messages,
    pagesPerMessage: (many.pages - few.pages) / messages,
    plans: plansBetween(atFirst, atLast),
  };
}
