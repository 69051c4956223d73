/**
 * Topics and subscriptions. A name that holds a colon is internal (`domain/internal-names.ts`): it is found by its name
 * and works like any other, but no list, no statistics and no limit of the account counts it.
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
import type { PutCondition } from "./condition.ts";
import type { Label } from "./label.ts";
import type { Page, PageRequest } from "./page.ts";

export interface CatalogStore {
  defaultAccount(): Account;

  /**
   * Creates the topic or replaces its settings; equal settings change nothing. `topic_limit` past `limits.topicsMax`.
   */
  putTopic(
    accountId: AccountId,
    name: string,
    settings: TopicSettings,
    condition?: PutCondition,
  ): Promise<{ readonly topic: Topic; readonly created: boolean }>;
  /** Creates; null when a topic exists, or is being created, whose name differs at most in the case of A to Z. */
  createTopic(accountId: AccountId, name: string, settings: TopicSettings): Promise<Topic | null>;
  getTopic(accountId: AccountId, name: string): Promise<Topic | null>;
  /** The topic of this name, or one whose name differs only in the case of A to Z; null: there is none. */
  findTopicAnyCase(accountId: AccountId, name: string): Promise<Topic | null>;
  /** In order of name; only those whose settings have the label, if one is given. */
  listTopics(accountId: AccountId, page: PageRequest, label?: Label): Promise<Page<Topic>>;
  /** Deletes the topic, its subscriptions and all their data. False when there was none. */
  deleteTopic(accountId: AccountId, name: string): Promise<boolean>;

  /**
   * Creates the subscription or replaces its settings; equal settings change nothing. `start` counts only at creation:
   * a position in the future is waited for, a time in the future means now. A new filter applies to messages that no
   * claim has read yet; a new order releases everything that is held. A pushed subscription stays pushed, and a pulled
   * one pulled (`immutable_field`).
   */
  putSubscription(
    topicId: TopicId,
    name: string,
    settings: SubscriptionSettings,
    start: Start,
    condition?: PutCondition,
  ): Promise<{ readonly subscription: Subscription; readonly created: boolean }>;
  getSubscription(topicId: TopicId, name: string): Promise<Subscription | null>;
  getSubscriptionById(id: SubscriptionId): Promise<Subscription | null>;
  /** In order of name; only those whose settings have the label, if one is given. */
  listSubscriptions(topicId: TopicId, page: PageRequest, label?: Label): Promise<Page<Subscription>>;
  deleteSubscription(topicId: TopicId, name: string): Promise<boolean>;
  setSubscriptionState(topicId: TopicId, name: string, state: SubscriptionState): Promise<Subscription | null>;
  /** Notifies every listener that a subscription was changed, paused, resumed or deleted. */
  onSubscriptionChange(listener: (subscriptionId: SubscriptionId) => void): void;
}
