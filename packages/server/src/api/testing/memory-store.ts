import { RingbackError } from "../../domain/errors.ts";
import { isInternalName } from "../../domain/internal-names.ts";
import { messageId, parseMessageId } from "../../domain/message-id.ts";
import { foldCase } from "../../domain/names.ts";
import type {
  Account,
  AccountId,
  Entry,
  EntryKind,
  Message,
  NewMessage,
  Start,
  Subscription,
  SubscriptionId,
  Topic,
  TopicId,
  TopicSettings,
} from "../../domain/model.ts";
import { assertStaysPushedOrPulled } from "../../domain/subscription-rules.ts";
import { assertCondition, type PutCondition } from "../../store/condition.ts";
import { EntryIndex } from "../../store/entry-index.ts";
import { hasLabel, type Label } from "../../store/label.ts";
import type { EntryStore } from "../../store/entries.ts";
import type { ConnectionUse, StoreNode } from "../../store/cluster.ts";
import type { AppendResult } from "../../store/log.ts";
import type { Page, PageRequest } from "../../store/page.ts";
import type { AttemptRecord, DeadLetter } from "../../store/records.ts";
import type { Store } from "../../store/store.ts";

const account: Account = { id: 1 as AccountId, name: "default", appId: 1 };

/**
 * A store in memory, only as far as the HTTP tests look: the catalog, the log, and lists that a test fills. Nothing is
 * delivered, and what the API never calls is missing.
 */
export class MemoryStore implements Store {
  readonly driver = "memory";
  get log(): this {
    return this;
  }
  get catalog(): this {
    return this;
  }
  get records(): this {
    return this;
  }
  get cluster(): this {
    return this;
  }
  get entries(): EntryStore {
    return {
      put: (...call) => this.putEntry(...call),
      get: (...call) => this.getEntry(...call),
      list: (...call) => this.listEntries(...call),
      delete: (...call) => this.deleteEntry(...call),
    };
  }
  readonly topics = new Map<string, Topic>();
  readonly subscriptions = new Map<string, Subscription>();
  readonly messages: Message[] = [];
  attempts: AttemptRecord[] = [];
  deadLetters: DeadLetter[] = [];
  nodeList: StoreNode[] = [];
  isWritable = true;
  /** Every call rejects with this while it is set. */
  failure: Error | null = null;
  private readonly receipts = new Map<string, { fingerprint: string; receipt: AppendResult }>();
  private readonly entryIndex = new EntryIndex();
  private readonly changed: ((id: SubscriptionId) => void)[] = [];
  private lastId = 0;

  defaultAccount(): Account {
    return account;
  }

  // ---- things with a name

  async putEntry(accountId: AccountId, kind: EntryKind, name: string, value: unknown, condition?: PutCondition) {
    this.mayFail();
    const { entry, created } = this.entryIndex.prepare(
      accountId,
      { kind, name, value, condition },
      Date.UTC(2026, 0, 31, 8, 15, 30, 250),
    );
    this.entryIndex.set(accountId, entry);
    return { entry, created };
  }

  async getEntry(accountId: AccountId, kind: EntryKind, name: string): Promise<Entry | null> {
    return this.entryIndex.get(accountId, kind, name);
  }

  async listEntries(accountId: AccountId, kind: EntryKind, page: PageRequest, label?: Label): Promise<Page<Entry>> {
    return this.entryIndex.page(accountId, kind, page, label);
  }

  async deleteEntry(accountId: AccountId, kind: EntryKind, name: string): Promise<boolean> {
    const existed = this.entryIndex.get(accountId, kind, name) !== null;
    this.entryIndex.delete(accountId, kind, name);
    return existed;
  }

  async append({ topicId, messages, idempotency }: Parameters<Store["log"]["append"]>[0]): Promise<AppendResult> {
    this.mayFail();
    const used = idempotency && this.receipts.get(idempotency.key);
    if (idempotency && used) {
      if (used.fingerprint !== idempotency.fingerprint) throw new RingbackError("idempotency_conflict");
      return { ...used.receipt, replayed: true };
    }
    const firstSeq = this.messages.filter((message) => message.topicId === topicId).length + 1;
    const publishedAtMs = Date.UTC(2026, 0, 31, 8, 15, 30, 250);
    this.messages.push(...messages.map((message, i) => logged(message, topicId, firstSeq + i, publishedAtMs)));
    const receipt = { firstSeq, publishedAtMs, replayed: false };
    if (idempotency) this.receipts.set(idempotency.key, { fingerprint: idempotency.fingerprint, receipt });
    return receipt;
  }

