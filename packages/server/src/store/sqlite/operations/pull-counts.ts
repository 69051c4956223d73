import type { DatabaseSync } from "node:sqlite";
import { messageIdToBigInt } from "../../../domain/message-id.ts";
import type { Seq, SubscriptionId, TimeMs, TopicId } from "../../../domain/model.ts";
import { SEQ_MASK_SQL } from "../rows.ts";
import { statement } from "../statements.ts";

export interface PullRows {
  readonly parkedLater: number;
  /** Of those, the deliveries that were never pulled. */
  readonly parkedDelayed: number;
  /** Delayed messages among the `examinedMax` messages after `scannedThrough`. Some may have been parked meanwhile. */
  readonly delayedInLog: readonly Seq[];
  readonly parkedFromSeq: number;
  readonly oldestAtMs: TimeMs | null;
}

/** The part of a pull subscription's counts that only the database knows. */
export function readPullRows(
  db: DatabaseSync,
  input: {
    readonly topicId: TopicId;
    readonly subscriptionId: SubscriptionId;
    readonly nowMs: TimeMs;
    readonly scannedThrough: Seq;
    readonly examinedMax: number;
    /** The first position that a rewind would deliver again. */
    readonly fromSeq: Seq;
    /** The first position of the log that is not settled; null: all are settled. */
    readonly unsettledSeq: Seq | null;
  },
): PullRows {
  const { topicId, subscriptionId, nowMs, scannedThrough, examinedMax, fromSeq, unsettledSeq } = input;
  const count = (sql: string, ...values: (number | bigint)[]): number =>
    (statement(db, `SELECT count(*) AS count FROM ${sql}`).get(...values) as { count: number }).count;
  const first = statement(
    db,
    "SELECT seq, dead_letter_id AS deadLetterId FROM parked WHERE subscription_id = ? ORDER BY seq LIMIT 1",
  ).get(subscriptionId) as { readonly seq: Seq; readonly deadLetterId: number | null } | undefined;
  const times = [
    unsettledSeq === null ? null : publishedAt(db, topicId, unsettledSeq, null),
    first === undefined ? null : publishedAt(db, topicId, first.seq, first.deadLetterId),
  ].filter((time) => time !== null);
  return {
    parkedLater: count("parked WHERE subscription_id = ? AND due_at > ?", subscriptionId, nowMs),
    parkedDelayed: count(
      "parked WHERE subscription_id = ? AND due_at > ? AND first_attempt_at IS NULL",
      subscriptionId,
      nowMs,
    ),
    delayedInLog: statement(
      db,
      `SELECT id & ${SEQ_MASK_SQL} AS seq FROM (SELECT id, deliver_at FROM message WHERE id > ? AND id < ? ORDER BY id LIMIT ?)
         WHERE deliver_at > ?`,
    )
      .all(
        messageIdToBigInt(topicId, scannedThrough),
        messageIdToBigInt((topicId + 1) as TopicId, 0),
        examinedMax,
        nowMs,
      )
      .map((row) => row["seq"] as Seq),
    parkedFromSeq: count("parked WHERE subscription_id = ? AND seq >= ?", subscriptionId, fromSeq),
    oldestAtMs: times.length === 0 ? null : Math.min(...times),
  };
}

function publishedAt(db: DatabaseSync, topicId: TopicId, seq: Seq, deadLetterId: number | null): TimeMs | null {
  const row = (
    deadLetterId === null
      ? statement(db, "SELECT published_at FROM message WHERE id = ?").get(messageIdToBigInt(topicId, seq))
      : statement(db, "SELECT published_at FROM dead_letter WHERE id = ?").get(deadLetterId)
  ) as { readonly published_at: TimeMs } | undefined;
  return row?.published_at ?? null;
}
