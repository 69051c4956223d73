import type { Disablement, Subscription } from "../domain/model.ts";

type Named = Pick<Subscription, "id" | "accountId" | "topic" | "name">;

/** Receives what the engine does by itself besides deliveries, and what an operator must find in the log. */
export interface EngineLog {
  /** The endpoint wants no more messages. */
  disabled(subscription: Named, why: Disablement): void;
  /** Messages of the subscription were removed before they were delivered, because their retention ended. */
  expired(subscription: Named, count: number): void;
}
