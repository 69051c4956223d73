import { RingbackError } from "../../domain/errors.ts";
import { isInternalName } from "../../domain/internal-names.ts";
import { messageId, parseMessageId } from "../../domain/message-id.ts";
import { foldCase } from "../../domain/names.ts";
import type {
  Account,
  AccountId,
  Entry,
  EntryKind,
  MessageId,
  Seq,
  Start,
  Subscription,
  SubscriptionId,
  SubscriptionSettings,
  SubscriptionState,
  TimeMs,
  Topic,
  TopicId,
  TopicSettings,
} from "../../domain/model.ts";
import { assertCondition, type PutCondition } from "../../store/condition.ts";
import { EntryIndex } from "../../store/entry-index.ts";
import { hasLabel, type Label } from "../../store/label.ts";
import type { EntryStore } from "../../store/entries.ts";
import type { Clock } from "../../domain/ports.ts";
import { assertStaysPushedOrPulled } from "../../domain/subscription-rules.ts";
import type { ConnectionUse, StoreNode } from "../../store/cluster.ts";
import type {
  AppendResult,
  AppendRequest,
  Claim,
  ClaimId,
  ClaimWant,
  PulledSettlement,
  RetentionResult,
  Settlement,
} from "../../store/log.ts";
import type { Page, PageRequest } from "../../store/page.ts";
import type {
  AttemptRecord,
  DeadLetter,
  MessageRecord,
  PullCounts,
  StoreStatistics,
  SubscriptionCounts,
  UnsettledCounts,
} from "../../store/records.ts";
import type { Store } from "../../store/store.ts";
import { branded } from "./brand.ts";
import { MemoryClaims } from "./memory-claims.ts";
import { MemorySubscription } from "./memory-subscription.ts";
import { MemoryTopic } from "./memory-topic.ts";
import { pageOf } from "./page.ts";

const account: Account = { id: branded(1), name: "default", appId: 1_234 };
/** Messages that one retention step removes. */
const RETENTION_STEP = 500;

/**
 * The store's contract in memory, as the embedded driver keeps it: what a call does it does at once. It leaves out what
 * only a disk can do (durability, a full or failing disk, a start after a crash), and the retention of attempts, dead letters
 * and idempotency keys.
 */
export class MemoryStore implements Store {
  readonly driver: string = "memory";
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
  protected readonly clock: Clock;
  protected readonly claims = new MemoryClaims();
  /** Of the processes that are alive. */
  protected readonly readyListeners: ((ids: readonly SubscriptionId[]) => void)[] = [];
  readonly #topics = new Map<TopicId, MemoryTopic>();
  readonly #subscriptions = new Map<SubscriptionId, MemorySubscription>();
  readonly #receipts = new Map<string, { readonly fingerprint: string; readonly receipt: AppendResult }>();
  protected readonly changeListeners: ((id: SubscriptionId) => void)[] = [];
  protected readonly entryIndex = new EntryIndex();
  #lastTopicId = 0;
  #lastSubscriptionId = 0;
  #lastDeadLetterId = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  // ---- things with a name

