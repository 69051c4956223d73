import type { DatabaseSync } from "node:sqlite";
import type { AttemptColumns, CursorColumns } from "../settle-columns.ts";
import type { Seq, SubscriptionId, TimeMs } from "../../../domain/model.ts";
import type { ClaimedDelivery } from "../../log.ts";
import type { AnswerColumns } from "../answer-columns.ts";
import { run, statement } from "../statements.ts";
import { insertAttempts } from "./attempt-rows.ts";
import { insertDeadLetter, removeDeadLetter, type NewDeadLetter } from "./dead-letter-rows.ts";
import { promote } from "./promote.ts";

/** The counts of a delivery, which are stored while it is parked. */
export type DeliveryCounts = Omit<ClaimedDelivery, "message">;

export interface ParkRow extends DeliveryCounts {
  readonly subscriptionId: SubscriptionId;
  readonly seq: Seq;
  /** null: held behind an earlier parked delivery of its key, or due at `nowMs` if there is none. */
  readonly dueAtMs: TimeMs | null;
  /** Set only when later deliveries of this ordering key must wait for the delivery. */
  readonly orderingKey: string | null;
}

export interface UnparkRow extends Pick<ParkRow, "subscriptionId" | "seq"> {
  /** The key whose next held delivery becomes due at `nowMs`. */
  readonly orderingKey: string | null;
  readonly deadLetterId: number | null;
  /** The message is lost, so the delivery counts as expired. */
  readonly expired: boolean;
}

export interface DeadRow extends NewDeadLetter {
  /** The dead letter that was redriven and is listed again; null: a new dead letter is written. */
  readonly deadLetterId: number | null;
}

/** Everything that one commit settles. Exceptions (parked, dead) are rows; the common case is columns. */
export interface SettleGroup {
  readonly nowMs: TimeMs;
  readonly wallMs: TimeMs;
  readonly attempts: AttemptColumns;
  readonly cursors: CursorColumns;
  readonly dead: DeadRow[];
  readonly unparked: UnparkRow[];
  readonly parked: ParkRow[];
  readonly answers: AnswerColumns | null;
}

export function writeSettlements(db: DatabaseSync, group: SettleGroup): void {
  const { nowMs, wallMs, attempts, cursors, dead, parked, unparked } = group;
  insertAttempts(db, attempts);
  writeCursors(db, cursors);
  for (const row of dead) writeDead(db, row, wallMs);
  // Parked before unparked: a delivery that was parked while open and has finished since is in both.
  for (const row of parked) writeParked(db, row, nowMs);
  for (const { subscriptionId, seq, expired, deadLetterId } of unparked) {
    run(db, "DELETE FROM parked WHERE subscription_id = ? AND seq = ?", subscriptionId, seq);
    if (expired) run(db, "UPDATE cursor SET expired = expired + 1 WHERE subscription_id = ?", subscriptionId);
    removeDeadLetter(db, deadLetterId);
  }
  // Promoted last, when only the remaining rows of the key are in the table.
  for (const { subscriptionId, orderingKey } of unparked) promote(db, nowMs, subscriptionId, orderingKey);
}

function writeCursors(db: DatabaseSync, { numbers, ahead }: CursorColumns): void {
  const update = statement(db, "UPDATE cursor SET settled_through = ?, ahead = ? WHERE subscription_id = ?");
  let next = 0;
  for (let offset = 0; offset < numbers.length; offset += 2) {
    const bits = ahead[next]?.[0] === offset / 2 ? (ahead[next++]?.[1] ?? null) : null;
    update.run(numbers[offset + 1] as number, bits, numbers[offset] as number);
  }
}

/** A redriven delivery that fails again keeps its dead letter. A copy put off by a cancelled replay stays late. */
function writeParked(db: DatabaseSync, row: ParkRow, nowMs: TimeMs): void {
  const park = `INSERT INTO parked (subscription_id, seq, due_at, attempts, retries, first_attempt_at, ordering_key)
    VALUES (?1, ?2, coalesce(?3, CASE WHEN EXISTS (
      SELECT 1 FROM parked WHERE subscription_id = ?1 AND ordering_key = ?7 AND seq < ?2) THEN NULL ELSE ?8 END),
      ?4, ?5, ?6, ?7)
    ON CONFLICT (subscription_id, seq) DO UPDATE SET due_at = CASE WHEN replay_id IS NULL THEN excluded.due_at
        WHEN excluded.due_at IS NOT NULL THEN max(due_at, excluded.due_at) END, attempts = excluded.attempts,
      retries = excluded.retries, first_attempt_at = excluded.first_attempt_at, ordering_key = excluded.ordering_key`;
  const { subscriptionId, seq, dueAtMs, attemptsMade, retriesMade, firstAttemptAtMs, orderingKey } = row;
  run(db, park, subscriptionId, seq, dueAtMs, attemptsMade, retriesMade, firstAttemptAtMs, orderingKey, nowMs);
}

function writeDead(db: DatabaseSync, row: DeadRow, wallMs: TimeMs): void {
  const { reason, attemptsMade, lastStatus, lastErrorCode, lastErrorDetail, lastReply, deadLetterId } = row;
  if (deadLetterId === null) {
    insertDeadLetter(db, row, wallMs);
    return;
  }
  const listAgain = `UPDATE dead_letter SET redriven_at = NULL, reason = ?, attempts = ?, died_at = ?, last_status = ?,
    last_error_code = ?, last_error_detail = ?, last_reply = ? WHERE id = ?`;
  const last = [lastStatus, lastErrorCode, lastErrorDetail, lastReply] as const;
  run(db, listAgain, reason, attemptsMade, wallMs, ...last, deadLetterId);
}
