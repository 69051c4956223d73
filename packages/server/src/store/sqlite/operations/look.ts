import type { DatabaseSync } from "node:sqlite";
import { messageIdToBigInt } from "../../../domain/message-id.ts";
import type { Message, Seq, SubscriptionId, TimeMs, TopicId } from "../../../domain/model.ts";
import { messageColumns, toMessage, type MessageRow } from "../rows.ts";
import { statement } from "../statements.ts";

/** What the store reads at its start: the whole catalog, settings left as text until somebody needs them. */
export interface CatalogRows {
  readonly topics: {
    readonly id: TopicId;
    readonly account_id: number;
    readonly name: string;
    readonly version: number;
    readonly settings: string;
    readonly created_at: number;
    readonly updated_at: number;
    readonly first_seq: Seq;
    readonly last_seq: Seq;
    /** null: the log is empty. */
    readonly oldest_at: TimeMs | null;
  }[];
  readonly subscriptions: {
    readonly id: SubscriptionId;
    readonly topic_id: TopicId;
    readonly name: string;
    readonly state: string;
    readonly version: number;
    readonly settings: string;
    readonly created_at: number;
    readonly updated_at: number;
    readonly settled_through: Seq;
    readonly ahead: Uint8Array | null;
  }[];
  readonly parked: {
    readonly subscription_id: SubscriptionId;
    readonly count: number;
    readonly due_at: number | null;
  }[];
  readonly keys: { readonly subscription_id: SubscriptionId; readonly ordering_key: string; readonly count: number }[];
}

export function loadCatalog(db: DatabaseSync): CatalogRows {
  return {
    topics: statement(
      db,
      `SELECT t.*, l.first_seq, l.last_seq,
           (SELECT published_at FROM message WHERE id = (t.id << 40) + l.first_seq) AS oldest_at
         FROM topic t JOIN topic_log l ON l.topic_id = t.id`,
    ).all() as never,
    subscriptions: statement(
      db,
      `SELECT s.id, s.topic_id, s.name, s.state, s.version, s.settings, s.created_at, s.updated_at, c.settled_through, c.ahead
         FROM subscription s JOIN cursor c ON c.subscription_id = s.id ORDER BY s.topic_id, s.id`,
    ).all() as never,
    parked: statement(
      db,
      "SELECT subscription_id, count(*) AS count, min(due_at) AS due_at FROM parked GROUP BY subscription_id",
    ).all() as never,
    keys: statement(
      db,
      `SELECT subscription_id, ordering_key, count(*) AS count FROM parked
         WHERE ordering_key IS NOT NULL GROUP BY subscription_id, ordering_key`,
    ).all() as never,
  };
}

/** Messages from `fromSeq` on, oldest first, until a bound is met; at least one if there is any up to `throughSeq`. */
export function readLog(
  db: DatabaseSync,
  input: {
    readonly topicId: TopicId;
    readonly fromSeq: Seq;
    readonly throughSeq: Seq;
    readonly messagesMax: number;
    readonly bytesMax: number;
  },
): Message[] {
  const rows = statement(
    db,
    `SELECT ${messageColumns} FROM message WHERE id >= ? AND id <= ? ORDER BY id LIMIT ?`,
  ).iterate(
    messageIdToBigInt(input.topicId, input.fromSeq),
    messageIdToBigInt(input.topicId, input.throughSeq),
    input.messagesMax,
  ) as Iterable<unknown>;
  const messages: Message[] = [];
  let bytes = 0;
  for (const row of rows as Iterable<MessageRow>) {
    messages.push(toMessage(input.topicId, row));
    bytes += row.body.byteLength;
    if (bytes >= input.bytesMax) break;
  }
  return messages;
}

export interface DueDelivery {
  readonly seq: Seq;
  readonly attempts: number;
  readonly retries: number;
  readonly firstAttemptAtMs: TimeMs | null;
  readonly orderingKey: string | null;
  readonly deadLetterId: number | null;
  /** null: neither the log nor a dead letter has it any more. */
  readonly message: Message | null;
}

export interface DueDeliveries {
  readonly due: readonly DueDelivery[];
  readonly bytes: number;
  /** A bound was met: others may be due as well. */
  readonly more: boolean;
  /** The earliest time after `nowMs` at which another one is due. */
  readonly nextDueAtMs: TimeMs | null;
}

/**
 * Parked deliveries that are due, the longest overdue first. One that is not the first of its ordering key waits,
 * whatever its own time. `skip`: those open in a claim already.
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

export function readExpired(db: DatabaseSync, input: { readonly subscriptionId: SubscriptionId }): number {
  const row = statement(db, "SELECT expired FROM cursor WHERE subscription_id = ?").get(input.subscriptionId) as
    | { expired: number }
    | undefined;
  return row?.expired ?? 0;
}

/** The first position published at or after a time; binary search, since times never fall within a log. */
export function findSeqAt(
  db: DatabaseSync,
  input: { readonly topicId: TopicId; readonly firstSeq: Seq; readonly lastSeq: Seq; readonly atMs: TimeMs },
): Seq {
  const at = statement(db, "SELECT published_at FROM message WHERE id = ?");
  let low = input.firstSeq;
  let high = input.lastSeq + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const row = at.get(messageIdToBigInt(input.topicId, middle)) as { published_at: number } | undefined;
    if (row === undefined || row.published_at < input.atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
