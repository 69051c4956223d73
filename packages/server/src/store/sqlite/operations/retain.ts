import type { DatabaseSync } from "node:sqlite";
import { compileFilter } from "../../../domain/filter.ts";
import { messageIdToBigInt } from "../../../domain/message-id.ts";
import type { Filter, FilterType, Seq, SubscriptionId, TimeMs, TopicId } from "../../../domain/model.ts";
import { statement } from "../statements.ts";

/** Bounds of one step: each kind of row is removed at most this many at a time, so that a commit stays short. */
export const RETENTION_ROWS_MAX = 500;

/** A subscription that has not settled everything up to the cut. */
export interface Laggard {
  readonly subscriptionId: SubscriptionId;
  readonly settledThrough: Seq;
  readonly done: readonly Seq[];
  readonly filter: Filter;
}

export interface TrimInput {
  readonly topicId: TopicId;
  readonly filterType: FilterType;
  readonly firstSeq: Seq;
  /** Messages published before this time may go. */
  readonly beforeMs: TimeMs;
  /** Nothing past this may go: deliveries of it are open. */
  readonly throughSeqMax: Seq;
  readonly subscriptionIds: readonly SubscriptionId[];
  readonly laggards: readonly Laggard[];
  readonly nowMs: TimeMs;
}

export interface TrimResult {
  readonly removed: number;
  readonly firstSeq: Seq;
  /** Publishing time of the oldest message left; null: the log is empty. */
  readonly oldestAtMs: TimeMs | null;
  readonly expired: readonly { readonly subscriptionId: SubscriptionId; readonly count: number }[];
  /** Parked deliveries that became dead letters. */
  readonly died: readonly { readonly subscriptionId: SubscriptionId; readonly orderingKey: string | null }[];
}

/**
 * Removes the oldest messages of one topic. What had not been delivered by then does not vanish: a parked delivery
 * becomes a dead letter, and what a cursor never reached is counted on its subscription.
 */
export function trimTopic(db: DatabaseSync, input: TrimInput): TrimResult {
  const { topicId, nowMs } = input;
  const from = messageIdToBigInt(topicId, input.firstSeq);
  const end = messageIdToBigInt(topicId, Math.min(input.throughSeqMax, input.firstSeq + RETENTION_ROWS_MAX - 1));
  const rows = statement(
    db,
    `SELECT id & 1099511627775 AS seq, tags, routing_key FROM message
       WHERE id >= ? AND id <= ? AND published_at < ? ORDER BY id`,
  ).all(from, end, input.beforeMs) as { seq: number; tags: string | null; routing_key: string | null }[];
  const last = rows.at(-1)?.seq;
  if (last === undefined) {
    return { removed: 0, firstSeq: input.firstSeq, oldestAtMs: readOldest(db, topicId), expired: [], died: [] };
  }

  const died = input.subscriptionIds.flatMap((id) => buryParked(db, topicId, id, last, nowMs));
  const expired = input.laggards
    .filter((laggard) => laggard.settledThrough < last)
    .map((laggard) => countExpired(db, input.filterType, laggard, rows));
  statement(db, "DELETE FROM message WHERE id >= ? AND id <= ?").run(from, messageIdToBigInt(topicId, last));
  statement(db, "UPDATE topic_log SET first_seq = ? WHERE topic_id = ?").run(last + 1, topicId);
  return { removed: rows.length, firstSeq: last + 1, oldestAtMs: readOldest(db, topicId), expired, died };
}

function readOldest(db: DatabaseSync, topicId: TopicId): TimeMs | null {
  const row = statement(db, "SELECT published_at FROM message WHERE id >= ? AND id < ? ORDER BY id LIMIT 1").get(
    messageIdToBigInt(topicId, 0),
    messageIdToBigInt((topicId + 1) as TopicId, 0),
  ) as { published_at: number } | undefined;
  return row?.published_at ?? null;
}

function buryParked(db: DatabaseSync, topicId: TopicId, subscriptionId: SubscriptionId, through: Seq, nowMs: TimeMs) {
  const rows = statement(
    db,
    "SELECT seq, attempts, ordering_key FROM parked WHERE subscription_id = ? AND seq <= ? AND dead_letter_id IS NULL",
  ).all(subscriptionId, through) as { seq: number; attempts: number; ordering_key: string | null }[];
  if (rows.length === 0) return [];
  const bury = statement(
    db,
    `INSERT INTO dead_letter (account_id, subscription_id, topic_id, seq, reason, attempts, died_at, last_status,
       last_error_code, last_reply, published_at, deliver_at, content_type, tags, routing_key, ordering_key, attributes, body)
     SELECT s.account_id, s.id, ?1, ?2, 'expired', ?3, ?4, a.status, a.error_code, a.reply, m.published_at, m.deliver_at,
       m.content_type, m.tags, m.routing_key, m.ordering_key, m.attributes, m.body
     FROM subscription s JOIN message m ON m.id = ?5
     LEFT JOIN attempt a ON a.id = (SELECT max(id) FROM attempt WHERE topic_id = ?1 AND seq = ?2 AND subscription_id = ?6)
     WHERE s.id = ?6`,
  );
  const unpark = statement(db, "DELETE FROM parked WHERE subscription_id = ? AND seq = ?");
  for (const row of rows) {
    bury.run(topicId, row.seq, row.attempts, nowMs, messageIdToBigInt(topicId, row.seq), subscriptionId);
    unpark.run(subscriptionId, row.seq);
  }
  const promote = statement(
    db,
    `UPDATE parked SET due_at = ? WHERE subscription_id = ? AND due_at IS NULL AND seq =
       (SELECT min(seq) FROM parked WHERE subscription_id = ? AND ordering_key = ?)`,
  );
  for (const row of rows) {
    if (row.ordering_key !== null) promote.run(nowMs, subscriptionId, subscriptionId, row.ordering_key);
  }
  return rows.map((row) => ({ subscriptionId, orderingKey: row.ordering_key }));
}

