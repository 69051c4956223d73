import type { DatabaseSync } from "node:sqlite";
import type { Seq, Subscription, SubscriptionId } from "../../domain/model.ts";
import type { Clock, Timers } from "../../domain/ports.ts";
import type { ClusterStore } from "../../store/cluster.ts";
import type { LogStore } from "../../store/log.ts";
import { verdictCodes } from "../../store/record-rows.ts";
import { statement } from "../../store/sqlite/statements.ts";
import { emptyDatabase, MemoryStore } from "../../store/memory/memory-store.ts";
import type { SeededRandom } from "./seeded-random.ts";

type Method = (...args: readonly unknown[]) => Promise<unknown>;

/** Calls with latency: at most `latencyMsMax` before they take effect, and at most as much again before they return. */
const slowCalls = new Set(["claim", "settle", "renew", "reserveStarts", "findReady", "getSubscriptionById", "retain"]);
const synchronousCalls = new Set([
  "constructor",
  "touch",
  "onReady",
  "onCancelled",
  "defaultAccount",
  "limitAccounts",
  "onSubscriptionChange",
  "connections",
  "writable",
]);

export interface FaultyStoreOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: SeededRandom;
  readonly account?: { readonly name: string; readonly appId: number };
  /** Returns the id of a new subscription. Left out: the ids count. */
  readonly newId?: () => number;
}

function counter(): () => number {
  let count = 0;
  return () => ++count;
}

/**
 * The memory driver behind a slow, faulty network. Calls take effect with a delay and return with another delay, so
 * that other calls happen in between. Settlements keep their order; other calls may overtake each other. Without any
 * setting, it behaves like the memory driver.
 */
export class FaultyStore extends MemoryStore {
  readonly #database: DatabaseSync;
  readonly #timers: Timers;
  readonly #random: SeededRandom;
  latencyMsMax = 0;
  /** Calls with these names reject with these errors. */
  readonly failing = new Map<string, Error>();
  /** Every call rejects with this error. */
  failure: Error | null = null;
  /** The share of wake-ups that are lost, from 0 to 1. */
  wakeUpLoss = 0;
  /** True: `findReady` finds nothing, so that the engine never finds the work of a lost wake-up. */
  findsNothing = false;
  touched: number | null = 0;
  isWritable = true;
  /** Settlements wait for this promise. */
  #settlesHeld: Promise<void> | null = null;
  #lastSettle: Promise<unknown> = Promise.resolve();
  /** Number of simulated processes that have ended. The calls of these processes are never answered. */
  #callers = 0;
  /** The highest number of deliveries that were open at the same time. */
  openMax = 0;
  readonly #startedAfter = new Map<SubscriptionId, Seq>();

  constructor({
    clock,
    timers,
    random,
    account = { name: "default", appId: 1_234 },
    newId = counter(),
  }: FaultyStoreOptions) {
    const database = emptyDatabase();
    // A seed always gives the same run, because the ids of topics and subscriptions are not random either.
    database.exec("UPDATE topic_number SET key = zeroblob(16)");
    super({ account, clock, database, newId });
    this.#database = database;
    this.#timers = timers;
    this.#random = random;
    this.#watch();
    const { log, catalog, entries, records, deliveries, replays, audit, tallies, exchanges, cluster } = this;
    for (const part of [log, catalog, entries, records, deliveries, replays, audit, tallies, exchanges, cluster])
      this.#intercept(part);
  }

  /** Holds settlements until the returned function is called. */
  holdSettlements(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#settlesHeld = promise;
    return () => {
      this.#settlesHeld = null;
      resolve();
    };
  }

  /** Expires every lease, as after a stall or after the end of the process that held the leases. */
  expireLeases(): void {
    for (const entry of this.context.index.subscriptions.values()) {
      for (const { claim } of entry.open.values()) claim.leaseUntilMs = 0;
      entry.refreshLeaseEnd();
    }
  }

  /** Ends the simulated process that calls the store. Its deliveries can be claimed again. */
  callerDied(): void {
    this.#callers++;
    this.#lastSettle = Promise.resolve();
    this.expireLeases();
  }

  /** Whether the delivery has ended because its receiver accepted it. */
  wasDelivered(id: SubscriptionId, seq: Seq): boolean {
    const entry = this.context.index.subscriptions.get(id);
    if (entry === undefined || !entry.cursor.isDone(seq)) return false;
    const found = statement(
      this.#database,
      `SELECT verdict FROM attempt WHERE topic_id = ?1 AND seq = ?2 AND subscription_id = ?3
         AND NOT EXISTS (SELECT 1 FROM parked WHERE subscription_id = ?3 AND seq = ?2) ORDER BY id DESC LIMIT 1`,
    );
    return found.get(entry.topic.topic.id, seq, id)?.["verdict"] === verdictCodes.indexOf("accepted");
  }

