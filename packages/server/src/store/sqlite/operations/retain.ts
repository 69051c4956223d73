import type { DatabaseSync } from "node:sqlite";
import { messageIdToBigInt } from "../../../domain/message-id.ts";
import type { TimeMs, TopicId } from "../../../domain/model.ts";
import type { RetentionResult } from "../../log.ts";
import { SEQ_MASK_SQL } from "../rows.ts";
import { all, get, run, single } from "../statements.ts";
import { REMOVED_BYTES_MAX, withinBytes } from "./byte-bound.ts";
import { removeDeadLetter } from "./dead-letter-rows.ts";

/** Rows of each kind that one step removes, so that a commit stays short. */
const ROWS_MAX = 500;

export interface RecordRetentionInput {
  readonly attemptsBeforeMs: TimeMs;
  readonly deadLettersBeforeMs: TimeMs;
  /** Steady time. */
  readonly nowMs: TimeMs;
}

type RecordsRetained = Omit<RetentionResult, "messages" | "expired">;

/** Removes records that are too old, and remaining rows of deleted topics and subscriptions. */
export function trimRecords(db: DatabaseSync, input: RecordRetentionInput): RecordsRetained {
  if (!hasOld(db, input)) return { attempts: 0, deadLetters: 0, idempotencyKeys: 0, more: false };
  const attempts = trimAttempts(db, input.attemptsBeforeMs);
  const deadLetters = trimDeadLetters(db, input.deadLettersBeforeMs);
  const oldKeys = `DELETE FROM idempotency WHERE (topic_id, key) IN
    (SELECT topic_id, key FROM idempotency WHERE expires_at < ? ORDER BY expires_at LIMIT ?)`;
  const idempotencyKeys = run(db, oldKeys, input.nowMs, ROWS_MAX);
  const removed = trimRemoved(db);
  return {
    attempts,
    deadLetters: deadLetters.count,
    idempotencyKeys,
    more: attempts === ROWS_MAX || deadLetters.more || idempotencyKeys === ROWS_MAX || removed,
  };
}

/** A cheap check, because most steps have nothing to remove. */
function hasOld(db: DatabaseSync, input: RecordRetentionInput): boolean {
  const { attemptsBeforeMs, deadLettersBeforeMs, nowMs } = input;
  const anyOld = `SELECT (SELECT started_at FROM attempt ORDER BY id LIMIT 1) < ?
      OR (SELECT min(died_at) FROM dead_letter WHERE redriven_at IS NULL) < ?
      OR (SELECT min(expires_at) FROM idempotency) < ? OR EXISTS (SELECT 1 FROM removed) AS found`;
  const times = [attemptsBeforeMs, deadLettersBeforeMs, nowMs];
  return single<{ found: 1 | 0 | null }>(db, anyOld, ...times).found === 1;
}

interface SizedRow {
  readonly id: number;
  readonly bytes: number;
}

/** Removes the first dead letters up to a bound. Returns how many. */
function removeLetters(db: DatabaseSync, letters: readonly SizedRow[]): number {
  const going = withinBytes(letters, REMOVED_BYTES_MAX);
  for (const { id } of going) removeDeadLetter(db, id);
  return going.length;
}

function trimDeadLetters(db: DatabaseSync, beforeMs: TimeMs): { readonly count: number; readonly more: boolean } {
  const old = `SELECT id, length(body) AS bytes FROM dead_letter WHERE redriven_at IS NULL AND died_at < ?
    ORDER BY died_at LIMIT ?`;
  const letters = all<SizedRow>(db, old, beforeMs, ROWS_MAX);
  const count = removeLetters(db, letters);
  return { count, more: count < letters.length || letters.length === ROWS_MAX };
}

/**
 * The newest attempt always stays, because new ids continue after it. Otherwise ids that are indexed would be reused.
 */
function trimAttempts(db: DatabaseSync, beforeMs: TimeMs): number {
  const old = `SELECT max(id) AS through FROM (SELECT id, started_at FROM attempt ORDER BY id LIMIT ?)
    WHERE started_at < ? AND id < (SELECT max(id) FROM attempt)`;
  const { through } = single<{ through: number | null }>(db, old, ROWS_MAX, beforeMs);
  if (through === null) return 0;
  const unindex = `DELETE FROM attempt_index WHERE (subscription_id, attempt_id) IN
    (SELECT subscription_id, id FROM attempt WHERE id <= ?)`;
  run(db, unindex, through);
  return run(db, "DELETE FROM attempt WHERE id <= ?", through);
}

/**
 * Removes rows of deleted topics and subscriptions; returns whether there was one. Their attempts stay until they are
 * too old: they cannot be read any more, and attempts are removed in order.
 */
function trimRemoved(db: DatabaseSync): boolean {
  const next = get<{ kind: string; id: number }>(db, "SELECT kind, id FROM removed LIMIT 1");
  if (next === undefined) return false;
  const { kind, id } = next;
  const left = kind === "topic" ? trimRemovedTopic(db, id as TopicId) : trimRemovedSubscription(db, id);
  if (left === 0) run(db, "DELETE FROM removed WHERE kind = ? AND id = ?", kind, id);
  return true;
}

function trimRemovedTopic(db: DatabaseSync, topicId: TopicId): number {
  const log = `SELECT id & ${SEQ_MASK_SQL} AS id, length(body) AS bytes FROM message WHERE id >= ? AND id < ?
    ORDER BY id LIMIT ?`;
  const [from, to] = [messageIdToBigInt(topicId, 0), messageIdToBigInt((topicId + 1) as TopicId, 0)];
  const going = withinBytes(all<SizedRow>(db, log, from, to, ROWS_MAX), REMOVED_BYTES_MAX);
  for (const { id: seq } of going) run(db, "DELETE FROM message WHERE id = ?", messageIdToBigInt(topicId, seq));
  if (going.length > 0) return going.length;
  const keys = "SELECT key FROM idempotency WHERE topic_id = ?1 LIMIT ?2";
  return run(db, `DELETE FROM idempotency WHERE topic_id = ?1 AND key IN (${keys})`, topicId, ROWS_MAX);
}

function trimRemovedSubscription(db: DatabaseSync, id: number): number {
  const seqs = "SELECT seq FROM parked WHERE subscription_id = ?1 LIMIT ?2";
  const parked = run(db, `DELETE FROM parked WHERE subscription_id = ?1 AND seq IN (${seqs})`, id, ROWS_MAX);
  if (parked > 0) return parked;
  const letters = "SELECT id, length(body) AS bytes FROM dead_letter WHERE subscription_id = ? LIMIT ?";
  return removeLetters(db, all<SizedRow>(db, letters, id, ROWS_MAX));
}
