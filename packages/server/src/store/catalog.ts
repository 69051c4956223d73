/**
 * Topics and subscriptions. A name with a colon is internal, and so is the topic `ringback.events`
 * (`domain/internal-names.ts`). Internal topics and subscriptions work like any other, but lists, statistics and the
 * account's limits skip them.
 */

import type { LimitsOf } from "../domain/account-limits.ts";
import type {
  Account,
  AccountId,
  Seq,
  Start,
  Subscription,
  SubscriptionHealth,
  SubscriptionId,
  SubscriptionSettings,
  StateChange,
  TimeMs,
  Topic,
  TopicId,
  TopicSettings,
} from "../domain/model.ts";
import type { WriteCondition } from "../domain/write-condition.ts";
import type { Label } from "./label.ts";
import type { Page, PageRequest } from "./page.ts";
import type { SubscriptionFilter } from "./record-filters.ts";
import type { SearchPage } from "./search.ts";

export interface TopicPut {
  readonly topic: Topic;
  readonly created: boolean;
}

export interface SubscriptionPut {
  readonly subscription: Subscription;
  readonly created: boolean;
}

/** A topic and the positions of its messages. `lastSeq` is `firstSeq - 1` when the log is empty. */
export interface TopicRange {
  readonly topic: Topic;
  readonly firstSeq: Seq;
  readonly lastSeq: Seq;
}

export interface HealthChange {
  readonly before: SubscriptionHealth | null;
  readonly after: SubscriptionHealth | null;
  /**
   * Waits that the endpoint has caused. The first attempts of all parked deliveries are moved later by this time, but
   * not past `nowMs`, so that retry policies do not count it. null: no first attempt is moved.
   */
  readonly waited: { readonly waitedMs: number; readonly nowMs: TimeMs } | null;
}

export interface CatalogStore {
  /** The account that the store creates when it is first opened. */
  defaultAccount(): Account;
  /** Returns the id of the account of this name, which is created if it does not exist. */
  ensureAccount(name: string): Promise<AccountId>;
  /** Removes an account without topics and entries, and never uses its id again. Returns false if it has some. */
  removeAccount(id: AccountId): Promise<boolean>;

  /**
   * Applies the limits of accounts to topics and subscriptions, besides those of the server. A topic or subscription
   * that exists already stays, even past a limit. `limitsOf` throws for an account that may have none.
   */
  limitAccounts(limitsOf: LimitsOf): void;

  /**
   * Creates the topic or replaces its settings; equal settings change nothing. Throws `topic_limit`, and
   * `invalid_request` for a retention that the account's limits do not allow.
   */
  putTopic(accountId: AccountId, name: string, settings: TopicSettings, condition?: WriteCondition): Promise<TopicPut>;
  /** Creates a topic. Returns null when a topic with this name, in any letter case, exists or is being created. */
  createTopic(accountId: AccountId, name: string, settings: TopicSettings): Promise<Topic | null>;
  getTopic(accountId: AccountId, name: string): Promise<Topic | null>;
  /** Returns the topic of this name, or one whose name differs only in the case of the letters A to Z, or null. */
  findTopicAnyCase(accountId: AccountId, name: string): Promise<Topic | null>;
  /** Lists topics in order of name. With a label, only topics whose settings have the label. */
  listTopics(accountId: AccountId, page: PageRequest, label?: Label): Promise<Page<Topic>>;
  /** Lists topics in order of id, internal ones included. Returns up to `limit` topics with an id above `after`. */
  listTopicRanges(accountId: AccountId, after: TopicId | null, limit: number): Promise<readonly TopicRange[]>;
  /** Returns the number of the account's topics, internal ones included. */
  countTopics(accountId: AccountId): Promise<number>;
  /** Deletes the topic, its subscriptions and all their data. Returns false when there was no such topic. */
  deleteTopic(accountId: AccountId, name: string, condition?: WriteCondition): Promise<boolean>;

  /**
   * Creates the subscription or replaces its settings; equal settings change nothing. `start` is used only at creation.
   * A start position can be in the future; a start time cannot (`invalid_request`). A new filter applies to messages
   * that no claim has read yet. A new order makes all held deliveries due. A push subscription cannot become a pull
   * subscription, nor the reverse (`immutable_field`). Throws `subscription_limit`.
   */
  putSubscription(
    topicId: TopicId,
    name: string,
    settings: SubscriptionSettings,
    start: Start,
    condition?: WriteCondition,
  ): Promise<SubscriptionPut>;
  getSubscription(topicId: TopicId, name: string): Promise<Subscription | null>;
  getSubscriptionById(id: SubscriptionId): Promise<Subscription | null>;
  /** Lists subscriptions in order of name. With a label, only subscriptions whose settings have the label. */
  listSubscriptions(topicId: TopicId, page: PageRequest, label?: Label): Promise<Page<Subscription>>;
  /** Lists subscriptions of all topics, in order of the topic's name and then of their own. */
  searchSubscriptions(
    accountId: AccountId,
    page: PageRequest,
    filter?: SubscriptionFilter,
  ): Promise<SearchPage<Subscription>>;
  /** Returns up to `limit` subscriptions of all topics that sign with this key. */
  subscriptionsOfKey(accountId: AccountId, kid: string, limit: number): Promise<readonly Subscription[]>;
  /**
   * Lists the subscriptions of all accounts that have sealed secrets, in order of id. A subscription with a label of
   * the name `sealed` may be listed too. Returns up to `limit` subscriptions with an id above `after`.
   */
  subscriptionsWithSecrets(after: SubscriptionId, limit: number): Promise<readonly Subscription[]>;
  deleteSubscription(topicId: TopicId, name: string, condition?: WriteCondition): Promise<boolean>;
  setSubscriptionState(
    topicId: TopicId,
    name: string,
    change: StateChange,
    condition?: WriteCondition,
  ): Promise<Subscription | null>;
  /**
   * Replaces the health if it is still `before`, and returns whether it did. So of several processes that find the same
   * change, one succeeds. The version stays. A new state other than `active`, `active` after another state, and changed
   * settings of the endpoint set the health to null too.
   */
  setSubscriptionHealth(id: SubscriptionId, change: HealthChange): Promise<boolean>;
  /** Notifies every listener that a subscription or its health changed, or that it was paused, resumed or deleted. */
  onSubscriptionChange(listener: (subscriptionId: SubscriptionId) => void): void;
}
