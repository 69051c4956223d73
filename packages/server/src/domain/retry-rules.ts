import { RingbackError } from "./errors.ts";
import { assertInteger } from "./integer-rule.ts";
import { limits } from "./limits.ts";
import type { RetryPolicy } from "./model.ts";

type GrowingPolicy = Extract<RetryPolicy, { baseMs: number }>;

/** A retry policy as callers write it. A growing delay needs only its first delay, `baseMs`. */
export type RetryInput =
  | Exclude<RetryPolicy, GrowingPolicy>
  | (Pick<GrowingPolicy, "baseMs"> & Partial<Omit<GrowingPolicy, "baseMs">>);

/** The same steps as `EXPONENTIAL_DECAY_RETRY`. */
const growingDefaults = {
  factor: 2,
  delayMsMax: 512_000,
  retriesMax: 176,
  totalMsMax: limits.retryTotalMsMax,
  jitter: "none",
} as const satisfies Omit<GrowingPolicy, "baseMs">;

export function normaliseRetry(field: string, input: RetryInput): RetryPolicy {
  if (typeof input === "string") return input;
  if ("delaysMs" in input) return normaliseDelays(field, input.delaysMs);
  return normaliseGrowing(field, input);
}

function normaliseDelays(field: string, delaysMs: readonly number[]): RetryPolicy {
  if (delaysMs.length > limits.retriesMax) {
    const fault = `has ${delaysMs.length} delays; at most ${limits.retriesMax} are allowed`;
    throw RingbackError.at("invalid_retry_policy", `${field}.delaysMs`, fault);
  }
  for (const [index, delayMs] of delaysMs.entries()) {
    assertInteger("invalid_retry_policy", `${field}.delaysMs[${index}]`, delayMs, 0, limits.retryDelayMsMax);
  }
  return { delaysMs: [...delaysMs] };
}

function normaliseGrowing(field: string, input: Exclude<RetryInput, string | { delaysMs: unknown }>): RetryPolicy {
  const { baseMs } = input;
  assertInteger("invalid_retry_policy", `${field}.baseMs`, baseMs, 1, limits.retryDelayMsMax);
  // With a first delay above the default maximum, the first delay is the maximum.
  const delayMsMax = input.delayMsMax ?? Math.max(baseMs, growingDefaults.delayMsMax);
  const policy = { ...growingDefaults, ...input, delayMsMax };
  assertInteger("invalid_retry_policy", `${field}.delayMsMax`, delayMsMax, baseMs, limits.retryDelayMsMax);
  assertInteger("invalid_retry_policy", `${field}.retriesMax`, policy.retriesMax, 0, limits.retriesMax);
  assertInteger("invalid_retry_policy", `${field}.totalMsMax`, policy.totalMsMax, 0, limits.retryTotalMsMax);
  if (!(policy.factor >= 1 && policy.factor <= limits.retryFactorMax)) {
    const fault = `must be a number from 1 to ${limits.retryFactorMax}`;
    throw RingbackError.at("invalid_retry_policy", `${field}.factor`, fault);
  }
  return policy;
}
