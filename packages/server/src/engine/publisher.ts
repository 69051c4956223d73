import { assertMessage } from "../domain/message-rules.ts";
import { messageId } from "../domain/message-id.ts";
import type { NewMessage, Topic } from "../domain/model.ts";
import type { Clock } from "../domain/ports.ts";
import type { Store } from "../store/store.ts";
import type { EngineObserver, EventBus, Publisher, PublishResult } from "./port.ts";

/** Checks what is published and appends it. Delivery begins when the store says that there is something to claim. */
export function createPublisher(deps: {
  readonly store: Store;
  readonly events: EventBus;
  readonly observer: EngineObserver;
  readonly clock: Clock;
}): Publisher {
  const { store, events, observer, clock } = deps;
  return {
    async publish(topic, messages, idempotency): Promise<PublishResult> {
      checkMessages(topic, messages);
      const receipt = await store.log.append({ topicId: topic.id, messages, idempotency });
      const ids = messages.map((_message, index) => messageId(topic.id, receipt.firstSeq + index));
      if (!receipt.replayed) {
        observer.published(messages.length);
        if (events.listening) events.emit({ type: "message.published", at: clock.now(), topic: topic.name, ids });
      }
      return { firstSeq: receipt.firstSeq, ids, publishedAtMs: receipt.publishedAtMs, replayed: receipt.replayed };
    },
  };
}

/** One message is named by its fields alone, one of several by its place. */
function checkMessages(topic: Topic, messages: readonly NewMessage[]): void {
  if (messages.length === 1) return assertMessage(messages[0] as NewMessage, topic, "");
  messages.forEach((message, index) => assertMessage(message, topic, `messages[${index}]`));
}
