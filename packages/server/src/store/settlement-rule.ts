import { RingbackError } from "../domain/errors.ts";
import type { Settlement } from "./port.ts";

/**
 * The database takes whole numbers only. A settlement that it refuses would be tried again for ever, and every publish
 * of its commit with it, so a caller's mistake is told here, before anything is taken.
 */
export function assertStorable({ attempt, settled }: Settlement): void {
  if (attempt !== null) {
    assertWhole("attempt", attempt.attempt);
    assertWhole("startedAtMs", attempt.startedAtMs);
    assertWhole("durationMs", attempt.durationMs);
    if (attempt.status !== null) assertWhole("status", attempt.status);
  }
  if (settled.kind !== "parked") return;
  assertWhole("dueAtMs", settled.dueAtMs);
  assertWhole("retriesMade", settled.retriesMade);
}

function assertWhole(name: string, value: number): void {
  if (Number.isSafeInteger(value)) return;
  throw new RingbackError("internal", `A settlement's ${name} is ${value}, which is no whole number.`);
}
