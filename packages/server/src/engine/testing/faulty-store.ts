import type { Subscription, SubscriptionId, TimeMs } from "../../domain/model.ts";
import type { Clock, Timers } from "../../domain/ports.ts";
import type { Claim, ClaimId, ClaimWant, RetentionResult, Settlement } from "../../store/log.ts";
import { MemoryStore } from "./memory-store.ts";
import type { SeededRandom } from "./seeded-random.ts";

type FailingCall = "claim" | "settle" | "renew" | "findReady" | "getSubscriptionById" | "retain";

/**
 * A store behind a network: calls take effect some time after they were made and answer some time after that, so
 * that anything may happen in between. Settlements keep their order; everything else overtakes. With nothing set it is
 * the memory store.
 */
export class FaultyStore extends MemoryStore {
  readonly #timers: Timers;
  readonly #random: SeededRandom;
  /** The most that a call takes to take effect, and again to answer. */
  latencyMsMax = 0;
  /** Calls of these kinds reject. */
  readonly failing = new Map<FailingCall, Error>();
  /** The share of hints that get lost. */
  wakeUpLoss = 0;
  /** Nothing is found by looking: whoever misses a wakeUp has missed it for good. */
  findsNothing = false;
  /** Settlements wait while it is set. */
  #settlesHeld: Promise<void> | null = null;
  #settleTurn: Promise<unknown> = Promise.resolve();
  /** Counts the processes that have called; what one asked for when it died is never answered. */
  #callers = 0;
  /** The most deliveries that were ever open at a time. */
  openMax = 0;

  constructor(clock: Clock, timers: Timers, random: SeededRandom) {
    super(clock);
    this.#timers = timers;
    this.#random = random;
  }

  override claim(wants: readonly ClaimWant[], leaseMs: number): Promise<readonly Claim[]> {
    return this.#call("claim", async () => {
      const claims = await super.claim(wants, leaseMs);
      this.openMax = Math.max(this.openMax, this.claims.openDeliveries);
      return claims;
    });
  }

  override settle(settlements: readonly Settlement[]): Promise<number> {
    if (this.latencyMsMax === 0 && this.#settlesHeld === null)
      return this.#call("settle", () => super.settle(settlements));
    const before = this.#settleTurn;
    const settled = this.#call("settle", async () => {
      await before;
      await this.#settlesHeld;
      return super.settle(settlements);
    });
    this.#settleTurn = settled.catch(() => {});
    return settled;
  }

  override renew(claimIds: readonly ClaimId[], leaseMs: number): Promise<readonly ClaimId[]> {
    return this.#call("renew", () => super.renew(claimIds, leaseMs));
  }

  override getSubscriptionById(id: SubscriptionId): Promise<Subscription | null> {
    return this.#call("getSubscriptionById", () => super.getSubscriptionById(id));
  }

  override findReady(): Promise<{ subscriptionIds: readonly SubscriptionId[]; nextDueAtMs: TimeMs | null }> {
    return this.#call("findReady", async () =>
      this.findsNothing ? { subscriptionIds: [], nextDueAtMs: null } : super.findReady(),
    );
  }

  override retain(): Promise<RetentionResult> {
    return this.#call("retain", () => super.retain());
  }

  override onReady(listener: (ids: readonly SubscriptionId[]) => void): void {
    super.onReady((ids) => {
      if (!this.#random.chance(this.wakeUpLoss)) listener(ids);
    });
  }

  /** Settlements hang from now on; the returned function lets them go. */
  holdSettlements(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#settlesHeld = promise;
    return () => {
      this.#settlesHeld = null;
      resolve();
    };
  }

  /** The process that called is gone, and what it had claimed is nobody's. */
  callerDied(): void {
    this.#callers++;
    this.#settleTurn = Promise.resolve();
    this.readyListeners.length = 0;
    this.changeListeners.length = 0;
    this.expireLeases();
  }

  async #call<T>(kind: FailingCall, work: () => Promise<T>): Promise<T> {
    const callers = this.#callers;
    if (this.latencyMsMax > 0) await this.#delay();
    if (callers !== this.#callers) return new Promise(() => {});
    const failure = this.failing.get(kind);
    if (failure !== undefined) throw failure;
    const answer = await work();
    if (this.latencyMsMax > 0) await this.#delay();
    return callers === this.#callers ? answer : new Promise(() => {});
  }

  #delay(): Promise<void> {
    const delayMs = this.#random.upTo(this.latencyMsMax);
    return delayMs === 0 ? Promise.resolve() : new Promise((resolve) => this.#timers.after(delayMs, resolve));
  }
}
