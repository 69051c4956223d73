/** Real: PostgreSQL. Its executor reports which rows and indexes a statement reads. Only the rows are made up. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { conditionsSql, unhealthySql } from "./conditions.ts";
import { freshDatabase } from "./testing/postgres-database.ts";
import { PostgresServer } from "./testing/postgres-server.ts";
import { readPlan } from "./testing/query-plans.ts";

const SUBSCRIPTIONS = 20_000;
/** One subscription in so many is not healthy. */
const UNHEALTHY_EACH = 100;
const PARKED = 20_000;
const PAGE = 50;

let server: PostgresServer;
let database: string;
beforeAll(async () => {
  server = await PostgresServer.start();
  database = await freshDatabase(server);
  const health = JSON.stringify({ state: "open" });
  for (const sql of [
    "INSERT INTO ringback.account (name, app_id, created_at) VALUES ('a', 1, 0)",
    `INSERT INTO ringback.topic (id, account_id, name, settings, created_at, updated_at)
       SELECT n, (SELECT max(id) FROM ringback.account), 'topic-' || n, '{}', 0, 0
       FROM generate_series(1, ${SUBSCRIPTIONS}) AS n`,
    `INSERT INTO ringback.topic_log (topic_id, retention_ms, first_seq, last_seq)
       SELECT id, 60000, 1, 1000000 FROM ringback.topic`,
    `INSERT INTO ringback.subscription (id, account_id, topic_id, name, state, health, settings, created_at, updated_at)
       SELECT n, (SELECT max(id) FROM ringback.account), 1 + n % ${SUBSCRIPTIONS}, 's' || n, 'active',
         CASE WHEN n % ${UNHEALTHY_EACH} = 0 THEN '${health}' END, '{}', 0, 0
       FROM generate_series(1, ${SUBSCRIPTIONS}) AS n`,
    `INSERT INTO ringback.subscription_cursor (subscription_id, topic_id, active, ordering, in_flight_max,
         scanned_through)
       SELECT id, topic_id, true, 'none', 8, 1000000 FROM ringback.subscription`,
    `INSERT INTO ringback.parked (subscription_id, seq, due_at, attempts, retries)
       SELECT 1 + n % 10, n, n, 1, 1 FROM generate_series(1, ${PARKED}) AS n`,
    `INSERT INTO ringback.claim (id, node_id, subscription_id, lease_until, seqs, parked)
       SELECT n, 1, n, 0, '{}', '{}' FROM generate_series(1, 5000) AS n`,
    `INSERT INTO ringback.dead_letter (account_id, subscription_id, topic_id, seq, reason, attempts, died_at,
         published_at, body)
       SELECT 1, 1, 1, n, 'expired', 1, 0, 0, 'x' FROM generate_series(1, 5000) AS n`,
    "ANALYZE",
  ]) {
    await server.query(sql, [], database);
  }
});
afterAll(() => server.stop());

it("the conditions of some subscriptions are read by their ids, with one parked delivery of each", async () => {
  const ids = Array.from({ length: PAGE }, (_, index) => index + 1);
  const reading = await readPlan(server, database, conditionsSql, [`'{${ids.join(",")}}'`]);
  expect(reading.scanned).toEqual([]);
  const indexes = [
    "subscription_pkey",
    "subscription_cursor_pkey",
    "topic_log_pkey",
    "parked_pkey",
    "claim_subscription",
    "dead_letter_pkey",
  ];
  expect([...new Set(reading.indexes)].toSorted()).toEqual(indexes.toSorted());
  // One row of each of five tables for each subscription.
  expect(reading.rows).toBeLessThanOrEqual(5 * PAGE);
});

it("the subscriptions that are not healthy are read by their own index, and no more than are shown", async () => {
  const reading = await readPlan(server, database, unhealthySql, [String(PAGE)]);
  expect(reading.scanned).toEqual([]);
  expect(new Set(reading.indexes)).toEqual(new Set(["subscription_unhealthy", "topic_pkey"]));
  // Each subscription, and its topic.
  expect(reading.rows).toBeLessThanOrEqual(2 * PAGE);
});
