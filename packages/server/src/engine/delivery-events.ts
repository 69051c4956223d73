import { messageId } from "../domain/message-id.ts";
import type { DeliveryOutcome } from "./delivery-outcome.ts";
import type { EventBus } from "./event-bus.ts";

/** Emits an event for the attempt, and one if the delivery became a dead letter, unless no listener wants them. */
export function emitDeliveryEvents(events: EventBus, outcome: DeliveryOutcome): void {
  const { subscription, message, attempt, settled, atMs } = outcome;
  const attempted = events.wants("delivery.attempted") ? attempt : null;
  const isDead = settled.kind === "dead" && events.wants("delivery.dead");
  if (attempted === null && !isDead) return;
  const common = {
    accountId: subscription.accountId,
    at: atMs,
    topic: subscription.topic,
    subscription: subscription.name,
    messageId: messageId(subscription.topicId, message.seq),
  };
  if (attempted !== null) {
    events.emit({
      type: "delivery.attempted",
      ...common,
      attempt: attempted.attempt,
      verdict: attempted.verdict,
      status: attempted.status,
      errorCode: attempted.errorCode,
      errorDetail: attempted.errorDetail,
      durationMs: attempted.durationMs,
      nextAttemptAt: settled.kind === "parked" ? settled.dueAtMs : null,
    });
  }
  if (isDead) {
    const { errorCode = null, errorDetail = null } = attempt ?? {};
    events.emit({ type: "delivery.dead", ...common, reason: settled.reason, errorCode, errorDetail });
  }
}
