import type { Seq, TimeMs } from "../../domain/model.ts";
import { takeDelivery, type ClaimInProgress } from "./log-scan.ts";
import type { DueDelivery, DueInput } from "./operations/read-due.ts";
import type { ParkRow, UnparkRow } from "./operations/settle.ts";
import type { ClaimContext } from "./claim-context.ts";
import type { SubscriptionEntry } from "./subscription-entry.ts";

export function isParkedDue(entry: SubscriptionEntry, nowMs: TimeMs): boolean {
  const due = entry.nextParkedDueAtMs;
  if (entry.parkedCount === 0 || due === null || due > nowMs) return false;
  return entry.order !== "strict" || !entry.hasOpen(false) || (entry.mayHaveApart && !entry.hasOpen(true));
}

/**
 * How many deliveries of each sort a claim may take. While the log has messages, copies get a share of the claim. A
 * strictly ordered subscription has one open delivery, and one open copy beside it.
 */
function boundsOf({
  entry,
  want,
}: ClaimInProgress): Pick<DueInput, "deliveriesMax" | "apartFirst" | "apartMax" | "orderedMax"> {
  const { deliveriesMax } = want;
  if (entry.order === "strict") {
    const apartMax = entry.mayHaveApart && !entry.hasOpen(true) ? 1 : 0;
    const orderedMax = entry.hasOpen(false) ? 0 : 1;
    return { deliveriesMax: apartMax + orderedMax, apartFirst: apartMax, apartMax, orderedMax };
  }
  if (!entry.mayHaveApart) return { deliveriesMax, apartFirst: 0, apartMax: deliveriesMax, orderedMax: deliveriesMax };
  const apartFirst = entry.apartShareOf(deliveriesMax);
  const apartMax = want.fromLog && entry.hasUnread ? apartFirst : deliveriesMax;
  return { deliveriesMax, apartFirst, apartMax, orderedMax: deliveriesMax };
}

/** Takes parked deliveries that are due. Returns whether more may be due. */
export async function takeParked(context: ClaimContext, claim: ClaimInProgress): Promise<boolean> {
  const { entry, want, nowMs } = claim;
  if (!isParkedDue(entry, nowMs)) return false;
  const bounds = boundsOf(claim);
  const dueAtMs = entry.nextParkedDueAtMs ?? nowMs;
  // Reset before the read, so that a delivery that is parked during the read sets them again.
  entry.nextParkedDueAtMs = null;
  const mayHaveApart = entry.mayHaveApart;
  entry.mayHaveApart = false;
  entry.closedWhileReading = new Set();
  try {
    const found = await context.reader.call("readDue", {
      topicId: entry.topic.topic.id,
      subscriptionId: entry.id,
      nowMs,
      mayHaveApart,
      ...bounds,
      bytesMax: want.bytesMax,
      skip: rowsNotToRead(entry),
    });
    if (entry.removed) return false;
    if (found.hasApart) entry.mayHaveApart = true;
    const next = found.more ? nowMs : found.nextDueAtMs;
    if (next !== null) entry.parkedDueAt(next);
    takeFound(context, claim, found.due);
    // With strict order, the next copy waits until the open one has ended.
    return found.more && !(entry.order === "strict" && entry.hasOpen(true));
  } catch (error) {
    entry.parkedDueAt(dueAtMs);
    if (mayHaveApart) entry.mayHaveApart = true;
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
    const orderingKey = row.orderingKey === null ? entry.orderingKeyOf({ ...row, message }) : null;
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
