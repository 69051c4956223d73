import type { Disablement, Subscription } from "../domain/model.ts";

/** Receives the changes that the engine makes by itself, which an operator must find in the log. */
export interface EngineLog {
  /** The endpoint wants no more messages. */
  disabled(subscription: Pick<Subscription, "topic" | "name">, why: Disablement): void;
}
