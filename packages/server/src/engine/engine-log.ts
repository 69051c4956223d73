import type { Attempt, Disablement, Message, Subscription } from "../domain/model.ts";

/** Receives what the operator must find in the log, because somebody has to act and no retry will help. */
export interface EngineLog {
  /** The subscription's protocol cannot carry the message. `attempt` contains the reason. */
  unencodable(
    subscription: Pick<Subscription, "topic" | "name">,
    message: Pick<Message, "topicId" | "seq">,
    attempt: Attempt | null,
  ): void;
  /** The endpoint wants no more messages. */
  disabled(subscription: Pick<Subscription, "topic" | "name">, why: Disablement): void;
}
