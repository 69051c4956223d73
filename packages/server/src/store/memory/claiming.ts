import type { Message, TimeMs } from "../../domain/model.ts";
import { earlier } from "../earlier.ts";
import type { Claim, ClaimedDelivery, ClaimId, ClaimWant } from "../log.ts";
import type { ParkedDelivery } from "./parked-deliveries.ts";
import type { SubscriptionState } from "./subscription-state.ts";

/** Positions that one claim reads, so that a filter that matches nothing cannot block the event loop. */
const SCAN_MAX = 1_000;

interface ClaimInProgress {
  readonly id: ClaimId;
  readonly want: ClaimWant;
  readonly nowMs: TimeMs;
  readonly leaseUntilMs: TimeMs;
  readonly deliveries: ClaimedDelivery[];
  /** Bytes of the messages in `deliveries`. */
  bytes: number;
}

export function claimFrom(
  state: SubscriptionState,
  id: ClaimId,
  want: ClaimWant,
  nowMs: TimeMs,
  leaseMs: number,
): Claim {
  state.releaseExpired(nowMs);
  const claim: ClaimInProgress = { id, want, nowMs, leaseUntilMs: nowMs + leaseMs, deliveries: [], bytes: 0 };
  const moreParked = takeParked(state, claim);
  takeFromLog(state, claim);
  const { deliveries } = claim;
  if (state.subscription.settings.order !== "none") deliveries.sort((a, b) => a.message.seq - b.message.seq);
  return {
    id,
    subscriptionId: state.subscription.id,
    deliveries,
    more: !state.isHeld && (moreParked || (want.fromLog && state.hasUnread)),
    nextDueAtMs: nextDueAtMs(state, deliveries.length),
    parkedCount: state.parked.size,
  };
}

/** Returns whether more parked deliveries are due. */
function takeParked(state: SubscriptionState, claim: ClaimInProgress): boolean {
  const { order } = state.subscription.settings;
  if (order === "strict" && state.open.size > 0) return false;
  const countMax = order === "strict" ? 1 : claim.want.deliveriesMax;
  return state.parked.takeDue(
    claim.nowMs,
    (seq) => state.open.has(seq),
    (parked) => {
      if (claim.deliveries.length >= countMax || claim.bytes >= claim.want.bytesMax) return false;
      const key = parked.orderingKey === null ? state.orderingKeyOf(parked.message) : null;
      // A delayed or redriven delivery joins the order of its key only now.
      if (state.parked.isBlocked(key)) park(state, { ...parked, dueAtMs: null, orderingKey: key }, claim.nowMs);
      else take(state, claim, parked);
      return true;
    },
  );
}

function takeFromLog(state: SubscriptionState, claim: ClaimInProgress): void {
  const { cursor, topic } = state;
  const { want, nowMs } = claim;
  if (!want.fromLog) return;
  for (let scanned = 0; scanned < SCAN_MAX && state.hasUnread; scanned++) {
    if (state.isHeld || claim.deliveries.length >= want.deliveriesMax || claim.bytes >= want.bytesMax) return;
    const seq = ++cursor.scannedThrough;
    const message = topic.message(seq);
    if (message === undefined || cursor.isDone(seq) || state.open.has(seq)) continue;
    if (!state.matches(message)) cursor.settle(seq);
    else if (!parkFromLog(state, message, nowMs)) take(state, claim, newDelivery(message));
  }
}

/** Parks a message whose time has not come, or whose key is blocked. Returns false for any other. */
function parkFromLog(state: SubscriptionState, message: Message, nowMs: TimeMs): boolean {
  const key = state.orderingKeyOf(message);
  const parked = { ...newDelivery(message), deadLetterId: null };
  if (message.deliverAtMs !== null && message.deliverAtMs > nowMs) {
    park(state, { ...parked, dueAtMs: message.deliverAtMs, orderingKey: null }, nowMs);
  } else if (state.parked.isBlocked(key)) park(state, { ...parked, dueAtMs: null, orderingKey: key }, nowMs);
  else return false;
  return true;
}

export function park(state: SubscriptionState, parked: ParkedDelivery, nowMs: TimeMs): void {
  state.parked.put(parked, nowMs);
  state.cursor.settle(parked.message.seq);
}

function newDelivery(message: Message): ClaimedDelivery {
  return { message, attemptsMade: 0, retriesMade: 0, firstAttemptAtMs: null };
}

function take(state: SubscriptionState, claim: ClaimInProgress, delivery: ClaimedDelivery): void {
  const { message, attemptsMade, retriesMade, firstAttemptAtMs } = delivery;
  const claimed = { message, attemptsMade, retriesMade, firstAttemptAtMs };
  state.take(claim.id, claimed, claim.leaseUntilMs);
  claim.deliveries.push(claimed);
  claim.bytes += message.body.byteLength;
}

/** An empty claim also considers when the leases of others end. */
function nextDueAtMs(state: SubscriptionState, claimedCount: number): TimeMs | null {
  const due = state.parked.nextDueAtMs;
  if (state.open.size === 0) return due;
  const leaseEnd = claimedCount === 0 ? state.leaseEndMs : null;
  // In strict order, parked deliveries wait for the open one.
  if (state.subscription.settings.order === "strict") return leaseEnd;
  return earlier(due, leaseEnd);
}

/** For subscriptions that cannot be claimed from. */
export function emptyClaim(id: ClaimId, subscriptionId: Claim["subscriptionId"]): Claim {
  return { id, subscriptionId, deliveries: [], more: false, nextDueAtMs: null, parkedCount: 0 };
}
