import { statSync } from "node:fs";
import { join } from "node:path";
import { RingbackError } from "../../domain/errors.ts";
import { Mutex } from "../../domain/mutex.ts";
import { isInternalName } from "../../domain/internal-names.ts";
import { limits } from "../../domain/limits.ts";
import { parseMessageId } from "../../domain/message-id.ts";
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
import { systemClock, systemTimers, type Clock, type Timers } from "../../domain/ports.ts";
import { assertStaysPushedOrPulled } from "../../domain/subscription-rules.ts";
import { assertCondition, type PutCondition } from "../condition.ts";
import type { EntryStore } from "../entries.ts";
import { hasLabel, type Label } from "../label.ts";
import type { ConnectionUse, NodeLabel, StoreNode } from "../cluster.ts";
import type {
  AppendResult,
  AppendRequest,
  Claim,
  ClaimId,
  ClaimWant,
  PulledSettlement,
  RetentionResult,
  Settlement,
} from "../log.ts";
import type { Page, PageRequest } from "../page.ts";
import type {
  AttemptRecord,
  DeadLetter,
  MessageRecord,
  PullCounts,
  StoreStatistics,
  SubscriptionCounts,
  UnsettledCounts,
} from "../records.ts";
import type { Store, StoreObserver } from "../store.ts";
import { Answers } from "./answers.ts";
import { Catalog, SubscriptionEntry, TopicEntry } from "./catalog.ts";
import { lockClaims } from "./claim-lock.ts";
import { Claims } from "./claims.ts";
import { Cursor } from "../cursor.ts";
import { deliveryState } from "./delivery-state.ts";
import { Entries } from "./entries.ts";
import { lockFolder, type FolderLock } from "./folder-lock.ts";
import { GroupCommit } from "./group-commit.ts";
import { LogScan } from "./log-scan.ts";
import { MessageCache } from "./message-cache.ts";
import type { DeadLetterSelection, DeadLetterStep } from "./operations/dead-letters.ts";
import type { ParkRow, UnparkRow } from "./operations/settle.ts";
import { ParkedScan, type ChangeRows } from "./parked-scan.ts";
import { readPullCounts } from "./pull-counts.ts";
import type { ReadJobs } from "./read-thread.ts";
import { Retention } from "./retention.ts";
import { rewindTo } from "./rewinding.ts";
import { emptyWork } from "./settle-work.ts";
import { Settlements } from "./settlements.ts";
import { ThreadLink } from "./thread-link.ts";
import type { WriteJobs } from "./write-thread.ts";

export interface SqliteStoreOptions {
  /** Made when it is missing. One server at a time. */
  readonly folder: string;
  readonly account: { readonly name: string; readonly appId: number };
  /** Database size past which writes fail with `storage_full`; 0: only the disk limits it. */
  readonly bytesMax: number;
  readonly messageCacheBytes: number;
  /** How long a write waits for another program that has the database locked, a backup for instance. */
  readonly busyMsMax?: number;
  readonly attemptRetentionMs: number;
  readonly deadLetterRetentionMs: number;
  readonly observer?: StoreObserver;
  readonly clock?: Clock;
  readonly timers?: Timers;
  /** How it shows itself among the nodes. */
  readonly node?: NodeLabel;
}

/** Dead letters changed in one commit, when many are redriven or purged. */
const DEAD_LETTER_STEP = 100;
/** Cursors that only passed over messages are written this much later at the latest. */
const CURSOR_WRITE_MS = 1_000;
const BUSY_MS_MAX_DEFAULT = 5_000;
const ID_MAX = Number.MAX_SAFE_INTEGER;
/** How often a message is read again because its outcome was still on its way to the disk. */
const READ_AGAIN_MAX = 3;

const silent: StoreObserver = { commit: () => {} };

/** The embedded driver: one SQLite file, a thread that writes it, a thread that reads it, and claims in memory. */
export class SqliteStore implements Store {
  readonly driver = "sqlite";
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
  readonly #file: string;
  readonly #lock: FolderLock;
  readonly #writer: ThreadLink<WriteJobs>;
  readonly #reader: ThreadLink<ReadJobs>;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #label: NodeLabel;
  readonly #openedAtMs: TimeMs;
  readonly #catalog = new Catalog();
  readonly #cache: MessageCache;
  readonly #commits: GroupCommit;
  readonly #claims: Claims;
  readonly #settlements: Settlements;
  readonly #answers: Answers;
  readonly #retention: Retention;
  readonly #entries: Entries;
  readonly #moved = new Set<SubscriptionEntry>();
  #cancelMovedTimer: (() => void) | null = null;
  #closing: Promise<void> | null = null;
  #account: Account | null = null;
  readonly #readyListeners: ((ids: readonly SubscriptionId[]) => void)[] = [];
  readonly #changeListeners: ((id: SubscriptionId) => void)[] = [];
  /** Catalog changes run one after the other: each looks at memory, writes, then changes memory. */
  readonly #mutex = new Mutex();

