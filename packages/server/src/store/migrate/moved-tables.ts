import { messageIdToBigInt } from "../../domain/message-id.ts";
import type { TopicId } from "../../domain/model.ts";
import { textArray } from "../postgres/columns.ts";
import { topicNumberSql } from "../record-rows.ts";
import { messageIdSql, SEQ_MASK_SQL } from "../sqlite/rows.ts";
import { toPostgresCursor } from "./moved-cursor.ts";
import type { MovedTable, Row } from "./moved-rows.ts";

/** Rows of deleted topics and subscriptions are not moved. */
const ofTopic = "topic_id IN (SELECT id FROM topic)";
const ofSubscription = "subscription_id IN (SELECT id FROM subscription)";

const retentionMs = "json_extract(settings, '$.retentionMs')";

/** SQLite stores tags as JSON, PostgreSQL as an array. */
const withTags = (row: Row): Row =>
  typeof row["tags"] === "string" ? { ...row, tags: textArray(JSON.parse(row["tags"]) as string[]) } : row;

/** A table with the same columns in both databases. `moved`: the condition for rows that are moved. */
function sameTable(table: Omit<MovedTable, "select" | "count"> & Partial<MovedTable>, moved = "true"): MovedTable {
  const { name, columns, key } = table;
  const keyColumns = key.join(", ");
  const isAfter = `(${keyColumns}) > (${key.map(() => "?").join(", ")})`;
  return {
    select: `SELECT ${columns} FROM ${name} WHERE ${isAfter} AND ${moved} ORDER BY ${keyColumns}`,
    count: `SELECT count(*) AS count FROM ${name}`,
    ...table,
  };
}

/** The last id that a table with AUTOINCREMENT has used. */
const lastId = (table: string): string => `SELECT seq AS last FROM sqlite_sequence WHERE name = '${table}'`;

const messageColumns = "published_at, deliver_at, content_type, tags, type, ordering_key, attributes, request, body";

/** Accounts are moved when the move begins, so that a server that is started too early creates no other account. */
export const accounts = sameTable({
  name: "account",
  label: "accounts",
  columns: "id, name, app_id, created_at",
  key: ["id"],
  start: [0],
  ids: lastId("account"),
});

