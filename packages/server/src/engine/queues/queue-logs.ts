import { queueLogName } from "../../domain/internal-names.ts";
import type { SubscriptionSettings, TimeMs, Topic, TopicSettings } from "../../domain/model.ts";
import { type InternalLog, InternalLogs, settingsForClients } from "../internal-logs.ts";
import type { QueueSettings } from "./queues.ts";

/** Creates and deletes the log of a queue and the only subscription to it. Both have the same internal name. */
export class QueueLogs extends InternalLogs {
  async find(name: string): Promise<InternalLog | null> {
    return this.logOf(await this.#topic(name), queueLogName(name));
  }

  /** Creates log and subscription if they are missing, and updates their settings. */
  async ensure(name: string, settings: QueueSettings): Promise<InternalLog> {
    const logName = queueLogName(name);
    const { topic } = await this.catalog.putTopic(this.accountId, logName, topicSettings(settings));
    const pulled = subscriptionSettings(settings);
    const { subscription } = await this.catalog.putSubscription(topic.id, logName, pulled, "oldest");
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
    return this.catalog.deleteTopic(this.accountId, queueLogName(name));
  }

  #topic(name: string): Promise<Topic | null> {
    return this.topicNamed(queueLogName(name));
  }
}

/** Messages are kept at least as long as the queue can be rewound to them. */
function topicSettings({ retentionMs, rewindMs, bodyBytesMax }: QueueSettings): TopicSettings {
  return { retentionMs: Math.max(retentionMs, rewindMs), bodyBytesMax };
}

function subscriptionSettings({ visibilityMs, deadLetters }: QueueSettings): SubscriptionSettings {
  const receivesMax = deadLetters?.after === "receives" ? deadLetters.receivesMax : null;
  return settingsForClients({ pull: { visibilityMs, receivesMax } });
}
