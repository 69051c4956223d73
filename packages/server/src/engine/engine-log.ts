import type { Attempt, Disablement, Message, Subscription } from "../domain/model.ts";

/** Receives what the operator must find in the log, because somebody has to act and no retry will help. */
export interface EngineLog {
  /** The message is a dead letter after this attempt, which contains the details. */
  undeliverable(
    subscription: Pick<Subscription, "topic" | "name">,
    message: Pick<Message, "topicId" | "seq">,
    reason: "unencodable" | "loop_detected",
    attempt: Attempt,
  ): void;
  /** The endpoint wants no more messages. */
  disabled(subscription: Pick<Subscription, "topic" | "name">, why: Disablement): void;
}