/** The tables in the order in which they are moved: a table comes after the tables to which it refers. */
export const movedTables: readonly MovedTable[] = [
  sameTable({
    name: "topic",
    label: "topics",
    columns: "id, account_id, name, version, settings, created_at, updated_at",
    key: ["id"],
    start: [0],
  }),
  sameTable({
    name: "released_number",
    label: "numbers of deleted topics",
    columns: "topic_id, last_seq",
    key: ["topic_id"],
    start: [0],
    // The rows that deleted topics still have in the source are not moved, so their numbers are released.
    select: `SELECT topic_id, last_seq FROM (
        SELECT topic_id, last_seq FROM released_number
        UNION ALL SELECT id, last_seq FROM removed WHERE kind = 'topic' AND last_seq IS NOT NULL
      ) WHERE topic_id > ? ORDER BY topic_id`,
    count: `SELECT (SELECT count(*) FROM released_number) +
      (SELECT count(*) FROM removed WHERE kind = 'topic' AND last_seq IS NOT NULL) AS count`,
  }),
  sameTable({
    name: "topic_log",
    label: "ends of logs",
    columns: "topic_id, retention_ms, first_seq, last_seq, last_published_at, expires_at",
    key: ["topic_id"],
    start: [0],
    select: `SELECT l.topic_id, ${retentionMs} AS retention_ms, l.first_seq, l.last_seq, l.last_published_at, ${retentionMs} +
        (SELECT m.published_at FROM message m
          WHERE m.id BETWEEN ${messageIdSql("t.id", "0")} AND ${messageIdSql("t.id", SEQ_MASK_SQL)}
          ORDER BY m.id LIMIT 1) AS expires_at
      FROM topic_log l JOIN topic t ON t.id = l.topic_id WHERE l.topic_id > ? ORDER BY l.topic_id`,
  }),
  sameTable(
    {
      name: "subscription",
      label: "subscriptions",
      columns: "id, account_id, topic_id, name, state, disabled, health, version, settings, created_at, updated_at",
      key: ["id"],
      start: [0],
    },
    ofTopic,
  ),
  sameTable({
    name: "entry",
    label: "hooks, inboxes, keys",
    columns: "account_id, kind, name, id, version, value, created_at, updated_at",
    key: ["account_id", "kind", "name"],
    start: [0, "", ""],
  }),
  sameTable({
    name: "audit",
    label: "records of changes",
    columns: "account_id, record_id, happened_at, who, action, target, details",
    key: ["account_id", "record_id"],
    start: [0, ""],
  }),
  sameTable({
    name: "tally",
    label: "statistics",
    columns: "account_id, topic_id, subscription_id, step_ms, happened_at, writer, counts",
    key: ["account_id", "topic_id", "subscription_id", "step_ms", "happened_at", "writer"],
    start: [0, 0, 0, 0, 0, ""],
  }),
  sameTable(
    {
      name: "exchange",
      label: "requests and replies of attempts",
      columns: `account_id, subscription_id, seq, attempt, started_at, expires_at, bytes, head, request_body, reply_body`,
      key: ["subscription_id", "seq", "started_at", "attempt"],
      start: [0, 0, 0, 0],
    },
    ofSubscription,
  ),
  {
    name: "message",
    label: "messages",
    // The target assigns the partition.
    columns: `topic_id, seq, partition_id, ${messageColumns}`,
    key: ["topic_id", "seq"],
    start: [0, 0],
    // CROSS JOIN makes SQLite read the messages in their order, and find the topic of each by its number.
    select: `SELECT t.id AS topic_id, m.id & ${SEQ_MASK_SQL} AS seq, ${messageColumns}
      FROM message m CROSS JOIN topic t ON ${topicNumberSql("t.id")} = m.id >> 40 WHERE m.id > ? ORDER BY m.id`,
    // A message id can be too large for a JavaScript number.
    bind: ([topicId, seq]) => [messageIdToBigInt(topicId as TopicId, seq as number)],
    toTarget: withTags,
    count: `SELECT coalesce(sum(last_seq - first_seq + 1), 0) AS count FROM topic_log WHERE ${ofTopic}`,
  },
  {
    name: "subscription_cursor",
    label: "cursors",
    columns:
      "subscription_id, topic_id, active, ordering, in_flight_max, tags, routes, scanned_through, returned_seqs, expired",
    key: ["subscription_id"],
    start: [0],
    select: `SELECT s.id AS subscription_id, s.topic_id, s.state, s.settings, l.first_seq, c.settled_through, c.ahead,
        c.expired
      FROM subscription s JOIN topic t ON t.id = s.topic_id JOIN topic_log l ON l.topic_id = t.id
      JOIN cursor c ON c.subscription_id = s.id WHERE s.id > ? ORDER BY s.id`,
    toTarget: toPostgresCursor,
    count: "SELECT count(*) AS count FROM cursor",
  },
  sameTable(
    {
      name: "parked",
      label: "parked deliveries",
      columns:
        "subscription_id, seq, due_at, attempts, retries, first_attempt_at, ordering_key, dead_letter_id, " +
        "replay_id, apart",
      key: ["subscription_id", "seq"],
      start: [0, 0],
      toTarget: (row) => ({ ...row, apart: row["apart"] === 1 }),
    },
    ofSubscription,
  ),
  sameTable({
    name: "replay",
    label: "replays",
    columns: `id, account_id, plan, target_id, per_second, state, reason, paused, is_open, position, through, examined,
      parked, skipped, expired, created_at, ended_at`,
    key: ["id"],
    start: [0],
    toTarget: (row) => ({ ...row, paused: row["paused"] === 1, is_open: row["is_open"] === 1 }),
  }),
  sameTable(
    {
      name: "dead_letter",
      label: "dead letters",
      columns: `id, account_id, subscription_id, topic_id, seq, reason, attempts, died_at, redriven_at, last_status,
        last_error_code, last_error_detail, last_reply, ${messageColumns}`,
      key: ["id"],
      start: [0],
      toTarget: withTags,
      ids: lastId("dead_letter"),
    },
    ofSubscription,
  ),
  sameTable(
    {
      name: "attempt",
      label: "attempts",
      columns:
        "id, topic_id, seq, subscription_id, attempt, started_at, duration_ms, verdict, status, error_code, " +
        "error_detail, reply",
      key: ["id"],
      start: [0],
      // The ids between the first and the last have no gaps.
      count: "SELECT coalesce(max(id) - min(id) + 1, 0) AS count FROM attempt",
      ids: "SELECT max(id) AS last FROM attempt",
    },
    ofSubscription,
  ),
  sameTable(
    {
      name: "idempotency",
      label: "idempotency keys",
      columns: "topic_id, key, fingerprint, first_seq, published_at, expires_at",
      key: ["topic_id", "key"],
      start: [0, ""],
    },
    ofTopic,
  ),
];
