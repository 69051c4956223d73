import { RingbackError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import type {
  Account,
  AccountId,
  Start,
  Subscription,
  SubscriptionId,
  SubscriptionSettings,
  SubscriptionState as State,
  Topic,
  TopicId,
  TopicSettings,
} from "../../domain/model.ts";
import type { Clock } from "../../domain/ports.ts";
import { startSeq } from "../../domain/start-rule.ts";
import { assertRoomForSubscription, assertStaysPushedOrPulled } from "../../domain/subscription-rules.ts";
import { assertRoomForTopic } from "../../domain/topic-rules.ts";
import type { CatalogStore } from "../catalog.ts";
import { assertCondition, type WriteCondition } from "../../domain/write-condition.ts";
import { hasLabel, type Label } from "../label.ts";
import { Listeners } from "../listeners.ts";
import type { Page, PageRequest } from "../page.ts";
import type { MemoryData } from "./memory-data.ts";
import { SubscriptionState } from "./subscription-state.ts";
import { TopicState } from "./topic-state.ts";

export class MemoryCatalog implements CatalogStore {
  readonly #data: MemoryData;
  readonly #clock: Clock;
  readonly #ready: Listeners<readonly SubscriptionId[]>;
  readonly #changes = new Listeners<SubscriptionId>();

  constructor(data: MemoryData, clock: Clock, ready: Listeners<readonly SubscriptionId[]>) {
    this.#data = data;
    this.#clock = clock;
    this.#ready = ready;
  }

  defaultAccount(): Account {
    return this.#data.account;
  }

  async putTopic(
    accountId: AccountId,
    name: string,
    settings: TopicSettings,
    condition?: WriteCondition,
  ): Promise<{ readonly topic: Topic; readonly created: boolean }> {
    const known = this.#data.topics.ofAccount(accountId).get(name);
    assertCondition(condition, known?.topic ?? null);
    if (known === undefined) return { topic: this.#addTopic(accountId, name, settings), created: true };
    if (!isSame(known.topic.settings, settings)) known.topic = changed(known.topic, { settings }, this.#clock.now());
    return { topic: known.topic, created: false };
  }

  async createTopic(accountId: AccountId, name: string, settings: TopicSettings): Promise<Topic | null> {
    if (this.#data.topics.findAnyCase(accountId, name) !== undefined) return null;
    return this.#addTopic(accountId, name, settings);
  }

  #addTopic(accountId: AccountId, name: string, settings: TopicSettings): Topic {
    const { topics } = this.#data;
    assertRoomForTopic(name, topics.ofAccount(accountId).listedCount);
    const id = this.#data.nextTopicId();
    if (id > limits.topicsEverMax) throw new RingbackError("topic_limit");
    const topic = { id, accountId, name, settings: copy(settings), ...this.#begin() };
    topics.add(new TopicState(topic));
    return topic;
  }

  async getTopic(accountId: AccountId, name: string): Promise<Topic | null> {
    return this.#data.topics.ofAccount(accountId).get(name)?.topic ?? null;
  }

  async findTopicAnyCase(accountId: AccountId, name: string): Promise<Topic | null> {
    return this.#data.topics.findAnyCase(accountId, name)?.topic ?? null;
  }

  async listTopics(accountId: AccountId, page: PageRequest, label?: Label): Promise<Page<Topic>> {
    return this.#data.topics.ofAccount(accountId).page(
      page,
      ({ topic }) => topic,
      ({ topic }) => label === undefined || hasLabel(topic.settings, label),
    );
  }

  async deleteTopic(accountId: AccountId, name: string, condition?: WriteCondition): Promise<boolean> {
    const { topics } = this.#data;
    const topic = topics.ofAccount(accountId).get(name);
    if (topic === undefined) return false;
    assertCondition(condition, topic.topic);
    topics.remove(topic);
    for (const state of topic.subscriptions.values()) this.#forget(state);
    return true;
  }

  async putSubscription(
    topicId: TopicId,
    name: string,
    settings: SubscriptionSettings,
    start: Start,
    condition?: WriteCondition,
  ): Promise<{ readonly subscription: Subscription; readonly created: boolean }> {
    const topic = this.#topic(topicId);
    const known = topic.subscriptions.get(name);
    assertCondition(condition, known?.subscription ?? null);
    if (known === undefined) {
      return { subscription: this.#addSubscription(topic, name, settings, start), created: true };
    }
    const before = known.subscription;
    assertStaysPushedOrPulled(before.settings, settings);
    if (!isSame(before.settings, settings)) {
      const nowMs = this.#clock.now();
      known.subscription = changed(before, { settings: copy(settings) }, nowMs);
      if (before.settings.order !== settings.order) known.parked.releaseKeys(nowMs);
      this.#changes.notify(before.id);
      this.#ready.notify([before.id]);
    }
    return { subscription: known.subscription, created: false };
  }

  #addSubscription(topic: TopicState, name: string, settings: SubscriptionSettings, start: Start): Subscription {
    const { subscriptions, claims } = this.#data;
    assertRoomForSubscription(name, { ofTopic: topic.subscriptions.listedCount, ofStore: subscriptions.size });
    const settledThrough = startSeq(start, topic, this.#clock.now(), (atMs) => topic.seqAt(atMs)) - 1;
    const { id: topicId, accountId, name: topicName } = topic.topic;
    const id = this.#data.nextSubscriptionId();
    const identity = { id, accountId, topicId, topic: topicName, name };
    const subscription = { ...identity, state: "active" as const, settings: copy(settings), ...this.#begin() };
    const nextRecordId = (): number => this.#data.nextRecordId();
    const state = new SubscriptionState({ subscription, topic, claims, nextRecordId, settledThrough });
    topic.subscriptions.set(name, state);
    subscriptions.set(id, state);
    this.#ready.notify([id]);
    return subscription;
  }

  async getSubscription(topicId: TopicId, name: string): Promise<Subscription | null> {
    return this.#data.topics.get(topicId)?.subscriptions.get(name)?.subscription ?? null;
  }

  async getSubscriptionById(id: SubscriptionId): Promise<Subscription | null> {
    return this.#data.subscriptions.get(id)?.subscription ?? null;
  }

  async listSubscriptions(topicId: TopicId, page: PageRequest, label?: Label): Promise<Page<Subscription>> {
    return this.#topic(topicId).subscriptions.page(
      page,
      ({ subscription }) => subscription,
      ({ subscription }) => label === undefined || hasLabel(subscription.settings, label),
    );
  }

  async deleteSubscription(topicId: TopicId, name: string, condition?: WriteCondition): Promise<boolean> {
    const topic = this.#data.topics.get(topicId);
    const state = topic?.subscriptions.get(name);
    if (topic === undefined || state === undefined) return false;
    assertCondition(condition, state.subscription);
    topic.subscriptions.delete(name);
    this.#forget(state);
    return true;
  }

  async setSubscriptionState(
    topicId: TopicId,
    name: string,
    state: State,
    condition?: WriteCondition,
  ): Promise<Subscription | null> {
    const known = this.#data.topics.get(topicId)?.subscriptions.get(name);
    if (known === undefined) return null;
    assertCondition(condition, known.subscription);
    const { id } = known.subscription;
    if (known.subscription.state !== state) {
      known.subscription = changed(known.subscription, { state }, this.#clock.now());
      this.#changes.notify(id);
      if (state === "active") this.#ready.notify([id]);
    }
    return known.subscription;
  }

  onSubscriptionChange(listener: (id: SubscriptionId) => void): void {
    this.#changes.add(listener);
  }

  #forget(state: SubscriptionState): void {
    const { id } = state.subscription;
    for (const seq of state.open.keys()) state.leaveClaim(seq);
    this.#data.subscriptions.delete(id);
    this.#changes.notify(id);
  }

  #begin() {
    const nowMs = this.#clock.now();
    return { version: 1, createdAtMs: nowMs, updatedAtMs: nowMs };
  }

  #topic(id: TopicId): TopicState {
    const topic = this.#data.topics.get(id);
    if (topic === undefined) throw new RingbackError("topic_not_found");
    return topic;
  }
}

function changed<T extends Topic | Subscription>(before: T, change: Partial<T>, nowMs: number): T {
  return { ...before, ...change, version: before.version + 1, updatedAtMs: nowMs };
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** A copy, because the caller may change its object later. */
function copy<T>(settings: T): T {
  return JSON.parse(JSON.stringify(settings)) as T;
}
