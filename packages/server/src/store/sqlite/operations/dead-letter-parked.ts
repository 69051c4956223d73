import type { DatabaseSync } from "node:sqlite";
import { messageIdToBigInt } from "../../../domain/message-id.ts";
import type { AccountId, Message, Seq, SubscriptionId, TopicId } from "../../../domain/model.ts";
import { messageColumns, toMessage, type MessageRow } from "../rows.ts";
import { all, get, run } from "../statements.ts";
import { insertDeadLetter, type NewDeadLetter } from "./dead-letter-rows.ts";
import { promote } from "./promote.ts";
import type { Moment } from "../../../domain/ports.ts";
import type { ParkRow } from "./settle.ts";

/** A parked delivery whose message is past the retention of its topic. */
export type ExpiredDelivery = Pick<ParkRow, "subscriptionId" | "seq" | "attemptsMade" | "orderingKey">;

type LastAttempt = Pick<
  NewDeadLetter,
  "subscriptionId" | "lastStatus" | "lastErrorCode" | "lastErrorDetail" | "lastReply"
>;

const noAttempt = { lastStatus: null, lastErrorCode: null, lastErrorDetail: null, lastReply: null };

/**
 * Turns parked deliveries into dead letters with copies of their messages. A message that nothing else needs is removed
 * before its copies are written. `deliveries` are sorted by message.
 */
export function deadLetterParked(
  db: DatabaseSync,
  { topicId, accountId, nowMs, wallMs }: { readonly topicId: TopicId; readonly accountId: AccountId } & Moment,
  deliveries: readonly ExpiredDelivery[],
  isLast: (seq: Seq) => boolean,
): void {
  let message: Message | null = null;
  let last = new Map<SubscriptionId, LastAttempt>();
  let seq: Seq = 0;
  for (const { subscriptionId, attemptsMade, ...delivery } of deliveries) {
    if (delivery.seq !== seq) {
      seq = delivery.seq;
      message = takeMessage(db, topicId, seq, isLast(seq));
      last = lastAttempts(db, topicId, seq);
    }
    if (message !== null) {
      const attempt = last.get(subscriptionId) ?? noAttempt;
      insertDeadLetter(db, { ...attempt, accountId, subscriptionId, message, reason: "expired", attemptsMade }, wallMs);
    }
    run(db, "DELETE FROM parked WHERE subscription_id = ? AND seq = ?", subscriptionId, seq);
  }
  // Promoted only after all rows are removed, so that none of these rows becomes due.
  for (const { subscriptionId, orderingKey } of deliveries) promote(db, nowMs, subscriptionId, orderingKey);
}

function takeMessage(db: DatabaseSync, topicId: TopicId, seq: Seq, remove: boolean): Message | null {
  const id = messageIdToBigInt(topicId, seq);
  const row = get<MessageRow>(db, `SELECT ${messageColumns} FROM message WHERE id = ?`, id);
  if (remove) run(db, "DELETE FROM message WHERE id = ?", id);
  return row === undefined ? null : toMessage(topicId, row);
}

function lastAttempts(db: DatabaseSync, topicId: TopicId, seq: Seq): Map<SubscriptionId, LastAttempt> {
  const ofMessage = `SELECT subscription_id AS subscriptionId, status AS lastStatus, error_code AS lastErrorCode,
      error_detail AS lastErrorDetail, reply AS lastReply
    FROM attempt WHERE topic_id = ? AND seq = ? ORDER BY id`;
  return new Map(all<LastAttempt>(db, ofMessage, topicId, seq).map((row) => [row.subscriptionId, row]));
}
