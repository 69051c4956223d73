import type { Seq, TimeMs } from "../../domain/model.ts";
import { takeDelivery, type ClaimInProgress } from "./log-scan.ts";
import type { DueDelivery } from "./operations/read-due.ts";
import type { ParkRow, UnparkRow } from "./operations/settle.ts";
import type { ClaimContext } from "./claim-context.ts";
import type { SubscriptionEntry } from "./subscription-entry.ts";

export function isParkedDue(entry: SubscriptionEntry, nowMs: TimeMs): boolean {
  const due = entry.nextParkedDueAtMs;
  return entry.parkedCount > 0 && due !== null && due <= nowMs && !(entry.order === "strict" && entry.openCount > 0);
}

/** Takes parked deliveries that are due. Returns whether more may be due. */
export async function takeParked(context: ClaimContext, claim: ClaimInProgress): Promise<boolean> {
  const { entry, want, nowMs } = claim;
  if (!isParkedDue(entry, nowMs)) return false;
  const dueAtMs = entry.nextParkedDueAtMs ?? nowMs;
  // Reset before the read, so that a delivery that is parked during the read sets the time again.
  entry.nextParkedDueAtMs = null;
  entry.closedWhileReading = new Set();
  try {
    const found = await context.reader.call("readDue", {
      topicId: entry.topic.topic.id,
      subscriptionId: entry.id,
      nowMs,
      deliveriesMax: entry.order === "strict" ? 1 : want.deliveriesMax,
      bytesMax: want.bytesMax,
      skip: rowsNotToRead(entry),
    });
    if (entry.removed) return false;
    const next = found.more ? nowMs : found.nextDueAtMs;
    if (next !== null) entry.parkedDueAt(next);
    takeFound(context, claim, found.due);
    return found.more;
  } catch (error) {
    entry.parkedDueAt(dueAtMs);
    throw error;
  } finally {
    entry.closedWhileReading = null;
  }
}

function takeFound({ claimWrites }: ClaimContext, claim: ClaimInProgress, found: readonly DueDelivery[]): void {
  const { entry } = claim;
  const parked: ParkRow[] = [];
  const unparked: UnparkRow[] = [];
  for (const row of found) {
    if (entry.open.has(row.seq) || entry.closedWhileReading?.has(row.seq) === true) continue;
    if (entry.isAnswerPending(row.seq)) continue;
    const { seq, message, attemptsMade, retriesMade, firstAttemptAtMs, deadLetterId } = row;
    if (message === null) {
      // A damaged database has lost the message. The delivery counts as expired, so it is not lost silently.
      unparked.push({ subscriptionId: entry.id, seq, orderingKey: row.orderingKey, deadLetterId, expired: true });
      continue;
    }
    const orderingKey = row.orderingKey === null ? entry.orderingKeyOf(message) : null;
    if (orderingKey !== null && entry.isBlocked(orderingKey)) {
      // A delivery that was delayed or redriven joins the order of its key only when it becomes due.
      const counts = { attemptsMade, retriesMade, firstAttemptAtMs };
      parked.push({ subscriptionId: entry.id, seq, dueAtMs: null, ...counts, orderingKey });
      entry.blockKey(orderingKey);
    } else takeDelivery(claim, { ...row, message, parked: true });
  }
  if (parked.length + unparked.length > 0) claimWrites.changeParked(entry, { parked, unparked });
}

/** Positions of deliveries that are open, that a claim is about to change, or that have a pending answer. */
function rowsNotToRead(entry: SubscriptionEntry): Seq[] {
  const seqs = [...(entry.changing ?? []), ...entry.pendingAnswers()];
  for (const [seq, { parked }] of entry.open) if (parked) seqs.push(seq);
  return seqs;
}
