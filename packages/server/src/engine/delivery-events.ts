import { messageId } from "../domain/message-id.ts";
import type { Attempt, Subscription, TimeMs } from "../domain/model.ts";
import type { ClaimedDelivery, Settled } from "../store/log.ts";
import type { EventBus } from "./event-bus.ts";

/** Tells what an attempt came to, and what that means for its delivery. */
export function emitDeliveryEvents(
  events: EventBus,
  subscription: Subscription,
  delivery: ClaimedDelivery,
  outcome: { readonly at: TimeMs; readonly attempt: Attempt | null; readonly settled: Settled },
): void {
  const { at, attempt, settled } = outcome;
  const about = {
    at,
    topic: subscription.topic,
    subscription: subscription.name,
    messageId: messageId(delivery.message.topicId, delivery.message.seq),
  };
  if (attempt !== null) {
    events.emit({
      type: "delivery.attempted",
      ...about,
      attempt: attempt.attempt,
      verdict: attempt.verdict,
      status: attempt.status,
      errorCode: attempt.errorCode,
      durationMs: attempt.durationMs,
      nextAttemptAt: settled.kind === "parked" ? settled.dueAtMs : null,
    });
  }
  if (settled.kind === "dead") events.emit({ type: "delivery.dead", ...about, reason: settled.reason });
}
