import type { DatabaseSync } from "node:sqlite";
import type { AccountId, SubscriptionId, TimeMs } from "../../../domain/model.ts";
import { attributesText, requestText } from "../../record-rows.ts";
import type { DeadLetter } from "../../records.ts";
import { run } from "../statements.ts";

export interface NewDeadLetter extends Omit<DeadLetter, "id" | "diedAtMs"> {
  readonly accountId: AccountId;
  readonly subscriptionId: SubscriptionId;
}

export function insertDeadLetter(db: DatabaseSync, letter: NewDeadLetter, diedAtMs: TimeMs): void {
  const { message } = letter;
  run(
    db,
    `INSERT INTO dead_letter (account_id, subscription_id, topic_id, seq, reason, attempts, died_at, last_status,
       last_error_code, last_error_detail, last_reply, published_at, deliver_at, content_type, tags, type, ordering_key,
       attributes, request, body)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    letter.accountId,
    letter.subscriptionId,
    message.topicId,
    message.seq,
    letter.reason,
    letter.attemptsMade,
    diedAtMs,
    letter.lastStatus,
    letter.lastErrorCode,
    letter.lastErrorDetail,
    letter.lastReply,
    message.publishedAtMs,
    message.deliverAtMs,
    message.contentType,
    message.tags.length === 0 ? null : JSON.stringify(message.tags),
    message.type,
    message.orderingKey,
    attributesText(message),
    requestText(message),
    message.body,
  );
}

/** Does nothing when `id` is null. */
export function removeDeadLetter(db: DatabaseSync, id: number | null): void {
  if (id !== null) run(db, "DELETE FROM dead_letter WHERE id = ?", id);
}
