import type { RetryAfter } from "@ringback/sdk/protocols";
import { limits } from "../../domain/limits.ts";
import type { RetryPolicy, TimeMs } from "../../domain/model.ts";
import type { Moment, Random } from "../../domain/ports.ts";
import { nextRetry } from "../../domain/retry.ts";
import type { ClaimedDelivery, Settled } from "../../store/log.ts";
import { requestedDelayMs } from "./overload.ts";

export interface FailedAttempt extends Moment {
  readonly delivery: ClaimedDelivery;
  /** Steady time. */
  readonly startedAtMs: TimeMs;
  readonly errorCode: string | null;
  /** The wait that the endpoint requested. */
  readonly retryAfter: RetryAfter | null;
}

/**
 * Parks the delivery until the next attempt of the retry policy, or longer if the endpoint requested a longer wait. If
 * the policy has no further attempt, the delivery becomes a dead letter.
 */
export function afterFailure(policy: RetryPolicy, failed: FailedAttempt, random: Random): Settled {
  const { delivery, nowMs, wallMs, retryAfter } = failed;
  const { retriesMade } = delivery;
  const firstAttemptAtMs = delivery.firstAttemptAtMs ?? failed.startedAtMs;
  // The configuration denies the address, so a later attempt would fail as well.
  if (failed.errorCode === "address_denied") return { kind: "dead", reason: "address_denied" };
  const retry = nextRetry(policy, { retriesMade, firstAttemptAtMs, nowMs }, random);
  if (retry === null) return { kind: "dead", reason: "retries_exhausted" };
  // An endpoint can request a longer wait than the policy's, within a limit, but not a shorter one.
  const requestedMs = retryAfter === null ? 0 : Math.min(requestedDelayMs(retryAfter, wallMs), limits.retryAfterMsMax);
  const delayMs = Math.max(retry.delayMs, requestedMs);
  return { kind: "parked", dueAtMs: nowMs + delayMs, retriesMade: retriesMade + 1, firstAttemptAtMs };
}

/**
 * Parks the delivery of a failed probe until the next probe. The probe tested the endpoint, so it uses up no retry.
 * When the breaker closes, the store takes the time since its opening off the delivery's time.
 */
export function afterProbe({ delivery, startedAtMs, errorCode }: FailedAttempt, dueAtMs: TimeMs): Settled {
  if (errorCode === "address_denied") return { kind: "dead", reason: "address_denied" };
  const { retriesMade, firstAttemptAtMs } = delivery;
  return { kind: "parked", dueAtMs, retriesMade, firstAttemptAtMs: firstAttemptAtMs ?? startedAtMs };
}
