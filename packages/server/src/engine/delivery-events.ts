import { messageId } from "../domain/message-id.ts";
import type { DeliveryOutcome } from "./delivery-outcome.ts";
import type { EventBus } from "./event-bus.ts";

/** Emits an event for the attempt. Emits a second event if the delivery became a dead letter. */
export function emitDeliveryEvents(events: EventBus, outcome: DeliveryOutcome): void {
  const { subscription, message, attempt, settled, atMs } = outcome;
  const common = {
    accountId: subscription.accountId,
    at: atMs,
    topic: subscription.topic,
    subscription: subscription.name,
    messageId: messageId(subscription.topicId, message.seq),
  };
  if (attempt !== null) {
    events.emit({
      type: "delivery.attempted",
      ...common,
      attempt: attempt.attempt,
      verdict: attempt.verdict,
      status: attempt.status,
      errorCode: attempt.errorCode,
      errorDetail: attempt.errorDetail,
      durationMs: attempt.durationMs,
      nextAttemptAt: settled.kind === "parked" ? settled.dueAtMs : null,
    });
  }
  if (settled.kind === "dead") {
    const { errorCode = null, errorDetail = null } = attempt ?? {};
    events.emit({ type: "delivery.dead", ...common, reason: settled.reason, errorCode, errorDetail });
  }
}
