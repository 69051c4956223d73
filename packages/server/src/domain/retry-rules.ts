import { RingbackError } from "./errors.ts";
import type { RetryPolicy } from "./model.ts";

/** The bounds of each member are the shape's; here is what one member alone cannot show. */
export function assertRetryPolicy(field: string, policy: RetryPolicy): void {
  if (typeof policy === "string" || "delaysMs" in policy || policy.delayMsMax >= policy.baseMs) return;
  throw RingbackError.at(
    "invalid_retry_policy",
    `${field}.delayMsMax`,
    `must be at least baseMs, which is ${policy.baseMs}`,
  );
}
