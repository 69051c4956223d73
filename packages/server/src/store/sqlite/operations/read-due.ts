import type { DatabaseSync } from "node:sqlite";
import { messageIdToBigInt } from "../../../domain/message-id.ts";
import type { Message, Seq, TimeMs, TopicId } from "../../../domain/model.ts";
import type { ClaimWant } from "../../log.ts";
import { messageColumns, toMessage, type MessageRow } from "../rows.ts";
import { all, get, single } from "../statements.ts";
import type { DeliveryCounts, UnparkRow } from "./settle.ts";

export interface DueDelivery extends DeliveryCounts, Pick<UnparkRow, "seq" | "orderingKey" | "deadLetterId"> {
  /** null: neither the log nor a dead letter has the message any more. */
  readonly message: Message | null;
}

export interface DueDeliveries {
  readonly due: readonly DueDelivery[];
  /** A bound was reached: other deliveries may be due as well. */
  readonly more: boolean;
  /** The earliest time after `nowMs` at which another delivery is due. */
  readonly nextDueAtMs: TimeMs | null;
}

/**
 * Reads parked deliveries that are due, the longest overdue first. A delivery that is not the first parked delivery of
 * its ordering key is never returned, even when its own time has come. `skip`: positions that are open in a claim.
 */
export function readDue(
  db: DatabaseSync,
  input: Omit<ClaimWant, "fromLog"> & {
    readonly topicId: TopicId;
    readonly nowMs: TimeMs;
    readonly skip: readonly Seq[];
  },
): DueDeliveries {
  const { topicId, subscriptionId, nowMs, deliveriesMax, bytesMax } = input;
  const skip = new Set(input.skip);
  const parked = `SELECT seq, attempts AS attemptsMade, retries AS retriesMade, first_attempt_at AS firstAttemptAtMs,
      ordering_key AS orderingKey, dead_letter_id AS deadLetterId
    FROM parked WHERE subscription_id = ? AND due_at <= ? AND NOT EXISTS (
      SELECT 1 FROM parked AS earlier WHERE earlier.subscription_id = parked.subscription_id
        AND earlier.ordering_key = parked.ordering_key AND earlier.seq < parked.seq)
    ORDER BY due_at, seq LIMIT ?`;
  const rows = all<Omit<DueDelivery, "message">>(db, parked, subscriptionId, nowMs, deliveriesMax + skip.size + 1);
  const due: DueDelivery[] = [];
  let bytes = 0;
  let more = false;
  for (const row of rows) {
    if (skip.has(row.seq)) continue;
    if (due.length === deliveriesMax || bytes >= bytesMax) {
      more = true;
      break;
    }
    const message = readMessage(db, topicId, row.seq, row.deadLetterId);
    bytes += message?.body.byteLength ?? 0;
    due.push({ ...row, message });
  }
  const next = "SELECT min(due_at) AS dueAtMs FROM parked WHERE subscription_id = ? AND due_at > ?";
  const { dueAtMs } = single<{ dueAtMs: number | null }>(db, next, subscriptionId, nowMs);
  return { due, more, nextDueAtMs: dueAtMs };
}

/** Reads the message from the dead letter that is being redriven, if there is one; otherwise from the log. */
function readMessage(db: DatabaseSync, topicId: TopicId, seq: Seq, deadLetterId: number | null): Message | null {
  const row =
    deadLetterId === null
      ? get<MessageRow>(db, `SELECT ${messageColumns} FROM message WHERE id = ?`, messageIdToBigInt(topicId, seq))
      : get<MessageRow>(db, "SELECT * FROM dead_letter WHERE id = ?", deadLetterId);
  return row === undefined ? null : toMessage(topicId, row);
}
