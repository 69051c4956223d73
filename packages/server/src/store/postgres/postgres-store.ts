import { unlimited } from "../../domain/account-limits.ts";
import type { Account, SubscriptionId, TopicId } from "../../domain/model.ts";
import { systemTimers, type Clock, type Timers } from "../../domain/ports.ts";
import type { CatalogStore } from "../catalog.ts";
import type { ClusterStore, NodeLabel } from "../cluster.ts";
import type { TopicNumberLimits } from "../../domain/topic-number.ts";
import { Listeners } from "../listeners.ts";
import type { DeliveryStore } from "../deliveries.ts";
import type { RecordStore } from "../records.ts";
import type { ReplayStore } from "../replays.ts";
import type { Store, StoreObserver } from "../store.ts";
import type { AuditStore } from "../audit.ts";
import type { ExchangeStore } from "../exchanges.ts";
import type { TallyStore } from "../tallies.ts";
import { ensureAccount } from "./account.ts";
import { createAudit } from "./audit.ts";
import { CatalogCache } from "./catalog-cache.ts";
import { createCatalog } from "./catalog.ts";
import { notifyNodes, type NodeEvent } from "./change-bus.ts";
import { toConnectionFailure } from "./connection-failure.ts";
import { Database } from "./database.ts";
import { PostgresEntries } from "./entries.ts";
import { Health } from "./health.ts";
import { Heartbeat } from "./heartbeat.ts";
import { Listener } from "./listener.ts";
import { createDeliveries } from "./deliveries.ts";
import { createExchanges } from "./exchanges.ts";
import { createTallies } from "./tallies.ts";
import { createLog, type PostgresLog } from "./log.ts";
import { createCluster, registerNode } from "./cluster.ts";
import { assertOwnSessions } from "./own-session.ts";
import { postgresLimits } from "./postgres-limits.ts";
import { processIdentity } from "./process-identity.ts";
import { createRecords } from "./records.ts";
import { createReplays } from "./replays.ts";
import { migrate } from "./schema/migrate.ts";
import type { StoreContext } from "./store-context.ts";
import { readSubscriptionIds } from "./subscriptions.ts";
import { Times, type Tick } from "./times.ts";
import { WakeUps } from "./wake-ups.ts";

export interface PostgresStoreOptions {
  /** A connection string as `parseAddress` reads it, such as `postgres://user:password@host:port/database`. */
  readonly url: string;
  /** Name of the connections in `pg_stat_activity`. */
  readonly applicationName?: string;
  /** Name and version of this node in the list of nodes. */
  readonly node?: NodeLabel;
  /** For tests. Default: the identity of this process. */
  readonly process?: string | null;
  readonly account: { readonly name: string; readonly appId: number };
  readonly attemptRetentionMs: number;
  readonly deadLetterRetentionMs: number;
  readonly auditRetentionMs: number;
  readonly observer?: StoreObserver;
  /** A node without a heartbeat for this time counts as dead. Must be the same on all nodes. */
  readonly nodeAliveMs?: number;
  /** For tests. null: the clock of the database, which all nodes share. */
  readonly clock?: Clock | null;
  readonly timers?: Timers;
  /** Limits of topic numbers, for tests. */
  readonly topicNumbers?: TopicNumberLimits;
}

const silent: StoreObserver = { commit: () => {} };
const unnamed: NodeLabel = { name: "", version: "" };

/** The driver for many equal nodes on one PostgreSQL. The database holds all state; memory is only a cache of it. */
export class PostgresStore implements Store {
  readonly driver = "postgres";
  readonly log: PostgresLog;
  readonly catalog: CatalogStore;
  readonly entries: PostgresEntries;
  readonly records: RecordStore;
  readonly deliveries: DeliveryStore;
  readonly replays: ReplayStore;
  readonly audit: AuditStore;
  readonly tallies: TallyStore;
  readonly exchanges: ExchangeStore;
  readonly cluster: ClusterStore;
  readonly nodeId: number;
  readonly #context: StoreContext;
  readonly #listener: Listener;
  #closing: Promise<void> | null = null;

  static async open(options: PostgresStoreOptions): Promise<PostgresStore> {
    const sent = (name: string): void => options.observer?.statement?.(name);
    const { url, applicationName = "ringback" } = options;
    const database = new Database(url, applicationName, sent);
    const times = new Times(options.clock ?? null);
    const aliveMs = options.nodeAliveMs ?? postgresLimits.nodeAliveMs;
    try {
      await assertOwnSessions(url, applicationName);
      await migrate(url);
      const [tick] = await database.rest.query<Tick>("SELECT * FROM ringback.tick(NULL, NULL)");
      if (tick !== undefined) times.ticked(tick);
      const account = await ensureAccount(database.rest, options.account, times);
      const { node = unnamed, process = processIdentity() } = options;
      const nodeId = await registerNode(database.rest, times, aliveMs, node, process);
      const store = new PostgresStore(options, account, { database, times, nodeId, aliveMs });
      await store.#start();
      return store;
    } catch (error) {
      await database.close();
      throw toConnectionFailure(url, "cannot be opened", error);
    }
  }

