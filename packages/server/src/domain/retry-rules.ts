import { RingbackError } from "./errors.ts";
import { limits } from "./limits.ts";
import type { RetryPolicy } from "./model.ts";

/**
 * Compares the members of a policy with each other. The JSON schema of a subscription checks the range of each member.
 */
export function assertRetryPolicy(field: string, policy: RetryPolicy): void {
  if (typeof policy === "string") return;
  if ("delaysMs" in policy) {
    const totalMs = totalOf(policy.delaysMs);
    if (totalMs <= limits.retryTotalMsMax) return;
    const fault = `add up to ${totalMs} ms; at most ${limits.retryTotalMsMax} (30 days) are allowed`;
    throw RingbackError.at("invalid_retry_policy", `${field}.delaysMs`, fault);
  }
  if (policy.delayMsMax >= policy.baseMs) return;
  const fault = `must be at least baseMs, which is ${policy.baseMs}`;
  throw RingbackError.at("invalid_retry_policy", `${field}.delayMsMax`, fault);
}

/**
 * Refuses a list of delays that is longer than the topic keeps its messages, because its last retries would never
 * happen. The other policies are limits: retries may end earlier.
 */
export function assertRetriesWithin(field: string, policy: RetryPolicy, retentionMs: number): void {
  const totalMs = listedDelaysMs(policy);
  if (totalMs <= retentionMs) return;
  const fault = `add up to ${totalMs} ms, but the topic keeps its messages for only ${retentionMs} ms (retentionMs)`;
  throw RingbackError.at("invalid_retry_policy", `${field}.delaysMs`, fault);
}

/** The sum of a list of delays; 0 for the other policies, which are limits. */
export function listedDelaysMs(policy: RetryPolicy): number {
  return typeof policy === "string" || !("delaysMs" in policy) ? 0 : totalOf(policy.delaysMs);
}

function totalOf(delaysMs: readonly number[]): number {
  return delaysMs.reduce((sum, delayMs) => sum + delayMs, 0);
}
