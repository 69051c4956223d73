/** Computes when a failed attempt is retried. */

import { limits } from "./limits.ts";
import type { RetryPolicy, TimeMs } from "./model.ts";
import type { Random } from "./ports.ts";

export interface RetryState {
  /** Retries made so far; 0 after the first attempt failed. */
  readonly retriesMade: number;
  readonly firstAttemptAtMs: TimeMs;
  readonly nowMs: TimeMs;
}

/** The delay of retry number `retriesMade + 1`; null when the policy has no more retries. */
type Schedule = (retriesMade: number, random: Random) => number | null;

/** Returns null when there is no further retry. */
export function nextRetry(policy: RetryPolicy, state: RetryState, random: Random): { readonly delayMs: number } | null {
  const delayMs = scheduledDelayMs(policy, state.retriesMade, random);
  if (delayMs === null) return null;
  // The machine's clock may have been set back since the first attempt.
  const elapsedMs = Math.max(0, state.nowMs - state.firstAttemptAtMs);
  return elapsedMs + delayMs > totalMsMax(policy) ? null : { delayMs };
}

function scheduledDelayMs(policy: RetryPolicy, retriesMade: number, random: Random): number | null {
  if (policy === "none") return null;
  if (policy === "webhook") return webhook(retriesMade, random);
  if (policy === "EXPONENTIAL_DECAY_RETRY") return exponentialDecay(retriesMade, random);
  if (policy === "BACKOFF_RETRY") return backoff(retriesMade, random);
  if ("delaysMs" in policy) return policy.delaysMs[retriesMade] ?? null;
  return growing(policy, retriesMade, random);
}

function totalMsMax(policy: RetryPolicy): number {
  // A list of delays is limited by its sum when the policy is set, so that none of its delays is ever cut off.
  if (policy === "webhook") return Infinity;
  if (typeof policy === "string") return limits.retryTotalMsDefault;
  return "delaysMs" in policy ? Infinity : policy.totalMsMax;
}

const [second, minute, hour] = [1000, 60_000, 3600_000] as const;

/** The schedule of Standard Webhooks 1.0, without its first attempt. It lasts 75 h 35 min 5 s. */
export const webhookDelaysMs: readonly number[] = [
  5 * second,
  5 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
  14 * hour,
  20 * hour,
  24 * hour,
];

/** The largest random part of a delay of `webhook`, as a share of the delay. No delay is shorter than its schedule. */
const webhookJitter = 0.1;

/** The longest time from the first attempt to the last retry, without the time that the attempts take. */
export const webhookMsMax = webhookDelaysMs.reduce((sum, delayMs) => sum + withJitter(delayMs, 1), 0);

const webhook: Schedule = (retriesMade, random) => {
  const delayMs = webhookDelaysMs[retriesMade];
  return delayMs === undefined ? null : withJitter(delayMs, random.next());
};

function withJitter(delayMs: number, chance: number): number {
  return Math.round(delayMs * (1 + webhookJitter * chance));
}

/** Delays of 1, 2, 4 … 256 s, then 512 s 167 times: 176 retries in 86,015 s. */
const exponentialDecay: Schedule = (retriesMade) => (retriesMade >= 176 ? null : 1000 * 2 ** Math.min(retriesMade, 9));

/** Three retries, each after a random delay of 10 to 20 s. */
const backoff: Schedule = (retriesMade, random) =>
  retriesMade >= 3 ? null : Math.round(10_000 + random.next() * 10_000);

/** For each kind of jitter, the fixed share of the delay. The rest of the delay is random. */
const fixedShare = { none: 1, equal: 0.5, full: 0 } as const;

function growing(policy: Extract<RetryPolicy, { baseMs: number }>, retriesMade: number, random: Random): number | null {
  if (retriesMade >= policy.retriesMax) return null;
  // A large factor may overflow to Infinity; the maximum still applies.
  const delayMs = Math.min(policy.baseMs * policy.factor ** retriesMade, policy.delayMsMax);
  const fixedMs = delayMs * fixedShare[policy.jitter];
  return Math.round(fixedMs + random.next() * (delayMs - fixedMs));
}
