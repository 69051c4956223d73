import { limits } from "../../domain/limits.ts";
import type { TopicSettings } from "../../domain/model.ts";

/** Settings as a caller gets them who chooses none, for tests that are about something else. */

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
} as const;
