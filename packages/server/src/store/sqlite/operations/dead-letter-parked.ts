import type { DatabaseSync } from "node:sqlite";
import { messageIdToBigInt } from "../../../domain/message-id.ts";
import type { Seq, SubscriptionId, TimeMs, TopicId } from "../../../domain/model.ts";
import { messageColumns, type MessageRow } from "../rows.ts";
import { statement } from "../statements.ts";
import { promoteSql } from "./settle.ts";

/** A parked delivery whose message is past the retention of its topic. */
export interface ExpiredDelivery {
  readonly subscriptionId: SubscriptionId;
  readonly seq: Seq;
  readonly attempts: number;
  readonly orderingKey: string | null;
}

interface LastAttempt {
  readonly subscription_id: number;
  readonly status: number | null;
  readonly error_code: string | null;
  readonly reply: Uint8Array | null;
}

/**
 * Turns parked deliveries into dead letters with copies of their messages. A message that nothing else needs is removed
 * before its copies are written. `deliveries` are sorted by message.
 */
export function deadLetterParked(
  db: DatabaseSync,
  topicId: TopicId,
  deliveries: readonly ExpiredDelivery[],
  nowMs: TimeMs,
  isLast: (seq: Seq) => boolean,
): void {
  let message: MessageRow | undefined;
  let attempts = new Map<number, LastAttempt>();
  let seq: Seq = 0;
  for (const delivery of deliveries) {
    if (delivery.seq !== seq) {
      seq = delivery.seq;
      message = takeMessage(db, topicId, seq, isLast(seq));
      attempts = lastAttempts(db, topicId, seq);
    }
    if (message !== undefined) insert(db, topicId, delivery, message, attempts.get(delivery.subscriptionId), nowMs);
    statement(db, "DELETE FROM parked WHERE subscription_id = ? AND seq = ?").run(
      delivery.subscriptionId,
      delivery.seq,
    );
  }
  // After all rows are removed, so that none of them becomes due.
  for (const { subscriptionId, orderingKey } of deliveries) {
    if (orderingKey !== null) statement(db, promoteSql).run(nowMs, subscriptionId, orderingKey);
  }
}

function takeMessage(db: DatabaseSync, topicId: TopicId, seq: Seq, remove: boolean): MessageRow | undefined {
  const id = messageIdToBigInt(topicId, seq);
  const row = statement(db, `SELECT ${messageColumns} FROM message WHERE id = ?`).get(id) as MessageRow | undefined;
  if (remove) statement(db, "DELETE FROM message WHERE id = ?").run(id);
  return row;
}

function lastAttempts(db: DatabaseSync, topicId: TopicId, seq: Seq): Map<number, LastAttempt> {
  const rows = statement(
    db,
    "SELECT subscription_id, status, error_code, reply FROM attempt WHERE topic_id = ? AND seq = ? ORDER BY id",
  ).all(topicId, seq) as unknown as LastAttempt[];
  return new Map(rows.map((row) => [row.subscription_id, row]));
}

function insert(
  db: DatabaseSync,
  topicId: TopicId,
  { subscriptionId, seq, attempts }: ExpiredDelivery,
  message: MessageRow,
  last: LastAttempt | undefined,
  nowMs: TimeMs,
): void {
  statement(
    db,
    `INSERT INTO dead_letter (account_id, subscription_id, topic_id, seq, reason, attempts, died_at, last_status,
       last_error_code, last_reply, published_at, deliver_at, content_type, tags, type, ordering_key, attributes, body)
     SELECT account_id, id, ?1, ?2, 'expired', ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15
     FROM subscription WHERE id = ?16`,
  ).run(
    topicId,
    seq,
    attempts,
    nowMs,
    last?.status ?? null,
    last?.error_code ?? null,
    last?.reply ?? null,
    message.published_at,
    message.deliver_at,
    message.content_type,
    message.tags,
    message.type,
    message.ordering_key,
    message.attributes,
    message.body,
    subscriptionId,
  );
}
