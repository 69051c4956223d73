import { limits } from "../../domain/limits.ts";
import type { TopicSettings } from "../../domain/model.ts";

/** Default settings, for tests that do not depend on settings. */

export const plainTopic: TopicSettings = { retentionMs: limits.retentionMsDefault, bodyBytesMax: limits.bodyBytesMax };

export const plainPush = {
  protocol: "raw",
  headers: {},
  connection: "keep-alive",
  timeoutMs: 15_000,
  keys: [],
} as const;

export const plainSubscription = {
  retry: "EXPONENTIAL_DECAY_RETRY",
  order: "none",
  maxInFlight: limits.maxInFlightDefault,
  breaker: null,
  disableAfterMs: null,
} as const;
