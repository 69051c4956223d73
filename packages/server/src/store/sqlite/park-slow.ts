import type { TimeMs } from "../../domain/model.ts";
import type { ParkRow } from "./operations/settle.ts";
import type { SubscriptionEntry } from "./subscription-entry.ts";

/**
 * How far a cursor may run ahead of its slowest open delivery. Past that the slow delivery gets a row of its own, so
 * that few bits follow the cursor.
 */
export const AHEAD_MAX = 2_048;

const none: readonly ParkRow[] = [];

/**
 * Returns rows for the slowest open deliveries, which the cursor then passes. The rows are due at once, in case the
 * process ends before the deliveries are settled; while they are open, no claim takes them. The caller writes the rows.
 */
export function parkSlowDeliveries(entry: SubscriptionEntry, nowMs: TimeMs): readonly ParkRow[] {
  const { cursor } = entry;
  if (cursor.scannedThrough - cursor.settledThrough <= AHEAD_MAX) return none;
  const rows: ParkRow[] = [];
  while (cursor.scannedThrough - cursor.settledThrough > AHEAD_MAX) {
    const seq = cursor.settledThrough + 1;
    const open = entry.open.get(seq);
    if (open === undefined || open.parked) break;
    open.parked = true;
    entry.parkedCount++;
    const { attemptsMade, retriesMade, firstAttemptAtMs } = open;
    const counts = { attemptsMade, retriesMade, firstAttemptAtMs };
    rows.push({ subscriptionId: entry.id, seq, dueAtMs: nowMs, ...counts, orderingKey: null });
    cursor.settle(seq);
  }
  return rows;
}
