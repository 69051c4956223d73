import type { Account, SubscriptionId, TopicId } from "../../domain/model.ts";
import { systemTimers, type Clock, type Timers } from "../../domain/ports.ts";
import type { NodeLabel } from "../cluster.ts";
import type { Store, StoreObserver } from "../store.ts";
import { ensureAccount } from "./account.ts";
import { CatalogCache } from "./catalog-cache.ts";
import { PostgresCatalog } from "./catalog.ts";
import { CHANNEL, toPayload, type NodeEvent } from "./change-bus.ts";
import { PostgresCluster } from "./cluster.ts";
import { toConnectionFailure } from "./connection-failure.ts";
import { Database } from "./database.ts";
import { PostgresEntries } from "./entries.ts";
import { Health } from "./health.ts";
import { Listener } from "./listener.ts";
import { PostgresLog } from "./log.ts";
import { Heartbeat, registerNode } from "./node-row.ts";
import { assertOwnSessions } from "./own-session.ts";
import { postgresLimits } from "./postgres-limits.ts";
import { PostgresRecords } from "./records.ts";
import { migrate } from "./schema/migrate.ts";
import { Times } from "./times.ts";
import { WakeUps } from "./wake-ups.ts";

export interface PostgresStoreOptions {
  /** `postgres://user:password@host:port/database`; the pg library reads everything else in the URL. */
  readonly url: string;
  /** Name of the connections in `pg_stat_activity`. */
  readonly applicationName?: string;
  /** Name and version of this node in the list of nodes. */
  readonly node?: NodeLabel;
  readonly account: { readonly name: string; readonly appId: number };
  readonly attemptRetentionMs: number;
  readonly deadLetterRetentionMs: number;
  readonly observer?: StoreObserver;
  /** A node without a heartbeat for this time counts as dead. Must be the same on all nodes. */
  readonly nodeAliveMs?: number;
  /** For tests. null: the clock of the database, which all nodes share. */
  readonly clock?: Clock | null;
  readonly timers?: Timers;
}

interface Opened {
  readonly database: Database;
  readonly times: Times;
  readonly account: Account;
  readonly nodeId: number;
  readonly aliveMs: number;
}

const silent: StoreObserver = { commit: () => {} };
const unnamed: NodeLabel = { name: "", version: "" };

/** The driver for many equal nodes on one PostgreSQL. The database holds all state; memory is only a cache of it. */
export class PostgresStore implements Store {
  readonly driver = "postgres";
  readonly log: PostgresLog;
  readonly catalog: PostgresCatalog;
  readonly entries: PostgresEntries;
  readonly records: PostgresRecords;
  readonly cluster: PostgresCluster;
  readonly nodeId: number;
  readonly #database: Database;
  readonly #cache: CatalogCache;
  readonly #listener: Listener;
  readonly #wakeUps: WakeUps;
  readonly #heartbeat: Heartbeat;
  #closing: Promise<void> | null = null;

  static async open(options: PostgresStoreOptions): Promise<PostgresStore> {
    const sent = (name: string): void => options.observer?.statement?.(name);
    const database = new Database(options.url, options.applicationName ?? "ringback", sent);
    const times = new Times(options.clock ?? null);
    const aliveMs = options.nodeAliveMs ?? postgresLimits.nodeAliveMs;
    try {
      await assertOwnSessions(database.rest);
      await migrate(options.url);
      const account = await ensureAccount(database.rest, options.account, times);
      const nodeId = await registerNode(database.rest, times, aliveMs, options.node ?? unnamed);
      const store = new PostgresStore(options, { database, times, account, nodeId, aliveMs });
      await store.#start();
      return store;
    } catch (error) {
      await database.close();
      throw toConnectionFailure(options.url, "cannot be opened", error);
    }
  }