  /** True: the subscription was created before the message was published. */
  isFor(id: SubscriptionId, seq: Seq): boolean {
    return seq > (this.#startedAfter.get(id) ?? seq);
  }

  /** The subscription as the API would show it now. */
  shown(id: SubscriptionId): Subscription | null {
    return this.context.index.subscriptions.get(id)?.view() ?? null;
  }

  /** How many rows have been written, changed or removed since the store was made. */
  get changedRows(): number {
    return Number(statement(this.#database, "SELECT total_changes() AS count").get()?.["count"]);
  }

  /** The positions of the dead letters, also of those of which a copy waits. */
  deadSeqs(id: SubscriptionId): Seq[] {
    const find = statement(
      this.#database,
      "SELECT DISTINCT seq FROM dead_letter WHERE subscription_id = ? ORDER BY seq",
    );
    return find.all(id).map(({ seq }) => Number(seq));
  }

  #watch(): void {
    const { catalog } = this;
    const log: LogStore = this.log;
    const cluster: ClusterStore = this.cluster;
    const claim = log.claim.bind(log);
    const onReady = log.onReady.bind(log);
    const findReady = log.findReady.bind(log);
    const putSubscription = catalog.putSubscription.bind(catalog);
    const onSubscriptionChange = catalog.onSubscriptionChange.bind(catalog);
    log.claim = async (wants, leaseMs) => {
      const claims = await claim(wants, leaseMs);
      this.openMax = Math.max(this.openMax, this.context.claims.openCount);
      return claims;
    };
    log.onReady = (listener) =>
      onReady(this.#whileAlive((ids) => void (this.#random.chance(this.wakeUpLoss) || listener(ids))));
    log.findReady = async () => (this.findsNothing ? { subscriptionIds: [], nextDueAtMs: null } : findReady());
    log.touch = () => this.touched;
    cluster.writable = () => this.isWritable;
    catalog.onSubscriptionChange = (listener) => onSubscriptionChange(this.#whileAlive(listener));
    catalog.putSubscription = async (topicId, ...rest) => {
      const lastSeq = this.context.index.topics.get(topicId)?.lastSeq ?? 0;
      const put = await putSubscription(topicId, ...rest);
      if (put.created) this.#startedAfter.set(put.subscription.id, lastSeq);
      return put;
    };
  }

  #whileAlive<A>(listener: (argument: A) => void): (argument: A) => void {
    const callers = this.#callers;
    return (argument) => {
      if (callers === this.#callers) listener(argument);
    };
  }

  #intercept(part: object): void {
    const methods = part as Record<string, Method>;
    for (const name of methodNames(part)) {
      if (synchronousCalls.has(name)) continue;
      const method = (methods[name] as Method).bind(part);
      methods[name] = (...args) => this.#call(name, () => method(...args));
    }
  }

  #call(name: string, work: () => Promise<unknown>): Promise<unknown> {
    if (this.failure !== null) return Promise.reject(this.failure);
    if (name === "settle") return this.#settleInOrder(work);
    return slowCalls.has(name) ? this.#slowly(name, work) : this.#orFail(name, work);
  }

  #settleInOrder(work: () => Promise<unknown>): Promise<unknown> {
    if (this.latencyMsMax === 0 && this.#settlesHeld === null) return this.#slowly("settle", work);
    const before = this.#lastSettle;
    const settled = this.#slowly("settle", async () => {
      await before;
      await this.#settlesHeld;
      return work();
    });
    this.#lastSettle = settled.catch(() => {});
    return settled;
  }

  async #slowly(name: string, work: () => Promise<unknown>): Promise<unknown> {
    const callers = this.#callers;
    if (this.latencyMsMax > 0) await this.#delay();
    if (callers !== this.#callers) return new Promise(() => {});
    const answer = await this.#orFail(name, work);
    if (this.latencyMsMax > 0) await this.#delay();
    return callers === this.#callers ? answer : new Promise(() => {});
  }

  #orFail(name: string, work: () => Promise<unknown>): Promise<unknown> {
    const failure = this.failing.get(name);
    return failure === undefined ? work() : Promise.reject(failure);
  }

  #delay(): Promise<void> {
    const delayMs = this.#random.upTo(this.latencyMsMax);
    return delayMs === 0 ? Promise.resolve() : new Promise((resolve) => this.#timers.after(delayMs, resolve));
  }
}

/** Names of the methods of an object, of its class and of the classes that its class extends. */
function methodNames(part: object): ReadonlySet<string> {
  const names = new Set<string>();
  for (let of = part; of !== Object.prototype; of = Object.getPrototypeOf(of)) {
    for (const name of Object.getOwnPropertyNames(of)) names.add(name);
  }
  return names;
}
