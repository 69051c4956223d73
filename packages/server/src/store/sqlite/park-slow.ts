import type { TimeMs } from "../../domain/model.ts";
import type { ParkRow } from "./operations/settle.ts";
import type { SubscriptionEntry } from "./subscription-entry.ts";

/**
 * Largest number of positions between `settledThrough` and `scannedThrough` of a cursor. Beyond that, the slowest open
 * deliveries get rows in `parked`, so that the cursor can move on and needs few bits for later positions.
 */
export const AHEAD_MAX = 2_048;

const none: readonly ParkRow[] = [];

/**
 * Moves the cursor past the slowest open deliveries, and returns rows that park them. The caller writes the rows. No
 * claim takes these deliveries while they are open. The rows are due at once, so that a later process claims them if
 * this one ends before they are settled.
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