function countExpired(
  db: DatabaseSync,
  filterType: FilterType,
  laggard: Laggard,
  rows: readonly { seq: number; tags: string | null; routing_key: string | null }[],
) {
  const matches = compileFilter(laggard.filter, filterType);
  const done = new Set(laggard.done);
  const count = rows.filter(
    (row) =>
      row.seq > laggard.settledThrough &&
      !done.has(row.seq) &&
      matches({ tags: row.tags === null ? [] : (JSON.parse(row.tags) as string[]), routingKey: row.routing_key }),
  ).length;
  // The cursor row stays: it belongs to settlements, and what it says stays true. Positions that no longer exist are
  // stepped over when they are met.
  statement(db, "UPDATE cursor SET expired = expired + ? WHERE subscription_id = ?").run(count, laggard.subscriptionId);
  return { subscriptionId: laggard.subscriptionId, count };
}

export interface RecordRetentionInput {
  readonly attemptsBeforeMs: TimeMs;
  readonly deadLettersBeforeMs: TimeMs;
  readonly idempotencyBeforeMs: TimeMs;
}

export interface RecordRetentionResult {
  readonly attempts: number;
  readonly deadLetters: number;
  readonly idempotencyKeys: number;
  readonly orphans: number;
}

/** The records' own ages, and what deleted topics and subscriptions left behind. */
export function trimRecords(db: DatabaseSync, input: RecordRetentionInput): RecordRetentionResult {
  const attempts = trimAttempts(db, input.attemptsBeforeMs);
  const deadLetters = Number(
    statement(
      db,
      `DELETE FROM dead_letter WHERE redriven_at IS NULL AND id IN
           (SELECT id FROM (SELECT id, died_at FROM dead_letter ORDER BY id LIMIT ?) WHERE died_at < ?)`,
    ).run(RETENTION_ROWS_MAX, input.deadLettersBeforeMs).changes,
  );
  const idempotencyKeys = Number(
    statement(
      db,
      `DELETE FROM idempotency WHERE (topic_id, key) IN
           (SELECT topic_id, key FROM idempotency WHERE published_at < ? ORDER BY published_at LIMIT ?)`,
    ).run(input.idempotencyBeforeMs, RETENTION_ROWS_MAX).changes,
  );
  return { attempts, deadLetters, idempotencyKeys, orphans: trimRemoved(db) };
}

/** The newest line always stays: ids must go on from it, or the index would take new attempts for old ones. */
function trimAttempts(db: DatabaseSync, beforeMs: TimeMs): number {
  const { through } = statement(
    db,
    `SELECT max(id) AS through FROM (SELECT id, started_at FROM attempt ORDER BY id LIMIT ?)
     WHERE started_at < ? AND id < (SELECT max(id) FROM attempt)`,
  ).get(RETENTION_ROWS_MAX, beforeMs) as { through: number | null };
  if (through === null) return 0;
  statement(
    db,
    `DELETE FROM attempt_index WHERE (subscription_id, attempt_id) IN
       (SELECT subscription_id, id FROM attempt WHERE id <= ?)`,
  ).run(through);
  return Number(statement(db, "DELETE FROM attempt WHERE id <= ?").run(through).changes);
}

/** Attempts of what was deleted stay until their own time is over: nobody can ask for them, and they go in order. */
function trimRemoved(db: DatabaseSync): number {
  const next = statement(db, "SELECT kind, id FROM removed LIMIT 1").get() as { kind: string; id: number } | undefined;
  if (next === undefined) return 0;
  const limit = RETENTION_ROWS_MAX;
  let changes = 0;
  const remove = (sql: string, ...values: (number | bigint)[]) => {
    if (changes < limit) changes += Number(statement(db, sql).run(...values).changes);
  };
  if (next.kind === "topic") {
    const topicId = next.id as TopicId;
    remove(
      "DELETE FROM message WHERE id IN (SELECT id FROM message WHERE id >= ? AND id < ? LIMIT ?)",
      messageIdToBigInt(topicId, 0),
      messageIdToBigInt((next.id + 1) as TopicId, 0),
      limit,
    );
    remove(
      "DELETE FROM idempotency WHERE topic_id = ? AND key IN (SELECT key FROM idempotency WHERE topic_id = ? LIMIT ?)",
      topicId,
      topicId,
      limit,
    );
  } else {
    const id = next.id;
    remove(
      "DELETE FROM parked WHERE subscription_id = ? AND seq IN (SELECT seq FROM parked WHERE subscription_id = ? LIMIT ?)",
      id,
      id,
      limit,
    );
    remove(
      "DELETE FROM dead_letter WHERE id IN (SELECT id FROM dead_letter WHERE subscription_id = ? LIMIT ?)",
      id,
      limit,
    );
  }
  if (changes === 0) statement(db, "DELETE FROM removed WHERE kind = ? AND id = ?").run(next.kind, next.id);
  return Math.max(1, changes);
}
