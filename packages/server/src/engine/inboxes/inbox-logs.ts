import { RingbackError } from "../../domain/errors.ts";
import { inboxLogName } from "../../domain/internal-names.ts";
import { limits } from "../../domain/limits.ts";
import type { Start, Subscription, SubscriptionSettings, Topic } from "../../domain/model.ts";
import type { Clock } from "../../domain/ports.ts";
import type { Store } from "../../store/store.ts";
import type { InboxDetails } from "./inboxes.ts";

export interface InboxPlace {
  readonly topic: Topic;
  readonly subscription: Subscription;
}

/** Nothing holds back anything: a client that reads slowly must not keep the others waiting. */
const pulled: SubscriptionSettings = {
  push: null,
  filter: { tags: [], types: [] },
  retry: "none",
  order: "none",
  maxInFlight: limits.maxInFlightMax,
};

/**
 * What an inbox is in the store: a log, its own or a topic's, and a subscription to it that nobody pushes. Messages are
 * written once, as for any topic; taking one moves the subscription.
 */
export class InboxLogs {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  async find(inbox: InboxDetails): Promise<InboxPlace | null> {
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

  /** Makes what is missing and brings the log's settings up to date. */
  async make(inbox: InboxDetails, begin: "now" | "recover"): Promise<InboxPlace> {
    const topic = inbox.topic === null ? await this.#ownLog(inbox) : await this.publishedTopic(inbox.topic);
    const start = begin === "now" ? begin : this.#recoveredStart(inbox, topic);
    const name = inboxLogName(inbox.name);
    const { subscription } = await this.#store.catalog.putSubscription(topic.id, name, pulled, start);
    return { topic, subscription };
  }

  /** Everything that waits is gone from the inbox; in a topic's log it stays. */
  async empty({ topic }: InboxPlace, inbox: InboxDetails): Promise<void> {
    await this.#store.catalog.deleteSubscription(topic.id, inboxLogName(inbox.name));
  }

  async remove(inbox: InboxDetails): Promise<void> {
    if (inbox.topic === null) await this.#store.catalog.deleteTopic(this.#accountId, inboxLogName(inbox.name));
    else {
      const place = await this.find(inbox);
      if (place !== null) await this.empty(place, inbox);
    }
  }

  async #ownLog({ name, retentionMs, bodyBytesMax }: InboxDetails): Promise<Topic> {
    const settings = { bodyBytesMax, retentionMs: retentionMs ?? limits.retentionMsDefault };
    return (await this.#store.catalog.putTopic(this.#accountId, inboxLogName(name), settings)).topic;
  }

  /**
   * The subscription is not there although the inbox is: its topic was deleted and made again, or a crash came in between.
   * What was published since belongs to the inbox, unless it keeps only while it is polled.
   */
  #recoveredStart({ whilePolledMs, updatedAtMs }: InboxDetails, topic: Topic): Start {
    const atMs = Math.max(topic.createdAtMs, updatedAtMs);
    return whilePolledMs === null && atMs <= this.#clock.now() ? { atMs } : "now";
  }

  get #accountId() {
    return this.#store.catalog.defaultAccount().id;
  }
}
