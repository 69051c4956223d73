import { assertMessage } from "../domain/message-rules.ts";
import { messageId } from "../domain/message-id.ts";
import type { AccountId, MessageId, NewMessage, Seq, TimeMs, Topic } from "../domain/model.ts";
import { isDemanding, type TypeCheck } from "./event-types/type-check.ts";
import { assertPublishable } from "./events/events-topic.ts";
import { assertNoLoop } from "./loops.ts";
import type { EngineServices } from "./services.ts";

export interface PublishResult {
  readonly firstSeq: Seq;
  readonly ids: readonly MessageId[];
  readonly publishedAtMs: TimeMs;
  /**
   * True: an earlier request with the same idempotency key has appended the messages, and this request returns its
   * result.
   */
  readonly replayed: boolean;
  /** Types of the messages that the account's catalogue calls deprecated. Known for demanding topics only. */
  readonly deprecatedTypes: ReadonlySet<string>;
}

const none: ReadonlySet<string> = new Set();

export interface Publisher {
  /**
   * Checks the messages against the topic's settings and the limits, then appends all messages or none. They are
   * durable when the promise resolves. Throws `RingbackError`, such as `loop_detected` because of a message's `hops`.
   */
  publish(
    topic: Topic,
    messages: readonly NewMessage[],
    idempotency: { readonly key: string; readonly fingerprint: string } | null,
  ): Promise<PublishResult>;
}

/** Throws if the account may not publish the messages, because of its limits. */
export type Admit = (accountId: AccountId, messages: readonly NewMessage[]) => void;

/**
 * The publisher only appends messages to the log. The store then reports the subscriptions that have work, which starts
 * the delivery.
 */
export function createPublisher({
  store,
  events,
  observer,
  clock,
  admit = () => {},
  checkTypes,
}: Pick<EngineServices, "store" | "events" | "observer" | "clock"> & {
  readonly admit?: Admit;
  readonly checkTypes?: TypeCheck;
}): Publisher {
  return {
    async publish(topic, messages, idempotency): Promise<PublishResult> {
      assertPublishable(topic.name);
      for (const { hops = 0 } of messages)
        assertNoLoop({ events, clock }, hops, { accountId: topic.accountId, topic: topic.name });
      checkMessages(topic, messages);
      const deprecatedTypes = checkTypes && isDemanding(topic) ? await checkTypes(topic, messages) : none;
      admit(topic.accountId, messages);
      const appended = await store.log.append({ topicId: topic.id, messages, idempotency });
      const ids = messages.map((_message, index) => messageId(topic.id, appended.firstSeq + index));
      if (!appended.replayed) {
        observer.published(topic, messages.length);
        if (events.wants("message.published")) {
          const { accountId, name } = topic;
          events.emit({ type: "message.published", accountId, at: clock.wall(), topic: name, ids });
        }
      }
      return { ...appended, ids, deprecatedTypes };
    },
  };
}

/** Errors name a field as `body` for a single message, and as `messages[3].body` in a batch. */
function checkMessages(topic: Topic, messages: readonly NewMessage[]): void {
  if (messages.length === 1) return assertMessage(messages[0] as NewMessage, topic, "");
  messages.forEach((message, index) => assertMessage(message, topic, `messages[${index}]`));
}
