import { RingbackError } from "../../domain/errors.ts";
import type {
  Account,
  AccountId,
  Entry,
  EntryKind,
  MessageId,
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
import { systemTimers, type Clock, type Timers } from "../../domain/ports.ts";
import type { PutCondition } from "../condition.ts";
import type { EntryStore } from "../entries.ts";
import type { Label } from "../label.ts";
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
import { Appends } from "./appends.ts";
import { listAttempts } from "./attempt-records.ts";
import { CatalogCache } from "./catalog-cache.ts";
import { CHANNEL, toPayload, type News } from "./change-bus.ts";
import { Claims } from "./claims.ts";
import type { Connection } from "./connection.ts";
import { findReady, readSubscriptionCounts, readUnsettledCounts } from "./counts.ts";
import { Database } from "./database.ts";
import { DeadLetters } from "./dead-letters.ts";
import { Entries } from "./entries.ts";
import { Health } from "./health.ts";
import { Listener } from "./listener.ts";
import { readMessageRecord } from "./message-records.ts";
import { Heartbeat, registerNode } from "./node-row.ts";
import { readNodes } from "./nodes.ts";
import { postgresLimits } from "./postgres-limits.ts";
import { readPullCounts } from "./pull-counts.ts";
import { Retention } from "./retention.ts";
import { rewindTo } from "./rewinding.ts";
import { migrate } from "./schema/migrate.ts";
import { assertOwnSessions } from "./own-session.ts";
import { Settlements, type SettledNews } from "./settlements.ts";
import { Statistics } from "./statistics.ts";
import { Subscriptions } from "./subscriptions.ts";
import { Times } from "./times.ts";
import { Topics } from "./topics.ts";
import { WakeUps } from "./wake-ups.ts";

export interface PostgresStoreOptions {
  /** `postgres://user:password@host:port/database`; whatever else the URL says is the library's. */
  readonly url: string;
  /** How the connections call themselves in `pg_stat_activity`. */
  readonly applicationName?: string;
  /** How it shows itself among the nodes. */
  readonly node?: NodeLabel;
  readonly account: { readonly name: string; readonly appId: number };
  readonly attemptRetentionMs: number;
  readonly deadLetterRetentionMs: number;
  readonly observer?: StoreObserver;
  /** Without a heartbeat for so long a node counts as gone; the same on all nodes. */
  readonly nodeAliveMs?: number;
  /** For tests; null: the database's own clock, which all nodes share. */
  readonly clock?: Clock | null;
  readonly timers?: Timers;
}

const silent: StoreObserver = { commit: () => {} };
const unnamed: NodeLabel = { name: "", version: "" };

/** The driver for many equal nodes on one PostgreSQL: what is true stands in the database, memory only saves looking. */
export class PostgresStore implements Store {
  readonly driver = "postgres";
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
  readonly nodeId: number;
  readonly #aliveMs: number;
  readonly #database: Database;
  readonly #account: Account;
  readonly #times: Times;
  readonly #health = new Health();
  readonly #cache: CatalogCache;
  readonly #appends: Appends;
  readonly #claims: Claims;
  readonly #settlements: Settlements;
  readonly #answers: Answers;
  readonly #topics: Topics;
  readonly #subscriptions: Subscriptions;
  readonly #entries: Entries;
  readonly #deadLetters: DeadLetters;
  readonly #retention: Retention;
  readonly #statistics: Statistics;
  readonly #listener: Listener;
  readonly #wakeUps: WakeUps;
  readonly #heartbeat: Heartbeat;
  #closing: Promise<void> | null = null;
  readonly #readyListeners: ((ids: readonly SubscriptionId[]) => void)[] = [];
  readonly #changeListeners: ((id: SubscriptionId) => void)[] = [];

  static async open(options: PostgresStoreOptions): Promise<PostgresStore> {
    const sent = (name: string): void => options.observer?.statement?.(name);
    const database = new Database(options.url, options.applicationName ?? "ringback", sent);
    const times = new Times(options.clock ?? null);
    try {
      await assertOwnSessions(database.rest);
      await migrate(options.url);
      const account = await ensureAccount(database.rest, options.account, times);
      const aliveMs = options.nodeAliveMs ?? postgresLimits.nodeAliveMs;
      const nodeId = await registerNode(database.rest, times, aliveMs, options.node ?? unnamed);
      const store = new PostgresStore(options, database, times, account, nodeId);
      await store.#start();
      return store;
    } catch (error) {
      await database.close();
      throw openFailure(options.url, error);
    }
  }

  private constructor(
    options: PostgresStoreOptions,
    database: Database,
    times: Times,
    account: Account,
    nodeId: number,
  ) {
    const timers = options.timers ?? systemTimers;
    const observer = options.observer ?? silent;
    const health = this.#health;
    const aliveMs = options.nodeAliveMs ?? postgresLimits.nodeAliveMs;
    this.nodeId = nodeId;
    this.#aliveMs = aliveMs;
    this.#database = database;
    this.#times = times;
    this.#account = account;
    const { hot, rest } = database;
    this.#listener = new Listener({
      url: options.url,
      applicationName: options.applicationName ?? "ringback",
      nodeId,
      timers,
      heard: (news) => this.#heard(news),
      missed: () => this.#missed(),
    });
    this.#cache = new CatalogCache(() => this.#listener.isUp);
    this.#heartbeat = new Heartbeat({
      lane: hot,
      times,
      timers,
      health,
      nodeId,
      label: options.node ?? unnamed,
      aliveMs,
      orphaned: (ids) => this.#onReady(ids),
    });
    this.#wakeUps = new WakeUps({
      lane: rest,
      timers,
      nowMs: () => performance.now(),
      nodeId,
      isAlone: () => this.#heartbeat.isAlone,
    });
    this.#appends = new Appends({ lane: hot, times, timers, health, observer });
    this.#claims = new Claims({ lane: hot, times, timers, health, nodeId, aliveMs, wakeUps: this.#wakeUps });
    const settled = (news: SettledNews): void => this.#settled(news);
    this.#settlements = new Settlements({ lane: hot, times, timers, health, observer, nodeId, settled });
    const ready = (ids: readonly SubscriptionId[]): void => this.#ready(ids);
    this.#answers = new Answers({ lane: hot, times, timers, health, observer, ready });
    const changed = (id: SubscriptionId): void => this.#onChange(id);
    const catalog = { lane: rest, times, nodeId, cache: this.#cache, changed, ready };
    this.#topics = new Topics(catalog);
    this.#subscriptions = new Subscriptions(catalog);
    this.#entries = new Entries(rest, times, timers, nodeId);
    this.#deadLetters = new DeadLetters(rest, times, (id) => ready([id]));
    const { attemptRetentionMs, deadLetterRetentionMs } = options;
    const retention = { lane: rest, times, attemptRetentionMs, deadLetterRetentionMs };
    this.#statistics = new Statistics(rest, times);
    this.#retention = new Retention({ ...retention, ready: (id) => ready([id]) });
  }

  async #start(): Promise<void> {
    await this.#listener.start();
    await this.#entries.load();
    await this.#retention.start();
    await this.#database.rest.query("SELECT pg_notify($1, $2)", [CHANNEL, toPayload(this.nodeId, { kind: "node" })]);
    await this.#heartbeat.start();
  }

  // ---- the log

  async append(request: AppendRequest): Promise<AppendResult> {
    this.#assertOpen();
    const { topicId } = request;
    const atHand = this.#cache.subscriptionIdsAtHand(topicId);
    if (atHand !== null) {
      const receipt = await this.#appends.append(request);
      if (!receipt.replayed) this.#appended(topicId, atHand);
      return receipt;
    }
    // Whom to hint at is read beside the append. That it fails is no reason to say that the append did.
    const reading = this.#subscriptions.idsOf(topicId).catch(() => []);
    const receipt = await this.#appends.append(request);
    if (!receipt.replayed) this.#appended(topicId, await reading);
    return receipt;
  }

  #appended(topicId: TopicId, ids: readonly SubscriptionId[]): void {
    // One that came meanwhile stands in the newer list.
    const now = this.#cache.subscriptionIdsAtHand(topicId) ?? ids;
    if (now.length === 0) return;
    this.#onReady(now);
    this.#wakeUps.published(topicId, now);
  }

  async claim(wants: readonly ClaimWant[], leaseMs: number): Promise<readonly Claim[]> {
    this.#assertOpen();
    return this.#claims.claim(wants, leaseMs);
  }

  async renew(claimIds: readonly ClaimId[], leaseMs: number): Promise<readonly ClaimId[]> {
    this.#assertOpen();
    return this.#claims.renew(claimIds, leaseMs);
  }

  touch(): number | null {
    return this.#heartbeat.touch();
  }

  async settle(settlements: readonly Settlement[]): Promise<number> {
    this.#assertOpen();
    const applied = await this.#settlements.settle(settlements);
    // Whoever waits at another node asks then when it is there again: this node may be gone by that time, or have nobody waiting.
    for (const { subscriptionId, settled } of settlements) {
      if (settled.kind === "parked" && settled.firstAttemptAtMs !== undefined) this.#wakeUps.ready(subscriptionId);
    }
    return applied;
  }

  #settled({ ready, released }: SettledNews): void {
    if (ready.size > 0) this.#onReady([...ready]);
    for (const id of released) this.#wakeUps.ready(id);
  }

  async settlePulled(id: SubscriptionId, answers: readonly PulledSettlement[]): Promise<readonly boolean[]> {
    this.#assertOpen();
    return this.#answers.answer(id, answers);
  }

  async rewind(id: SubscriptionId, to: Exclude<Start, "now">): Promise<boolean> {
    if (!(await rewindTo(this.#database.rest, id, to))) return false;
    this.#ready([id]);
    return true;
  }

  onReady(listener: (ids: readonly SubscriptionId[]) => void): void {
    this.#readyListeners.push(listener);
  }

  /** Here and on the other nodes. */
  #ready(ids: readonly SubscriptionId[]): void {
    this.#onReady(ids);
    for (const id of ids) this.#wakeUps.ready(id);
  }

  #onReady(ids: readonly SubscriptionId[]): void {
    for (const listener of this.#readyListeners) listener(ids);
  }

  findReady(): Promise<{ subscriptionIds: readonly SubscriptionId[]; nextDueAtMs: TimeMs | null }> {
    return findReady(this.#database.rest, this.#times);
  }

  // ---- the catalog

  defaultAccount(): Account {
    return this.#account;
  }

  putTopic(
    accountId: AccountId,
    name: string,
    settings: TopicSettings,
    condition?: PutCondition,
  ): Promise<{ topic: Topic; created: boolean }> {
    return this.#topics.put(accountId, name, settings, condition);
  }

  getTopic(accountId: AccountId, name: string): Promise<Topic | null> {
    return this.#topics.get(accountId, name);
  }

  createTopic(accountId: AccountId, name: string, settings: TopicSettings): Promise<Topic | null> {
    return this.#topics.create(accountId, name, settings);
  }

  findTopicAnyCase(accountId: AccountId, name: string): Promise<Topic | null> {
    return this.#topics.findAnyCase(accountId, name);
  }

  listTopics(accountId: AccountId, page: PageRequest, label?: Label): Promise<Page<Topic>> {
    return this.#topics.list(accountId, page, label);
  }

  deleteTopic(accountId: AccountId, name: string): Promise<boolean> {
    return this.#topics.delete(accountId, name);
  }

  putSubscription(
    topicId: TopicId,
    name: string,
    settings: SubscriptionSettings,
    start: Start,
    condition?: PutCondition,
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

  deleteSubscription(topicId: TopicId, name: string): Promise<boolean> {
    return this.#subscriptions.delete(topicId, name);
  }

  setSubscriptionState(topicId: TopicId, name: string, state: SubscriptionState): Promise<Subscription | null> {
    return this.#subscriptions.setState(topicId, name, state);
  }

  onSubscriptionChange(listener: (id: SubscriptionId) => void): void {
    this.#changeListeners.push(listener);
  }

  #onChange(id: SubscriptionId): void {
    for (const listener of this.#changeListeners) listener(id);
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

  // ---- looking and mending

  getMessage(accountId: AccountId, id: MessageId): Promise<MessageRecord | null> {
    return readMessageRecord(this.#database.rest, this.#times, accountId, id);
  }

  subscriptionCounts(id: SubscriptionId): Promise<SubscriptionCounts> {
    return readSubscriptionCounts(this.#database.rest, this.#times, id);
  }

  unsettledCounts(id: SubscriptionId): Promise<UnsettledCounts> {
    return readUnsettledCounts(this.#database.rest, this.#times, id);
  }

  pullCounts(id: SubscriptionId, rewindableFromMs: TimeMs): Promise<PullCounts> {
    return readPullCounts(this.#database.rest, this.#times, id, rewindableFromMs);
  }

  listAttempts(id: SubscriptionId, page: PageRequest, only: "all" | "failed"): Promise<Page<AttemptRecord>> {
    return listAttempts(this.#database.rest, id, page, only);
  }

  listDeadLetters(id: SubscriptionId, page: PageRequest): Promise<Page<DeadLetter>> {
    return this.#deadLetters.list(id, page);
  }

  getDeadLetter(id: SubscriptionId, deadLetterId: string): Promise<DeadLetter | null> {
    return this.#deadLetters.get(id, deadLetterId);
  }

  redriveDeadLetters(id: SubscriptionId, ids: readonly string[] | null): Promise<number> {
    return this.#deadLetters.redrive(id, ids);
  }

  purgeDeadLetters(id: SubscriptionId, ids: readonly string[] | null): Promise<number> {
    return this.#deadLetters.purge(id, ids);
  }

  statistics(): Promise<StoreStatistics> {
    return this.#statistics.read();
  }

  nodes(): Promise<readonly StoreNode[]> {
    return readNodes(this.#database.rest, this.#times, this.nodeId, this.#aliveMs);
  }

  connections(): readonly ConnectionUse[] {
    return [this.#database.hot.use, this.#database.rest.use, this.#listener.use];
  }

  retain(): Promise<RetentionResult> {
    return this.#retention.step();
  }

  writable(): boolean {
    return this.#health.writable;
  }

  /** Statements sent so far, each of them one round trip: for the benchmark and for tests. */
  get statements(): number {
    return this.#database.hot.statements + this.#database.rest.statements;
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    await Promise.all([this.#appends.idle(), this.#claims.idle(), this.#answers.idle(), this.#settlements.close()]);
    await this.#heartbeat.stop();
    // Others need not wait for leases that nobody will use.
    await this.#claims.abandonAll().catch(() => {});
    await this.#database.rest.query("DELETE FROM ringback.node WHERE id = $1", [this.nodeId]).catch(() => {});
    await this.#wakeUps.close();
    await this.#listener.close();
    await this.#entries.stop();
    await this.#database.close();
  }

  #assertOpen(): void {
    if (this.#closing !== null) throw new RingbackError("shutting_down");
  }

  // ---- other nodes

  #heard(news: News): void {
    switch (news.kind) {
      case "topic":
        this.#cache.dropTopic(news.topicId);
        return this.#mayHaveChanged();
      case "subscription":
        this.#cache.dropSubscription(news.topicId, news.subscriptionId);
        this.#onChange(news.subscriptionId);
        this.#onReady([news.subscriptionId]);
        return;
      case "entry":
        this.#entries.changed(news.accountId, news.entryKind, news.name);
        return;
      case "node":
        this.#heartbeat.met();
        return;
      case "wake":
        if (news.subscriptionIds.length > 0) this.#onReady(news.subscriptionIds);
        for (const topicId of news.topicIds) this.#hintAt(topicId).catch(() => {});
    }
  }

  async #hintAt(topicId: TopicId): Promise<void> {
    const ids = await this.#subscriptions.idsOf(topicId);
    if (ids.length > 0) this.#onReady(ids);
  }

  /** For a while nothing was heard. */
  #missed(): void {
    this.#entries.missed();
    this.#mayHaveChanged();
    this.#lookForWork().catch(() => {});
  }

  async #lookForWork(): Promise<void> {
    this.#onReady((await this.findReady()).subscriptionIds);
  }

  #mayHaveChanged(): void {
    const known = this.#cache.knownSubscriptionIds();
    this.#cache.clear();
    for (const id of known) this.#onChange(id);
  }
}

/** Says which database, without user and password, and what stands in the way. */
function openFailure(url: string, error: unknown): unknown {
  if (!(error instanceof RingbackError) || !(error.cause instanceof Error)) return error;
  const { cause } = error;
  // Of a name with several addresses, each of which was tried.
  const [first] = cause instanceof AggregateError ? (cause.errors as Error[]) : [cause];
  const { host, pathname } = new URL(url);
  return new RingbackError(
    error.code,
    `The database "${pathname.slice(1)}" at ${host} cannot be opened: ${(first ?? cause).message}`,
    { cause },
  );
}

async function ensureAccount(
  connection: Connection,
  { name, appId }: PostgresStoreOptions["account"],
  times: Times,
): Promise<Account> {
  const [row] = await connection.query<{ id: AccountId; name: string; app_id: number }>(
    `INSERT INTO ringback.account (name, app_id, created_at) VALUES ($1, $2, coalesce($3::bigint, ringback.now_ms()))
     ON CONFLICT (name) DO UPDATE SET app_id = excluded.app_id RETURNING id, name, app_id`,
    [name, appId, times.at()],
  );
  const { id, name: kept, app_id } = row as NonNullable<typeof row>;
  return { id, name: kept, appId: app_id };
}
