import { RingbackError } from "../domain/errors.ts";
import type { Attempt } from "../domain/model.ts";
import type { PulledSettlement, Settlement } from "./log.ts";

/**
 * The database stores whole numbers only. A settlement that it refuses would be retried for ever, and with it every
 * publish of its commit. So an invalid settlement is rejected before any of its call is accepted.
 */
export function assertStorable({ attempt, settled }: Settlement): void {
  if (attempt !== null) assertAttempt(attempt);
  if (settled.kind !== "parked") return;
  assertWhole("dueAtMs", settled.dueAtMs);
  assertWhole("retriesMade", settled.retriesMade);
  if (settled.firstAttemptAtMs !== undefined) assertWhole("firstAttemptAtMs", settled.firstAttemptAtMs);
}

/**
 * The same for a receiver's answer. Its receipt handle may contain anything, because clients send it.
 */
export function assertAnswerStorable({ answer }: PulledSettlement): void {
  if (answer.kind === "due") assertWhole("dueAtMs", answer.dueAtMs);
  else assertAttempt(answer.attempt);
}

/**
 * Indexes of the first answer per pulled delivery; later answers for the same one are ignored, and so are answers that
 * can name no delivery.
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
