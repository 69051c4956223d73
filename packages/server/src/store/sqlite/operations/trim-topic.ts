import type { DatabaseSync } from "node:sqlite";
import { compileFilter } from "../../../domain/filter.ts";
import { messageIdToBigInt, SEQ_MAX } from "../../../domain/message-id.ts";
import type { AccountId, Filter, Seq, SubscriptionId, TimeMs, TopicId } from "../../../domain/model.ts";
import type { Moment } from "../../../domain/ports.ts";
import type { RetentionResult } from "../../log.ts";
import { SEQ_MASK_SQL } from "../rows.ts";
import { all, get, run, statement } from "../statements.ts";
import { REMOVED_BYTES_MAX, withinBytes } from "./byte-bound.ts";
import { deadLetterParked, type ExpiredDelivery } from "./dead-letter-parked.ts";

/** Bounds of one step, so that its commit stays short. */
const MESSAGES_MAX = 500;
/** Dead letters that one step writes, and the bytes of their copies. */
const DEAD_LETTERS_MAX = 500;
const DEAD_LETTER_BYTES_MAX = 16 * 1024 * 1024;

/** A subscription that has not settled everything up to the last message that may be removed. */
export interface LaggingSubscription {
  readonly subscriptionId: SubscriptionId;
  readonly settledThrough: Seq;
  readonly done: readonly Seq[];
  readonly filter: Filter;
}

export interface TrimInput extends Moment {
  readonly accountId: AccountId;
  readonly topicId: TopicId;
  readonly firstSeq: Seq;
  /** Messages published until this time may be removed. */
  readonly throughMs: TimeMs;
  /** Messages up to this position may be removed, too. */
  readonly unneededThrough: Seq;
  /** Messages after this position have open deliveries and must stay. */
  readonly throughSeqMax: Seq;
  /** Subscriptions that may have parked deliveries. */
  readonly subscriptionIds: readonly SubscriptionId[];
  readonly lagging: readonly LaggingSubscription[];
}

export interface TrimResult {
  readonly removed: number;
  readonly firstSeq: Seq;
  /** Publishing time of the oldest remaining message; null: the log is empty. */
  readonly oldestAtMs: TimeMs | null;
  readonly expired: RetentionResult["expired"];
  /** Parked deliveries that became dead letters. */
  readonly died: readonly { readonly subscriptionId: SubscriptionId; readonly orderingKey: string | null }[];
}

interface OldMessage {
  readonly seq: Seq;
  readonly bytes: number;
  readonly publishedAtMs: TimeMs;
  readonly tags: string | null;
  readonly type: string | null;
}

/**
 * Removes the oldest messages of one topic. Undelivered messages do not disappear silently: a parked delivery becomes a
 * dead letter, and a message that a cursor never reached counts as expired on its subscription.
 */
export function trimTopic(db: DatabaseSync, input: TrimInput): TrimResult {
  const { topicId } = input;
  const old = readOld(db, input);
  const expiring = readParked(db, input.subscriptionIds, old.at(-1)?.seq ?? 0);
  const { deliveries, throughSeq } = withinBounds(expiring, old);
  const going = old.filter((message) => message.seq <= throughSeq);
  // Each message is removed before its copies are written, so that even a full database has room for them.
  deadLetterParked(db, input, deliveries, (seq) => seq <= throughSeq);
  for (const { seq } of going) run(db, "DELETE FROM message WHERE id = ?", messageIdToBigInt(topicId, seq));
  const expired = countExpired(db, input, going);
  const firstSeq = (going.at(-1)?.seq ?? input.firstSeq - 1) + 1;
  if (going.length > 0) run(db, "UPDATE topic_log SET first_seq = ? WHERE topic_id = ?", firstSeq, topicId);
  return { removed: going.length, firstSeq, oldestAtMs: readOldest(db, topicId), expired, died: deliveries };
}

