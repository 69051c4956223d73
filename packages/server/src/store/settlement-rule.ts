import { RingbackError } from "../domain/errors.ts";
import type { Attempt } from "../domain/model.ts";
import type { PulledSettlement, Settlement } from "./log.ts";

/**
 * Throws for a settlement that cannot be stored, because the database stores whole numbers only. A settlement that the
 * database refuses would be retried for ever, and with it every publish of its commit. So an invalid settlement rejects
 * its whole call at once.
 */
export function assertStorable({ attempt, settled }: Settlement): void {
  if (attempt !== null) assertAttempt(attempt);
  if (settled.kind !== "parked") return;
  assertWhole("dueAtMs", settled.dueAtMs);
  assertWhole("retriesMade", settled.retriesMade);
  if (settled.firstAttemptAtMs !== undefined) assertWhole("firstAttemptAtMs", settled.firstAttemptAtMs);
}

/** Throws for an answer that cannot be stored. Its receipt handle may contain anything, because clients send it. */
export function assertAnswerStorable({ answer }: PulledSettlement): void {
  if (answer.kind === "due") assertWhole("dueAtMs", answer.dueAtMs);
  else assertAttempt(answer.attempt);
}

/**
 * Returns the indexes of the first answer for each pulled delivery. Later answers for the same delivery are ignored,
 * and so are answers with values that no delivery can have.
 */
export function firstAnswers(answers: readonly PulledSettlement[]): readonly number[] {
  const seen = new Set<string>();
  const indexes: number[] = [];
  for (const [index, { pulled }] of answers.entries()) {
    const { seq, retriesMade, firstAttemptAtMs } = pulled;
    const parts = [seq, retriesMade, firstAttemptAtMs];
    if (!parts.every(Number.isSafeInteger) || seen.has(parts.join(" "))) continue;
    seen.add(parts.join(" "));
    indexes.push(index);
  }
  return indexes;
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

/** Whether the settlement records a pull: the delivery was received, and no POST was made. */
export function isPulled({ attempt, settled }: Settlement): boolean {
  return attempt === null && settled.kind === "parked" && settled.firstAttemptAtMs !== undefined;
}
