import type { RetryAfter } from "@ringback/sdk/protocols";
import { limits } from "../../domain/limits.ts";
import type { RetryPolicy, TimeMs } from "../../domain/model.ts";
import type { Random } from "../../domain/ports.ts";
import { nextRetry } from "../../domain/retry.ts";
import type { ClaimedDelivery, Settled } from "../../store/log.ts";

export interface FailedAttempt {
  readonly delivery: ClaimedDelivery;
  readonly startedAtMs: TimeMs;
  readonly nowMs: TimeMs;
  /** What the endpoint asks for before the next one. */
  readonly retryAfter: RetryAfter | null;
}

/** Again when the policy says, and not before the endpoint asks for it; or never. */
export function afterFailure(policy: RetryPolicy, failed: FailedAttempt, random: Random): Settled {
  const { delivery, nowMs } = failed;
  const { retriesMade } = delivery;
  const firstAttemptAtMs = delivery.firstAttemptAtMs ?? failed.startedAtMs;
  const retry = nextRetry(policy, { retriesMade, firstAttemptAtMs, nowMs }, random);
  if (retry === null) return { kind: "dead", reason: "retries_exhausted" };
  const delayMs = Math.max(retry.delayMs, askedDelayMs(failed.retryAfter, nowMs));
  return { kind: "parked", dueAtMs: nowMs + delayMs, retriesMade: retriesMade + 1 };
}

/** An endpoint may ask for patience, not for haste, and for no more of it than `limits.retryAfterMsMax`. */
function askedDelayMs(retryAfter: RetryAfter | null, nowMs: TimeMs): number {
  if (retryAfter === null) return 0;
  const askedMs = "delayMs" in retryAfter ? retryAfter.delayMs : retryAfter.atMs - nowMs;
  return Math.min(askedMs, limits.retryAfterMsMax);
}
