import { isSampled, withParent } from "../domain/trace-context.ts";
import type { MessageId, NewMessage, Topic } from "../domain/model.ts";
import type { ClaimedDelivery } from "../store/log.ts";
import type { Publisher } from "./publisher.ts";

/**
 * Makes the spans of publishes. The spans of deliveries and attempts are made from what `DeliveryReceiver` receives.
 * docs/adr/0038 says how the spans belong together.
 */
export interface PublishTracer {
  /** Starts the spans of a publish. The caller must then call one of `published` and `failed`. */
  start(topic: Topic, messages: readonly NewMessage[]): PublishSpans;
}

export interface PublishSpans {
  /** The messages of the publish. Those of a recorded trace have the span of the publish as their parent. */
  readonly messages: readonly NewMessage[];
  published(ids: readonly MessageId[]): void;
  failed(error: unknown): void;
}

/** Makes a span of each publish. */
export function tracedPublisher(publisher: Publisher, tracer: PublishTracer): Publisher {
  return {
    async publish(topic, messages, idempotency) {
      const spans = tracer.start(topic, messages);
      try {
        const result = await publisher.publish(topic, spans.messages, idempotency);
        spans.published(result.ids);
        return result;
      } catch (error) {
        spans.failed(error);
        throw error;
      }
    },
  };
}

/** The id of an attempt's span is the id of its request, so that nothing has to be kept while the request is sent. */
export function attemptSpanId(requestId: string): string {
  return BigInt(requestId).toString(16).padStart(16, "0");
}

/** The delivery as an attempt sends it: if the trace is recorded, with the span of the attempt as the parent. */
export function tracedAttempt(delivery: ClaimedDelivery, requestId: string): ClaimedDelivery {
  const { message } = delivery;
  if (message.trace === null || !isSampled(message.trace)) return delivery;
  return { ...delivery, message: { ...message, trace: withParent(message.trace, attemptSpanId(requestId)) } };
}