  private constructor(options: PostgresStoreOptions, { database, times, account, nodeId, aliveMs }: Opened) {
    const { url, applicationName = "ringback", timers = systemTimers, observer = silent } = options;
    const { attemptRetentionMs, deadLetterRetentionMs, node: label = unnamed } = options;
    const { hot, rest } = database;
    const health = new Health();
    const ready: PostgresLog["ready"] = (ids) => this.log.ready(ids);
    const shared = { database, times, timers, health, observer, nodeId, aliveMs };
    this.nodeId = nodeId;
    this.#database = database;
    this.#listener = new Listener({
      url,
      applicationName,
      nodeId,
      timers,
      heard: (event) => this.#heard(event),
      missed: () => this.#missed(),
    });
    const listener = this.#listener;
    const cache = new CatalogCache(() => listener.isUp);
    const heartbeat = new Heartbeat({ ...shared, pool: hot, label, orphaned: (ids) => this.log.notify(ids) });
    const isAlone = (): boolean => heartbeat.isAlone;
    const wakeUps = new WakeUps({ pool: rest, timers, nowMs: () => performance.now(), nodeId, isAlone });
    this.#cache = cache;
    this.#heartbeat = heartbeat;
    this.#wakeUps = wakeUps;
    const subscriptionIdsOf = (topicId: TopicId): Promise<readonly SubscriptionId[]> =>
      this.catalog.subscriptionIdsOf(topicId);
    const retention = { attemptRetentionMs, deadLetterRetentionMs };
    this.log = new PostgresLog({ ...shared, ...retention, heartbeat, wakeUps, cache, subscriptionIdsOf });
    this.catalog = new PostgresCatalog(account, { pool: rest, times, nodeId, cache, ready });
    this.entries = new PostgresEntries(rest, times, timers, nodeId);
    this.records = new PostgresRecords(rest, times, ready);
    this.cluster = new PostgresCluster({ ...shared, listener });
  }

  async #start(): Promise<void> {
    await this.#listener.start();
    await this.entries.load();
    await this.log.start();
    await this.#database.rest.query("SELECT pg_notify($1, $2)", [CHANNEL, toPayload(this.nodeId, { kind: "node" })]);
    await this.#heartbeat.start();
  }

  /** Statements sent so far, one round trip each: for the benchmark and for tests. */
  get statements(): number {
    return this.#database.hot.statements + this.#database.rest.statements;
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    await this.log.close();
    await this.#heartbeat.stop();
    await this.log.abandonClaims().catch(() => {});
    await this.#database.rest.query("DELETE FROM ringback.node WHERE id = $1", [this.nodeId]).catch(() => {});
    await this.#wakeUps.close();
    await this.#listener.close();
    await this.entries.stop();
    await this.#database.close();
  }

  /** Applies an event of another node. */
  #heard(event: NodeEvent): void {
    switch (event.kind) {
      case "topic":
        this.#cache.dropTopic(event.topicId);
        return this.#dropSubscriptions();
      case "subscription":
        this.#cache.dropSubscription(event.topicId, event.subscriptionId);
        this.catalog.notify(event.subscriptionId);
        this.log.notify([event.subscriptionId]);
        return;
      case "entry":
        this.entries.changed(event.accountId, event.entryKind, event.name);
        return;
      case "node":
        this.#heartbeat.met();
        return;
      case "wake":
        if (event.subscriptionIds.length > 0) this.log.notify(event.subscriptionIds);
        for (const topicId of event.topicIds) this.#wakeTopic(topicId).catch(() => {});
    }
  }

  async #wakeTopic(topicId: TopicId): Promise<void> {
    const ids = await this.catalog.subscriptionIdsOf(topicId);
    if (ids.length > 0) this.log.notify(ids);
  }

  /** Events of other nodes may have been lost: every cached value may be out of date, and work may be waiting. */
  #missed(): void {
    this.entries.missed();
    this.#dropSubscriptions();
    this.#notifyReady().catch(() => {});
  }

  async #notifyReady(): Promise<void> {
    this.log.notify((await this.log.findReady()).subscriptionIds);
  }

  #dropSubscriptions(): void {
    const known = this.#cache.knownSubscriptionIds();
    this.#cache.clear();
    for (const id of known) this.catalog.notify(id);
  }
}
