import type { Seq, SubscriptionId, TimeMs } from "../../domain/model.ts";
import type { Clock } from "../../domain/ports.ts";
import type { Claim, ClaimedDelivery, ClaimId, ClaimWant } from "../log.ts";
import type { Catalog, ClaimState, OpenDelivery, SubscriptionEntry } from "./catalog.ts";
import { isHeldAltogether, type ClaimInProgress, type LogScan } from "./log-scan.ts";
import type { ParkedScan } from "./parked-scan.ts";

/** Claims that one process can make; no claim of an earlier one has the same id. */
const CLAIMS_PER_START = 2 ** 36;
/** While the disk does not keep up with settlements, nothing is given out; ask again this much later. */
const CONGESTED_RETRY_MS = 250;

/** Who holds what, and for how long. Leases live in memory: a process that ends takes its claims with it. */
export class Claims {
  readonly #catalog: Catalog;
  readonly #clock: Clock;
  readonly #log: LogScan;
  readonly #parked: ParkedScan;
  readonly #isCongested: () => boolean;
  readonly #claims = new Map<ClaimId, ClaimState>();
  #lastId = 0;

  constructor(options: {
    catalog: Catalog;
    clock: Clock;
    log: LogScan;
    parked: ParkedScan;
    isCongested: () => boolean;
  }) {
    this.#catalog = options.catalog;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#parked = options.parked;
    this.#isCongested = options.isCongested;
  }

  begin(start: number): void {
    this.#lastId = start * CLAIMS_PER_START;
  }

