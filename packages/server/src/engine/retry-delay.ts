import type { RetryAfter } from "@ringback/sdk/protocols";
import { limits } from "../domain/limits.ts";
import type { TimeMs } from "../domain/model.ts";

/**
 * The policy's wait, or what the endpoint asked for where that is longer: an endpoint may ask for patience, not for haste,
 * and for no more of it than `limits.retryAfterMsMax`.
 */
export function retryDelayMs(policyMs: number, retryAfter: RetryAfter | null, nowMs: TimeMs): number {
  if (retryAfter === null) return policyMs;
  const askedMs = "delayMs" in retryAfter ? retryAfter.delayMs : retryAfter.atMs - nowMs;
  return Math.max(policyMs, Math.min(askedMs, limits.retryAfterMsMax));
}
