import type { SubscriptionId, TimeMs } from "../../domain/model.ts";
import type { RetentionResult } from "../log.ts";
import type { MemoryData } from "./memory-data.ts";

export interface RetentionTimes {
  readonly attemptRetentionMs: number;
  readonly deadLetterRetentionMs: number;
  /** False: a message is also past its retention when no subscription needs it any more. */
  readonly keepsSettled: boolean;
}

/** Rows of each kind that one step removes at most. */
const STEP_MAX = 500;

/** One step of retention. */
export function retain(data: MemoryData, times: RetentionTimes, nowMs: TimeMs): RetentionResult {
  const expired = new Map<SubscriptionId, number>();
  let messages = 0;
  let idempotencyKeys = 0;
  for (const topic of data.topics.values()) {
    const trimmed = topic.trim(nowMs, STEP_MAX - messages, times.keepsSettled);
    messages += trimmed.removed;
    for (const [{ subscription }, count] of trimmed.expired) expired.set(subscription.id, count);
    idempotencyKeys += topic.trimKeys(nowMs, STEP_MAX - idempotencyKeys);
  }
  let attempts = 0;
  let deadLetters = 0;
  for (const state of data.subscriptions.values()) {
    attempts += state.attempts.trim(nowMs - times.attemptRetentionMs, STEP_MAX - attempts);
    deadLetters += state.deadLetters.trim(nowMs - times.deadLetterRetentionMs, STEP_MAX - deadLetters);
  }
  return {
    messages,
    attempts,
    deadLetters,
    idempotencyKeys,
    expired: Array.from(expired, ([subscriptionId, count]) => ({ subscriptionId, count })),
    more: [messages, attempts, deadLetters, idempotencyKeys].includes(STEP_MAX),
  };
}
