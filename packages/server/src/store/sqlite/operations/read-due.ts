import type { DatabaseSync } from "node:sqlite";
import { messageIdToBigInt } from "../../../domain/message-id.ts";
import type { Message, Seq, SubscriptionId, TimeMs, TopicId } from "../../../domain/model.ts";
import { messageColumns, toMessage, type MessageRow } from "../rows.ts";
import { statement } from "../statements.ts";

export interface DueDelivery {
  readonly seq: Seq;
  readonly attempts: number;
  readonly retries: number;
  readonly firstAttemptAtMs: TimeMs | null;
  readonly orderingKey: string | null;
  readonly deadLetterId: number | null;
  /** null: neither the log nor a dead letter has the message any more. */
  readonly message: Message | null;
}

export interface DueDeliveries {
  readonly due: readonly DueDelivery[];
  readonly bytes: number;
  /** A bound was reached: other deliveries may be due as well. */
  readonly more: boolean;
  /** The earliest time after `nowMs` at which another delivery is due. */
  readonly nextDueAtMs: TimeMs | null;
}

/**
 * Parked deliveries that are due, the longest overdue first. A delivery that is not the first of its ordering key
 * waits, whatever its own time. `skip`: positions that are open in a claim.
 */
export function readDue(
  db: DatabaseSync,
  input: {
    readonly topicId: TopicId;
    readonly subscriptionId: SubscriptionId;
    readonly nowMs: TimeMs;
    readonly deliveriesMax: number;
    readonly bytesMax: number;
    readonly skip: readonly Seq[];
  },
): DueDeliveries {
  const skip = new Set(input.skip);
  const parked = statement(
    db,
    `SELECT seq, attempts, retries, first_attempt_at, ordering_key, dead_letter_id FROM parked
       WHERE subscription_id = ? AND due_at <= ? AND NOT EXISTS (
         SELECT 1 FROM parked AS earlier WHERE earlier.subscription_id = parked.subscription_id
           AND earlier.ordering_key = parked.ordering_key AND earlier.seq < parked.seq)
       ORDER BY due_at, seq LIMIT ?`,
  ).all(input.subscriptionId, input.nowMs, input.deliveriesMax + skip.size + 1) as {
    seq: number;
    attempts: number;
    retries: number;
    first_attempt_at: number | null;
    ordering_key: string | null;
    dead_letter_id: number | null;
  }[];
  const fromLog = statement(db, `SELECT ${messageColumns} FROM message WHERE id = ?`);
  const fromDead = statement(
    db,
    `SELECT seq, published_at, deliver_at, content_type, tags, type, ordering_key, attributes, body
     FROM dead_letter WHERE id = ?`,
  );
  const due: DueDelivery[] = [];
  let bytes = 0;
  let more = false;
  for (const row of parked) {
    if (skip.has(row.seq)) continue;
    if (due.length === input.deliveriesMax || bytes >= input.bytesMax) {
      more = true;
      break;
    }
    const found =
      row.dead_letter_id === null
        ? fromLog.get(messageIdToBigInt(input.topicId, row.seq))
        : fromDead.get(row.dead_letter_id);
    const message = found === undefined ? null : toMessage(input.topicId, found as unknown as MessageRow);
    bytes += message?.body.byteLength ?? 0;
    due.push({
      seq: row.seq,
      attempts: row.attempts,
      retries: row.retries,
      firstAttemptAtMs: row.first_attempt_at,
      orderingKey: row.ordering_key,
      deadLetterId: row.dead_letter_id,
      message,
    });
  }
  const next = statement(db, "SELECT min(due_at) AS due_at FROM parked WHERE subscription_id = ? AND due_at > ?").get(
    input.subscriptionId,
    input.nowMs,
  ) as { due_at: number | null };
  return { due, bytes, more, nextDueAtMs: next.due_at };
}