  private constructor(
    options: PostgresStoreOptions,
    account: Account,
    opened: Pick<StoreContext, "database" | "times" | "nodeId" | "aliveMs">,
  ) {
    const { url, applicationName = "ringback", timers = systemTimers, observer = silent } = options;
    const {
      attemptRetentionMs,
      deadLetterRetentionMs,
      auditRetentionMs,
      topicNumbers,
      node: label = unnamed,
    } = options;
    const { database, nodeId } = opened;
    const readyHere = new Listeners<readonly SubscriptionId[]>();
    const retention = { attemptRetentionMs, deadLetterRetentionMs, auditRetentionMs };
    const shared = { ...opened, timers, observer, health: new Health(), ...retention };
    const listener = new Listener({
      url,
      applicationName,
      nodeId,
      timers,
      heard: (event) => this.#heard(event),
      missed: () => this.#missed(),
    });
    const heartbeat = new Heartbeat({
      ...shared,
      label,
      orphaned: (ids) => readyHere.notify(ids),
      clockJumped: (byMs) => observer.clockJumped?.(byMs),
    });
    const wakeUps = new WakeUps({
      pool: database.rest,
      timers,
      nowMs: () => performance.now(),
      nodeId,
      isAlone: () => heartbeat.isAlone,
    });
    const context: StoreContext = {
      ...shared,
      heartbeat,
      wakeUps,
      topicNumbers,
      limitsOf: () => unlimited,
      cache: new CatalogCache(() => listener.isUp),
      readyHere,
      changed: new Listeners(),
      cancelled: new Listeners(),
      ready(ids) {
        readyHere.notify(ids);
        for (const id of ids) wakeUps.ready(id);
      },
    };
    this.nodeId = nodeId;
    this.#listener = listener;
    this.#context = context;
    this.log = createLog(context);
    this.catalog = createCatalog(account, context);
    this.entries = new PostgresEntries(context);
    this.records = createRecords(context);
    this.deliveries = createDeliveries(context, this.records);
    this.replays = createReplays(context);
    this.audit = createAudit(opened.database.rest);
    this.tallies = createTallies(opened.database.rest);
    this.exchanges = createExchanges(opened.database.rest);
    this.cluster = createCluster(context, listener);
  }

  async #start(): Promise<void> {
    const { database, heartbeat } = this.#context;
    await this.#listener.start();
    await this.entries.load();
    await this.log.start();
    await notifyNodes(database.rest, this.nodeId, { kind: "node" });
    await heartbeat.start();
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    const { database, heartbeat, wakeUps } = this.#context;
    await this.log.close();
    await heartbeat.stop();
    await this.log.abandonClaims().catch(() => {});
    await database.rest.query("DELETE FROM ringback.node WHERE id = $1", [this.nodeId]).catch(() => {});
    await wakeUps.close();
    await this.#listener.close();
    await this.entries.stop();
    await database.close();
  }

  /** Applies an event of another node. */
  #heard(event: NodeEvent): void {
    const { cache, changed, heartbeat, readyHere } = this.#context;
    switch (event.kind) {
      case "topic":
        cache.dropTopic(event.topicId);
        return this.#dropSubscriptions();
      case "subscription":
        cache.dropSubscription(event.topicId, event.subscriptionId);
        changed.notify(event.subscriptionId);
        readyHere.notify([event.subscriptionId]);
        return;
      case "replay":
        this.#context.cancelled.notify(event.subscriptionId);
        return;
      case "entry":
        this.entries.changed(event.accountId, event.entryKind, event.name);
        return;
      case "node":
        heartbeat.met();
        return;
      case "wake":
        if (event.subscriptionIds.length > 0) readyHere.notify(event.subscriptionIds);
        for (const topicId of event.topicIds) this.#wakeTopic(topicId).catch(() => {});
    }
  }

  async #wakeTopic(topicId: TopicId): Promise<void> {
    const ids = await readSubscriptionIds(this.#context, topicId);
    if (ids.length > 0) this.#context.readyHere.notify(ids);
  }

  /** Events of other nodes may have been lost: every cached value may be out of date, and work may be waiting. */
  #missed(): void {
    this.entries.missed();
    this.#dropSubscriptions();
    this.log.findReady().then(
      ({ subscriptionIds }) => this.#context.readyHere.notify(subscriptionIds),
      () => {},
    );
  }

  #dropSubscriptions(): void {
    for (const id of this.#context.cache.clear()) this.#context.changed.notify(id);
  }
}
