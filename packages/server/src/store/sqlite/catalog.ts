import type { LimitsOf } from "../../domain/account-limits.ts";
import { RingbackError } from "../../domain/errors.ts";
import type {
  Account,
  AccountId,
  Start,
  Subscription,
  SubscriptionId,
  SubscriptionSettings,
  StateChange,
  TimeMs,
  Topic,
  TopicId,
  TopicSettings,
} from "../../domain/model.ts";
import { startSeq } from "../../domain/start-rule.ts";
import { assertRoomForSubscription, assertStaysPushedOrPulled } from "../../domain/subscription-rules.ts";
import type { TopicNumberLimits } from "../../domain/topic-number.ts";
import { assertRoomForTopic, assertTopicRetention } from "../../domain/topic-rules.ts";
import type { CatalogStore, HealthChange, SubscriptionPut, TopicPut, TopicRange } from "../catalog.ts";
import { assertCondition, type WriteCondition } from "../../domain/write-condition.ts";
import { Cursor } from "../cursor.ts";
import { healthColumn, keepsHealth, stateColumns } from "../catalog-rows.ts";
import { sealedMark } from "../sealed-mark.ts";
import { hasLabel, type Label } from "../label.ts";
import { Listeners } from "../listeners.ts";
import type { Page, PageRequest } from "../page.ts";
import type { SubscriptionFilter } from "../record-filters.ts";
import type { SearchPage } from "../search.ts";
import { withClaimsLocked } from "./claim-lock.ts";
import { randomId } from "../random-id.ts";
import { readSeqAt } from "./read-seq-at.ts";
import { forgetRemoved, releaseHeld } from "./settle-work.ts";
import type { StoreContext } from "./store-context.ts";
import { SubscriptionEntry } from "./subscription-entry.ts";
import { searchSubscriptions } from "./subscription-search.ts";
import { TopicEntry } from "./topic-entry.ts";

export class SqliteCatalog implements CatalogStore {
  readonly #context: StoreContext;
  readonly #account: Account;
  readonly #numberLimits: TopicNumberLimits | undefined;
  readonly #newId: () => number;
  readonly #changed = new Listeners<SubscriptionId>();

  constructor(
    context: StoreContext,
    account: Account,
    { topicNumbers, newId = randomId }: { readonly topicNumbers?: TopicNumberLimits; readonly newId?: () => number },
  ) {
    this.#context = context;
    this.#account = account;
    this.#numberLimits = topicNumbers;
    this.#newId = newId;
  }

  defaultAccount(): Account {
    return this.#account;
  }

  limitAccounts(limitsOf: LimitsOf): void {
    this.#context.limitsOf = limitsOf;
  }

