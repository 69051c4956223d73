import { RingbackError } from "./errors.ts";
import { limits } from "./limits.ts";
import type { RetryPolicy } from "./model.ts";
import { webhookMsMax } from "./retry.ts";

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
 * Refuses a schedule that is longer than the topic keeps its messages, because its last retries would never happen.
 */
export function assertRetriesWithin(field: string, policy: RetryPolicy, retentionMs: number): void {
  const lengthMs = scheduleMs(policy);
  if (lengthMs <= retentionMs) return;
  const keeps = `but the topic keeps its messages for only ${retentionMs} ms (retentionMs)`;
  if (policy === "webhook") {
    const choice = 'give a longer "retentionMs" to the topic, or a shorter "retry" to the subscription';
    const fault = `webhook, the default, retries for up to ${lengthMs} ms, ${keeps}; ${choice}`;
    throw RingbackError.at("invalid_retry_policy", field, fault);
  }
  if (typeof policy === "object" && "delaysMs" in policy) {
    throw RingbackError.at("invalid_retry_policy", `${field}.delaysMs`, `add up to ${lengthMs} ms, ${keeps}`);
  }
  const fault = `lets the delays add up to ${lengthMs} ms, ${keeps}`;
  throw RingbackError.at("invalid_retry_policy", `${field}.totalMsMax`, fault);
}

/**
 * The longest time from the first attempt to the last retry, without the time that the attempts take. 0 for the two
 * policies that end when the message expires, whatever comes first.
 */
export function scheduleMs(policy: RetryPolicy): number {
  if (policy === "webhook") return webhookMsMax;
  if (typeof policy === "string") return 0;
  return "delaysMs" in policy ? totalOf(policy.delaysMs) : growingMs(policy);
}

function growingMs(policy: Extract<RetryPolicy, { baseMs: number }>): number {
  const { baseMs, factor, delayMsMax, retriesMax, totalMsMax } = policy;
  let sumMs = 0;
  for (let retry = 0; retry < retriesMax && sumMs < totalMsMax; retry++) {
    sumMs += Math.round(Math.min(baseMs * factor ** retry, delayMsMax));
  }
  return Math.min(sumMs, totalMsMax);
}

function totalOf(delaysMs: readonly number[]): number {
  return delaysMs.reduce((sum, delayMs) => sum + delayMs, 0);
}
