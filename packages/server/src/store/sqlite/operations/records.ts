import type { DatabaseSync } from "node:sqlite";
import { messageId, messageIdToBigInt } from "../../../domain/message-id.ts";
import type {
  Attempt,
  AttemptVerdict,
  DeadReason,
  Message,
  Seq,
  SubscriptionId,
  TimeMs,
  TopicId,
} from "../../../domain/model.ts";
import type { AttemptRecord, DeadLetter } from "../../records.ts";
import { verdictCodes } from "../../verdict-codes.ts";
import { messageColumns, toMessage, type MessageRow } from "../rows.ts";
import { statement } from "../statements.ts";

interface AttemptRow {
  readonly id: number;
  readonly topic_id: number;
  readonly seq: number;
  readonly subscription_id: number;
  readonly attempt: number;
  readonly started_at: number;
  readonly duration_ms: number;
  readonly verdict: number;
  readonly status: number | null;
  readonly error_code: string | null;
  readonly reply: Uint8Array | null;
}

function toAttempt(row: AttemptRow): Attempt {
  return {
    attempt: row.attempt,
    startedAtMs: row.started_at,
    durationMs: row.duration_ms,
    verdict: verdictCodes[row.verdict] as AttemptVerdict,
    status: row.status,
    errorCode: row.error_code,
    reply: row.reply,
  };
}

export interface DeliveryRows {
  readonly subscriptionId: SubscriptionId;
  readonly parked: { readonly dueAtMs: TimeMs | null } | null;
  readonly dead: DeadReason | null;
  readonly attempts: readonly Attempt[];
}

/** Attempts shown of one message, over all its subscriptions. */
const MESSAGE_ATTEMPTS_MAX = 10_000;

/** What the database knows of one message. `deliveries` are in the order of the subscriptions that were asked for. */
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
  const bySubscription = new Map<number, Attempt[]>();
  const attempts = statement(db, "SELECT * FROM attempt WHERE topic_id = ? AND seq = ? ORDER BY id LIMIT ?").all(
    input.topicId,
    input.seq,
    MESSAGE_ATTEMPTS_MAX,
  ) as unknown as AttemptRow[];
  for (const attempt of attempts) {
    const list = bySubscription.get(attempt.subscription_id);
    if (list === undefined) bySubscription.set(attempt.subscription_id, [toAttempt(attempt)]);
    else list.push(toAttempt(attempt));
  }
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
    record: { ...toAttempt(row), messageId: messageId(row.topic_id as TopicId, row.seq) },
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

interface DeadLetterRow extends MessageRow {
  readonly id: number;
  readonly topic_id: number;
  readonly reason: DeadReason;
  readonly attempts: number;
  readonly died_at: number;
  readonly last_status: number | null;
  readonly last_error_code: string | null;
  readonly last_reply: Uint8Array | null;
}

function toDeadLetter(row: DeadLetterRow): DeadLetter {
  return {
    id: String(row.id),
    message: toMessage(row.topic_id as TopicId, row),
    reason: row.reason,
    attemptsMade: row.attempts,
    diedAtMs: row.died_at,
    lastStatus: row.last_status,
    lastErrorCode: row.last_error_code,
    lastReply: row.last_reply,
  };
}

export function readDeadLetters(db: DatabaseSync, input: RecordPage): DeadLetter[] {
  const rows = statement(
    db,
    `SELECT * FROM dead_letter WHERE subscription_id = ? AND redriven_at IS NULL AND id < ? ORDER BY id DESC LIMIT ?`,
  ).all(input.subscriptionId, input.beforeId, input.limit + 1) as unknown as DeadLetterRow[];
  return rows.map(toDeadLetter);
}

export function readDeadLetter(
  db: DatabaseSync,
  input: { readonly subscriptionId: SubscriptionId; readonly id: number },
): DeadLetter | null {
  const row = statement(
    db,
    "SELECT * FROM dead_letter WHERE id = ? AND subscription_id = ? AND redriven_at IS NULL",
  ).get(input.id, input.subscriptionId) as unknown as DeadLetterRow | undefined;
  return row === undefined ? null : toDeadLetter(row);
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
