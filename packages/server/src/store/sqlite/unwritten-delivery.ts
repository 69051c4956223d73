import type { Attempt, Seq, SubscriptionId } from "../../domain/model.ts";
import type { DeliveryRows } from "./operations/records.ts";
import type { SettleWork } from "./settle-work.ts";

/** The rows of one delivery, and whether its newest outcome is written. */
export interface WrittenRows extends DeliveryRows {
  readonly isWritten: boolean;
}

/**
 * Returns the rows of one delivery without outcomes that may be unwritten, because a crash would undo these: the
 * delivery would be shown as delivered, and would then be sent again. A delivery that is parked without an attempt is
 * shown as parked at once. Otherwise it would be shown in a wrong state for as long as the disk is slow or full.
 */
export function withUnwritten(
  rows: DeliveryRows,
  works: readonly SettleWork[],
  subscriptionId: SubscriptionId,
  seq: Seq,
): WrittenRows {
  let { parked } = rows;
  let isWritten = true;
  const unwritten: Attempt[] = [];
  for (const work of works) {
    unwritten.push(...work.attempts.of(subscriptionId, seq));
    // A commit writes in this order.
    for (const row of work.dead) {
      if (row.subscriptionId === subscriptionId && row.message.seq === seq) isWritten = false;
    }
    for (const row of work.parked) {
      if (row.subscriptionId === subscriptionId && row.seq === seq) parked = { dueAtMs: row.dueAtMs };
    }
    for (const row of work.unparked) {
      if (row.subscriptionId === subscriptionId && row.seq === seq) parked = null;
    }
  }
  return {
    parked,
    dead: rows.dead,
    attempts: rows.attempts.filter((attempt) => !unwritten.some((other) => isSame(attempt, other))),
    isWritten: isWritten && unwritten.length === 0,
  };
}

function isSame(one: Attempt, other: Attempt): boolean {
  const { attempt, startedAtMs, verdict } = other;
  return one.attempt === attempt && one.startedAtMs === startedAtMs && one.verdict === verdict;
}
