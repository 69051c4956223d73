import type { DeadReason } from "../domain/model.ts";

/** Receives the events that the operator's metrics count. Durations are in seconds. */
export interface EngineObserver {
  published(messages: number): void;
  attempted(outcome: "accepted" | "failed" | "error", durationS: number): void;
  /** Time from publishing to the receiver's acceptance. Reported for first attempts only. */
  delivered(latencyS: number): void;
  dead(reason: DeadReason): void;
  expired(count: number): void;
}

/** `failed`: a POST of the call failed, even when the hook's `onError` turned that into another outcome. */
export interface HookObserver {
  hookCalled(outcome: "continue" | "reject" | "failed", durationS: number): void;
}