  static async open(options: SqliteStoreOptions): Promise<SqliteStore> {
    const lock = lockFolder(options.folder);
    const file = join(options.folder, "ringback.db");
    const { bytesMax, busyMsMax = BUSY_MS_MAX_DEFAULT } = options;
    const starting = [
      ThreadLink.start<WriteJobs>("write-thread", { file, limits: { bytesMax, busyMsMax } }),
      ThreadLink.start<ReadJobs>("read-thread", { file }),
    ] as const;
    try {
      const store = new SqliteStore(options, file, lock, ...(await Promise.all(starting)));
      await store.#load(options);
      return store;
    } catch (error) {
      for (const thread of await Promise.allSettled(starting)) {
        if (thread.status === "fulfilled") await thread.value.close();
      }
      lock.release();
      throw openFailure(file, error);
    }
  }

  private constructor(
    options: SqliteStoreOptions,
    file: string,
    lock: FolderLock,
    writer: ThreadLink<WriteJobs>,
    reader: ThreadLink<ReadJobs>,
  ) {
    this.#file = file;
    this.#lock = lock;
    this.#writer = writer;
    this.#reader = reader;
    this.#clock = options.clock ?? systemClock;
    this.#timers = options.timers ?? systemTimers;
    this.#label = options.node ?? { name: "", version: "" };
    this.#openedAtMs = this.#clock.now();
    this.#cache = new MessageCache(options.messageCacheBytes);
    this.#commits = new GroupCommit({
      thread: writer,
      clock: this.#clock,
      timers: this.#timers,
      observer: options.observer ?? silent,
      appended: (request, receipt) => this.#appended(request, receipt),
    });
    this.#claims = new Claims({
      catalog: this.#catalog,
      clock: this.#clock,
      log: new LogScan({
        cache: this.#cache,
        reader,
        park: (entry, parked, lost) => this.#parkOnClaim(entry, parked, lost),
        moved: (entry) => this.#noteMoved(entry),
      }),
      parked: new ParkedScan({ reader, change: (entry, rows) => this.#changeParked(entry, rows) }),
      isCongested: () => this.#commits.isCongested,
    });
    const ready = (entry: SubscriptionEntry): void => this.#onReady([entry.id]);
    this.#settlements = new Settlements({
      catalog: this.#catalog,
      claims: this.#claims,
      commits: this.#commits,
      clock: this.#clock,
      ready,
    });
    this.#answers = new Answers({ catalog: this.#catalog, commits: this.#commits, clock: this.#clock, ready });
    this.#entries = new Entries({
      clock: this.#clock,
      exclusively: (work) => this.#mutex.run(work),
      put: (row) => this.#write("putEntry", row),
      remove: (key) => this.#write("deleteEntry", key),
    });
    this.#retention = new Retention({
      catalog: this.#catalog,
      claims: this.#claims,
      commits: this.#commits,
      writer,
      clock: this.#clock,
      ready,
      exclusively: (work) => this.#mutex.run(work),
      attemptRetentionMs: options.attemptRetentionMs,
      deadLetterRetentionMs: options.deadLetterRetentionMs,
    });
  }

  async #load(options: SqliteStoreOptions): Promise<void> {
    const account = await this.#writer.call("ensureAccount", { ...options.account, nowMs: this.#clock.now() });
    this.#claims.begin(await this.#writer.call("countStart", null));
    this.#account = { id: account.id, name: account.name, appId: account.app_id };
    this.#entries.load(await this.#reader.call("loadEntries", null));
    const rows = await this.#reader.call("loadCatalog", null);
    for (const row of rows.topics) {
      const topic: Topic = {
        id: row.id,
        accountId: row.account_id as AccountId,
        name: row.name,
        settings: JSON.parse(row.settings) as TopicSettings,
        version: row.version,
        createdAtMs: row.created_at,
        updatedAtMs: row.updated_at,
      };
      this.#catalog.addTopic(new TopicEntry(topic, row.first_seq, row.last_seq, row.oldest_at));
    }
    for (const row of rows.subscriptions) {
      const topic = this.#catalog.topics.get(row.topic_id);
      if (topic === undefined) continue;
      const fields = {
        id: row.id,
        name: row.name,
        state: row.state as SubscriptionState,
        version: row.version,
        settings: row.settings,
        createdAtMs: row.created_at,
        updatedAtMs: row.updated_at,
      };
      this.#catalog.addSubscription(new SubscriptionEntry(topic, fields, new Cursor(row.settled_through, row.ahead)));
    }
    for (const row of rows.parked) {
      const entry = this.#catalog.subscriptions.get(row.subscription_id);
      if (entry === undefined) continue;
      entry.parkedCount = row.count;
      entry.nextParkedDueAtMs = row.due_at;
    }
    for (const row of rows.keys) {
      this.#catalog.subscriptions.get(row.subscription_id)?.restoreBlockedKey(row.ordering_key, row.count);
    }
  }

  // ---- the log

  append(request: AppendRequest): Promise<AppendResult> {
    return this.#commits.append(request);
  }

  #appended(request: AppendRequest, receipt: AppendResult): void {
    const topic = this.#catalog.topics.get(request.topicId);
    if (topic === undefined || receipt.replayed) return;
    for (let index = 0; index < request.messages.length; index++) {
      const { delayMs, ...message } = request.messages[index] as AppendRequest["messages"][number];
      this.#cache.add({
        ...message,
        topicId: request.topicId,
        seq: receipt.firstSeq + index,
        publishedAtMs: receipt.publishedAtMs,
        deliverAtMs: delayMs === 0 ? null : receipt.publishedAtMs + delayMs,
      });
    }
    topic.lastSeq = receipt.firstSeq + request.messages.length - 1;
    topic.oldestAtMs ??= receipt.publishedAtMs;
    if (topic.subscriptions.size > 0) this.#onReady(topic.subscriptionIds);
  }

  claim(wants: readonly ClaimWant[], leaseMs: number): Promise<readonly Claim[]> {
    return this.#claims.claim(wants, leaseMs);
  }

  /** Nobody else could take a claim. */
  touch(): number {
    return 0;
  }

  renew(claimIds: readonly ClaimId[], leaseMs: number): Promise<readonly ClaimId[]> {
    return Promise.resolve(this.#claims.renew(claimIds, leaseMs));
  }

  settle(settlements: readonly Settlement[]): Promise<number> {
    return this.#settlements.settle(settlements);
  }

  settlePulled(id: SubscriptionId, answers: readonly PulledSettlement[]): Promise<readonly boolean[]> {
    return this.#answers.answer(id, answers);
  }

  rewind(id: SubscriptionId, to: Exclude<Start, "now">): Promise<boolean> {
    return this.#mutex.run(async () => {
      const entry = this.#catalog.subscriptions.get(id);
      if (entry === undefined) return false;
      const fromSeq = await this.#seqOf(entry.topic, to);
      const write = (input: Parameters<WriteJobs["rewind"]>[0]) => this.#write("rewind", input);
      await rewindTo(entry, fromSeq, { claims: this.#claims, commits: this.#commits, reader: this.#reader, write });
      this.#onReady([id]);
      return true;
    });
  }

  onReady(listener: (ids: readonly SubscriptionId[]) => void): void {
    this.#readyListeners.push(listener);
  }

  #onReady(ids: readonly SubscriptionId[]): void {
    for (const listener of this.#readyListeners) listener(ids);
  }

  findReady(): Promise<{ subscriptionIds: readonly SubscriptionId[]; nextDueAtMs: TimeMs | null }> {
    const now = this.#clock.now();
    const subscriptionIds: SubscriptionId[] = [];
    let nextDueAtMs: TimeMs | null = null;
    for (const entry of this.#catalog.subscriptions.values()) {
      if (entry.state !== "active") continue;
      const due = earlierTime(entry.parkedCount === 0 ? null : entry.nextParkedDueAtMs, entry.leaseEndMs);
      if (entry.hasUnread || entry.parkedCount > 0 || (due !== null && due <= now)) subscriptionIds.push(entry.id);
      if (due !== null && due > now && (nextDueAtMs === null || due < nextDueAtMs)) nextDueAtMs = due;
    }
    return Promise.resolve({ subscriptionIds, nextDueAtMs });
  }

  #parkOnClaim(entry: SubscriptionEntry, parked: readonly ParkRow[], lost: readonly UnparkRow[]): void {
    this.#commits.settle({
      ...emptyWork(),
      entries: new Set([entry]),
      parked: [...parked],
      unparked: [...lost],
      done: () => {
        for (const row of parked) entry.parkedDueAt(row.dueAtMs ?? this.#clock.now());
        this.#onReady([entry.id]);
      },
    });
  }

  #changeParked(entry: SubscriptionEntry, { parked, unparked }: Parameters<ChangeRows>[1]): void {
    const holding = (entry.holding ??= new Set());
    const seqs = [...parked, ...unparked].map((row) => row.seq);
    for (const seq of seqs) holding.add(seq);
    for (const { orderingKey } of unparked) if (orderingKey !== null) entry.unblockKey(orderingKey);
    entry.parkedCount -= unparked.length;
    this.#commits.settle({
      ...emptyWork(),
      parked: [...parked],
      unparked: [...unparked],
      done: () => {
        for (const seq of seqs) {
          holding.delete(seq);
          entry.leftWhileReading?.add(seq);
        }
        entry.parkedDueAt(this.#clock.now());
        this.#onReady([entry.id]);
      },
    });
  }

  #noteMoved(entry: SubscriptionEntry): void {
    this.#moved.add(entry);
    this.#cancelMovedTimer ??= this.#timers.after(CURSOR_WRITE_MS, () => this.#writeMoved());
  }

  #writeMoved(): void {
    this.#cancelMovedTimer?.();
    this.#cancelMovedTimer = null;
    if (this.#moved.size === 0) return;
    const entries = new Set(this.#moved);
    this.#moved.clear();
    this.#commits.settle({ ...emptyWork(), entries });
  }

  // ---- the catalog

  defaultAccount(): Account {
    return this.#account as Account;
  }

  putTopic(
    accountId: AccountId,
    name: string,
    settings: TopicSettings,
    condition?: PutCondition,
  ): Promise<{ topic: Topic; created: boolean }> {
    return this.#mutex.run(async () => {
      const known = this.#catalog.topicsOf(accountId).get(name);
      assertCondition(condition, known?.topic.version ?? null);
      const nowMs = this.#clock.now();
      if (known !== undefined) return { topic: await this.#changeTopic(known, settings, nowMs), created: false };
      return { topic: await this.#makeTopic(accountId, name, settings, nowMs), created: true };
    });
  }

  createTopic(accountId: AccountId, name: string, settings: TopicSettings): Promise<Topic | null> {
    return this.#mutex.run(async () => {
      if (this.#catalog.topicAnyCase(accountId, name) !== undefined) return null;
      return this.#makeTopic(accountId, name, settings, this.#clock.now());
    });
  }

  async #makeTopic(accountId: AccountId, name: string, settings: TopicSettings, nowMs: TimeMs): Promise<Topic> {
    if (!isInternalName(name) && this.#catalog.topicsOf(accountId).listedCount >= limits.topicsMax) {
      throw new RingbackError("topic_limit");
    }
    const text = JSON.stringify(settings);
    const { id } = await this.#write("insertTopic", { accountId, name, settings: text, nowMs });
    if (id === null) throw new RingbackError("topic_limit");
    const kept = JSON.parse(text) as TopicSettings;
    const topic = { id, accountId, name, settings: kept, version: 1, createdAtMs: nowMs, updatedAtMs: nowMs };
    this.#catalog.addTopic(new TopicEntry(topic, 1, 0, null));
    return topic;
  }

  async #changeTopic(entry: TopicEntry, settings: TopicSettings, nowMs: TimeMs): Promise<Topic> {
    const { topic } = entry;
    const text = JSON.stringify(settings);
    if (text === JSON.stringify(topic.settings)) return topic;
    await this.#write("updateTopic", { id: topic.id, settings: text, nowMs });
    const kept = JSON.parse(text) as TopicSettings;
    entry.topic = { ...topic, settings: kept, version: topic.version + 1, updatedAtMs: nowMs };
    return entry.topic;
  }

  getTopic(accountId: AccountId, name: string): Promise<Topic | null> {
    return Promise.resolve(this.#catalog.topicsOf(accountId).get(name)?.topic ?? null);
  }

  findTopicAnyCase(accountId: AccountId, name: string): Promise<Topic | null> {
    return Promise.resolve(this.#catalog.topicAnyCase(accountId, name)?.topic ?? null);
  }

  listTopics(accountId: AccountId, page: PageRequest, label?: Label): Promise<Page<Topic>> {
    const listed = this.#catalog.topicsOf(accountId).page(
      page,
      ({ topic }) => topic,
      ({ topic }) => label === undefined || hasLabel(topic.settings, label),
    );
    return Promise.resolve(listed);
  }

  deleteTopic(accountId: AccountId, name: string): Promise<boolean> {
    return this.#mutex.run(async () => {
      const entry = this.#catalog.topicsOf(accountId).get(name);
      if (entry === undefined) return false;
      const ids = entry.subscriptionIds;
      await this.#commits.alone(async () => {
        await this.#write("removeTopic", { id: entry.topic.id });
        const subscriptions = [...entry.subscriptions.values()];
        this.#catalog.removeTopic(entry);
        this.#cache.dropTopic(entry.topic.id);
        this.#forget(subscriptions);
      });
      for (const id of ids) this.#onChange(id);
      return true;
    });
  }

  putSubscription(
    topicId: TopicId,
    name: string,
    settings: SubscriptionSettings,
    start: Start,
    condition?: PutCondition,
  ): Promise<{ subscription: Subscription; created: boolean }> {
    return this.#mutex.run(async () => {
      const topic = this.#topic(topicId);
      const text = JSON.stringify(settings);
      const nowMs = this.#clock.now();
      const known = topic.subscriptions.get(name);
      assertCondition(condition, known?.version ?? null);
      if (known !== undefined) {
        assertStaysPushedOrPulled(known.settings, settings);
        if (known.settingsText !== text) await this.#changeSubscription(known, text, settings, nowMs);
        return { subscription: known.view(), created: false };
      }
      if (
        (!isInternalName(name) && topic.subscriptions.listedCount >= limits.subscriptionsPerTopicMax) ||
        this.#catalog.subscriptions.size >= limits.subscriptionsMax
      ) {
        throw new RingbackError("subscription_limit");
      }
      const settledThrough = await this.#startingPoint(topic, start);
      const { id } = await this.#write("insertSubscription", {
        accountId: topic.topic.accountId,
        topicId,
        name,
        settings: text,
        settledThrough,
        nowMs,
      });
      const times = { createdAtMs: nowMs, updatedAtMs: nowMs };
      const row = { id, name, state: "active" as const, version: 1, settings: text, ...times };
      const entry = new SubscriptionEntry(topic, row, new Cursor(settledThrough));
      this.#catalog.addSubscription(entry);
      this.#onReady([id]);
      return { subscription: entry.view(), created: true };
    });
  }

  async #changeSubscription(
    entry: SubscriptionEntry,
    text: string,
    settings: SubscriptionSettings,
    nowMs: TimeMs,
  ): Promise<void> {
    if (entry.order === settings.order) {
      await this.#write("updateSubscription", { id: entry.id, settings: text, releaseHeld: false, nowMs });
      entry.change(text, nowMs);
    } else await this.#changeOrder(entry, text, nowMs);
    this.#onChange(entry.id);
    this.#onReady([entry.id]);
  }

  /** Rows that hold others, on the disk, on their way there or in a claim, do so by the old order: all let go at once. */
  async #changeOrder(entry: SubscriptionEntry, text: string, nowMs: TimeMs): Promise<void> {
    const letClaims = await lockClaims([entry]);
    try {
      await this.#commits.alone(async () => {
        await this.#write("updateSubscription", { id: entry.id, settings: text, releaseHeld: true, nowMs });
        entry.change(text, nowMs);
        entry.unblockAll();
        this.#commits.releaseHeld(entry.id, nowMs);
        entry.parkedDueAt(nowMs);
      });
    } finally {
      letClaims();
    }
  }

  /** The position before the first message that a new subscription gets. */
  async #startingPoint(topic: TopicEntry, start: Start): Promise<Seq> {
    if (start === "now") return topic.lastSeq;
    if (typeof start === "object" && "atMs" in start && start.atMs > this.#clock.now()) {
      throw RingbackError.at(
        "invalid_request",
        "start.at",
        "must not lie in the future; a subscription starts when it is made",
      );
    }
    return (await this.#seqOf(topic, start)) - 1;
  }

  /** The first position from there on. */
  async #seqOf(topic: TopicEntry, place: Exclude<Start, "now">): Promise<Seq> {
    if (place === "oldest") return topic.firstSeq;
    if ("seq" in place) return Math.max(place.seq, topic.firstSeq);
    const { firstSeq, lastSeq } = topic;
    return this.#reader.call("findSeqAt", { topicId: topic.topic.id, firstSeq, lastSeq, atMs: place.atMs });
  }

  getSubscription(topicId: TopicId, name: string): Promise<Subscription | null> {
    return Promise.resolve(this.#catalog.topics.get(topicId)?.subscriptions.get(name)?.view() ?? null);
  }

  getSubscriptionById(id: SubscriptionId): Promise<Subscription | null> {
    return Promise.resolve(this.#catalog.subscriptions.get(id)?.view() ?? null);
  }

  async listSubscriptions(topicId: TopicId, page: PageRequest, label?: Label): Promise<Page<Subscription>> {
    return this.#topic(topicId).subscriptions.page(
      page,
      (entry) => entry.view(),
      (entry) => label === undefined || entry.hasLabel(label),
    );
  }

  deleteSubscription(topicId: TopicId, name: string): Promise<boolean> {
    return this.#mutex.run(async () => {
      const entry = this.#catalog.topics.get(topicId)?.subscriptions.get(name);
      if (entry === undefined) return false;
      await this.#commits.alone(async () => {
        await this.#write("removeSubscription", { id: entry.id });
        this.#catalog.removeSubscription(entry);
        this.#forget([entry]);
      });
      this.#onChange(entry.id);
      return true;
    });
  }

  /** What is held or waits to be written of them goes with them. */
  #forget(entries: readonly SubscriptionEntry[]): void {
    for (const entry of entries) this.#claims.forget(entry);
    this.#commits.forgetRemoved((id) => !this.#catalog.subscriptions.has(id));
  }

  setSubscriptionState(topicId: TopicId, name: string, state: SubscriptionState): Promise<Subscription | null> {
    return this.#mutex.run(async () => {
      const entry = this.#catalog.topics.get(topicId)?.subscriptions.get(name);
      if (entry === undefined) return null;
      if (entry.state !== state) {
        const nowMs = this.#clock.now();
        await this.#write("setSubscriptionState", { id: entry.id, state, nowMs });
        entry.changeState(state, nowMs);
        this.#onChange(entry.id);
        if (state === "active") this.#onReady([entry.id]);
      }
      return entry.view();
    });
  }

  putEntry(
    accountId: AccountId,
    kind: EntryKind,
    name: string,
    value: unknown,
    condition?: PutCondition,
  ): Promise<{ entry: Entry; created: boolean }> {
    return this.#entries.put(accountId, { kind, name, value, condition });
  }

  getEntry(accountId: AccountId, kind: EntryKind, name: string): Promise<Entry | null> {
    return Promise.resolve(this.#entries.get(accountId, kind, name));
  }

  listEntries(accountId: AccountId, kind: EntryKind, page: PageRequest, label?: Label): Promise<Page<Entry>> {
    return Promise.resolve(this.#entries.page(accountId, kind, page, label));
  }

  deleteEntry(accountId: AccountId, kind: EntryKind, name: string): Promise<boolean> {
    return this.#entries.delete(accountId, kind, name);
  }

  onSubscriptionChange(listener: (id: SubscriptionId) => void): void {
    this.#changeListeners.push(listener);
  }

  #onChange(id: SubscriptionId): void {
    for (const listener of this.#changeListeners) listener(id);
  }

  #topic(id: TopicId): TopicEntry {
    const entry = this.#catalog.topics.get(id);
    if (entry === undefined) throw new RingbackError("topic_not_found");
    return entry;
  }

  #subscription(id: SubscriptionId): SubscriptionEntry {
    const entry = this.#catalog.subscriptions.get(id);
    if (entry === undefined) throw new RingbackError("subscription_not_found");
    return entry;
  }

  // ---- looking and mending

  async getMessage(accountId: AccountId, id: MessageId): Promise<MessageRecord | null> {
    const place = parseMessageId(id);
    if (place === null) return null;
    const topic = this.#catalog.topics.get(place.topicId);
    if (topic === undefined || topic.topic.accountId !== accountId) return null;
    for (let tries = 0; ; tries++) {
      const record = await this.#readMessage(topic, place);
      // Memory is ahead of the disk: what became of the delivery is about to be written.
      const isEarly = record?.deliveries.some(({ state }) => state === "skipped") === true && this.#commits.isBehind;
      if (!isEarly || tries === READ_AGAIN_MAX || !this.#commits.writable) return record;
      await this.#commits.written();
    }
  }

  async #readMessage(topic: TopicEntry, place: { topicId: TopicId; seq: Seq }): Promise<MessageRecord | null> {
    const entries = [...topic.subscriptions.values()];
    const found = await this.#reader.call("readMessage", {
      ...place,
      subscriptionIds: entries.map((entry) => entry.id),
    });
    if (found === null) return null;
    return {
      message: found.message,
      topic: topic.topic.name,
      deliveries: found.deliveries.map((rows, index) => {
        const entry = entries[index] as SubscriptionEntry;
        const state = deliveryState(entry, found.message, rows);
        return {
          subscription: entry.name,
          state,
          nextAttemptAtMs: state === "parked" ? (rows.parked?.dueAtMs ?? null) : null,
          reason: state === "dead" ? rows.dead : null,
          attempts: rows.attempts,
        };
      }),
    };
  }

  async subscriptionCounts(id: SubscriptionId): Promise<SubscriptionCounts> {
    const entry = this.#subscription(id);
    const [deadLetters, expired] = await Promise.all([
      this.#reader.call("countDeadLetters", { subscriptionId: id }),
      this.#reader.call("readExpired", { subscriptionId: id }),
    ]);
    return { ...this.#unsettled(entry), deadLetters, expired };
  }

  async unsettledCounts(id: SubscriptionId): Promise<UnsettledCounts> {
    return this.#unsettled(this.#subscription(id));
  }

  #unsettled(entry: SubscriptionEntry): UnsettledCounts {
    this.#claims.reclaimExpired(entry, this.#clock.now());
    return { backlog: entry.backlog, parked: entry.waitingCount, inFlight: entry.openCount };
  }

  async pullCounts(id: SubscriptionId, rewindableFromMs: TimeMs): Promise<PullCounts> {
    const entry = this.#subscription(id);
    const fromSeq = await this.#seqOf(entry.topic, { atMs: rewindableFromMs });
    if (this.#commits.isBehind) await this.#commits.written();
    const nowMs = this.#clock.now();
    this.#claims.reclaimExpired(entry, nowMs);
    return readPullCounts(entry, this.#reader, { nowMs, fromSeq });
  }

  async listAttempts(id: SubscriptionId, page: PageRequest, only: "all" | "failed"): Promise<Page<AttemptRecord>> {
    const entry = this.#subscription(id);
    const rows = await this.#reader.call("readAttempts", {
      subscriptionId: id,
      beforeId: before(page),
      limit: page.limit,
      failedOnly: only === "failed",
    });
    const shown = rows.slice(0, page.limit);
    return {
      items: shown.map(({ record }) => ({ ...record, subscription: entry.name })),
      next: rows.length > page.limit ? String(shown.at(-1)?.id) : null,
    };
  }

  async listDeadLetters(id: SubscriptionId, page: PageRequest): Promise<Page<DeadLetter>> {
    this.#subscription(id);
    const letters = await this.#reader.call("readDeadLetters", {
      subscriptionId: id,
      beforeId: before(page),
      limit: page.limit,
    });
    const items = letters.slice(0, page.limit);
    return { items, next: letters.length > page.limit ? (items.at(-1)?.id ?? null) : null };
  }

  getDeadLetter(id: SubscriptionId, deadLetterId: string): Promise<DeadLetter | null> {
    const number = toId(deadLetterId);
    if (number === null) return Promise.resolve(null);
    return this.#reader.call("readDeadLetter", { subscriptionId: id, id: number });
  }

  redriveDeadLetters(id: SubscriptionId, ids: readonly string[] | null): Promise<number> {
    return this.#eachDeadLetterStep(id, ids, (selection) =>
      // Nothing may go back in the log meanwhile, nor be on its way to the disk.
      this.#mutex.run(() => this.#commits.alone(() => this.#redriveStep(id, selection))),
    );
  }

  async #redriveStep(id: SubscriptionId, selection: DeadLetterSelection): Promise<DeadLetterStep> {
    const entry = this.#catalog.subscriptions.get(id);
    if (entry === undefined) return { changed: 0, lastId: null, parked: 0 };
    const { settledThrough } = entry.cursor;
    const parkedSoon = this.#commits.waiting.flatMap(({ parked }) =>
      parked.filter(({ subscriptionId }) => subscriptionId === id).map(({ seq }) => seq),
    );
    const done = entry.cursor.doneAhead();
    return this.#write("redrive", { ...selection, settledThrough, done, parkedSoon, nowMs: this.#clock.now() });
  }

  purgeDeadLetters(id: SubscriptionId, ids: readonly string[] | null): Promise<number> {
    return this.#eachDeadLetterStep(id, ids, (selection) => this.#write("purge", selection));
  }

  async #eachDeadLetterStep(
    id: SubscriptionId,
    ids: readonly string[] | null,
    step: (selection: DeadLetterSelection) => Promise<DeadLetterStep>,
  ): Promise<number> {
    const entry = this.#subscription(id);
    // The same one twice would be redriven once and then taken for a delivery that was parked before.
    const wanted = ids === null ? null : [...new Set(ids.map(toId).filter((number) => number !== null))];
    const throughId = wanted === null ? await this.#reader.call("lastDeadLetterId", { subscriptionId: id }) : 0;
    let total = 0;
    let afterId = 0;
    while (!entry.removed) {
      const chosen = wanted === null ? null : wanted.splice(0, DEAD_LETTER_STEP);
      if (chosen?.length === 0) break;
      const selection = { subscriptionId: id, ids: chosen, afterId, throughId, limit: DEAD_LETTER_STEP };
      const { changed, lastId, parked } = await step(selection);
      total += changed;
      if (parked > 0) {
        entry.parkedCount += parked;
        entry.parkedDueAt(this.#clock.now());
        this.#onReady([id]);
      }
      if (wanted === null && lastId === null) break;
      afterId = lastId ?? afterId;
    }
    return total;
  }

  async statistics(): Promise<StoreStatistics> {
    let subscriptions = 0;
    let backlog = 0;
    let parked = 0;
    const now = this.#clock.now();
    for (const entry of this.#catalog.subscriptions.values()) {
      this.#claims.reclaimExpired(entry, now);
      if (!isInternalName(entry.name)) subscriptions++;
      backlog += entry.backlog;
      parked += entry.waitingCount;
    }
    return {
      topics: this.#catalog.listedTopicCount,
      subscriptions,
      backlog,
      parked,
      deadLetters: await this.#reader.call("countDeadLetters", { subscriptionId: null }),
      inFlight: this.#claims.openCount,
      bytes: fileBytes(this.#file) + fileBytes(`${this.#file}-wal`),
    };
  }

  /** One process at a time has the folder. */
  async nodes(): Promise<readonly StoreNode[]> {
    return [
      {
        id: 1,
        ...this.#label,
        startedAtMs: this.#openedAtMs,
        lastSeenAtMs: this.#clock.now(),
        isAlive: true,
        isThis: true,
      },
    ];
  }

  connections(): readonly ConnectionUse[] {
    return [];
  }

  retain(): Promise<RetentionResult> {
    return this.#retention.step();
  }

  writable(): boolean {
    return this.#commits.writable;
  }

  /** For operators and tests: changes the database's size limit while it is open. */
  async setBytesMax(bytesMax: number): Promise<void> {
    await this.#writer.call("setBytesMax", { bytesMax });
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#writeMoved();
    await this.#commits.close();
    await this.#reader.close();
    // The last to close brings the write-ahead log home, which a reader may not.
    await this.#writer.close();
    this.#lock.release();
  }

  /** A write of its own. That it fails says as much about the disk as a failed commit. */
  async #write<N extends keyof WriteJobs>(
    name: N,
    input: Parameters<WriteJobs[N]>[0],
  ): Promise<ReturnType<WriteJobs[N]>> {
    try {
      return await this.#writer.call(name, input);
    } catch (error) {
      this.#commits.noteFailure(error);
      throw error;
    }
  }
}

/** A damaged file shows itself as whatever the first reading of it runs into. */
function openFailure(file: string, error: unknown): unknown {
  if (!(error instanceof RingbackError) || !(error.cause instanceof Error)) return error;
  return new RingbackError(error.code, `The database "${file}" cannot be opened: ${error.cause.message}`, {
    cause: error.cause,
  });
}

function earlierTime(one: TimeMs | null, other: TimeMs | null): TimeMs | null {
  return one === null || other === null ? (one ?? other) : Math.min(one, other);
}

/** Pages go by falling id. */
function before(page: PageRequest): number {
  if (page.after === null) return ID_MAX;
  const id = toId(page.after);
  if (id === null) throw new RingbackError("invalid_cursor");
  return id;
}

function toId(text: string): number | null {
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function fileBytes(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