  async putTopic(accountId: AccountId, name: string, settings: TopicSettings, condition?: PutCondition) {
    this.mayFail();
    const before = this.topics.get(name);
    assertCondition(condition, before?.version ?? null);
    const topic: Topic = {
      id: ++this.lastId as TopicId,
      accountId,
      name,
      createdAtMs: 1_000,
      updatedAtMs: 1_000,
      ...before,
      settings,
      version: nextVersion(before, settings),
    };
    this.topics.set(name, topic);
    return { topic, created: !before };
  }

  async createTopic(accountId: AccountId, name: string, settings: TopicSettings): Promise<Topic | null> {
    if ((await this.findTopicAnyCase(accountId, name)) !== null) return null;
    return (await this.putTopic(accountId, name, settings)).topic;
  }

  async getTopic(_accountId: AccountId, name: string): Promise<Topic | null> {
    this.mayFail();
    return this.topics.get(name) ?? null;
  }

  async findTopicAnyCase(_accountId: AccountId, name: string): Promise<Topic | null> {
    this.mayFail();
    return [...this.topics.values()].find((topic) => foldCase(topic.name) === foldCase(name)) ?? null;
  }

  async listTopics(_accountId: AccountId, page: PageRequest, label?: Label): Promise<Page<Topic>> {
    const listed = [...this.topics.values()].filter(
      ({ name, settings }) => !isInternalName(name) && (label === undefined || hasLabel(settings, label)),
    );
    return pageByKey(listed, page, (topic) => topic.name);
  }

  async deleteTopic(_accountId: AccountId, name: string): Promise<boolean> {
    return this.topics.delete(name);
  }

  async putSubscription(
    topicId: TopicId,
    name: string,
    settings: Subscription["settings"],
    _start?: Start,
    condition?: PutCondition,
  ) {
    const key = `${topicId}/${name}`;
    const before = this.subscriptions.get(key);
    assertCondition(condition, before?.version ?? null);
    if (before) assertStaysPushedOrPulled(before.settings, settings);
    const topic = [...this.topics.values()].find(({ id }) => id === topicId)?.name ?? "";
    const subscription: Subscription = {
      id: ++this.lastId as SubscriptionId,
      accountId: account.id,
      topicId,
      topic,
      name,
      state: "active",
      createdAtMs: 2_000,
      updatedAtMs: 2_000,
      ...before,
      settings,
      version: nextVersion(before, settings),
    };
    this.subscriptions.set(key, subscription);
    if (before) this.tellChange(before.id);
    return { subscription, created: !before };
  }

  onSubscriptionChange(listener: (id: SubscriptionId) => void): void {
    this.changed.push(listener);
  }

  async getSubscription(topicId: TopicId, name: string): Promise<Subscription | null> {
    return this.subscriptions.get(`${topicId}/${name}`) ?? null;
  }

  async listSubscriptions(topicId: TopicId, page: PageRequest, label?: Label): Promise<Page<Subscription>> {
    const own = [...this.subscriptions.values()].filter(
      ({ topicId: of, name, settings }) =>
        of === topicId && !isInternalName(name) && (label === undefined || hasLabel(settings, label)),
    );
    return pageByKey(own, page, (subscription) => subscription.name);
  }

  async deleteSubscription(topicId: TopicId, name: string): Promise<boolean> {
    const before = this.subscriptions.get(`${topicId}/${name}`);
    this.subscriptions.delete(`${topicId}/${name}`);
    if (before) this.tellChange(before.id);
    return before !== undefined;
  }

  async setSubscriptionState(topicId: TopicId, name: string, state: Subscription["state"]) {
    const before = await this.getSubscription(topicId, name);
    if (before === null) return null;
    const after = { ...before, state, version: before.version + (before.state === state ? 0 : 1) };
    this.subscriptions.set(`${topicId}/${name}`, after);
    return after;
  }

  async rewind(_id: SubscriptionId, _to: Parameters<Store["log"]["rewind"]>[1]): Promise<boolean> {
    return true;
  }

  async subscriptionCounts() {
    return { ...(await this.unsettledCounts()), deadLetters: this.deadLetters.length, expired: 3 };
  }

