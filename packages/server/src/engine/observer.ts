import type { Topic } from "../domain/model.ts";
import type { DeliveryReceiver } from "./delivery-outcome.ts";

/** Receives what the engine does, for metrics and the log. */
export interface EngineObserver extends DeliveryReceiver {
  published(topic: Topic, messages: number): void;
  expired(count: number): void;
  /** Messages that `filter.where` has rejected. */
  filtered(count: number): void;
}

/** `failed`: a POST of the call failed, even when the hook's `onError` turned that into another outcome. */
export interface HookObserver {
  hookCalled(outcome: "continue" | "reject" | "failed", durationS: number): void;
}
