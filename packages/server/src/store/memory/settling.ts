import type { Seq, TimeMs } from "../../domain/model.ts";
import type { ClaimedDelivery, PulledSettlement, Settlement } from "../log.ts";
import type { DeadLetter } from "../records.ts";
import { park } from "./claiming.ts";
import type { SubscriptionState } from "./subscription-state.ts";

export interface Outcome {
  /** False: void, because the delivery is not as the caller saw it. */
  readonly applied: boolean;
  /** A delivery can be claimed now, or earlier than before. */
  readonly ready: boolean;
}

const nothing: Outcome = { applied: false, ready: false };

export function settle(state: SubscriptionState, settlement: Settlement, nowMs: TimeMs): Outcome {
  const { claimId, delivery, attempt, settled } = settlement;
  const { message } = delivery;
  const open = state.open.get(message.seq);
  if (open?.claimId !== claimId) return nothing;
  const before = open.delivery;
  const attemptsMade = before.attemptsMade + (attempt === null ? 0 : 1);
  const isStrict = state.subscription.settings.order === "strict";
  if (attempt !== null) state.addAttempt(message.seq, attempt);
  if (settled.kind === "released") {
    state.release(message.seq, nowMs);
    return { applied: true, ready: true };
  }
  if (settled.kind === "held" || settled.kind === "parked") {
    return parkAgain(state, parkedBy(settlement, before), nowMs);
  }
  if (settled.kind === "dead") state.addDeadLetter(message, settled.reason, attemptsMade, nowMs, attempt);
  else dropRedriven(state, message.seq);
  return { applied: true, ready: state.end(message.seq, nowMs) || isStrict };
}

/** A delivery as it is going to be parked. */
interface Parking extends ClaimedDelivery {
  readonly dueAtMs: TimeMs | null;
}

function parkedBy({ attempt, settled }: Settlement, before: ClaimedDelivery): Parking {
  if (settled.kind !== "parked") return { ...before, dueAtMs: null };
  const { dueAtMs, retriesMade, firstAttemptAtMs: pulledAtMs = null } = settled;
  const attemptsMade = before.attemptsMade + (attempt === null ? 0 : 1);
  const firstAttemptAtMs = before.firstAttemptAtMs ?? attempt?.startedAtMs ?? pulledAtMs;
  return { message: before.message, attemptsMade, retriesMade, firstAttemptAtMs, dueAtMs };
}

function parkAgain(state: SubscriptionState, parked: Parking, nowMs: TimeMs): Outcome {
  const { message } = parked;
  const orderingKey = state.orderingKeyOf(message);
  const deadLetterId = state.parked.get(message.seq)?.deadLetterId ?? null;
  // Without a key, no earlier delivery could release a held one.
  const dueAtMs = parked.dueAtMs ?? (orderingKey === null ? nowMs : null);
  state.leaveClaim(message.seq);
  park(state, { ...parked, dueAtMs, orderingKey, deadLetterId }, nowMs);
  return { applied: true, ready: dueAtMs === null || dueAtMs <= nowMs };
}

/** A receiver's answer about a delivery that it pulled. */
export function settlePulled(state: SubscriptionState, { pulled, answer }: PulledSettlement, nowMs: TimeMs): Outcome {
  const { seq, retriesMade, firstAttemptAtMs } = pulled;
  const parked = state.parked.get(seq);
  if (parked === undefined || state.open.has(seq) || parked.dueAtMs === null || parked.dueAtMs <= nowMs) return nothing;
  if (parked.retriesMade !== retriesMade || parked.firstAttemptAtMs !== firstAttemptAtMs) return nothing;
  if (answer.kind === "due") {
    state.parked.setDue(seq, answer.dueAtMs);
    return { applied: true, ready: true };
  }
  state.addAttempt(seq, answer.attempt);
  dropRedriven(state, seq);
  return { applied: true, ready: state.end(seq, nowMs) };
}

/** Makes every message from this position on claimable, as if it had never been claimed. */
export function rewind(state: SubscriptionState, fromSeq: Seq): void {
  for (const seq of state.open.keys()) if (seq >= fromSeq) state.leaveClaim(seq);
  for (const { message } of state.parked.values()) {
    if (message.seq < fromSeq) continue;
    dropRedriven(state, message.seq);
    state.parked.delete(message.seq);
  }
  state.cursor.goBackTo(fromSeq);
}

/** Turns the dead letter into a delivery that is due now. */
export function redrive(state: SubscriptionState, id: number, letter: DeadLetter, nowMs: TimeMs): void {
  const { message, attemptsMade } = letter;
  // A delivery that is parked already, or still to be read from the log after a rewind, replaces the redriven one.
  if (state.parked.get(message.seq) !== undefined || !state.cursor.isDone(message.seq)) {
    state.deadLetters.delete(id);
    return;
  }
  state.deadLetters.setRedriven(id, true);
  const counts = { attemptsMade, retriesMade: 0, firstAttemptAtMs: null };
  park(state, { message, ...counts, dueAtMs: nowMs, orderingKey: null, deadLetterId: id }, nowMs);
}

function dropRedriven(state: SubscriptionState, seq: Seq): void {
  const id = state.parked.get(seq)?.deadLetterId ?? null;
  if (id !== null) state.deadLetters.delete(id);
}
