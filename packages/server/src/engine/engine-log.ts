import type { Disablement, Subscription, SubscriptionHealth } from "../domain/model.ts";
import type { Backlog } from "./backlog.ts";

type Named = Pick<Subscription, "id" | "accountId" | "topic" | "name">;

/** Receives what the engine does by itself besides deliveries, and what an operator must find in the log. */
export interface EngineLog {
  /** Several attempts in a row have failed. */
  failing(subscription: Named, health: SubscriptionHealth): void;
  recovered(subscription: Named, before: SubscriptionHealth): void;
  breakerOpened(subscription: Named, health: SubscriptionHealth): void;
  breakerClosed(subscription: Named, before: SubscriptionHealth): void;
  /** A backlog has grown past a limit. */
  backlogGrowing(subscription: Named, backlog: Backlog): void;
  /** The endpoint wants no more messages, or has failed for too long. */
  disabled(subscription: Named, why: Disablement): void;
  /** Messages of the subscription were removed before they were delivered, because their retention ended. */
  expired(subscription: Named, count: number): void;
}
