import type { DatabaseSync } from "node:sqlite";
import type { AccountId, Seq, SubscriptionId, TopicId } from "../../../domain/model.ts";
import type { Moment } from "../../../domain/ports.ts";
import { messageIdToBigInt } from "../../../domain/message-id.ts";
import { messageColumns, toMessage, type MessageRow } from "../rows.ts";
import { get, run } from "../statements.ts";
import { insertDeadLetter } from "./dead-letter-rows.ts";
import { promote } from "./promote.ts";
import { letterOf, parkCopy } from "./replay-step.ts";

interface Delivery {
  readonly topicId: TopicId;
  readonly subscriptionId: SubscriptionId;
  readonly seq: Seq;
}

interface ParkedRow {
  readonly dueAtMs: number | null;
  readonly attempts: number;
  readonly orderingKey: string | null;
  readonly deadLetterId: number | null;
}

function parkedOf(db: DatabaseSync, { subscriptionId, seq }: Delivery): ParkedRow | undefined {
  const parked = `SELECT due_at AS dueAtMs, attempts, ordering_key AS orderingKey, dead_letter_id AS deadLetterId
    FROM parked WHERE subscription_id = ? AND seq = ?`;
  return get<ParkedRow>(db, parked, subscriptionId, seq);
}

/** Makes a parked or a settled delivery due. */
export function retryDelivery(db: DatabaseSync, input: Delivery & Moment): "retried" | "redriven" | "copied" | "held" {
  const { topicId, subscriptionId, seq, nowMs, wallMs } = input;
  const parked = parkedOf(db, input);
  if (parked?.dueAtMs === null) return "held";
  if (parked !== undefined) {
    run(
      db,
      "UPDATE parked SET due_at = min(due_at, ?) WHERE subscription_id = ? AND seq = ?",
      nowMs,
      subscriptionId,
      seq,
    );
    return "retried";
  }
  const letter = letterOf(db, subscriptionId, seq);
  const copy = { subscriptionId, topicId, seq, letter, dueAtMs: nowMs, wallMs };
  parkCopy(db, { ...copy, replayId: null, isApart: letter === null });
  return letter === null ? "copied" : "redriven";
}

interface LastAttempt {
  readonly lastStatus: number | null;
  readonly lastErrorCode: string | null;
  readonly lastErrorDetail: string | null;
  readonly lastReply: Uint8Array | null;
}

const noAttempt: LastAttempt = { lastStatus: null, lastErrorCode: null, lastErrorDetail: null, lastReply: null };

/** Turns a parked delivery into a dead letter. Returns the key that it has blocked; undefined: it is not parked. */
export function cancelDelivery(
  db: DatabaseSync,
  input: Delivery & Moment & { readonly accountId: AccountId },
): { readonly orderingKey: string | null } | undefined {
  const { topicId, subscriptionId, seq, accountId, nowMs, wallMs } = input;
  const parked = parkedOf(db, input);
  if (parked === undefined) return undefined;
  const { attempts, orderingKey, deadLetterId } = parked;
  if (deadLetterId !== null) {
    const listAgain = `UPDATE dead_letter SET redriven_at = NULL, reason = 'cancelled', attempts = ?, died_at = ?
      WHERE id = ?`;
    run(db, listAgain, attempts, wallMs, deadLetterId);
  } else {
    const find = `SELECT ${messageColumns} FROM message WHERE id = ?`;
    const row = get<MessageRow>(db, find, messageIdToBigInt(topicId, seq));
    const last = `SELECT status AS lastStatus, error_code AS lastErrorCode, error_detail AS lastErrorDetail,
        reply AS lastReply FROM attempt WHERE topic_id = ? AND seq = ? AND +subscription_id = ? ORDER BY id DESC LIMIT 1`;
    if (row !== undefined) {
      const message = toMessage(topicId, row);
      const attempt = get<LastAttempt>(db, last, topicId, seq, subscriptionId) ?? noAttempt;
      const letter = { ...attempt, accountId, subscriptionId, message, reason: "cancelled" as const };
      insertDeadLetter(db, { ...letter, attemptsMade: attempts }, wallMs);
    }
  }
  run(db, "DELETE FROM parked WHERE subscription_id = ? AND seq = ?", subscriptionId, seq);
  promote(db, nowMs, subscriptionId, orderingKey);
  return { orderingKey };
}
