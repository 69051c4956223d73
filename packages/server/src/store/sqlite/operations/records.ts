import type { DatabaseSync } from "node:sqlite";
import { messageIdToBigInt } from "../../../domain/message-id.ts";
import type { Attempt, DeadReason, Message, Seq, SubscriptionId, TimeMs, TopicId } from "../../../domain/model.ts";
import type { DeadLetter, MessageOrigin, SubscriptionCounts } from "../../records.ts";
import {
  attemptsBySubscription,
  toDeadLetter,
  toOrigin,
  type AttemptRow,
  type DeadLetterRow,
  type OriginRow,
} from "../../record-rows.ts";
import { messageColumns, toMessage, type MessageRow } from "../rows.ts";
import { all, get, single, statement } from "../statements.ts";

export interface DeliveryRows {
  readonly parked: { readonly dueAtMs: TimeMs | null } | null;
  readonly dead: DeadReason | null;
  readonly attempts: readonly Attempt[];
}

/** Maximum number of attempts that are returned for one message, over all its subscriptions. */
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
  // One transaction: between two reads, a commit could move a delivery from one table to another.
  db.exec("BEGIN");
  try {
    return readInOneSnapshot(db, input);
  } finally {
    db.exec("COMMIT");
  }
}

function readInOneSnapshot(
  db: DatabaseSync,
  { topicId, seq, subscriptionIds }: Parameters<typeof readMessage>[1],
): FoundMessage | null {
  const id = messageIdToBigInt(topicId, seq);
  const row = get<MessageRow>(db, `SELECT ${messageColumns} FROM message WHERE id = ?`, id);
  if (row === undefined) return null;
  const ofMessage = "SELECT * FROM attempt WHERE topic_id = ? AND seq = ? ORDER BY id LIMIT ?";
  const attempts = attemptsBySubscription(all<AttemptRow>(db, ofMessage, topicId, seq, MESSAGE_ATTEMPTS_MAX));
  const parked = statement(db, "SELECT due_at AS dueAtMs FROM parked WHERE subscription_id = ? AND seq = ?");
  const dead = statement(
    db,
    "SELECT reason FROM dead_letter WHERE subscription_id = ? AND seq = ? AND redriven_at IS NULL ORDER BY id DESC LIMIT 1",
  );
  return {
    message: toMessage(topicId, row),
    deliveries: subscriptionIds.map((subscriptionId) => ({
      parked: (parked.get(subscriptionId, seq) as { dueAtMs: number | null } | undefined) ?? null,
      dead: (dead.get(subscriptionId, seq) as { reason: DeadReason } | undefined)?.reason ?? null,
      attempts: attempts.get(subscriptionId) ?? [],
    })),
  };
}

export function readOrigin(
  db: DatabaseSync,
  { topicId, seq }: { readonly topicId: TopicId; readonly seq: Seq },
): MessageOrigin | null {
  const find = "SELECT published_at, request FROM message WHERE id = ?";
  const row = get<OriginRow>(db, find, messageIdToBigInt(topicId, seq));
  return row === undefined ? null : toOrigin(row);
}

type LetterRow = DeadLetterRow<string>;

const toLetter = (row: LetterRow): DeadLetter => toDeadLetter(row, toMessage(row.topic_id, row));
const listed = "FROM dead_letter WHERE redriven_at IS NULL";

/** Reads those of the dead letters that still exist, in the order of the ids. */
export function readDeadLetters(db: DatabaseSync, ids: readonly number[]): DeadLetter[] {
  return ids.flatMap((id) => all<LetterRow>(db, `SELECT * ${listed} AND id = ?`, id)).map(toLetter);
}

export function readDeadLetter(
  db: DatabaseSync,
  { subscriptionId, id }: { readonly subscriptionId: SubscriptionId; readonly id: number },
): DeadLetter | null {
  const row = get<LetterRow>(db, `SELECT * ${listed} AND id = ? AND subscription_id = ?`, id, subscriptionId);
  return row === undefined ? null : toLetter(row);
}

export function countAllDeadLetters(db: DatabaseSync, _input: null): number {
  return single<{ count: number }>(db, `SELECT count(*) AS count ${listed}`).count;
}

/** Reads the counts of a subscription that are not in memory. */
export function readCounts(
  db: DatabaseSync,
  { subscriptionId }: { readonly subscriptionId: SubscriptionId },
): Pick<SubscriptionCounts, "deadLetters" | "expired"> {
  const counts = `SELECT (SELECT count(*) ${listed} AND subscription_id = ?1) AS deadLetters,
    (SELECT coalesce(max(expired), 0) FROM cursor WHERE subscription_id = ?1) AS expired`;
  return single(db, counts, subscriptionId);
}

/** Reads these counts of several subscriptions, in the order of the ids. */
export function readManyCounts(db: DatabaseSync, ids: readonly SubscriptionId[]): ReturnType<typeof readCounts>[] {
  return ids.map((subscriptionId) => readCounts(db, { subscriptionId }));
}

export function lastDeadLetterId(db: DatabaseSync, input: { readonly subscriptionId: SubscriptionId }): number {
  const last = `SELECT coalesce(max(id), 0) AS id ${listed} AND subscription_id = ?`;
  return single<{ id: number }>(db, last, input.subscriptionId).id;
}