  async unsettledCounts() {
    return { backlog: this.messages.length, parked: 1, inFlight: 4 };
  }

  async pullCounts() {
    return { visible: this.messages.length, invisible: 1, delayed: 2, oldestAtMs: 1_000, rewindable: 3 };
  }

  async getMessage(_accountId: AccountId, id: Parameters<Store["records"]["getMessage"]>[1]) {
    this.mayFail();
    const place = parseMessageId(id);
    const message = this.messages.find(({ topicId, seq }) => topicId === place?.topicId && seq === place.seq);
    if (!message) return null;
    const topic = [...this.topics.values()].find(({ id: topicId }) => topicId === message.topicId)?.name ?? "";
    const attempts = this.attempts.filter(({ messageId: of }) => of === messageId(message.topicId, message.seq));
    const deliveries = attempts.map((attempt) => ({
      subscription: attempt.subscription,
      state: "parked" as const,
      nextAttemptAtMs: attempt.startedAtMs + 1_000,
      reason: null,
      attempts: [attempt],
    }));
    return { message, topic, deliveries };
  }

  async listAttempts(_id: SubscriptionId, page: PageRequest, only: "all" | "failed"): Promise<Page<AttemptRecord>> {
    const wanted = this.attempts.filter(({ verdict }) => only === "all" || verdict !== "accepted");
    return pageByKey(wanted, page, ({ startedAtMs }) => String(startedAtMs));
  }

  async listDeadLetters(_id: SubscriptionId, page: PageRequest): Promise<Page<DeadLetter>> {
    return pageByKey(this.deadLetters, page, ({ id }) => id);
  }

  async getDeadLetter(_id: SubscriptionId, deadLetterId: string): Promise<DeadLetter | null> {
    return this.deadLetters.find(({ id }) => id === deadLetterId) ?? null;
  }

  async redriveDeadLetters(_id: SubscriptionId, ids: readonly string[] | null): Promise<number> {
    return this.takeDeadLetters(ids);
  }

  async purgeDeadLetters(_id: SubscriptionId, ids: readonly string[] | null): Promise<number> {
    return this.takeDeadLetters(ids);
  }

  async statistics() {
    this.mayFail();
    return { topics: 1, subscriptions: 2, backlog: 3, parked: 4, deadLetters: 5, inFlight: 6, bytes: 7 };
  }

  async nodes(): Promise<readonly StoreNode[]> {
    this.mayFail();
    return this.nodeList;
  }

  connections(): readonly ConnectionUse[] {
    return [];
  }

  writable(): boolean {
    return this.isWritable;
  }

  async close(): Promise<void> {}

  claim = notFaked;
  touch = notFaked;
  renew = notFaked;
  settle = notFaked;
  settlePulled = notFaked;
  onReady = notFaked;
  findReady = notFaked;
  getSubscriptionById = notFaked;
  retain = notFaked;

  private takeDeadLetters(ids: readonly string[] | null): number {
    const before = this.deadLetters.length;
    this.deadLetters = this.deadLetters.filter(({ id }) => ids !== null && !ids.includes(id));
    return before - this.deadLetters.length;
  }

  private tellChange(id: SubscriptionId): void {
    for (const listener of this.changed) listener(id);
  }

  private mayFail(): void {
    if (this.failure) throw this.failure;
  }
}

function nextVersion(before: Topic | Subscription | undefined, settings: unknown): number {
  if (before === undefined) return 1;
  return before.version + (JSON.stringify(before.settings) === JSON.stringify(settings) ? 0 : 1);
}

function notFaked(): never {
  throw new Error("the API was not expected to call this");
}

function logged(message: NewMessage, topicId: TopicId, seq: number, publishedAtMs: number): Message {
  const { delayMs, ...rest } = message;
  return { ...rest, topicId, seq, publishedAtMs, deliverAtMs: delayMs === 0 ? null : publishedAtMs + delayMs };
}

function pageByKey<T>(all: readonly T[], page: PageRequest, keyOf: (item: T) => string): Page<T> {
  const sorted = all.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const from = page.after === null ? 0 : sorted.findIndex((item) => keyOf(item) === page.after) + 1;
  const items = sorted.slice(from, from + page.limit);
  const last = items.at(-1);
  return { items, next: last !== undefined && from + items.length < sorted.length ? keyOf(last) : null };
}
