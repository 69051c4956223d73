import type { Backlog } from "./backlog-watch.ts";
import type { Attempt, Disablement, Message, Subscription, SubscriptionHealth } from "../domain/model.ts";

/** Receives what the operator must find in the log, because somebody has to act and no retry will help. */
export interface EngineLog {
  /** The message is a dead letter after this attempt, which contains the details. */
  undeliverable(
    subscription: Pick<Subscription, "topic" | "name">,
    message: Pick<Message, "topicId" | "seq">,
    reason: "unencodable" | "loop_detected",
    attempt: Attempt,
  ): void;
  /** Several attempts in a row have failed. */
  failing(subscription: Pick<Subscription, "topic" | "name">, health: SubscriptionHealth): void;
  recovered(subscription: Pick<Subscription, "topic" | "name">, before: SubscriptionHealth): void;
  breakerOpened(subscription: Pick<Subscription, "topic" | "name">, health: SubscriptionHealth): void;
  breakerClosed(subscription: Pick<Subscription, "topic" | "name">, before: SubscriptionHealth): void;
  /** A backlog has grown past a limit. */
  backlogGrowing(subscription: Pick<Subscription, "topic" | "name">, backlog: Backlog): void;
  /** The endpoint wants no more messages, or has failed for too long. */
  disabled(subscription: Pick<Subscription, "topic" | "name">, why: Disablement): void;
}
