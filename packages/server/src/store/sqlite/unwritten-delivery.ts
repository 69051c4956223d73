import type { Attempt, Seq, SubscriptionId } from "../../domain/model.ts";
import type { DeliveryRows } from "./operations/records.ts";
import type { SettleWork } from "./settle-work.ts";

/**
 * Returns the rows of one delivery as they will be when the works are written. Works that are written already change
 * nothing. Without this, a delivery whose outcome is only in memory would be shown in a wrong state, for as long as the
 * disk is slow or full.
 */
export function withUnwritten(
  rows: DeliveryRows,
  works: readonly SettleWork[],
  subscriptionId: SubscriptionId,
  seq: Seq,
): DeliveryRows {
  let { parked, dead } = rows;
  const attempts: Attempt[] = [...rows.attempts];
  for (const work of works) {
    for (const attempt of work.attempts.of(subscriptionId, seq)) {
      if (!attempts.some((known) => isSame(known, attempt))) attempts.push(attempt);
    }
    // A commit writes in this order.
    for (const row of work.dead) {
      if (row.subscriptionId === subscriptionId && row.message.seq === seq) dead = row.reason;
    }
    for (const row of work.parked) {
      if (row.subscriptionId === subscriptionId && row.seq === seq) parked = { dueAtMs: row.dueAtMs };
    }
    for (const row of work.unparked) {
      if (row.subscriptionId === subscriptionId && row.seq === seq) parked = null;
    }
  }
  return { parked, dead, attempts };
}

function isSame(one: Attempt, other: Attempt): boolean {
  const { attempt, startedAtMs, verdict } = other;
  return one.attempt === attempt && one.startedAtMs === startedAtMs && one.verdict === verdict;
}
