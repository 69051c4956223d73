import type { DatabaseSync } from "node:sqlite";
import { limits } from "../../../domain/limits.ts";
import { messageIdToBigInt, SEQ_MAX } from "../../../domain/message-id.ts";
import type { Seq, SubscriptionId, TimeMs, TopicId } from "../../../domain/model.ts";
import { SEQ_MASK_SQL } from "../rows.ts";
import { all, get, single } from "../statements.ts";
import type { UnparkRow } from "./settle.ts";

export interface PullRows {
  readonly parkedLater: number;
  /** The number of these deliveries that were never pulled. */
  readonly parkedDelayed: number;
  /** Delayed messages among the `limits.delayedExaminedMax` messages after `scannedThrough`. Some may be parked now. */
  readonly delayedInLog: readonly Seq[];
  readonly parkedFromSeq: number;
  readonly oldestAtMs: TimeMs | null;
}

/** Reads the part of a pull subscription's counts that is not in memory. */
export function readPullRows(
  db: DatabaseSync,
  input: Unsettled & {
    readonly nowMs: TimeMs;
    readonly scannedThrough: Seq;
    /** The first position that a rewind would deliver again. */
    readonly fromSeq: Seq;
  },
): PullRows {
  const { topicId, subscriptionId, nowMs, scannedThrough, fromSeq, unsettledSeq } = input;
  const count = (condition: string, value: number): number => {
    const parked = `SELECT count(*) AS count FROM parked WHERE subscription_id = ? AND ${condition}`;
    return single<{ count: number }>(db, parked, subscriptionId, value).count;
  };
  const delayed = `SELECT id & ${SEQ_MASK_SQL} AS seq
    FROM (SELECT id, deliver_at FROM message WHERE id > ? AND id <= ? ORDER BY id LIMIT ?) WHERE deliver_at > ?`;
  const [from, to] = [messageIdToBigInt(topicId, scannedThrough), messageIdToBigInt(topicId, SEQ_MAX)];
  return {
    parkedLater: count("due_at > ?", nowMs),
    parkedDelayed: count("due_at > ? AND first_attempt_at IS NULL", nowMs),
    delayedInLog: all<{ seq: Seq }>(db, delayed, from, to, limits.delayedExaminedMax, nowMs).map(({ seq }) => seq),
    parkedFromSeq: count("seq >= ?", fromSeq),
    oldestAtMs: oldestAt(db, { topicId, subscriptionId, unsettledSeq }),
  };
}

interface Unsettled {
  readonly topicId: TopicId;
  readonly subscriptionId: SubscriptionId;
  /** The first position of the log that is not settled; null: all are settled. */
  readonly unsettledSeq: Seq | null;
}

/** For each subscription, the time at which its oldest unsettled message was published. */
export function readOldest(db: DatabaseSync, subscriptions: readonly Unsettled[]): readonly (TimeMs | null)[] {
  return subscriptions.map((one) => oldestAt(db, one));
}

function oldestAt(db: DatabaseSync, { topicId, subscriptionId, unsettledSeq }: Unsettled): TimeMs | null {
  const parked =
    "SELECT seq, dead_letter_id AS deadLetterId FROM parked WHERE subscription_id = ? ORDER BY seq LIMIT 1";
  const first = get<Pick<UnparkRow, "seq" | "deadLetterId">>(db, parked, subscriptionId);
  const times = [
    unsettledSeq === null ? null : publishedAt(db, topicId, unsettledSeq, null),
    first === undefined ? null : publishedAt(db, topicId, first.seq, first.deadLetterId),
  ].filter((time) => time !== null);
  return times.length === 0 ? null : Math.min(...times);
}

function publishedAt(db: DatabaseSync, topicId: TopicId, seq: Seq, deadLetterId: number | null): TimeMs | null {
  const id = deadLetterId ?? messageIdToBigInt(topicId, seq);
  const table = deadLetterId === null ? "message" : "dead_letter";
  return get<{ at: TimeMs }>(db, `SELECT published_at AS at FROM ${table} WHERE id = ?`, id)?.at ?? null;
}
