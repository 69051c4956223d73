import { limits } from "../domain/limits.ts";
import type { AccountId, Subscription, SubscriptionSettings, Topic } from "../domain/model.ts";
import type { Store } from "../store/store.ts";

/** The log of an inbox or a queue, and the subscription from which clients fetch its messages. */
export interface InternalLog {
  readonly topic: Topic;
  readonly subscription: Subscription;
}

/** Access to the topics and subscriptions that the server creates for inboxes and queues. */
export class InternalLogs {
  protected readonly catalog: Store["catalog"];
  protected readonly accountId: AccountId;

  constructor({ catalog }: Store, accountId: AccountId) {
    this.catalog = catalog;
    this.accountId = accountId;
  }

  protected topicNamed(name: string): Promise<Topic | null> {
    return this.catalog.getTopic(this.accountId, name);
  }

  /** Returns null if the topic or its subscription of this name is missing. */
  protected async logOf(topic: Topic | null, name: string): Promise<InternalLog | null> {
    const subscription = topic && (await this.catalog.getSubscription(topic.id, name));
    return topic && subscription && { topic, subscription };
  }
}

/** The order is `none`, so that a client that reads slowly does not delay other clients. */
export function settingsForClients(pull: Pick<SubscriptionSettings, "pull"> = {}): SubscriptionSettings {
  return {
    push: null,
    ...pull,
    filter: { tags: [], types: [] },
    retry: "none",
    order: "none",
    maxInFlight: limits.maxInFlightMax,
    breaker: null,
    disableAfterMs: null,
  };
}
