import type { Message, NewMessage, Seq, TimeMs, Topic } from "../../domain/model.ts";
import type { MemorySubscription } from "./memory-subscription.ts";

/** A topic's log. */
export class MemoryTopic {
  topic: Topic;
  readonly messages = new Map<Seq, Message>();
  firstSeq: Seq = 1;
  lastSeq: Seq = 0;
  readonly subscriptions = new Map<string, MemorySubscription>();

  constructor(topic: Topic) {
    this.topic = topic;
  }

  append(messages: readonly NewMessage[], publishedAtMs: TimeMs): Seq {
    const firstSeq = this.lastSeq + 1;
    for (const { delayMs, ...message } of messages) {
      const seq = ++this.lastSeq;
      const deliverAtMs = delayMs === 0 ? null : publishedAtMs + delayMs;
      this.messages.set(seq, { ...message, topicId: this.topic.id, seq, publishedAtMs, deliverAtMs });
    }
    return firstSeq;
  }

  /** The first position published at or after a time. */
  seqAt(atMs: TimeMs): Seq {
    for (let seq = this.firstSeq; seq <= this.lastSeq; seq++) {
      if ((this.messages.get(seq)?.publishedAtMs ?? 0) >= atMs) return seq;
    }
    return this.lastSeq + 1;
  }

  /** Removes the oldest that are past their time, up to the first that a subscription has open. Returns how many. */
  trim(nowMs: TimeMs, messagesMax: number): number {
    const before = nowMs - this.topic.settings.retentionMs;
    const from = this.firstSeq;
    while (this.firstSeq <= this.lastSeq && this.firstSeq - from < messagesMax) {
      const message = this.messages.get(this.firstSeq);
      if (message === undefined) break;
      const isOpen = [...this.subscriptions.values()].some((subscription) => subscription.hasOpen(message.seq));
      if (message.publishedAtMs >= before || isOpen) break;
      for (const subscription of this.subscriptions.values()) subscription.expire(message, nowMs);
      this.messages.delete(message.seq);
      this.firstSeq++;
    }
    return this.firstSeq - from;
  }
}