  async claim(wants: readonly ClaimWant[], leaseMs: number): Promise<readonly Claim[]> {
    const claims: (Claim | Promise<Claim>)[] = wants.map((want) => this.#claimOne(want, leaseMs));
    if (!claims.some((claim) => claim instanceof Promise)) return claims as Claim[];
    const results = await Promise.allSettled(claims.map((claim) => Promise.resolve(claim)));
    const failed = results.find((result) => result.status === "rejected");
    if (failed === undefined) return results.map((result) => (result as PromiseFulfilledResult<Claim>).value);
    // Nobody will ever see what the others took.
    for (const result of results) if (result.status === "fulfilled") this.#undo(this.#claims.get(result.value.id));
    throw failed.reason;
  }

  renew(ids: readonly ClaimId[], leaseMs: number): readonly ClaimId[] {
    const now = this.#clock.now();
    return ids.filter((id) => {
      const claim = this.#claims.get(id);
      if (claim === undefined || claim.leaseUntilMs <= now) return false;
      claim.leaseUntilMs = Math.max(claim.leaseUntilMs, now + leaseMs);
      return true;
    });
  }

  /** A delivery has left its claim; the claim goes with its last one. */
  left(claim: ClaimState): void {
    if (claim.open === 0) this.#claims.delete(claim.id);
  }

  /** The delivery may be claimed again at once. */
  giveBack(entry: SubscriptionEntry, { message: { seq }, parked, claim }: OpenDelivery, nowMs: TimeMs): void {
    entry.letGo(seq);
    this.left(claim);
    if (parked) entry.parkedDueAt(nowMs);
    else entry.cursor.rewind(seq);
  }

  /** Takes back what is held under leases that have run out. */
  reclaimExpired(entry: SubscriptionEntry, nowMs: TimeMs): void {
    const end = entry.leaseEndMs;
    if (end === null || end > nowMs) return;
    for (const delivery of entry.open.values()) {
      if (!delivery.settling && delivery.claim.leaseUntilMs <= nowMs) this.giveBack(entry, delivery, nowMs);
    }
    entry.refreshLeaseEnd();
  }

  /** Whoever holds something of the subscription from there on holds it no longer. */
  forgetFrom(entry: SubscriptionEntry, fromSeq: Seq): void {
    for (const [seq, { claim }] of entry.open) {
      if (seq < fromSeq) continue;
      entry.letGo(seq);
      this.left(claim);
    }
  }

  /** The subscription is gone, and whoever holds something of it holds nothing. */
  forget(entry: SubscriptionEntry): void {
    for (const [seq, { claim }] of entry.open) {
      entry.letGo(seq);
      this.left(claim);
    }
  }

  get openCount(): number {
    let open = 0;
    for (const claim of this.#claims.values()) open += claim.open;
    return open;
  }

  /** The common case costs no promise: everything wanted is in memory. */
  #claimOne(want: ClaimWant, leaseMs: number): Claim | Promise<Claim> {
    const entry = this.#catalog.subscriptions.get(want.subscriptionId);
    if (entry === undefined || entry.state !== "active") return emptyClaim(want.subscriptionId);
    if (entry.claiming !== null) return this.#afterOther(entry, want, leaseMs);
    const nowMs = this.#clock.now();
    if (this.#isCongested()) {
      const { id, parkedCount } = entry;
      return { ...emptyClaim(id), nextDueAtMs: nowMs + CONGESTED_RETRY_MS, parkedCount };
    }
    this.reclaimExpired(entry, nowMs);
    const state = { id: ++this.#lastId as ClaimId, entry, leaseUntilMs: nowMs + leaseMs, open: 0 };
    const claim: ClaimInProgress = { entry, want, state, nowMs, deliveries: [], bytes: 0 };
    if (this.#parked.isDue(entry, nowMs) || !this.#log.isAtHand(claim)) return this.#claimSlowly(claim);
    this.#log.takeCached(claim);
    return this.#answer(claim, false);
  }

  async #afterOther(entry: SubscriptionEntry, want: ClaimWant, leaseMs: number): Promise<Claim> {
    while (entry.claiming !== null) await entry.claiming;
    return this.#claimOne(want, leaseMs);
  }

  async #claimSlowly(claim: ClaimInProgress): Promise<Claim> {
    const { entry, state } = claim;
    const { promise, resolve: finished } = Promise.withResolvers<void>();
    entry.claiming = promise;
    try {
      const moreParked = await this.#parked.take(claim);
      await this.#log.take(claim);
      if (entry.removed) return emptyClaim(entry.id);
      return this.#answer(claim, moreParked);
    } catch (error) {
      this.#undo(state);
      throw error;
    } finally {
      entry.claiming = null;
      finished();
    }
  }

  /** A claim that its caller will not get. */
  #undo(state: ClaimState | undefined): void {
    if (state === undefined) return;
    const { entry } = state;
    for (const delivery of entry.open.values()) {
      if (delivery.claim === state && !delivery.settling) this.giveBack(entry, delivery, this.#clock.now());
    }
  }

  #answer({ entry, want, state, deliveries, nowMs }: ClaimInProgress, moreParked: boolean): Claim {
    if (state.open > 0) this.#claims.set(state.id, state);
    // Within a claim they are side by side, wherever they came from.
    if (entry.order !== "none") deliveries.sort((a, b) => a.message.seq - b.message.seq);
    return {
      id: state.id,
      subscriptionId: entry.id,
      deliveries,
      more: !isHeldAltogether(entry) && (moreParked || (want.fromLog && entry.hasUnread)),
      nextDueAtMs: this.#nextDue(entry, deliveries, nowMs),
      parkedCount: entry.parkedCount,
    };
  }

  /** Whoever got nothing wants to know when the leases of the others end as well. */
  #nextDue(entry: SubscriptionEntry, deliveries: readonly ClaimedDelivery[], nowMs: TimeMs): TimeMs | null {
    const due = entry.parkedCount > 0 ? entry.nextParkedDueAtMs : null;
    if (entry.openCount === 0) return due;
    // Renewals may have moved it since it was looked at.
    if (entry.leaseEndMs !== null && entry.leaseEndMs <= nowMs) entry.refreshLeaseEnd();
    const leaseEnd = deliveries.length === 0 ? entry.leaseEndMs : null;
    // Whatever is parked waits for the one that is open.
    return entry.order === "strict" ? leaseEnd : earlier(due, leaseEnd);
  }
}

function earlier(one: TimeMs | null, other: TimeMs | null): TimeMs | null {
  if (one === null || other === null) return one ?? other;
  return Math.min(one, other);
}

function emptyClaim(subscriptionId: SubscriptionId): Claim {
  return { id: 0 as ClaimId, subscriptionId, deliveries: [], more: false, nextDueAtMs: null, parkedCount: 0 };
}
