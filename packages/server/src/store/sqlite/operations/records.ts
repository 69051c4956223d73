import type { DatabaseSync } from "node:sqlite";
import { messageId, messageIdToBigInt } from "../../../domain/message-id.ts";
import type { Attempt, DeadReason, Message, Seq, SubscriptionId, TimeMs, TopicId } from "../../../domain/model.ts";
import type { AttemptRecord, DeadLetter } from "../../records.ts";
import {
  attemptsBySubscription,
  toAttempt,
  toDeadLetter,
  type AttemptRow,
  type DeadLetterRow,
} from "../../record-rows.ts";
import { messageColumns, toMessage, type MessageRow } from "../rows.ts";
import { statement } from "../statements.ts";

export interface DeliveryRows {
  readonly subscriptionId: SubscriptionId;
  readonly parked: { readonly dueAtMs: TimeMs | null } | null;
  readonly dead: DeadReason | null;
  readonly attempts: readonly Attempt[];
}

/** Attempts shown of one message, over all its subscriptions. */
const MESSAGE_ATTEMPTS_MAX = 10_000;

/** The rows of one message. `deliveries` are in the order of the given subscriptions. */
export interface FoundMessage {
  readonly message: Message;
  readonly deliveries: readonly DeliveryRows[];
}

/** Returns null when the log does not have the message. */
export function readMessage(
  db: DatabaseSync,
  input: { readonly topicId: TopicId; readonly seq: Seq; readonly subscriptionIds: readonly SubscriptionId[] },
): FoundMessage | null {
  const row = statement(db, `SELECT ${messageColumns} FROM message WHERE id = ?`).get(
    messageIdToBigInt(input.topicId, input.seq),
  ) as MessageRow | undefined;
  if (row === undefined) return null;
  const attempts = statement(db, "SELECT * FROM attempt WHERE topic_id = ? AND seq = ? ORDER BY id LIMIT ?").all(
    input.topicId,
    input.seq,
    MESSAGE_ATTEMPTS_MAX,
  ) as unknown as AttemptRow[];
  const bySubscription = attemptsBySubscription(attempts);
  const parked = statement(db, "SELECT due_at FROM parked WHERE subscription_id = ? AND seq = ?");
  const dead = statement(
    db,
    "SELECT reason FROM dead_letter WHERE subscription_id = ? AND seq = ? AND redriven_at IS NULL ORDER BY id DESC LIMIT 1",
  );
  return {
    message: toMessage(input.topicId, row),
    deliveries: input.subscriptionIds.map((subscriptionId) => {
      const waiting = parked.get(subscriptionId, input.seq) as { due_at: number | null } | undefined;
      const given = dead.get(subscriptionId, input.seq) as { reason: DeadReason } | undefined;
      return {
        subscriptionId,
        parked: waiting === undefined ? null : { dueAtMs: waiting.due_at },
        dead: given?.reason ?? null,
        attempts: bySubscription.get(subscriptionId) ?? [],
      };
    }),
  };
}

export interface RecordPage {
  readonly subscriptionId: SubscriptionId;
  readonly beforeId: number;
  readonly limit: number;
}

/** Newest first. One row more than the limit means that there is a next page. */
export function readAttempts(
  db: DatabaseSync,
  input: RecordPage & { readonly failedOnly: boolean },
): { readonly id: number; readonly record: Omit<AttemptRecord, "subscription"> }[] {
  const rows = input.failedOnly ? readFailedAttempts(db, input) : readAllAttempts(db, input);
  return rows.map((row) => ({
    id: row.id,
    record: { ...toAttempt(row), messageId: messageId(row.topic_id, row.seq) },
  }));
}

function readFailedAttempts(db: DatabaseSync, { subscriptionId, beforeId, limit }: RecordPage): AttemptRow[] {
  return statement(
    db,
    "SELECT * FROM attempt WHERE subscription_id = ? AND id < ? AND verdict <> 0 ORDER BY id DESC LIMIT ?",
  ).all(subscriptionId, beforeId, limit + 1) as unknown as AttemptRow[];
}

/** Reads the newest attempts, which are not indexed yet (see index-attempts.ts), then the older ones by the index. */
function readAllAttempts(db: DatabaseSync, { subscriptionId, beforeId, limit }: RecordPage): AttemptRow[] {
  db.exec("BEGIN");
  try {
    const { through } = statement(db, "SELECT through FROM attempt_indexed").get() as { through: number };
    const rows = statement(
      db,
      "SELECT * FROM attempt WHERE id > ? AND id < ? AND +subscription_id = ? ORDER BY id DESC LIMIT ?",
    ).all(through, beforeId, subscriptionId, limit + 1) as unknown as AttemptRow[];
    if (rows.length > limit) return rows;
    const indexed = statement(
      db,
      `SELECT a.* FROM attempt_index i JOIN attempt a ON a.id = i.attempt_id
       WHERE i.subscription_id = ? AND i.attempt_id < ? ORDER BY i.attempt_id DESC LIMIT ?`,
    ).all(subscriptionId, beforeId, limit + 1 - rows.length) as unknown as AttemptRow[];
    return [...rows, ...indexed];
  } finally {
    db.exec("COMMIT");
  }
}

type LetterRow = DeadLetterRow<string>;

const toLetter = (row: LetterRow): DeadLetter => toDeadLetter(row, toMessage(row.topic_id, row));

export function readDeadLetters(db: DatabaseSync, input: RecordPage): DeadLetter[] {
  const rows = statement(
    db,
    `SELECT * FROM dead_letter WHERE subscription_id = ? AND redriven_at IS NULL AND id < ? ORDER BY id DESC LIMIT ?`,
  ).all(input.subscriptionId, input.beforeId, input.limit + 1) as unknown as LetterRow[];
  return rows.map(toLetter);
}

export function readDeadLetter(
  db: DatabaseSync,
  input: { readonly subscriptionId: SubscriptionId; readonly id: number },
): DeadLetter | null {
  const row = statement(
    db,
    "SELECT * FROM dead_letter WHERE id = ? AND subscription_id = ? AND redriven_at IS NULL",
  ).get(input.id, input.subscriptionId) as unknown as LetterRow | undefined;
  return row === undefined ? null : toLetter(row);
}

export function countDeadLetters(db: DatabaseSync, input: { readonly subscriptionId: SubscriptionId | null }): number {
  const row =
    input.subscriptionId === null
      ? statement(db, "SELECT count(*) AS count FROM dead_letter WHERE redriven_at IS NULL").get()
      : statement(
          db,
          "SELECT count(*) AS count FROM dead_letter WHERE redriven_at IS NULL AND subscription_id = ?",
        ).get(input.subscriptionId);
  return (row as { count: number }).count;
}

export function lastDeadLetterId(db: DatabaseSync, input: { readonly subscriptionId: SubscriptionId }): number {
  const row = statement(
    db,
    "SELECT max(id) AS id FROM dead_letter WHERE redriven_at IS NULL AND subscription_id = ?",
  ).get(input.subscriptionId) as { id: number | null };
  return row.id ?? 0;
}

export function readExpired(db: DatabaseSync, input: { readonly subscriptionId: SubscriptionId }): number {
  const row = statement(db, "SELECT expired FROM cursor WHERE subscription_id = ?").get(input.subscriptionId) as
    | { expired: number }
    | undefined;
  return row?.expired ?? 0;
}
