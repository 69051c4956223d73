import { RingbackError } from "../domain/errors.ts";
import type { ReceiverAnswer, Settlement } from "./port.ts";
import type { Attempt, Seq } from "../domain/model.ts";

/**
 * The database takes whole numbers only. A settlement that it refuses would be tried again for ever, and every publish
 * of its commit with it, so a caller's mistake is told here, before anything is taken.
 */
export function assertStorable({ attempt, settled }: Settlement): void {
  if (attempt !== null) assertAttempt(attempt);
  if (settled.kind !== "parked") return;
  assertWhole("dueAtMs", settled.dueAtMs);
  assertWhole("retriesMade", settled.retriesMade);
  if (settled.firstAttemptAtMs !== undefined) assertWhole("firstAttemptAtMs", settled.firstAttemptAtMs);
}

/** The same for what a receiver says. What names no delivery that there could be is no mistake: receipts come from outside. */
export function assertAnswerStorable({ answer }: ReceiverAnswer): void {
  if (answer.kind === "due") assertWhole("dueAtMs", answer.dueAtMs);
  else assertAttempt(answer.attempt);
}

/** Where the first word about each delivery stands, of those that could name one. */
export function firstWords(answers: readonly ReceiverAnswer[]): readonly number[] {
  const said = new Set<Seq>();
  const places: number[] = [];
  for (const [place, { handedOut }] of answers.entries()) {
    const { seq, retriesMade, firstAttemptAtMs } = handedOut;
    if (![seq, retriesMade, firstAttemptAtMs].every(Number.isSafeInteger) || said.has(seq)) continue;
    said.add(seq);
    places.push(place);
  }
  return places;
}

function assertAttempt(attempt: Attempt): void {
  assertWhole("attempt", attempt.attempt);
  assertWhole("startedAtMs", attempt.startedAtMs);
  assertWhole("durationMs", attempt.durationMs);
  if (attempt.status !== null) assertWhole("status", attempt.status);
}

function assertWhole(name: string, value: number): void {
  if (Number.isSafeInteger(value)) return;
  throw new RingbackError("internal", `A settlement's ${name} is ${value}, which is no whole number.`);
}
