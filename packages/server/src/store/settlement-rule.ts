import { RingbackError } from "../domain/errors.ts";
import type { PulledSettlement, Settlement } from "./log.ts";
import type { Attempt } from "../domain/model.ts";

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
export function assertAnswerStorable({ answer }: PulledSettlement): void {
  if (answer.kind === "due") assertWhole("dueAtMs", answer.dueAtMs);
  else assertAttempt(answer.attempt);
}

/**
 * Where the first word about each handing out stands, of those that could name one. Of several handings out of one delivery,
 * which a receiver may answer for together, one at most is the one that counts.
 */
export function firstWords(answers: readonly PulledSettlement[]): readonly number[] {
  const said = new Set<string>();
  const places: number[] = [];
  for (const [place, { pulled }] of answers.entries()) {
    const { seq, retriesMade, firstAttemptAtMs } = pulled;
    const parts = [seq, retriesMade, firstAttemptAtMs];
    if (!parts.every(Number.isSafeInteger) || said.has(parts.join(" "))) continue;
    said.add(parts.join(" "));
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
