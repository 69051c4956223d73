import type { DatabaseSync } from "node:sqlite";
import { messageIdToBigInt } from "../../../domain/message-id.ts";
import type { Seq, TimeMs, TopicId } from "../../../domain/model.ts";
import { SEQ_MASK_SQL } from "../rows.ts";
import { statement } from "../statements.ts";
import { REMOVED_BYTES_MAX, withinBytes } from "./byte-bound.ts";

/** Rows of each kind that one step removes, so that a commit stays short. */
const ROWS_MAX = 500;

export interface RecordRetentionInput {
  readonly attemptsBeforeMs: TimeMs;
  readonly deadLettersBeforeMs: TimeMs;
  readonly idempotencyBeforeMs: TimeMs;
}

export interface RecordRetentionResult {
  readonly attempts: number;
  readonly deadLetters: number;
  readonly idempotencyKeys: number;
  /** A bound was reached. */
  readonly more: boolean;
}

/** Removes records that are too old, and what deleted topics and subscriptions left behind. */
export function trimRecords(db: DatabaseSync, input: RecordRetentionInput): RecordRetentionResult {
  if (!hasOld(db, input)) return { attempts: 0, deadLetters: 0, idempotencyKeys: 0, more: false };
  const attempts = trimAttempts(db, input.attemptsBeforeMs);
  const deadLetters = trimDeadLetters(db, input.deadLettersBeforeMs);
  const idempotencyKeys = Number(
    statement(
      db,
      `DELETE FROM idempotency WHERE (topic_id, key) IN
           (SELECT topic_id, key FROM idempotency WHERE published_at < ? ORDER BY published_at LIMIT ?)`,
    ).run(input.idempotencyBeforeMs, ROWS_MAX).changes,
  );
  const removed = trimRemoved(db);
  return {
    attempts,
    deadLetters: deadLetters.count,
    idempotencyKeys,
    more: attempts === ROWS_MAX || deadLetters.more || idempotencyKeys === ROWS_MAX || removed,
  };
}

/** Most steps have nothing to remove. */
function hasOld(
  db: DatabaseSync,
  { attemptsBeforeMs, deadLettersBeforeMs, idempotencyBeforeMs }: RecordRetentionInput,
) {
  const found = statement(
    db,
    `SELECT (SELECT started_at FROM attempt ORDER BY id LIMIT 1) < ?
       OR (SELECT min(died_at) FROM dead_letter WHERE redriven_at IS NULL) < ?
       OR (SELECT min(published_at) FROM idempotency) < ? OR EXISTS (SELECT 1 FROM removed) AS any_old`,
  ).get(attemptsBeforeMs, deadLettersBeforeMs, idempotencyBeforeMs);
  return found?.["any_old"] === 1;
}

function trimDeadLetters(db: DatabaseSync, beforeMs: TimeMs): { readonly count: number; readonly more: boolean } {
  const old = statement(
    db,
    `SELECT id, length(body) AS bytes FROM dead_letter WHERE redriven_at IS NULL AND died_at < ?
       ORDER BY died_at LIMIT ?`,
  ).all(beforeMs, ROWS_MAX) as unknown as { readonly id: number; readonly bytes: number }[];
  const going = withinBytes(old, REMOVED_BYTES_MAX);
  for (const { id } of going) statement(db, "DELETE FROM dead_letter WHERE id = ?").run(id);
  return { count: going.length, more: going.length < old.length || old.length === ROWS_MAX };
}

/** The newest attempt always stays: new ids continue from it, or the index would take new attempts for old ones. */
function trimAttempts(db: DatabaseSync, beforeMs: TimeMs): number {
  const { through } = statement(
    db,
    `SELECT max(id) AS through FROM (SELECT id, started_at FROM attempt ORDER BY id LIMIT ?)
     WHERE started_at < ? AND id < (SELECT max(id) FROM attempt)`,
  ).get(ROWS_MAX, beforeMs) as { through: number | null };
  if (through === null) return 0;
  statement(
    db,
    `DELETE FROM attempt_index WHERE (subscription_id, attempt_id) IN
       (SELECT subscription_id, id FROM attempt WHERE id <= ?)`,
  ).run(through);
  return Number(statement(db, "DELETE FROM attempt WHERE id <= ?").run(through).changes);
}

/**
 * Removes rows of deleted topics and subscriptions; returns whether there was one. Their attempts stay until they are
 * too old: they cannot be read any more, and attempts are removed in order.
 */
function trimRemoved(db: DatabaseSync): boolean {
  const next = statement(db, "SELECT kind, id FROM removed LIMIT 1").get() as { kind: string; id: number } | undefined;
  if (next === undefined) return false;
  const left = next.kind === "topic" ? trimRemovedTopic(db, next.id as TopicId) : trimRemovedSubscription(db, next.id);
  if (left === 0) statement(db, "DELETE FROM removed WHERE kind = ? AND id = ?").run(next.kind, next.id);
  return true;
}

function trimRemovedTopic(db: DatabaseSync, topicId: TopicId): number {
  const messages = statement(
    db,
    `SELECT id & ${SEQ_MASK_SQL} AS seq, length(body) AS bytes FROM message WHERE id >= ? AND id < ? ORDER BY id LIMIT ?`,
  ).all(messageIdToBigInt(topicId, 0), messageIdToBigInt((topicId + 1) as TopicId, 0), ROWS_MAX) as unknown as {
    readonly seq: Seq;
    readonly bytes: number;
  }[];
  const going = withinBytes(messages, REMOVED_BYTES_MAX);
  for (const { seq } of going) statement(db, "DELETE FROM message WHERE id = ?").run(messageIdToBigInt(topicId, seq));
  if (going.length > 0) return going.length;
  return Number(
    statement(
      db,
      "DELETE FROM idempotency WHERE topic_id = ?1 AND key IN (SELECT key FROM idempotency WHERE topic_id = ?1 LIMIT ?2)",
    ).run(topicId, ROWS_MAX).changes,
  );
}

function trimRemovedSubscription(db: DatabaseSync, id: number): number {
  const parked = Number(
    statement(
      db,
      "DELETE FROM parked WHERE subscription_id = ?1 AND seq IN (SELECT seq FROM parked WHERE subscription_id = ?1 LIMIT ?2)",
    ).run(id, ROWS_MAX).changes,
  );
  if (parked > 0) return parked;
  const letters = statement(
    db,
    "SELECT id, length(body) AS bytes FROM dead_letter WHERE subscription_id = ? LIMIT ?",
  ).all(id, ROWS_MAX) as unknown as { readonly id: number; readonly bytes: number }[];
  const going = withinBytes(letters, REMOVED_BYTES_MAX);
  for (const letter of going) statement(db, "DELETE FROM dead_letter WHERE id = ?").run(letter.id);
  return going.length;
}
