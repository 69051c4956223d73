import type { Message, Seq, TopicId } from "../../domain/model.ts";
import { messageBytes } from "./message-bytes.ts";

/**
 * The newest messages of all topics, so that a message that was just published is delivered without reading the
 * database. The oldest message is evicted first. A subscription that lags further behind reads the database.
 */
export class MessageCache {
  readonly #bytesMax: number;
  readonly #topics = new Map<TopicId, Map<Seq, Message>>();
  /** In order of arrival. `#head` is the index of the oldest message that may still be cached. */
  #order: (Message | undefined)[] = [];
  #head = 0;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get(topicId: TopicId, seq: Seq): Message | undefined {
    return this.#topics.get(topicId)?.get(seq);
  }

  add(message: Message): void {
    const size = messageBytes(message);
    if (size > this.#bytesMax) return;
    let topic = this.#topics.get(message.topicId);
    if (topic === undefined) this.#topics.set(message.topicId, (topic = new Map()));
    topic.set(message.seq, message);
    this.#order.push(message);
    this.#bytes += size;
    while (this.#bytes > this.#bytesMax) this.#evictOldest();
  }

  dropTopic(topicId: TopicId): void {
    // The messages stay in `#order`, and their bytes in `#bytes`, until they are the oldest.
    this.#topics.delete(topicId);
  }

  #evictOldest(): void {
    const oldest = this.#order[this.#head] as Message;
    this.#order[this.#head++] = undefined;
    this.#bytes -= messageBytes(oldest);
    const topic = this.#topics.get(oldest.topicId);
    if (topic !== undefined) {
      topic.delete(oldest.seq);
      if (topic.size === 0) this.#topics.delete(oldest.topicId);
    }
    if (this.#head > 4096 && this.#head * 2 > this.#order.length) {
      this.#order = this.#order.slice(this.#head);
      this.#head = 0;
    }
  }
}
