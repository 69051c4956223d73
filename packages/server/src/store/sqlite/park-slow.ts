import type { TimeMs } from "../../domain/model.ts";
import type { SubscriptionEntry } from "./catalog.ts";
import type { ParkRow } from "./operations/settle.ts";

/**
 * How far a cursor may run ahead of its slowest open delivery. Past it the slow one gets a row of its own, so that the
 * bits beyond the cursor stay few.
 */
export const AHEAD_MAX = 2_048;

const none: readonly ParkRow[] = [];

/**
 * Moves the slowest open deliveries out of the cursor's way. Their rows are due at once, in case the process ends before
 * they are settled; as long as they are open no claim takes them. The caller writes the rows.
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
    rows.push({
      subscriptionId: entry.id,
      seq,
      dueAtMs: nowMs,
      attempts: open.attemptsMade,
      retries: open.retriesMade,
      firstAttemptAtMs: open.firstAttemptAtMs,
      orderingKey: null,
    });
    cursor.settle(seq);
  }
  return rows;
}
