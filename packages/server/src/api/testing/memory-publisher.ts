import { messageId } from "../../domain/message-id.ts";
import { assertMessage } from "../../domain/message-rules.ts";
import type { Publisher } from "../../engine/publisher.ts";
import type { Store } from "../../store/store.ts";

/** The engine's publishing without the engine: the rules of a message, then the log. */
export function memoryPublisher(store: Store): Publisher {
  return {
    async publish(topic, messages, idempotency) {
      for (const [i, message] of messages.entries()) assertMessage(message, topic, `messages[${i}]`);
      const receipt = await store.log.append({ topicId: topic.id, messages, idempotency });
      const ids = messages.map((_, i) => messageId(topic.id, receipt.firstSeq + i));
      return { ...receipt, ids };
    },
  };
}