  putTopic(accountId: AccountId, name: string, settings: TopicSettings, condition?: WriteCondition): Promise<TopicPut> {
    const { index, catalogMutex } = this.#context;
    return catalogMutex.run(async () => {
      const known = index.topics.ofAccount(accountId).get(name);
      assertCondition(condition, known?.topic ?? null);
      if (known !== undefined) return { topic: await this.#changeTopic(known, settings), created: false };
      return { topic: await this.#addTopic(accountId, name, settings), created: true };
    });
  }

  createTopic(accountId: AccountId, name: string, settings: TopicSettings): Promise<Topic | null> {
    const { index, catalogMutex } = this.#context;
    return catalogMutex.run(async () => {
      if (index.topics.findAnyCase(accountId, name) !== undefined) return null;
      return this.#addTopic(accountId, name, settings);
    });
  }

  async #addTopic(accountId: AccountId, name: string, settings: TopicSettings): Promise<Topic> {
    const { index, commits, clock } = this.#context;
    const accountLimits = this.#context.limitsOf(accountId);
    assertTopicRetention(name, settings, accountLimits);
    assertRoomForTopic(name, index.topics.ofAccount(accountId).listedCount, accountLimits);
    const text = JSON.stringify(settings);
    const wallMs = clock.wall();
    const row = { accountId, name, settings: text, wallMs, numberLimits: this.#numberLimits };
    const chosen = await commits.write("insertTopic", row);
    if (chosen === null) throw new RingbackError("topic_limit");
    const { id, firstSeq } = chosen;
    const kept = JSON.parse(text) as TopicSettings;
    const topic = { id, accountId, name, settings: kept, version: 1, createdAtMs: wallMs, updatedAtMs: wallMs };
    index.topics.add(new TopicEntry(topic, firstSeq, firstSeq - 1, null));
    return topic;
  }

  async #changeTopic(entry: TopicEntry, settings: TopicSettings): Promise<Topic> {
    const { topic } = entry;
    const text = JSON.stringify(settings);
    if (text === JSON.stringify(topic.settings)) return topic;
    assertTopicRetention(topic.name, settings, this.#context.limitsOf(topic.accountId));
    const wallMs = this.#context.clock.wall();
    await this.#context.commits.write("updateTopic", { id: topic.id, settings: text, wallMs });
    const kept = JSON.parse(text) as TopicSettings;
    entry.topic = { ...topic, settings: kept, version: topic.version + 1, updatedAtMs: wallMs };
    return entry.topic;
  }

  ensureAccount(name: string): Promise<AccountId> {
    const { commits, clock } = this.#context;
    return commits.write("ensureAccount", { name, wallMs: clock.wall() });
  }

  removeAccount(id: AccountId): Promise<boolean> {
    return this.#context.catalogMutex.run(() => this.#context.commits.write("removeAccount", { id }));
  }

  getTopic(accountId: AccountId, name: string): Promise<Topic | null> {
    return Promise.resolve(this.#context.index.topics.ofAccount(accountId).get(name)?.topic ?? null);
  }

  findTopicAnyCase(accountId: AccountId, name: string): Promise<Topic | null> {
    return Promise.resolve(this.#context.index.topics.findAnyCase(accountId, name)?.topic ?? null);
  }

  listTopics(accountId: AccountId, page: PageRequest, label?: Label): Promise<Page<Topic>> {
    const listed = this.#context.index.topics.ofAccount(accountId).page(
      page,
      ({ topic }) => topic,
      ({ topic }) => label === undefined || hasLabel(topic.settings, label),
    );
    return Promise.resolve(listed);
  }

  listTopicRanges(accountId: AccountId, after: TopicId | null, limit: number): Promise<readonly TopicRange[]> {
    const topics = [...this.#context.index.topics.ofAccount(accountId).values()];
    const ranges = topics
      .filter(({ topic: { id } }) => after === null || id > after)
      .sort((one, other) => one.topic.id - other.topic.id)
      .slice(0, limit)
      .map(({ topic, firstSeq, lastSeq }) => ({ topic, firstSeq, lastSeq }));
    return Promise.resolve(ranges);
  }

  countTopics(accountId: AccountId): Promise<number> {
    return Promise.resolve(this.#context.index.topics.ofAccount(accountId).size);
  }

  deleteTopic(accountId: AccountId, name: string, condition?: WriteCondition): Promise<boolean> {
    const { index, cache, commits, catalogMutex } = this.#context;
    return catalogMutex.run(async () => {
      const entry = index.topics.ofAccount(accountId).get(name);
      if (entry === undefined) return false;
      assertCondition(condition, entry.topic);
      const ids = entry.subscriptionIds;
      await commits.exclusively(async () => {
        await commits.write("removeTopic", { id: entry.topic.id });
        const subscriptions = [...entry.subscriptions.values()];
        index.removeTopic(entry);
        cache.dropTopic(entry.topic.id);
        this.#forget(subscriptions);
      });
      for (const id of ids) this.#changed.notify(id);
      return true;
    });
  }

  putSubscription(
    topicId: TopicId,
    name: string,
    settings: SubscriptionSettings,
    start: Start,
    condition?: WriteCondition,
  ): Promise<SubscriptionPut> {
    return this.#context.catalogMutex.run(async () => {
      const topic = this.#topic(topicId);
      const known = topic.subscriptions.get(name);
      assertCondition(condition, known ?? null);
      if (known === undefined) {
        return { subscription: await this.#addSubscription(topic, name, settings, start), created: true };
      }
      assertStaysPushedOrPulled(known.settings, settings);
      await this.#changeSubscription(known, settings);
      return { subscription: known.view(), created: false };
    });
  }

  async #addSubscription(
    topic: TopicEntry,
    name: string,
    settings: SubscriptionSettings,
    start: Start,
  ): Promise<Subscription> {
    const { index, reader, commits, clock, ready } = this.#context;
    const { id: topicId, accountId } = topic.topic;
    const ofTopic = topic.subscriptions.listedCount;
    const counts = { ofTopic, ofAccount: index.subscriptionCountOf(accountId), ofStore: index.subscriptions.size };
    assertRoomForSubscription(name, counts, this.#context.limitsOf(accountId));
    const wallMs = clock.wall();
    const settledThrough = (await startSeq(start, topic, wallMs, (atMs) => readSeqAt(reader, topic, atMs))) - 1;
    const text = JSON.stringify(settings);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the brand is given here.
    const id = this.#newId() as SubscriptionId;
    const created = { id, accountId, topicId, name, settings: text, settledThrough, wallMs };
    await commits.write("insertSubscription", created);
    const times = { createdAtMs: wallMs, updatedAtMs: wallMs };
    const row = {
      id,
      name,
      state: "active" as const,
      disabled: null,
      health: null,
      version: 1,
      settings: text,
      ...times,
    };
    const entry = new SubscriptionEntry(topic, row, new Cursor(settledThrough));
    index.addSubscription(topic, entry);
    ready.notify([id]);
    return entry.view();
  }

  async #changeSubscription(entry: SubscriptionEntry, settings: SubscriptionSettings): Promise<void> {
    const { commits, clock, ready, index } = this.#context;
    const text = JSON.stringify(settings);
    if (entry.settingsText === text) return;
    const change = { settings: text, keepsHealth: keepsHealth(entry.settings, settings), wallMs: clock.wall() };
    if (entry.order === settings.order) {
      await commits.write("updateSubscription", { id: entry.id, ...change, releaseHeldMs: null });
      entry.changeSettings(text, change.keepsHealth, change.wallMs);
    } else await this.#changeOrder(entry, change);
    index.noteState(entry);
    this.#changed.notify(entry.id);
    ready.notify([entry.id]);
  }

  /**
   * Under the old setting of `order`, waiting deliveries hold back later deliveries of their ordering key. All of them
   * are made due now, in the database, among the writes that wait, and in open claims, and hold nothing back any more.
   */
  #changeOrder(
    entry: SubscriptionEntry,
    change: { readonly settings: string; readonly keepsHealth: boolean; readonly wallMs: TimeMs },
  ): Promise<void> {
    const { commits, clock } = this.#context;
    const nowMs = clock.now();
    return withClaimsLocked([entry], () =>
      commits.exclusively(async () => {
        await commits.write("updateSubscription", { id: entry.id, ...change, releaseHeldMs: nowMs });
        entry.changeSettings(change.settings, change.keepsHealth, change.wallMs);
        entry.unblockAll();
        for (const work of commits.waiting) releaseHeld(work, entry.id, nowMs);
        entry.parkedDueAt(nowMs);
      }),
    );
  }

  getSubscription(topicId: TopicId, name: string): Promise<Subscription | null> {
    return Promise.resolve(this.#context.index.topics.get(topicId)?.subscriptions.get(name)?.view() ?? null);
  }

  getSubscriptionById(id: SubscriptionId): Promise<Subscription | null> {
    return Promise.resolve(this.#context.index.subscriptions.get(id)?.view() ?? null);
  }

  async listSubscriptions(topicId: TopicId, page: PageRequest, label?: Label): Promise<Page<Subscription>> {
    return this.#topic(topicId).subscriptions.page(
      page,
      (entry) => entry.view(),
      (entry) => label === undefined || entry.hasLabel(label),
    );
  }

  searchSubscriptions(
    accountId: AccountId,
    page: PageRequest,
    filter: SubscriptionFilter = {},
  ): Promise<SearchPage<Subscription>> {
    return searchSubscriptions(this.#context, accountId, page, filter);
  }

  async subscriptionsOfKey(accountId: AccountId, kid: string, limit: number): Promise<readonly Subscription[]> {
    const found: Subscription[] = [];
    const text = JSON.stringify(kid);
    for (const entry of this.#context.index.subscriptions.values()) {
      if (found.length >= limit) break;
      // An entry keeps its parsed settings in memory, so only those that can contain the key are parsed.
      if (!entry.settingsText.includes(text) || entry.topic.topic.accountId !== accountId) continue;
      if (entry.settings.push?.keys.includes(kid) === true) found.push(entry.view());
    }
    return found;
  }

  async subscriptionsWithSecrets(after: SubscriptionId, limit: number): Promise<readonly Subscription[]> {
    const found: Subscription[] = [];
    for (const entry of this.#context.index.subscriptions.values()) {
      if (entry.id > after && entry.settingsText.includes(sealedMark)) found.push(entry.view());
    }
    return found.sort((one, other) => one.id - other.id).slice(0, limit);
  }

  deleteSubscription(topicId: TopicId, name: string, condition?: WriteCondition): Promise<boolean> {
    const { index, commits, catalogMutex } = this.#context;
    return catalogMutex.run(async () => {
      const entry = index.topics.get(topicId)?.subscriptions.get(name);
      if (entry === undefined) return false;
      assertCondition(condition, entry);
      await commits.exclusively(async () => {
        await commits.write("removeSubscription", { id: entry.id });
        index.removeSubscription(entry);
        this.#forget([entry]);
      });
      this.#changed.notify(entry.id);
      return true;
    });
  }

  /** Drops the open deliveries of deleted subscriptions, and their rows that wait to be written. */
  #forget(entries: readonly SubscriptionEntry[]): void {
    const { index, claims, commits } = this.#context;
    for (const entry of entries) claims.forgetFrom(entry, 0);
    for (const work of commits.waiting) forgetRemoved(work, (id) => !index.subscriptions.has(id));
  }

  setSubscriptionState(
    topicId: TopicId,
    name: string,
    change: StateChange,
    condition?: WriteCondition,
  ): Promise<Subscription | null> {
    const { index, catalogMutex, commits, clock, ready } = this.#context;
    return catalogMutex.run(async () => {
      const entry = index.topics.get(topicId)?.subscriptions.get(name);
      if (entry === undefined) return null;
      assertCondition(condition, entry);
      const { state, disabled } = stateColumns(change);
      if (entry.state !== state) {
        const wallMs = clock.wall();
        await commits.write("setSubscriptionState", { id: entry.id, state, disabled, wallMs });
        entry.changeState(state, disabled, wallMs);
        index.noteState(entry);
        this.#changed.notify(entry.id);
        if (state === "active") ready.notify([entry.id]);
      }
      return entry.view();
    });
  }

  setSubscriptionHealth(id: SubscriptionId, { before, after, waited }: HealthChange): Promise<boolean> {
    const { index, catalogMutex, commits } = this.#context;
    return catalogMutex.run(async () => {
      const entry = index.subscriptions.get(id);
      if (entry === undefined || entry.health !== healthColumn(before)) return false;
      const health = healthColumn(after);
      await commits.write("setSubscriptionHealth", { id, health, waited });
      entry.health = health;
      index.noteState(entry);
      this.#changed.notify(id);
      return true;
    });
  }

  onSubscriptionChange(listener: (id: SubscriptionId) => void): void {
    this.#changed.add(listener);
  }

  #topic(id: TopicId): TopicEntry {
    const entry = this.#context.index.topics.get(id);
    if (entry === undefined) throw new RingbackError("topic_not_found");
    return entry;
  }
}
