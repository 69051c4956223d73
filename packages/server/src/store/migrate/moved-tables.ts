import { messageIdToBigInt } from "../../domain/message-id.ts";
import type { TopicId } from "../../domain/model.ts";
import { textArray } from "../postgres/columns.ts";
import { SEQ_MASK_SQL } from "../sqlite/rows.ts";
import { toPostgresCursor } from "./moved-cursor.ts";
import type { ColumnKind, MovedTable, Row } from "./moved-rows.ts";

/** Rows of deleted topics and subscriptions are not moved. */
const ofTopic = "topic_id IN (SELECT id FROM topic)";
const ofSubscription = "subscription_id IN (SELECT id FROM subscription)";

const SEQ_BITS_SQL = "40";

const retentionMs = "json_extract(settings, '$.retentionMs')";

/** SQLite stores tags as JSON, PostgreSQL as an array. */
const withTags = (row: Row): Row =>
  typeof row["tags"] === "string" ? { ...row, tags: textArray(JSON.parse(row["tags"]) as string[]) } : row;

const lastId = (table: string): string => `SELECT seq AS last FROM sqlite_sequence WHERE name = '${table}'`;

const messageColumns = {
  published_at: "bigint",
  deliver_at: "bigint",
  content_type: "text",
  tags: "text[]",
  type: "text",
  ordering_key: "text",
  attributes: "text",
  body: "bytea",
} as const satisfies Record<string, ColumnKind>;

/** Moved when the move begins, so that a server that is started too early creates no account of its own. */
export const accounts: MovedTable = {
  name: "account",
  label: "accounts",
  columns: { id: "bigint", name: "text", app_id: "bigint", created_at: "bigint" },
  key: ["id"],
  start: [0],
  select: "SELECT id, name, app_id, created_at FROM account WHERE id > ? ORDER BY id",
  count: "SELECT count(*) AS count FROM account",
  ids: "SELECT max(id) AS last FROM account",
};

const topics: MovedTable = {
  name: "topic",
  label: "topics",
  columns: {
    id: "bigint",
    account_id: "bigint",
    name: "text",
    version: "bigint",
    settings: "text",
    created_at: "bigint",
    updated_at: "bigint",
  },
  key: ["id"],
  start: [0],
  select: `SELECT id, account_id, name, version, settings, created_at, updated_at
    FROM topic WHERE id > ? ORDER BY id`,
  count: "SELECT count(*) AS count FROM topic",
  ids: lastId("topic"),
};

const logs: MovedTable = {
  name: "topic_log",
  label: "ends of logs",
  columns: {
    topic_id: "bigint",
    retention_ms: "bigint",
    first_seq: "bigint",
    last_seq: "bigint",
    last_published_at: "bigint",
    expires_at: "bigint",
  },
  key: ["topic_id"],
  start: [0],
  select: `SELECT l.topic_id, ${retentionMs} AS retention_ms, l.first_seq, l.last_seq, l.last_published_at, ${retentionMs} +
      (SELECT m.published_at FROM message m WHERE m.id >= (t.id << ${SEQ_BITS_SQL}) AND m.id < ((t.id + 1) << ${SEQ_BITS_SQL})
        ORDER BY m.id LIMIT 1) AS expires_at
    FROM topic_log l JOIN topic t ON t.id = l.topic_id WHERE l.topic_id > ? ORDER BY l.topic_id`,
  count: "SELECT count(*) AS count FROM topic_log",
};

const subscriptions: MovedTable = {
  name: "subscription",
  label: "subscriptions",
  columns: {
    id: "bigint",
    account_id: "bigint",
    topic_id: "bigint",
    name: "text",
    state: "text",
    version: "bigint",
    settings: "text",
    created_at: "bigint",
    updated_at: "bigint",
  },
  key: ["id"],
  start: [0],
  select: `SELECT id, account_id, topic_id, name, state, version, settings, created_at, updated_at FROM subscription
    WHERE id > ? AND ${ofTopic} ORDER BY id`,
  count: "SELECT count(*) AS count FROM subscription",
  ids: lastId("subscription"),
};

const entries: MovedTable = {
  name: "entry",
  label: "hooks, inboxes, keys",
  columns: {
    account_id: "bigint",
    kind: "text",
    name: "text",
    version: "bigint",
    value: "text",
    created_at: "bigint",
    updated_at: "bigint",
  },
  key: ["account_id", "kind", "name"],
  start: [0, "", ""],
  select: `SELECT account_id, kind, name, version, value, created_at, updated_at FROM entry
    WHERE (account_id, kind, name) > (?, ?, ?) ORDER BY account_id, kind, name`,
  count: "SELECT count(*) AS count FROM entry",
};

