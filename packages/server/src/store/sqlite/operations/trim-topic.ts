import type { DatabaseSync } from "node:sqlite";
import { compileFilter } from "../../../domain/filter.ts";
import { messageIdToBigInt } from "../../../domain/message-id.ts";
import type { Filter, Seq, SubscriptionId, TimeMs, TopicId } from "../../../domain/model.ts";
import { SEQ_MASK_SQL } from "../rows.ts";
import { statement } from "../statements.ts";
import { bury, type Burial } from "./dead-letter.ts";
import { REMOVED_BYTES_MAX, withinBytes } from "./byte-bound.ts";

/** Bounds of one step, so that its commit stays short. */
const MESSAGES_MAX = 500;
/** Dead letters made in one step, and the bytes of their copies. */
const BURIALS_MAX = 500;
const BURIAL_BYTES_MAX = 16 * 1024 * 1024;

/** A subscription that has not settled everything up to the cut. */
export interface Laggard {
  readonly subscriptionId: SubscriptionId;
  readonly settledThrough: Seq;
  readonly done: readonly Seq[];
  readonly filter: Filter;
}

export interface TrimInput {
  readonly topicId: TopicId;
  readonly firstSeq: Seq;
  /** Messages published until this time may go. */
  readonly throughMs: TimeMs;
  /** Nothing past this may go: deliveries of it are open. */
  readonly throughSeqMax: Seq;
  /** Those that may have parked deliveries. */
  readonly subscriptionIds: readonly SubscriptionId[];
  readonly laggards: readonly Laggard[];
  readonly nowMs: TimeMs;
}

export interface TrimResult {
  readonly removed: number;
  readonly firstSeq: Seq;
  /** Publishing time of the oldest message left; null: the log is empty. */
  readonly oldestAtMs: TimeMs | null;
  readonly expired: readonly { readonly subscriptionId: SubscriptionId; readonly count: number }[];
  /** Parked deliveries that became dead letters. */
  readonly died: readonly { readonly subscriptionId: SubscriptionId; readonly orderingKey: string | null }[];
}

interface OldMessage {
  readonly seq: Seq;
  readonly bytes: number;
  readonly tags: string | null;
  readonly type: string | null;
}

/**
 * Removes the oldest messages of one topic. What had not been delivered by then does not vanish: a parked delivery
 * becomes a dead letter, and what a cursor never reached is counted on its subscription.
 */
export function trimTopic(db: DatabaseSync, input: TrimInput): TrimResult {
  const { topicId, nowMs } = input;
  const old = readOld(db, input);
  const waiting = readParked(db, input.subscriptionIds, old.at(-1)?.seq ?? 0);
  const { burials, throughSeq } = withinBounds(waiting, old);
  const going = old.filter((message) => message.seq <= throughSeq);
  const remove = statement(db, "DELETE FROM message WHERE id = ?");
  // Message by message, each gone before its copies are made: even a full database has room for them.
  bury(db, topicId, burials, nowMs, (seq) => seq <= throughSeq);
  for (const { seq } of going) remove.run(messageIdToBigInt(topicId, seq));
  const expired = countExpired(db, input, going);
  const firstSeq = (going.at(-1)?.seq ?? input.firstSeq - 1) + 1;
  if (going.length > 0) statement(db, "UPDATE topic_log SET first_seq = ? WHERE topic_id = ?").run(firstSeq, topicId);
  return { removed: going.length, firstSeq, oldestAtMs: readOldest(db, topicId), expired, died: burials };
}

function readOld(db: DatabaseSync, { topicId, firstSeq, throughSeqMax, throughMs }: TrimInput): readonly OldMessage[] {
  const rows = statement(
    db,
    `SELECT id & ${SEQ_MASK_SQL} AS seq, length(body) AS bytes, tags, type FROM message
       WHERE id >= ? AND id <= ? AND published_at <= ? ORDER BY id LIMIT ?`,
  ).all(
    messageIdToBigInt(topicId, firstSeq),
    messageIdToBigInt(topicId, throughSeqMax),
    throughMs,
    MESSAGES_MAX,
  ) as unknown as OldMessage[];
  return withinBytes(rows, REMOVED_BYTES_MAX);
}

/** Of all these subscriptions, oldest message first: all of them, or more than one step may bury. */
function readParked(db: DatabaseSync, ids: readonly SubscriptionId[], throughSeq: Seq): Burial[] {
  const read = statement(
    db,
    `SELECT subscription_id AS subscriptionId, seq, attempts, ordering_key AS orderingKey FROM parked
       WHERE subscription_id = ? AND seq <= ? AND dead_letter_id IS NULL ORDER BY seq LIMIT ?`,
  );
  let found: Burial[] = [];
  let through = throughSeq;
  for (const id of ids) {
    found.push(...(read.all(id, through, BURIALS_MAX + 1) as unknown as Burial[]));
    if (found.length <= 4 * BURIALS_MAX) continue;
    found = found.sort((a, b) => a.seq - b.seq).slice(0, BURIALS_MAX + 1);
    through = (found.at(-1) as Burial).seq;
  }
  return found.sort((a, b) => a.seq - b.seq);
}

/**
 * Messages go with all of their parked deliveries, except one that has too many for a step: it stays until they are
 * buried.
 */
function withinBounds(
  waiting: readonly Burial[],
  old: readonly OldMessage[],
): { readonly burials: readonly Burial[]; readonly throughSeq: Seq } {
  const bytesOf = new Map(old.map(({ seq, bytes }) => [seq, bytes]));
  let bytes = 0;
  const fitting = waiting.filter((burial, index) => {
    bytes += bytesOf.get(burial.seq) ?? 0;
    return index < BURIALS_MAX && (bytes <= BURIAL_BYTES_MAX || index === 0);
  });
  const tooMuch = waiting[fitting.length];
  if (tooMuch === undefined) return { burials: fitting, throughSeq: old.at(-1)?.seq ?? 0 };
  const whole = fitting.filter((burial) => burial.seq < tooMuch.seq);
  const before = old.some((message) => message.seq < tooMuch.seq);
  return { burials: before ? whole : fitting, throughSeq: tooMuch.seq - 1 };
}

function readOldest(db: DatabaseSync, topicId: TopicId): TimeMs | null {
  const row = statement(db, "SELECT published_at FROM message WHERE id >= ? AND id < ? ORDER BY id LIMIT 1").get(
    messageIdToBigInt(topicId, 0),
    messageIdToBigInt((topicId + 1) as TopicId, 0),
  ) as { published_at: number } | undefined;
  return row?.published_at ?? null;
}

function countExpired(db: DatabaseSync, { laggards }: TrimInput, going: readonly OldMessage[]): TrimResult["expired"] {
  const messages = going.map(({ seq, tags, type }) => ({
    seq,
    tags: tags === null ? [] : (JSON.parse(tags) as string[]),
    type: type,
  }));
  // Where the cursors stand is left to settlements: what they say stays true, and what is gone is stepped over.
  const add = statement(db, "UPDATE cursor SET expired = expired + ? WHERE subscription_id = ?");
  return laggards.map(({ subscriptionId, settledThrough, done, filter }) => {
    const matches = compileFilter(filter);
    const settled = new Set(done);
    const count = messages.filter(
      (message) => message.seq > settledThrough && !settled.has(message.seq) && matches(message),
    ).length;
    if (count > 0) add.run(count, subscriptionId);
    return { subscriptionId, count };
  });
}
