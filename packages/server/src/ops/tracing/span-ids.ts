import { createHash } from "node:crypto";
import { type IdGenerator, RandomIdGenerator } from "@opentelemetry/sdk-trace";
import { messageId } from "../../domain/message-id.ts";
import type { SubscriptionId } from "../../domain/model.ts";
import type { ClaimedDelivery } from "../../store/log.ts";

/** Random ids, except for spans whose id had to be known before the span was made. */
export class SpanIds implements IdGenerator {
  readonly #random = new RandomIdGenerator();
  #chosen: string | null = null;

  generateTraceId(): string {
    return this.#random.generateTraceId();
  }

  generateSpanId(): string {
    return this.#chosen ?? this.#random.generateSpanId();
  }

  /** The spans that `make` makes have this id. */
  use<Made>(id: string, make: () => Made): Made {
    this.#chosen = id;
    try {
      return make();
    } finally {
      this.#chosen = null;
    }
  }
}

/**
 * The id of a delivery's span. All attempts of the delivery compute the same id, on whichever node they run, because
 * the span itself is made after the last one. A redrive begins another delivery, with another id.
 */
export function deliverySpanId(subscriptionId: SubscriptionId, delivery: ClaimedDelivery): string {
  const { message, attemptsMade, retriesMade } = delivery;
  const attemptsBefore = attemptsMade - retriesMade;
  const identity = `${messageId(message.topicId, message.seq)} ${subscriptionId} ${attemptsBefore}`;
  return createHash("sha256").update(identity).digest("hex").slice(0, 16);
}
