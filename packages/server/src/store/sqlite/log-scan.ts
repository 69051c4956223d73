import type { Message, Seq, TimeMs } from "../../domain/model.ts";
import type { ClaimedDelivery, ClaimWant } from "../log.ts";
import { apartMember } from "../record-rows.ts";
import type { MessageCache } from "./message-cache.ts";
import type { DueDelivery } from "./operations/read-due.ts";
import type { DeliveryCounts, ParkRow, UnparkRow } from "./operations/settle.ts";
import { parkSlowDeliveries } from "./park-slow.ts";
import type { ClaimContext } from "./claim-context.ts";
import type { ClaimState, SubscriptionEntry } from "./subscription-entry.ts";

/** Positions that one claim examines. Without a limit, a filter that matches nothing would block the event loop. */
const SCAN_MAX = 1_000;
/** Bounds of one read of the log. */
const READ_MESSAGES_MIN = 32;
const READ_MESSAGES_MAX = 256;
const READ_BYTES_MAX = 4 * 1024 * 1024;

export interface ClaimInProgress {
  readonly entry: SubscriptionEntry;
  readonly want: ClaimWant;
  readonly state: ClaimState;
  readonly nowMs: TimeMs;
  readonly deliveries: ClaimedDelivery[];
  /** Bytes of the messages in `deliveries`. */
  bytes: number;
}

/** Whether the claim can be made from memory, without reading the database. */
export function isCached({ cache }: ClaimContext, claim: ClaimInProgress): boolean {
  const { entry } = claim;
  return !wantsMore(claim) || !entry.hasUnread || isNextCached(cache, entry);
}

export function takeCached(context: ClaimContext, claim: ClaimInProgress): void {
  const topicId = claim.entry.topic.topic.id;
  scan(context, claim, (seq) => context.cache.get(topicId, seq));
}

/** Reads the log from the position where the last claim of the subscription stopped. */
export async function takeFromLog(context: ClaimContext, claim: ClaimInProgress): Promise<void> {
  const { cache, reader } = context;
  const { entry, want } = claim;
  if (entry.removed || !wantsMore(claim) || !entry.hasUnread) return;
  if (isNextCached(cache, entry)) {
    takeCached(context, claim);
    return;
  }
  const fromSeq = entry.cursor.scannedThrough + 1;
  const throughSeq = entry.topic.lastSeq;
  const messages = await reader.call("readLog", {
    topicId: entry.topic.topic.id,
    fromSeq,
    throughSeq,
    messagesMax: Math.min(READ_MESSAGES_MAX, Math.max(want.deliveriesMax, READ_MESSAGES_MIN)),
    bytesMax: Math.min(READ_BYTES_MAX, want.bytesMax),
  });
  if (entry.removed) return;
  const bySeq = new Map(messages.map((message) => [message.seq, message]));
  const lastSeq = messages.at(-1)?.seq ?? throughSeq;
  // A delivery that was released meanwhile may have moved the cursor back to before `fromSeq`.
  scan(context, claim, (seq) => bySeq.get(seq) ?? (seq >= fromSeq && seq <= lastSeq ? "lost" : undefined));
}

function isNextCached(cache: MessageCache, { topic, cursor }: SubscriptionEntry): boolean {
  return cache.get(topic.topic.id, cursor.scannedThrough + 1) !== undefined;
}

/**
 * Examines the log up to the first message that `messageAt` does not have. A message that a damaged database has lost
 * counts as expired, because it must neither block the others nor disappear silently.
 */
function scan(
  { claimWrites }: ClaimContext,
  claim: ClaimInProgress,
  messageAt: (seq: Seq) => Message | "lost" | undefined,
): void {
  const { entry, nowMs } = claim;
  const { cursor, topic } = entry;
  const parked: ParkRow[] = [];
  const lost: UnparkRow[] = [];
  let passed = false;
  for (let scanned = 0; scanned < SCAN_MAX && wantsMore(claim); scanned++) {
    const seq = cursor.scannedThrough + 1;
    if (seq > topic.lastSeq) break;
    if (cursor.isDone(seq) || entry.open.has(seq)) {
      cursor.scannedThrough = seq;
      continue;
    }
    const message = messageAt(seq);
    if (message === undefined) break;
    cursor.scannedThrough = seq;
    if (message === "lost") {
      cursor.settle(seq);
      lost.push({ subscriptionId: entry.id, seq, orderingKey: null, deadLetterId: null, expired: true });
    } else if (!entry.matches(message)) {
      cursor.settle(seq);
      passed = true;
    } else {
      const row = parkInsteadOfClaim(entry, message, nowMs);
      if (row === null) takeDelivery(claim, { ...fresh, seq, message });
      else parked.push(row);
    }
  }
  entry.parkedCount += parked.length;
  parked.push(...parkSlowDeliveries(entry, nowMs));
  if (parked.length + lost.length > 0) claimWrites.parkFromLog(entry, parked, lost);
  else if (passed) claimWrites.cursorMoved(entry);
}

function wantsMore({ entry, want, deliveries, bytes }: ClaimInProgress): boolean {
  return want.fromLog && deliveries.length < want.deliveriesMax && bytes < want.bytesMax && !isHeldByOrder(entry);
}

/**
 * Whether the log must wait: with strict order, nothing is claimed from it while a delivery is open or parked. Copies
 * that are apart from the order do not count.
 */
export function isHeldByOrder(entry: SubscriptionEntry): boolean {
  return entry.order === "strict" && (entry.hasOpen(false) || entry.isBlocked(""));
}

/** The counts of a delivery that has never been claimed. */
const unclaimed: DeliveryCounts = { attemptsMade: 0, retriesMade: 0, firstAttemptAtMs: null };
const fresh = { ...unclaimed, parked: false, orderingKey: null, deadLetterId: null };

/**
 * Returns the parked row for a message that is delayed or whose ordering key is blocked; null for any other message.
 */
function parkInsteadOfClaim(entry: SubscriptionEntry, message: Message, nowMs: TimeMs): ParkRow | null {
  const { seq, deliverAtMs } = message;
  const isDelayed = deliverAtMs !== null && deliverAtMs > nowMs;
  const orderingKey = isDelayed ? null : entry.orderingKeyOf({ message });
  if (!isDelayed && !entry.isBlocked(orderingKey)) return null;
  if (orderingKey !== null) entry.blockKey(orderingKey);
  entry.cursor.settle(seq);
  return { subscriptionId: entry.id, seq, ...unclaimed, dueAtMs: isDelayed ? deliverAtMs : null, orderingKey };
}

export function takeDelivery(
  claim: ClaimInProgress,
  delivery: DueDelivery & { readonly message: Message; readonly parked: boolean },
): void {
  const { seq, message, attemptsMade, retriesMade, firstAttemptAtMs, parked, orderingKey, deadLetterId } = delivery;
  const { isApart } = delivery;
  const claimed = { message, attemptsMade, retriesMade, firstAttemptAtMs, ...apartMember(isApart === true) };
  const unsettled = { settling: false, attempt: null };
  claim.entry.addOpen(seq, { ...claimed, claim: claim.state, parked, orderingKey, deadLetterId, ...unsettled });
  claim.deliveries.push(claimed);
  claim.bytes += message.body.byteLength;
}
