import { RingbackError } from "../../domain/errors.ts";
import type { Start, SubscriptionId, TimeMs, TopicId } from "../../domain/model.ts";
import type { Timers } from "../../domain/ports.ts";
import type {
  AppendRequest,
  AppendResult,
  Claim,
  ClaimId,
  ClaimWant,
  LogStore,
  PulledSettlement,
  RetentionResult,
  Settlement,
} from "../log.ts";
import { Listeners } from "../listeners.ts";
import type { StoreObserver } from "../store.ts";
import { Answers } from "./answers.ts";
import { Appends } from "./appends.ts";
import type { CatalogCache } from "./catalog-cache.ts";
import { Claims } from "./claims.ts";
import { findReady } from "./counts.ts";
import type { Database } from "./database.ts";
import type { Health } from "./health.ts";
import type { Heartbeat } from "./node-row.ts";
import { Retention } from "./retention.ts";
import { rewindTo } from "./rewinding.ts";
import { Settlements, type SettledEvent } from "./settlements.ts";
import type { Times } from "./times.ts";
import type { WakeUps } from "./wake-ups.ts";

export interface PostgresLogOptions {
  readonly database: Database;
  readonly times: Times;
  readonly timers: Timers;
  readonly health: Health;
  readonly observer: StoreObserver;
  readonly nodeId: number;
  readonly aliveMs: number;
  readonly attemptRetentionMs: number;
  readonly deadLetterRetentionMs: number;
  readonly heartbeat: Heartbeat;
  readonly wakeUps: WakeUps;
  readonly cache: CatalogCache;
  /** Reads the subscriptions of a topic that the cache does not have. */
  readonly subscriptionIdsOf: (topicId: TopicId) => Promise<readonly SubscriptionId[]>;
}

export class PostgresLog implements LogStore {
  readonly #options: PostgresLogOptions;
  readonly #appends: Appends;
  readonly #claims: Claims;
  readonly #settlements: Settlements;
  readonly #answers: Answers;
  readonly #retention: Retention;
  readonly #listeners = new Listeners<readonly SubscriptionId[]>();
  #isClosed = false;

  constructor(options: PostgresLogOptions) {
    this.#options = options;
    const { hot, rest } = options.database;
    const shared = { ...options, pool: hot };
    const ready = (ids: readonly SubscriptionId[]): void => this.ready(ids);
    this.#appends = new Appends(shared);
    this.#claims = new Claims(shared);
    this.#settlements = new Settlements({ ...shared, settled: (event) => this.#settled(event) });
    this.#answers = new Answers({ ...shared, ready });
    this.#retention = new Retention({ ...options, pool: rest, ready: (id) => ready([id]) });
  }

  start(): Promise<void> {
    return this.#retention.start();
  }

  async append(request: AppendRequest): Promise<AppendResult> {
    this.#assertOpen();
    const { topicId } = request;
    const cached = this.#options.cache.cachedSubscriptionIds(topicId);
    // The subscriptions to wake are read during the append. A failure to read them does not fail the append.
    const reading = cached ?? this.#options.subscriptionIdsOf(topicId).catch(() => []);
    const result = await this.#appends.append(request);
    if (!result.replayed) this.#appended(topicId, await reading);
    return result;
  }

  #appended(topicId: TopicId, ids: readonly SubscriptionId[]): void {
    // The cache also has the subscriptions that were created during the append.
    const current = this.#options.cache.cachedSubscriptionIds(topicId) ?? ids;
    if (current.length === 0) return;
    this.notify(current);
    this.#options.wakeUps.published(topicId, current);
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
    return this.#options.heartbeat.touch();
  }

  async settle(settlements: readonly Settlement[]): Promise<number> {
    this.#assertOpen();
    const applied = await this.#settlements.settle(settlements);
    // A pulled delivery becomes visible again later. Other nodes must know when, because this node may have ended by
    // then, or may have no waiting receiver.
    for (const { subscriptionId, settled } of settlements) {
      if (settled.kind === "parked" && settled.firstAttemptAtMs !== undefined) {
        this.#options.wakeUps.ready(subscriptionId);
      }
    }
    return applied;
  }

  #settled({ ready, released }: SettledEvent): void {
    if (ready.size > 0) this.notify([...ready]);
    for (const id of released) this.#options.wakeUps.ready(id);
  }

  async settlePulled(id: SubscriptionId, answers: readonly PulledSettlement[]): Promise<readonly boolean[]> {
    this.#assertOpen();
    return this.#answers.answer(id, answers);
  }

  async rewind(id: SubscriptionId, to: Exclude<Start, "now">): Promise<boolean> {
    if (!(await rewindTo(this.#options.database.rest, id, to))) return false;
    this.ready([id]);
    return true;
  }

  onReady(listener: (ids: readonly SubscriptionId[]) => void): void {
    this.#listeners.add(listener);
  }

  /** Notifies the listeners of this node and wakes the other nodes. */
  ready(ids: readonly SubscriptionId[]): void {
    this.notify(ids);
    for (const id of ids) this.#options.wakeUps.ready(id);
  }

  /** Notifies only the listeners of this node. */
  notify(ids: readonly SubscriptionId[]): void {
    this.#listeners.notify(ids);
  }

  findReady(): Promise<{ subscriptionIds: readonly SubscriptionId[]; nextDueAtMs: TimeMs | null }> {
    return findReady(this.#options.database.rest, this.#options.times);
  }

  retain(): Promise<RetentionResult> {
    return this.#retention.step();
  }

  /** Refuses new calls at once. Resolves when no call uses the log any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([this.#appends.idle(), this.#claims.idle(), this.#answers.idle(), this.#settlements.close()]);
  }

  /** Ends every lease of this node, so that other nodes need not wait for them to expire. */
  abandonClaims(): Promise<void> {
    return this.#claims.abandonAll();
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new RingbackError("shutting_down");
  }
}
