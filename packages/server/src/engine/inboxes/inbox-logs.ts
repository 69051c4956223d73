import { RingbackError } from "../../domain/errors.ts";
import { inboxLogName } from "../../domain/internal-names.ts";
import { limits } from "../../domain/limits.ts";
import type { Start, Subscription, SubscriptionSettings, Topic } from "../../domain/model.ts";
import type { Clock } from "../../domain/ports.ts";
import type { Store } from "../../store/store.ts";
import type { InboxDetails } from "./inboxes.ts";

export interface InboxLog {
  readonly topic: Topic;
  readonly subscription: Subscription;
}

/** The order is `none`, so that a client that reads slowly does not delay other clients. */
const pulled: SubscriptionSettings = {
  push: null,
  filter: { tags: [], types: [] },
  retry: "none",
  order: "none",
  maxInFlight: limits.maxInFlightMax,
};

/**
 * Creates and removes the log and the subscription of an inbox. The log is the inbox's own or that of a topic, and the
 * subscription to it is not pushed. A message of an inbox is therefore written only once.
 */
export class InboxLogs {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  async find(inbox: InboxDetails): Promise<InboxLog | null> {
    const topic = await this.topic(inbox);
    const subscription = topic && (await this.#store.catalog.getSubscription(topic.id, inboxLogName(inbox.name)));
    return topic && subscription && { topic, subscription };
  }

  topic({ name, topic }: InboxDetails): Promise<Topic | null> {
    return this.#store.catalog.getTopic(this.#accountId, topic ?? inboxLogName(name));
  }

  /** The topic that the inbox publishes into. Throws `topic_not_found`. */
  async publishedTopic(name: string): Promise<Topic> {
    const topic = await this.#store.catalog.getTopic(this.#accountId, name);
    if (topic !== null) return topic;
    throw new RingbackError("topic_not_found", `The inbox publishes into the topic "${name}", which does not exist.`);
  }

  /** Creates the log and the subscription if they are missing, and updates the settings of the log. */
  async make(inbox: InboxDetails, begin: "now" | "recover"): Promise<InboxLog> {
    const topic = inbox.topic === null ? await this.#ownLog(inbox) : await this.publishedTopic(inbox.topic);
    const start = begin === "now" ? begin : this.#recoveredStart(inbox, topic);
    const name = inboxLogName(inbox.name);
    const { subscription } = await this.#store.catalog.putSubscription(topic.id, name, pulled, start);
    return { topic, subscription };
  }

  /** Removes all messages from the inbox. If the inbox reads a topic, the topic's log keeps the messages. */
  async empty({ topic }: InboxLog, inbox: InboxDetails): Promise<void> {
    await this.#store.catalog.deleteSubscription(topic.id, inboxLogName(inbox.name));
  }

  async remove(inbox: InboxDetails): Promise<void> {
    if (inbox.topic === null) await this.#store.catalog.deleteTopic(this.#accountId, inboxLogName(inbox.name));
    else {
      const log = await this.find(inbox);
      if (log !== null) await this.empty(log, inbox);
    }
  }

  async #ownLog({ name, retentionMs, bodyBytesMax }: InboxDetails): Promise<Topic> {
    const settings = { bodyBytesMax, retentionMs: retentionMs ?? limits.retentionMsDefault };
    return (await this.#store.catalog.putTopic(this.#accountId, inboxLogName(name), settings)).topic;
  }

  /**
   * The start of a subscription that replaces the missing one of an existing inbox. A subscription is missing after its
   * topic was deleted and created again, or after a crash. The inbox then gets the messages published since, unless it
   * keeps messages only while it is polled.
   */
  #recoveredStart({ whilePolledMs, updatedAtMs }: InboxDetails, topic: Topic): Start {
    const atMs = Math.max(topic.createdAtMs, updatedAtMs);
    return whilePolledMs === null && atMs <= this.#clock.now() ? { atMs } : "now";
  }

  get #accountId() {
    return this.#store.catalog.defaultAccount().id;
  }
}
