/**
 * Topics and subscriptions. A name that holds a colon is internal (`domain/internal-names.ts`): it is found by its name and
 * works like any other, but no list, no statistics and no limit of the account counts it.
 */

import type {
  Account,
  AccountId,
  Start,
  Subscription,
  SubscriptionId,
  SubscriptionSettings,
  SubscriptionState,
  Topic,
  TopicId,
  TopicSettings,
} from "../domain/model.ts";
import type { Page, PageRequest } from "./page.ts";

export interface CatalogStore {
  defaultAccount(): Account;

  /** Creates or changes; changing nothing is harmless. */
  putTopic(
    accountId: AccountId,
    name: string,
    settings: Partial<TopicSettings>,
  ): Promise<{ readonly topic: Topic; readonly created: boolean }>;
  /** Creates; null when a topic exists, or is being created, whose name differs at most in the case of A to Z. */
  createTopic(accountId: AccountId, name: string, settings: Partial<TopicSettings>): Promise<Topic | null>;
  getTopic(accountId: AccountId, name: string): Promise<Topic | null>;
  /** The topic of this name, or one whose name differs only in the case of A to Z; null: there is none. */
  findTopicAnyCase(accountId: AccountId, name: string): Promise<Topic | null>;
  /** In order of name. */
  listTopics(accountId: AccountId, page: PageRequest): Promise<Page<Topic>>;
  /** Deletes the topic, its subscriptions and all their data. False when there was none. */
  deleteTopic(accountId: AccountId, name: string): Promise<boolean>;

  /**
   * Creates or changes. `start` counts only at creation: a position in the future is waited for, a time in the future means
   * now. A new filter applies to messages that no claim has read yet; a new order releases everything that is held. A pushed
   * subscription stays pushed, and a pulled one pulled (`immutable_field`).
   */
  putSubscription(
    topicId: TopicId,
    name: string,
    settings: SubscriptionSettings,
    start: Start,
  ): Promise<{ readonly subscription: Subscription; readonly created: boolean }>;
  getSubscription(topicId: TopicId, name: string): Promise<Subscription | null>;
  getSubscriptionById(id: SubscriptionId): Promise<Subscription | null>;
  /** In order of name. */
  listSubscriptions(topicId: TopicId, page: PageRequest): Promise<Page<Subscription>>;
  deleteSubscription(topicId: TopicId, name: string): Promise<boolean>;
  setSubscriptionState(topicId: TopicId, name: string, state: SubscriptionState): Promise<Subscription | null>;
  /** Notifies every listener that a subscription was changed, paused, resumed or deleted. */
  onSubscriptionChange(listener: (subscriptionId: SubscriptionId) => void): void;
}
