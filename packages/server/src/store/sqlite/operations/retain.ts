import type { DatabaseSync } from "node:sqlite";
import { messageIdToBigInt, SEQ_MAX } from "../../../domain/message-id.ts";
import type { Seq, TimeMs, TopicId } from "../../../domain/model.ts";
import type { RetentionResult } from "../../log.ts";
import { SEQ_MASK_SQL } from "../rows.ts";
import { all, run, single } from "../statements.ts";
import { auditDeletedMax } from "../../audit.ts";
import { trimAudit } from "./audit.ts";
import { REMOVED_BYTES_MAX, withinBytes } from "./byte-bound.ts";
import { removeDeadLetter } from "./dead-letter-rows.ts";

/** Rows of each kind that one step removes, so that a commit stays short. */
const ROWS_MAX = 500;
/**
 * Deleted topics, and deleted subscriptions, whose last rows one step removes. With many in each step, retention keeps
 * up with programs that create and delete topics all the time.
 */
const REMOVED_MAX = 100;

export interface RecordRetentionInput {
  readonly attemptsBeforeMs: TimeMs;
  readonly deadLettersBeforeMs: TimeMs;
  readonly auditBeforeMs: TimeMs;
  /** Steady time. */
  readonly nowMs: TimeMs;
}

type RecordsRetained = Omit<RetentionResult, "messages" | "expired">;

/** Removes records that are too old, and remaining rows of deleted topics and subscriptions. */
export function trimRecords(db: DatabaseSync, input: RecordRetentionInput): RecordsRetained {
  if (!hasOld(db, input)) return { attempts: 0, deadLetters: 0, auditRecords: 0, idempotencyKeys: 0, more: false };
  const attempts = trimAttempts(db, input.attemptsBeforeMs);
  const deadLetters = trimDeadLetters(db, input.deadLettersBeforeMs);
  const auditRecords = trimAudit(db, input.auditBeforeMs);
  const oldKeys = `DELETE FROM idempotency WHERE (topic_id, key) IN
    (SELECT topic_id, key FROM idempotency WHERE expires_at < ? ORDER BY expires_at LIMIT ?)`;
  const idempotencyKeys = run(db, oldKeys, input.nowMs, ROWS_MAX);
  const removed = trimRemoved(db);
  return {
    attempts,
    deadLetters: deadLetters.count,
    auditRecords,
    idempotencyKeys,
    more:
      attempts === ROWS_MAX ||
      deadLetters.more ||
      auditRecords === auditDeletedMax ||
      idempotencyKeys === ROWS_MAX ||
      removed,
  };
}

/** A cheap check, because most steps have nothing to remove. */
function hasOld(db: DatabaseSync, input: RecordRetentionInput): boolean {
  const { attemptsBeforeMs, deadLettersBeforeMs, auditBeforeMs, nowMs } = input;
  const anyOld = `SELECT (SELECT started_at FROM attempt ORDER BY id LIMIT 1) < ?
      OR (SELECT min(died_at) FROM dead_letter WHERE redriven_at IS NULL) < ?
      OR (SELECT min(happened_at) FROM audit) < ?
      OR (SELECT min(expires_at) FROM idempotency) < ? OR EXISTS (SELECT 1 FROM removed) AS found`;
  const times = [attemptsBeforeMs, deadLettersBeforeMs, auditBeforeMs, nowMs];
  return single<{ found: 1 | 0 | null }>(db, anyOld, ...times).found === 1;
}

interface SizedRow {
  readonly id: number;
  readonly bytes: number;
}

function trimDeadLetters(db: DatabaseSync, beforeMs: TimeMs): { readonly count: number; readonly more: boolean } {
  const old = `SELECT id, length(body) AS bytes FROM dead_letter WHERE redriven_at IS NULL AND died_at < ?
    ORDER BY died_at LIMIT ?`;
  const letters = all<SizedRow>(db, old, beforeMs, ROWS_MAX);
  const going = withinBytes(letters, REMOVED_BYTES_MAX);
  for (const { id } of going) removeDeadLetter(db, id);
  return { count: going.length, more: going.length < letters.length || letters.length === ROWS_MAX };
}

/**
 * The newest attempt always stays, because new ids continue after it. Otherwise ids that are indexed would be reused.
 */
