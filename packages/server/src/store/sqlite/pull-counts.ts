import type { Seq, TimeMs } from "../../domain/model.ts";
import type { PullCounts } from "../records.ts";
import type { Reader } from "./read-jobs.ts";
import type { SubscriptionEntry } from "./subscription-entry.ts";

/** Combines counts in memory, of the log and of open deliveries, with counts in the database, of parked deliveries. */
export async function readPullCounts(
  entry: SubscriptionEntry,
  reader: Reader,
  { nowMs, fromSeq }: { readonly nowMs: TimeMs; readonly fromSeq: Seq },
): Promise<PullCounts> {
  const { cursor } = entry;
  const rows = await reader.call("readPullRows", {
    ...unsettledOf(entry),
    nowMs,
    scannedThrough: cursor.scannedThrough,
    fromSeq,
  });
  const visibleParked = Math.max(0, entry.waitingCount - rows.parkedLater);
  // Unread positions may be settled or open already: after a crash, for example, claims read parked positions again.
  const delayedInLog = rows.delayedInLog.filter((seq) => !cursor.isDone(seq) && !entry.open.has(seq));
  const logDelayed = Math.min(delayedInLog.length, entry.backlog);
  return {
    visible: entry.backlog - logDelayed + visibleParked,
    invisible: entry.openCount + rows.parkedLater - rows.parkedDelayed,
    delayed: rows.parkedDelayed + logDelayed,
    oldestAtMs: rows.oldestAtMs,
    rewindable: Math.max(0, settledFrom(entry, fromSeq) - rows.parkedFromSeq),
  };
}

/** Identifies the oldest message that the log still has for the subscription. */
export function unsettledOf({ id, cursor, topic }: SubscriptionEntry) {
  const first = Math.max(cursor.settledThrough + 1, topic.firstSeq);
  return { topicId: topic.topic.id, subscriptionId: id, unsettledSeq: first > topic.lastSeq ? null : first };
}

/** Positions that the cursor counts as settled, parked ones included. */
function settledFrom({ cursor, topic }: SubscriptionEntry, fromSeq: Seq): number {
  const through = Math.max(0, Math.min(cursor.settledThrough, topic.lastSeq) - fromSeq + 1);
  return through + cursor.doneAhead().filter((seq) => seq >= fromSeq).length;
}
