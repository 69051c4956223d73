import { queueLogName } from "../../domain/internal-names.ts";
import { limits } from "../../domain/limits.ts";
import type { Subscription, SubscriptionSettings, TimeMs, Topic, TopicSettings } from "../../domain/model.ts";
import type { Store } from "../../store/store.ts";
import type { QueueSettings } from "./queues.ts";

export interface QueueLog {
  readonly topic: Topic;
  readonly subscription: Subscription;
}

/** Creates and deletes the log of a queue and the only subscription to it. Both have the same internal name. */
export class QueueLogs {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async find(name: string): Promise<QueueLog | null> {
    const topic = await this.#topic(name);
    const subscription = topic && (await this.#store.catalog.getSubscription(topic.id, queueLogName(name)));
    return topic && subscription && { topic, subscription };
  }

  /** Creates log and subscription if they are missing, and updates their settings. */
  async ensure(name: string, settings: QueueSettings): Promise<QueueLog> {
    const logName = queueLogName(name);
    const { topic } = await this.#store.catalog.putTopic(this.#accountId, logName, topicSettings(settings));
    const pulled = subscriptionSettings(settings);
    const { subscription } = await this.#store.catalog.putSubscription(topic.id, logName, pulled, "oldest");
    return { topic, subscription };
  }

  /**
   * Removes the log of an earlier queue of this name. Such a log remains if the earlier queue was used while it was
   * deleted.
   */
  async removeOlderThan(name: string, createdAtMs: TimeMs): Promise<void> {
    const topic = await this.#topic(name);
    if (topic !== null && topic.createdAtMs < createdAtMs) await this.remove(name);
  }

  remove(name: string): Promise<boolean> {
    return this.#store.catalog.deleteTopic(this.#accountId, queueLogName(name));
  }

  #topic(name: string): Promise<Topic | null> {
    return this.#store.catalog.getTopic(this.#accountId, queueLogName(name));
  }

  get #accountId() {
    return this.#store.catalog.defaultAccount().id;
  }
}

/** Messages are kept at least as long as the queue can be rewound to them. */
function topicSettings({ retentionMs, rewindMs, bodyBytesMax }: QueueSettings): TopicSettings {
  return { retentionMs: Math.max(retentionMs, rewindMs), bodyBytesMax };
}

function subscriptionSettings({ visibilityMs, deadLetters }: QueueSettings): SubscriptionSettings {
  const receivesMax = deadLetters?.after === "receives" ? deadLetters.receivesMax : null;
  return {
    push: null,
    pull: { visibilityMs, receivesMax },
    filter: { tags: [], types: [] },
    retry: "none",
    order: "none",
    maxInFlight: limits.maxInFlightMax,
  };
}