function trimAttempts(db: DatabaseSync, beforeMs: TimeMs): number {
  const old = `SELECT max(id) AS through FROM (SELECT id, started_at FROM attempt ORDER BY id LIMIT ?)
    WHERE started_at < ? AND id < (SELECT max(id) FROM attempt)`;
  const { through } = single<{ through: number | null }>(db, old, ROWS_MAX, beforeMs);
  if (through === null) return 0;
  const unindex = `DELETE FROM attempt_index WHERE (subscription_id, started_at, attempt_id) IN
    (SELECT subscription_id, started_at, id FROM attempt WHERE id <= ?)`;
  run(db, unindex, through);
  return run(db, "DELETE FROM attempt WHERE id <= ?", through);
}

interface RemovedRow {
  readonly kind: "topic" | "subscription";
  readonly id: number;
  /** null: a subscription, or a topic whose number is not used again. */
  readonly lastSeq: Seq | null;
}

/** How much one step may still remove. */
interface Budget {
  rows: number;
  bytes: number;
}

/**
 * Removes rows of deleted topics and subscriptions, and then releases the numbers of the topics. Returns whether there
 * was a deleted topic or subscription. Their attempts stay until they are too old: they cannot be read any more, and
 * attempts are removed in order.
 */
function trimRemoved(db: DatabaseSync): boolean {
  const ofKind = "SELECT kind, id, last_seq AS lastSeq FROM removed WHERE kind = ? LIMIT ?";
  const found = ["topic", "subscription"].flatMap((kind) => all<RemovedRow>(db, ofKind, kind, REMOVED_MAX));
  const budget = { rows: ROWS_MAX, bytes: REMOVED_BYTES_MAX };
  for (const { kind, id, lastSeq } of found) {
    const isDone =
      kind === "topic" ? trimRemovedTopic(db, id as TopicId, budget) : trimRemovedSubscription(db, id, budget);
    if (!isDone) break;
    run(db, "DELETE FROM removed WHERE kind = ? AND id = ?", kind, id);
    if (lastSeq !== null) run(db, "INSERT INTO released_number (topic_id, last_seq) VALUES (?, ?)", id, lastSeq);
  }
  return found.length > 0;
}

/** Returns true when the topic has no rows any more. */
function trimRemovedTopic(db: DatabaseSync, topicId: TopicId, budget: Budget): boolean {
  const log = `SELECT id & ${SEQ_MASK_SQL} AS id, length(body) AS bytes FROM message WHERE id >= ? AND id <= ?
    ORDER BY id LIMIT ?`;
  const [from, to] = [messageIdToBigInt(topicId, 0), messageIdToBigInt(topicId, SEQ_MAX)];
  const messages = all<SizedRow>(db, log, from, to, budget.rows);
  const removeMessage = ({ id: seq }: SizedRow): unknown =>
    run(db, "DELETE FROM message WHERE id = ?", messageIdToBigInt(topicId, seq));
  if (!spend(budget, messages, removeMessage)) return false;
  const keys = "SELECT key FROM idempotency WHERE topic_id = ?1 LIMIT ?2";
  budget.rows -= run(db, `DELETE FROM idempotency WHERE topic_id = ?1 AND key IN (${keys})`, topicId, budget.rows);
  return budget.rows > 0;
}

/** Returns true when the subscription has no rows any more. */
function trimRemovedSubscription(db: DatabaseSync, id: number, budget: Budget): boolean {
  const seqs = "SELECT seq FROM parked WHERE subscription_id = ?1 LIMIT ?2";
  budget.rows -= run(db, `DELETE FROM parked WHERE subscription_id = ?1 AND seq IN (${seqs})`, id, budget.rows);
  if (budget.rows <= 0) return false;
  const letters = "SELECT id, length(body) AS bytes FROM dead_letter WHERE subscription_id = ? LIMIT ?";
  const rows = all<SizedRow>(db, letters, id, budget.rows);
  return spend(budget, rows, (letter) => removeDeadLetter(db, letter.id));
}

/** Removes the first rows, as far as the budget allows. Returns true when all are removed and some budget is left. */
function spend(budget: Budget, rows: readonly SizedRow[], remove: (row: SizedRow) => unknown): boolean {
  const going = withinBytes(rows, budget.bytes);
  for (const row of going) {
    remove(row);
    budget.bytes -= row.bytes;
  }
  budget.rows -= going.length;
  return going.length === rows.length && budget.rows > 0 && budget.bytes > 0;
}