function readOld(db: DatabaseSync, input: TrimInput): readonly OldMessage[] {
  const { topicId, firstSeq, throughSeqMax, throughMs, unneededThrough } = input;
  const first = `SELECT id & ${SEQ_MASK_SQL} AS seq, length(body) AS bytes, tags, type, published_at AS publishedAtMs
    FROM message WHERE id >= ? AND id <= ? ORDER BY id LIMIT ?`;
  const [from, to] = [messageIdToBigInt(topicId, firstSeq), messageIdToBigInt(topicId, throughSeqMax)];
  const rows = all<OldMessage>(db, first, from, to, MESSAGES_MAX);
  // A message is at least as old as each later one, also when the clock was ahead and its publishing time is too late.
  const isOld = ({ seq, publishedAtMs }: OldMessage): boolean => publishedAtMs <= throughMs || seq <= unneededThrough;
  return withinBytes(rows.slice(0, rows.findLastIndex(isOld) + 1), REMOVED_BYTES_MAX);
}

/** Reads parked deliveries, oldest message first: either all of them, or more than one step can remove. */
function readParked(db: DatabaseSync, ids: readonly SubscriptionId[], throughSeq: Seq): ExpiredDelivery[] {
  const read = statement(
    db,
    `SELECT subscription_id AS subscriptionId, seq, attempts AS attemptsMade, ordering_key AS orderingKey FROM parked
       WHERE subscription_id = ? AND seq <= ? AND dead_letter_id IS NULL ORDER BY seq LIMIT ?`,
  );
  let found: ExpiredDelivery[] = [];
  let through = throughSeq;
  for (const id of ids) {
    found.push(...(read.all(id, through, DEAD_LETTERS_MAX + 1) as unknown as ExpiredDelivery[]));
    if (found.length <= 4 * DEAD_LETTERS_MAX) continue;
    found = found.sort((a, b) => a.seq - b.seq).slice(0, DEAD_LETTERS_MAX + 1);
    through = (found.at(-1) as ExpiredDelivery).seq;
  }
  return found.sort((a, b) => a.seq - b.seq);
}

/**
 * A message is removed together with all of its parked deliveries. If it has more of them than one step can remove, the
 * message stays until all of them are dead letters.
 */
function withinBounds(
  expiring: readonly ExpiredDelivery[],
  old: readonly OldMessage[],
): { readonly deliveries: readonly ExpiredDelivery[]; readonly throughSeq: Seq } {
  const bytesOf = new Map(old.map(({ seq, bytes }) => [seq, bytes]));
  let bytes = 0;
  const fitting = expiring.filter(({ seq }, index) => {
    bytes += bytesOf.get(seq) ?? 0;
    return index < DEAD_LETTERS_MAX && (bytes <= DEAD_LETTER_BYTES_MAX || index === 0);
  });
  const tooMuch = expiring[fitting.length];
  if (tooMuch === undefined) return { deliveries: fitting, throughSeq: old.at(-1)?.seq ?? 0 };
  const complete = fitting.filter(({ seq }) => seq < tooMuch.seq);
  const hasEarlier = old.some(({ seq }) => seq < tooMuch.seq);
  return { deliveries: hasEarlier ? complete : fitting, throughSeq: tooMuch.seq - 1 };
}

/** The first message is at least as old as the last one, also when the clock was ahead as the first was published. */
function readOldest(db: DatabaseSync, topicId: TopicId): TimeMs | null {
  const oldest = `SELECT min(m.published_at, l.last_published_at) AS at FROM topic_log l, message m
    WHERE l.topic_id = ? AND m.id >= ? AND m.id <= ? ORDER BY m.id LIMIT 1`;
  const [from, to] = [messageIdToBigInt(topicId, 0), messageIdToBigInt(topicId, SEQ_MAX)];
  return get<{ at: TimeMs }>(db, oldest, topicId, from, to)?.at ?? null;
}

function countExpired(db: DatabaseSync, { lagging }: TrimInput, going: readonly OldMessage[]): TrimResult["expired"] {
  const messages = going.map(({ seq, tags, type }) => ({
    seq,
    tags: tags === null ? [] : (JSON.parse(tags) as string[]),
    type,
  }));
  // The cursors do not change, because claims skip removed positions.
  return lagging.map(({ subscriptionId, settledThrough, done, filter }) => {
    const matches = compileFilter(filter);
    const settled = new Set(done);
    const count = messages.filter(
      (message) => message.seq > settledThrough && !settled.has(message.seq) && matches(message),
    ).length;
    if (count > 0) run(db, "UPDATE cursor SET expired = expired + ? WHERE subscription_id = ?", count, subscriptionId);
    return { subscriptionId, count };
  });
}