  async putEntry(accountId: AccountId, kind: EntryKind, name: string, value: unknown, condition?: PutCondition) {
    const { entry, created } = this.entryIndex.prepare(accountId, { kind, name, value, condition }, this.clock.now());
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

  // ---- the log

  async append({ topicId, messages, idempotency }: AppendRequest): Promise<AppendResult> {
    const topic = this.#topic(topicId);
    const known = idempotency === null ? undefined : this.#receipts.get(`${topicId} ${idempotency.key}`);
    if (idempotency !== null && known !== undefined) {
      if (known.fingerprint !== idempotency.fingerprint) throw new RingbackError("idempotency_conflict");
      return { ...known.receipt, replayed: true };
    }
    const publishedAtMs = this.clock.now();
    const receipt = { firstSeq: topic.append(messages, publishedAtMs), publishedAtMs, replayed: false };
    if (idempotency !== null) {
      this.#receipts.set(`${topicId} ${idempotency.key}`, { fingerprint: idempotency.fingerprint, receipt });
    }
    this.ready([...topic.subscriptions.values()].map(({ subscription }) => subscription.id));
    return receipt;
  }

  async claim(wants: readonly ClaimWant[], leaseMs: number): Promise<readonly Claim[]> {
    const nowMs = this.clock.now();
    return wants.map((want) => {
      const entry = this.#subscriptions.get(want.subscriptionId);
      if (entry?.subscription.state === "active") return entry.claim(want, nowMs, nowMs + leaseMs);
      return {
        id: this.claims.nextId(),
        subscriptionId: want.subscriptionId,
        deliveries: [],
        more: false,
        nextDueAtMs: null,
        parkedCount: 0,
      };
    });
  }

  /** As a test wants it. */
  touched: number | null = 0;

  touch(): number | null {
    return this.touched;
  }

  async renew(claimIds: readonly ClaimId[], leaseMs: number): Promise<readonly ClaimId[]> {
    const nowMs = this.clock.now();
    return this.claims.renew(claimIds, nowMs + leaseMs, nowMs);
  }

  async settle(settlements: readonly Settlement[]): Promise<number> {
    let applied = 0;
    for (const settlement of settlements) {
      const id = settlement.subscriptionId;
      const ready = (): void => this.ready([id]);
      if (this.#subscriptions.get(id)?.settle(settlement, this.clock.now(), ready)) applied++;
    }
    return applied;
  }

  async settlePulled(id: SubscriptionId, answers: readonly PulledSettlement[]): Promise<readonly boolean[]> {
    const nowMs = this.clock.now();
    const said = new Set<Seq>();
    return answers.map((each) => {
      const { seq } = each.pulled;
      if (said.has(seq)) return false;
      said.add(seq);
      return this.#subscriptions.get(id)?.answer(each, nowMs, () => this.ready([id])) ?? false;
    });
  }

  async rewind(id: SubscriptionId, to: Exclude<Start, "now">): Promise<boolean> {
    const entry = this.#subscriptions.get(id);
    if (entry === undefined) return false;
    entry.rewind(startAfter(this.#topic(entry.subscription.topicId), to) + 1);
    this.ready([id]);
    return true;
  }

  onReady(listener: (ids: readonly SubscriptionId[]) => void): void {
    this.readyListeners.push(listener);
  }

  protected ready(ids: readonly SubscriptionId[]): void {
    for (const listener of this.readyListeners) listener(ids);
  }

  async findReady(): Promise<{
    readonly subscriptionIds: readonly SubscriptionId[];
    readonly nextDueAtMs: TimeMs | null;
  }> {
    const nowMs = this.clock.now();
    const found = [...this.#subscriptions.values()].filter((entry) => entry.hasWork(nowMs));
    const dueTimes = found
      .flatMap((entry) => [...entry.parked.values()].map(({ dueAtMs }) => dueAtMs ?? 0))
      .filter((dueAtMs) => dueAtMs > nowMs);
    return {
      subscriptionIds: found.map((entry) => entry.subscription.id),
      nextDueAtMs: dueTimes.length === 0 ? null : Math.min(...dueTimes),
    };
  }

  // ---- the catalog

  defaultAccount(): Account {
    return account;
  }

  async putTopic(
    accountId: AccountId,
    name: string,
    settings: TopicSettings,
    condition?: PutCondition,
  ): Promise<{ readonly topic: Topic; readonly created: boolean }> {
    const nowMs = this.clock.now();
    const entry = this.#topicNamed(accountId, name);
    assertCondition(condition, entry?.topic.version ?? null);
    if (entry === undefined) {
      const topic: Topic = {
        id: branded(++this.#lastTopicId),
        accountId,
        name,
        settings,
        version: 1,
        createdAtMs: nowMs,
        updatedAtMs: nowMs,
      };
      this.#topics.set(topic.id, new MemoryTopic(topic));
      return { topic, created: true };
    }
    const { topic } = entry;
    if (JSON.stringify(settings) !== JSON.stringify(topic.settings)) {
      entry.topic = { ...topic, settings, version: topic.version + 1, updatedAtMs: nowMs };
    }
    return { topic: entry.topic, created: false };
  }

  async createTopic(accountId: AccountId, name: string, settings: TopicSettings): Promise<Topic | null> {
    if ((await this.findTopicAnyCase(accountId, name)) !== null) return null;
    return (await this.putTopic(accountId, name, settings)).topic;
  }

  async getTopic(accountId: AccountId, name: string): Promise<Topic | null> {
    return this.#topicNamed(accountId, name)?.topic ?? null;
  }

  async findTopicAnyCase(accountId: AccountId, name: string): Promise<Topic | null> {
    const folded = foldCase(name);
    const same = [...this.#topics.values()]
      .map(({ topic }) => topic)
      .filter((topic) => topic.accountId === accountId && foldCase(topic.name) === folded);
    return same.find((topic) => topic.name === name) ?? same[0] ?? null;
  }

  async listTopics(accountId: AccountId, page: PageRequest, label?: Label): Promise<Page<Topic>> {
    const topics = [...this.#topics.values()].map(({ topic }) => topic);
    const own = topics.filter((topic) => topic.accountId === accountId && !isInternalName(topic.name));
    const wanted = own.filter(({ settings }) => label === undefined || hasLabel(settings, label));
    return pageOf(byName(wanted), page, (topic) => topic.name);
  }

  async deleteTopic(accountId: AccountId, name: string): Promise<boolean> {
    const entry = this.#topicNamed(accountId, name);
    if (entry === undefined) return false;
    this.#topics.delete(entry.topic.id);
    for (const { subscription } of entry.subscriptions.values()) {
      this.#subscriptions.delete(subscription.id);
      this.#changed(subscription.id);
    }
    return true;
  }

  async putSubscription(
    topicId: TopicId,
    name: string,
    settings: SubscriptionSettings,
    start: Start,
    condition?: PutCondition,
  ): Promise<{ readonly subscription: Subscription; readonly created: boolean }> {
    const topic = this.#topic(topicId);
    const nowMs = this.clock.now();
    const known = topic.subscriptions.get(name);
    assertCondition(condition, known?.subscription.version ?? null);
    if (known !== undefined) {
      const before = known.subscription;
      assertStaysPushedOrPulled(before.settings, settings);
      if (JSON.stringify(before.settings) !== JSON.stringify(settings)) {
        known.subscription = { ...before, settings, version: before.version + 1, updatedAtMs: nowMs };
        if (before.settings.order !== settings.order) known.releaseHeld(nowMs);
        this.#changed(before.id);
        this.ready([before.id]);
      }
      return { subscription: known.subscription, created: false };
    }
    const { accountId, name: topicName } = topic.topic;
    const subscription: Subscription = {
      id: branded(++this.#lastSubscriptionId),
      accountId,
      topicId,
      topic: topicName,
      name,
      state: "active",
      settings,
      version: 1,
      createdAtMs: nowMs,
      updatedAtMs: nowMs,
    };
    const entry = new MemorySubscription({
      subscription,
      topic,
      claims: this.claims,
      startAfter: startAfter(topic, start),
      nextDeadLetterId: () => String(++this.#lastDeadLetterId),
    });
    topic.subscriptions.set(name, entry);
    this.#subscriptions.set(subscription.id, entry);
    this.ready([subscription.id]);
    return { subscription, created: true };
  }

  async getSubscription(topicId: TopicId, name: string): Promise<Subscription | null> {
    return this.#topics.get(topicId)?.subscriptions.get(name)?.subscription ?? null;
  }

  async getSubscriptionById(id: SubscriptionId): Promise<Subscription | null> {
    return this.#subscriptions.get(id)?.subscription ?? null;
  }

  async listSubscriptions(topicId: TopicId, page: PageRequest, label?: Label): Promise<Page<Subscription>> {
    const own = [...this.#topic(topicId).subscriptions.values()].map(({ subscription }) => subscription);
    const listed = own.filter(
      ({ name, settings }) => !isInternalName(name) && (label === undefined || hasLabel(settings, label)),
    );
    return pageOf(byName(listed), page, (subscription) => subscription.name);
  }

  async deleteSubscription(topicId: TopicId, name: string): Promise<boolean> {
    const topic = this.#topics.get(topicId);
    const entry = topic?.subscriptions.get(name);
    if (topic === undefined || entry === undefined) return false;
    topic.subscriptions.delete(name);
    this.#subscriptions.delete(entry.subscription.id);
    this.#changed(entry.subscription.id);
    return true;
  }

  async setSubscriptionState(topicId: TopicId, name: string, state: SubscriptionState): Promise<Subscription | null> {
    const entry = this.#topics.get(topicId)?.subscriptions.get(name);
    if (entry === undefined) return null;
    if (entry.subscription.state !== state) {
      const { subscription } = entry;
      entry.subscription = {
        ...subscription,
        state,
        version: subscription.version + 1,
        updatedAtMs: this.clock.now(),
      };
      this.#changed(entry.subscription.id);
      if (state === "active") this.ready([entry.subscription.id]);
    }
    return entry.subscription;
  }

  onSubscriptionChange(listener: (id: SubscriptionId) => void): void {
    this.changeListeners.push(listener);
  }

  #changed(id: SubscriptionId): void {
    for (const listener of this.changeListeners) listener(id);
  }

  // ---- looking and mending

  async getMessage(accountId: AccountId, id: MessageId): Promise<MessageRecord | null> {
    const place = parseMessageId(id);
    const topic = place === null ? undefined : this.#topics.get(place.topicId);
    const message = topic?.messages.get(place?.seq ?? 0);
    if (topic === undefined || message === undefined || topic.topic.accountId !== accountId) return null;
    return {
      message,
      topic: topic.topic.name,
      deliveries: [...topic.subscriptions.values()].map((entry) => ({
        subscription: entry.subscription.name,
        state: entry.stateOf(message),
        nextAttemptAtMs: entry.parked.get(message.seq)?.dueAtMs ?? null,
        reason: [...entry.deadLetters.values()].find((letter) => letter.message.seq === message.seq)?.reason ?? null,
        attempts: entry.attempts.filter((record) => record.message.seq === message.seq).map(({ attempt }) => attempt),
      })),
    };
  }

  async subscriptionCounts(id: SubscriptionId): Promise<SubscriptionCounts> {
    const { deadLetters, expired } = this.#subscription(id);
    return { ...(await this.unsettledCounts(id)), deadLetters: deadLetters.size, expired };
  }

  async unsettledCounts(id: SubscriptionId): Promise<UnsettledCounts> {
    const entry = this.#subscription(id);
    const parked = [...entry.parked.keys()].filter((seq) => !entry.hasOpen(seq)).length;
    return { backlog: entry.backlog, parked, inFlight: entry.openCount };
  }

  async pullCounts(id: SubscriptionId, rewindableFromMs: TimeMs): Promise<PullCounts> {
    return this.#subscription(id).pullCounts(this.clock.now(), rewindableFromMs);
  }

  async listAttempts(id: SubscriptionId, page: PageRequest, only: "all" | "failed"): Promise<Page<AttemptRecord>> {
    const entry = this.#subscription(id);
    const numbered = entry.attempts.map((record, index) => ({ ...record, number: String(index) })).toReversed();
    const wanted = numbered.filter(({ attempt }) => only === "all" || attempt.verdict !== "accepted");
    const { items, next } = pageOf(wanted, page, ({ number }) => number);
    const subscription = entry.subscription.name;
    return {
      items: items.map(({ message, attempt }) => ({
        ...attempt,
        messageId: messageId(message.topicId, message.seq),
        subscription,
      })),
      next,
    };
  }

  async listDeadLetters(id: SubscriptionId, page: PageRequest): Promise<Page<DeadLetter>> {
    const letters = [...this.#subscription(id).deadLetters.values()];
    letters.sort((one, other) => Number(other.id) - Number(one.id));
    return pageOf(letters, page, (letter) => letter.id);
  }

  async getDeadLetter(id: SubscriptionId, deadLetterId: string): Promise<DeadLetter | null> {
    return this.#subscriptions.get(id)?.deadLetters.get(deadLetterId) ?? null;
  }

  async redriveDeadLetters(id: SubscriptionId, ids: readonly string[] | null): Promise<number> {
    const entry = this.#subscription(id);
    const letters = chosenLetters(entry, ids);
    for (const letter of letters) entry.redrive(letter, this.clock.now());
    if (letters.length > 0) this.ready([id]);
    return letters.length;
  }

  async purgeDeadLetters(id: SubscriptionId, ids: readonly string[] | null): Promise<number> {
    const entry = this.#subscription(id);
    const letters = chosenLetters(entry, ids);
    for (const letter of letters) entry.deadLetters.delete(letter.id);
    return letters.length;
  }

  async statistics(): Promise<StoreStatistics> {
    const entries = [...this.#subscriptions.values()];
    const sum = (of: (entry: MemorySubscription) => number): number =>
      entries.reduce((total, entry) => total + of(entry), 0);
    return {
      topics: [...this.#topics.values()].filter(({ topic }) => !isInternalName(topic.name)).length,
      subscriptions: entries.filter(({ subscription }) => !isInternalName(subscription.name)).length,
      backlog: sum((entry) => entry.backlog),
      parked: sum((entry) => entry.parked.size),
      deadLetters: sum((entry) => entry.deadLetters.size),
      inFlight: this.claims.openDeliveries,
      bytes: 0,
    };
  }

  async nodes(): Promise<readonly StoreNode[]> {
    const nowMs = this.clock.now();
    return [
      { id: 1, name: "memory", version: "", startedAtMs: nowMs, lastSeenAtMs: nowMs, isAlive: true, isThis: true },
    ];
  }

  connections(): readonly ConnectionUse[] {
    return [];
  }

  async retain(): Promise<RetentionResult> {
    const nowMs = this.clock.now();
    const entries = [...this.#subscriptions.values()];
    const before = new Map(entries.map((entry) => [entry, entry.expired]));
    const removed = [...this.#topics.values()].map((topic) => topic.trim(nowMs, RETENTION_STEP));
    return {
      messages: removed.reduce((total, count) => total + count, 0),
      attempts: 0,
      deadLetters: 0,
      idempotencyKeys: 0,
      expired: entries
        .map((entry) => ({ subscriptionId: entry.subscription.id, count: entry.expired - (before.get(entry) ?? 0) }))
        .filter(({ count }) => count > 0),
      more: removed.includes(RETENTION_STEP),
    };
  }

  /** For checks, in the middle of whatever goes on. */
  wasDelivered(id: SubscriptionId, seq: Seq): boolean {
    return this.#subscriptions.get(id)?.delivered.has(seq) ?? false;
  }

  /** Whether the subscription was made before the message, so that it gets it. */
  isFor(id: SubscriptionId, seq: Seq): boolean {
    return seq > (this.#subscriptions.get(id)?.skippedThrough ?? seq);
  }

  /** Every lease has run out: after a stall, or because the process that held them is gone. */
  expireLeases(): void {
    this.claims.expireAll();
  }

  writable(): boolean {
    return true;
  }

  async close(): Promise<void> {}

  #topicNamed(accountId: AccountId, name: string): MemoryTopic | undefined {
    return [...this.#topics.values()].find(({ topic }) => topic.accountId === accountId && topic.name === name);
  }

  #topic(id: TopicId): MemoryTopic {
    const topic = this.#topics.get(id);
    if (topic === undefined) throw new RingbackError("topic_not_found");
    return topic;
  }

  #subscription(id: SubscriptionId): MemorySubscription {
    const entry = this.#subscriptions.get(id);
    if (entry === undefined) throw new RingbackError("subscription_not_found");
    return entry;
  }
}

function startAfter(topic: MemoryTopic, start: Start): number {
  if (start === "now") return topic.lastSeq;
  if (start === "oldest") return topic.firstSeq - 1;
  if ("seq" in start) return Math.max(start.seq, topic.firstSeq) - 1;
  return topic.seqAt(start.atMs) - 1;
}

function chosenLetters(entry: MemorySubscription, ids: readonly string[] | null): readonly DeadLetter[] {
  return [...entry.deadLetters.values()].filter(({ id }) => ids === null || ids.includes(id));
}

function byName<T extends { readonly name: string }>(items: readonly T[]): readonly T[] {
  return items.toSorted((one, other) => (one.name < other.name ? -1 : 1));
}
