import { RingbackError } from "./errors.ts";
import type { RetryPolicy } from "./model.ts";

/**
 * Compares the members of a policy with each other. The JSON schema of a subscription checks the range of each member.
 */
export function assertRetryPolicy(field: string, policy: RetryPolicy): void {
  if (typeof policy === "string" || "delaysMs" in policy || policy.delayMsMax >= policy.baseMs) return;
  throw RingbackError.at(
    "invalid_retry_policy",
    `${field}.delayMsMax`,
    `must be at least baseMs, which is ${policy.baseMs}`,
  );
}
