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
} from "../../domain/model.ts";
import type { CatalogStore } from "../catalog.ts";
import type { WriteCondition } from "../../domain/write-condition.ts";
import type { Label } from "../label.ts";
import { Listeners } from "../listeners.ts";
import type { Page, PageRequest } from "../page.ts";
import { Subscriptions } from "./subscriptions.ts";
import { Topics, type CatalogOptions } from "./topics.ts";

export class PostgresCatalog implements CatalogStore {
  readonly #account: Account;
  readonly #topics: Topics;
  readonly #subscriptions: Subscriptions;
  readonly #changes = new Listeners<SubscriptionId>();

  constructor(account: Account, options: Omit<CatalogOptions, "changed">) {
    const withChanged = { ...options, changed: (id: SubscriptionId): void => this.notify(id) };
    this.#account = account;
    this.#topics = new Topics(withChanged);
    this.#subscriptions = new Subscriptions(withChanged);
  }

  defaultAccount(): Account {
    return this.#account;
  }

  putTopic(
    accountId: AccountId,
    name: string,
    settings: TopicSettings,
    condition?: WriteCondition,
  ): Promise<{ topic: Topic; created: boolean }> {
    return this.#topics.put(accountId, name, settings, condition);
  }

  createTopic(accountId: AccountId, name: string, settings: TopicSettings): Promise<Topic | null> {
    return this.#topics.create(accountId, name, settings);
  }

  getTopic(accountId: AccountId, name: string): Promise<Topic | null> {
    return this.#topics.get(accountId, name);
  }

  findTopicAnyCase(accountId: AccountId, name: string): Promise<Topic | null> {
    return this.#topics.findAnyCase(accountId, name);
  }

  listTopics(accountId: AccountId, page: PageRequest, label?: Label): Promise<Page<Topic>> {
    return this.#topics.list(accountId, page, label);
  }

  deleteTopic(accountId: AccountId, name: string, condition?: WriteCondition): Promise<boolean> {
    return this.#topics.delete(accountId, name, condition);
  }

  putSubscription(
    topicId: TopicId,
    name: string,
    settings: SubscriptionSettings,
    start: Start,
    condition?: WriteCondition,
  ): Promise<{ subscription: Subscription; created: boolean }> {
    return this.#subscriptions.put(topicId, name, settings, start, condition);
  }

  getSubscription(topicId: TopicId, name: string): Promise<Subscription | null> {
    return this.#subscriptions.get(topicId, name);
  }

  getSubscriptionById(id: SubscriptionId): Promise<Subscription | null> {
    return this.#subscriptions.getById(id);
  }

  listSubscriptions(topicId: TopicId, page: PageRequest, label?: Label): Promise<Page<Subscription>> {
    return this.#subscriptions.list(topicId, page, label);
  }

  deleteSubscription(topicId: TopicId, name: string, condition?: WriteCondition): Promise<boolean> {
    return this.#subscriptions.delete(topicId, name, condition);
  }

  setSubscriptionState(
    topicId: TopicId,
    name: string,
    state: SubscriptionState,
    condition?: WriteCondition,
  ): Promise<Subscription | null> {
    return this.#subscriptions.setState(topicId, name, state, condition);
  }

  subscriptionIdsOf(topicId: TopicId): Promise<readonly SubscriptionId[]> {
    return this.#subscriptions.idsOf(topicId);
  }

  onSubscriptionChange(listener: (id: SubscriptionId) => void): void {
    this.#changes.add(listener);
  }

  /** Notifies the listeners of this node that a subscription was changed. */
  notify(id: SubscriptionId): void {
    this.#changes.notify(id);
  }
}
