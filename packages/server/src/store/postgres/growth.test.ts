import { afterAll, beforeAll, expect, it } from "vitest";
import type { TopicId } from "../../domain/model.ts";
import {
  attempt,
  dead,
  delivered,
  handedOutUntil,
  message,
  parkedUntil,
  settings,
  settlement,
} from "../contract/fixtures.ts";
import type { Settled } from "../port.ts";
import { PostgresStore } from "./postgres-store.ts";
import { freshDatabase, storeOptions } from "./testing/postgres-database.ts";
import { PostgresServer } from "./testing/postgres-server.ts";

// Real: PostgreSQL, its statistics and its planner. Rows that have been there for long are put into the tables directly.
let server: PostgresServer;
beforeAll(async () => void (server = await PostgresServer.start()));
afterAll(() => server.stop());

const ROUNDS = 60;
const PER_ROUND = 20;
const HANDED_OUT_AT_MS = 1_000;

/** Rows of finished work, of the topic itself and of others. */
async function fill(database: string, topicId: TopicId, subscriptionId: number, rows: number): Promise<void> {
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

async function rowsRead(database: string): Promise<number> {
  const [row] = await server.query<{ rows: string }>(
    "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) AS rows FROM pg_stat_user_tables",
    [],
    database,
  );
  return Number(row?.rows);
}

/** Handed out and acknowledged. */
const isPulled = (index: number): boolean => index >= 4 && index < 6;

function outcome(index: number, attemptsMade: number): Settled {
  if (index === 0) return dead;
  if (index < 4 && attemptsMade === 0) return parkedUntil(1);
  return isPulled(index) ? handedOutUntil(Date.now() + 600_000, 1, HANDED_OUT_AT_MS) : delivered;
}

/** How many rows publishing, claiming, failing, retrying, settling, handing out and acknowledging read for each message, in tables of this size. */
async function rowsReadPerMessage(rows: number): Promise<number> {
  const database = await freshDatabase(server);
  const first = await PostgresStore.open(storeOptions(server.url(database)));
  const { topic } = await first.putTopic(first.defaultAccount().id, "orders", {});
  const { subscription } = await first.putSubscription(topic.id, "reader", settings({ order: "key" }), "now");
  await first.close();
  await fill(database, topic.id, subscription.id, rows);
  const store = await PostgresStore.open(storeOptions(server.url(database)));
  await store.getSubscriptionById(subscription.id);
  const before = await rowsRead(database);
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
        claim.deliveries.map((each, index) =>
          settlement(claim, each, outcome(index, each.attemptsMade), !isPulled(index)),
        ),
      );
      const pulled = claim.deliveries.filter((_, index) => isPulled(index));
      const applied = await store.answer(
        subscription.id,
        pulled.map(({ message: { seq } }) => ({
          handedOut: { seq, retriesMade: 1, firstAttemptAtMs: HANDED_OUT_AT_MS },
          answer: { kind: "delivered", attempt: attempt(1, "accepted") },
        })),
      );
      expect(applied.every(Boolean)).toBe(true);
    }
  }
  // Its connections report what they have read when they end.
  await store.close();
  const read = (await rowsRead(database)) - before;
  const after = await PostgresStore.open(storeOptions(server.url(database)));
  expect(await after.subscriptionCounts(subscription.id)).toMatchObject({ backlog: 0, parked: 0, inFlight: 0 });
  await after.close();
  return read / ROUNDS / PER_ROUND;
}

it("reads no more rows on the way of a message when the tables are five hundred times as large", async () => {
  const small = await rowsReadPerMessage(200);
  const large = await rowsReadPerMessage(100_000);
  expect(small).toBeLessThan(10);
  expect(large).toBeLessThan(small * 1.2);
});