const messages: MovedTable = {
  name: "message",
  label: "messages",
  // The target assigns the partition.
  columns: { topic_id: "bigint", seq: "bigint", partition_id: "bigint", ...messageColumns },
  key: ["topic_id", "seq"],
  start: [0, 0],
  select: `SELECT id >> ${SEQ_BITS_SQL} AS topic_id, id & ${SEQ_MASK_SQL} AS seq, published_at, deliver_at, content_type, tags,
      type, ordering_key, attributes, body
    FROM message WHERE id > ? AND id >> ${SEQ_BITS_SQL} IN (SELECT id FROM topic) ORDER BY id`,
  // A message id may be too large for a number.
  bind: ([topicId, seq]) => [messageIdToBigInt(topicId as TopicId, seq as number)],
  toTarget: withTags,
  count: `SELECT coalesce(sum(last_seq - first_seq + 1), 0) AS count FROM topic_log WHERE ${ofTopic}`,
};

const cursors: MovedTable = {
  name: "subscription_cursor",
  label: "cursors",
  columns: {
    subscription_id: "bigint",
    topic_id: "bigint",
    active: "boolean",
    ordering: "text",
    in_flight_max: "bigint",
    tags: "text[]",
    routes: "text[]",
    scanned_through: "bigint",
    returned_seqs: "bigint[]",
    expired: "bigint",
  },
  key: ["subscription_id"],
  start: [0],
  select: `SELECT s.id AS subscription_id, s.topic_id, s.state, s.settings, l.first_seq, c.settled_through, c.ahead,
      c.expired
    FROM subscription s JOIN topic t ON t.id = s.topic_id JOIN topic_log l ON l.topic_id = t.id
    JOIN cursor c ON c.subscription_id = s.id WHERE s.id > ? ORDER BY s.id`,
  toTarget: toPostgresCursor,
  count: "SELECT count(*) AS count FROM cursor",
};

const parked: MovedTable = {
  name: "parked",
  label: "parked deliveries",
  columns: {
    subscription_id: "bigint",
    seq: "bigint",
    due_at: "bigint",
    attempts: "bigint",
    retries: "bigint",
    first_attempt_at: "bigint",
    ordering_key: "text",
    dead_letter_id: "bigint",
  },
  key: ["subscription_id", "seq"],
  start: [0, 0],
  select: `SELECT subscription_id, seq, due_at, attempts, retries, first_attempt_at, ordering_key, dead_letter_id FROM parked
    WHERE (subscription_id, seq) > (?, ?) AND ${ofSubscription} ORDER BY subscription_id, seq`,
  count: "SELECT count(*) AS count FROM parked",
};

const deadLetters: MovedTable = {
  name: "dead_letter",
  label: "dead letters",
  columns: {
    id: "bigint",
    account_id: "bigint",
    subscription_id: "bigint",
    topic_id: "bigint",
    seq: "bigint",
    reason: "text",
    attempts: "bigint",
    died_at: "bigint",
    redriven_at: "bigint",
    last_status: "bigint",
    last_error_code: "text",
    last_reply: "bytea",
    ...messageColumns,
  },
  key: ["id"],
  start: [0],
  select: `SELECT id, account_id, subscription_id, topic_id, seq, reason, attempts, died_at, redriven_at, last_status,
      last_error_code, last_reply, published_at, deliver_at, content_type, tags, type, ordering_key, attributes, body
    FROM dead_letter WHERE id > ? AND ${ofSubscription} ORDER BY id`,
  toTarget: withTags,
  count: "SELECT count(*) AS count FROM dead_letter",
  ids: lastId("dead_letter"),
};

const attempts: MovedTable = {
  name: "attempt",
  label: "attempts",
  columns: {
    id: "bigint",
    topic_id: "bigint",
    seq: "bigint",
    subscription_id: "bigint",
    attempt: "bigint",
    started_at: "bigint",
    duration_ms: "bigint",
    verdict: "bigint",
    status: "bigint",
    error_code: "text",
    reply: "bytea",
  },
  key: ["id"],
  start: [0],
  select: `SELECT id, topic_id, seq, subscription_id, attempt, started_at, duration_ms, verdict, status, error_code, reply
    FROM attempt WHERE id > ? AND ${ofSubscription} ORDER BY id`,
  // The ids between the first and the last have no gaps.
  count: "SELECT coalesce(max(id) - min(id) + 1, 0) AS count FROM attempt",
  ids: "SELECT max(id) AS last FROM attempt",
};

const idempotencyKeys: MovedTable = {
  name: "idempotency",
  label: "idempotency keys",
  columns: { topic_id: "bigint", key: "text", fingerprint: "text", first_seq: "bigint", published_at: "bigint" },
  key: ["topic_id", "key"],
  start: [0, ""],
  select: `SELECT topic_id, key, fingerprint, first_seq, published_at FROM idempotency
    WHERE (topic_id, key) > (?, ?) AND ${ofTopic} ORDER BY topic_id, key`,
  count: "SELECT count(*) AS count FROM idempotency",
};

/** In the order of the move: a table comes after the tables that it refers to. */
export const movedTables: readonly MovedTable[] = [
  topics,
  logs,
  subscriptions,
  entries,
  messages,
  cursors,
  parked,
  deadLetters,
  attempts,
  idempotencyKeys,
];
