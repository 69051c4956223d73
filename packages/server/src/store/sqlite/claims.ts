import type { Seq, SubscriptionId, TimeMs } from "../../domain/model.ts";
import { earlier } from "../earlier.ts";
import type { Claim, ClaimedDelivery, ClaimId, ClaimWant } from "../log.ts";
import { isCached, isHeldByOrder, takeCached, takeFromLog, type ClaimInProgress } from "./log-scan.ts";
import { isParkedDue, takeParked } from "./parked-scan.ts";
import type { ClaimContext } from "./claim-context.ts";
import type { ClaimState, OpenDelivery, SubscriptionEntry } from "./subscription-entry.ts";

/**
 * Claim ids of one start of the server, which last for decades. The ids of 256 starts in a row differ. They stay below
 * 2^53, however often the server is started.
 */
const CLAIMS_PER_START = 2 ** 44;
const STARTS = 2 ** 8;
/** While the disk is slower than the settlements, claims are empty and `nextDueAtMs` is this much later than now. */
const CONGESTED_RETRY_MS = 250;

/** The claims and their leases. They are in memory only: a process that ends takes its claims with it. */
export class Claims {
  readonly #context: ClaimContext;
  readonly #claims = new Map<ClaimId, ClaimState>();
  #lastId: number;

  /** `start`: how many times a server has been started on the database. */
  constructor(context: ClaimContext, start: number) {
    this.#context = context;
    this.#lastId = (start % STARTS) * CLAIMS_PER_START;
  }

  async claim(wants: readonly ClaimWant[], leaseMs: number): Promise<readonly Claim[]> {
    const claims: (Claim | Promise<Claim>)[] = wants.map((want) => this.#claimOne(want, leaseMs));
    if (!claims.some((claim) => claim instanceof Promise)) return claims as Claim[];
    const results = await Promise.allSettled(claims.map((claim) => Promise.resolve(claim)));
    const failed = results.find((result) => result.status === "rejected");
    if (failed === undefined) return results.map((result) => (result as PromiseFulfilledResult<Claim>).value);
    // One claim failed, so the caller gets none of the claims. The others are undone.
    for (const result of results) if (result.status === "fulfilled") this.#undo(this.#claims.get(result.value.id));
    throw failed.reason;
  }

  renew(ids: readonly ClaimId[], leaseMs: number): readonly ClaimId[] {
    const now = this.#context.clock.now();
    return ids.filter((id) => {
      const claim = this.#claims.get(id);
      if (claim === undefined || claim.leaseUntilMs <= now) return false;
      claim.leaseUntilMs = Math.max(claim.leaseUntilMs, now + leaseMs);
      return true;
    });
  }

  /** Called after a delivery has left its claim. A claim without open deliveries ends. */
  endIfEmpty(claim: ClaimState): void {
    if (claim.open === 0) this.#claims.delete(claim.id);
  }

  /** Makes an open delivery claimable again at once. */
  release(entry: SubscriptionEntry, { message: { seq }, parked, claim }: OpenDelivery, nowMs: TimeMs): void {
    entry.removeOpen(seq);
    this.endIfEmpty(claim);
    if (parked) entry.parkedDueAt(nowMs);
    else entry.cursor.rewind(seq);
  }

  /** Releases the deliveries of claims whose leases have expired. */
  releaseExpired(entry: SubscriptionEntry, nowMs: TimeMs): void {
    const end = entry.leaseEndMs;
    if (end === null || end > nowMs) return;
    for (const delivery of entry.open.values()) {
      if (!delivery.settling && delivery.claim.leaseUntilMs <= nowMs) this.release(entry, delivery, nowMs);
    }
    entry.refreshLeaseEnd();
  }

  /** Removes the open deliveries from a position on from their claims. */
  forgetFrom(entry: SubscriptionEntry, fromSeq: Seq): void {
    for (const [seq, { claim }] of entry.open) {
      if (seq < fromSeq) continue;
      entry.removeOpen(seq);
      this.endIfEmpty(claim);
    }
  }

  get openCount(): number {
    let open = 0;
    for (const claim of this.#claims.values()) open += claim.open;
    return open;
  }

  /** Returns a claim, not a promise, in the common case that all wanted messages are cached. */
  #claimOne(want: ClaimWant, leaseMs: number): Claim | Promise<Claim> {
    const { index, clock, commits } = this.#context;
    const entry = index.subscriptions.get(want.subscriptionId);
    if (entry === undefined || entry.state !== "active") return emptyClaim(want.subscriptionId);
    if (entry.claiming !== null) return this.#afterOther(entry, want, leaseMs);
    const nowMs = clock.now();
    if (commits.isCongested) {
      const { id, parkedCount } = entry;
      return { ...emptyClaim(id), nextDueAtMs: nowMs + CONGESTED_RETRY_MS, parkedCount };
    }
    this.releaseExpired(entry, nowMs);
    const state = { id: ++this.#lastId as ClaimId, entry, leaseUntilMs: nowMs + leaseMs, open: 0 };
    const claim: ClaimInProgress = { entry, want, state, nowMs, deliveries: [], bytes: 0 };
    if (isParkedDue(entry, nowMs) || !isCached(this.#context, claim)) return this.#claimSlowly(claim);
    takeCached(this.#context, claim);
    return this.#complete(claim, false);
  }

  async #afterOther(entry: SubscriptionEntry, want: ClaimWant, leaseMs: number): Promise<Claim> {
    while (entry.claiming !== null) await entry.claiming;
    return this.#claimOne(want, leaseMs);
  }

  /** Fills a claim that needs messages or parked deliveries from the database. */
  async #claimSlowly(claim: ClaimInProgress): Promise<Claim> {
    const { entry, state } = claim;
    const { promise, resolve: finished } = Promise.withResolvers<void>();
    entry.claiming = promise;
    try {
      const moreParked = await takeParked(this.#context, claim);
      await takeFromLog(this.#context, claim);
      if (entry.removed) return emptyClaim(entry.id);
      return this.#complete(claim, moreParked);
    } catch (error) {
      this.#undo(state);
      throw error;
    } finally {
      entry.claiming = null;
      finished();
    }
  }

  /** Releases the deliveries of a claim that its caller does not get. */
  #undo(state: ClaimState | undefined): void {
    if (state === undefined) return;
    const { entry } = state;
    for (const delivery of entry.open.values()) {
      if (delivery.claim === state && !delivery.settling) this.release(entry, delivery, this.#context.clock.now());
    }
  }

  #complete({ entry, want, state, deliveries, nowMs }: ClaimInProgress, moreParked: boolean): Claim {
    if (state.open > 0) this.#claims.set(state.id, state);
    if (entry.order !== "none") deliveries.sort((a, b) => a.message.seq - b.message.seq);
    return {
      id: state.id,
      subscriptionId: entry.id,
      deliveries,
      more: !isHeldByOrder(entry) && (moreParked || (want.fromLog && entry.hasUnread)),
      nextDueAtMs: this.#nextDue(entry, deliveries, nowMs),
      parkedCount: entry.parkedCount,
    };
  }

  /** Returns when the next parked delivery is due or, for an empty claim, when the earliest lease ends, if earlier. */
  #nextDue(entry: SubscriptionEntry, deliveries: readonly ClaimedDelivery[], nowMs: TimeMs): TimeMs | null {
    const due = entry.parkedCount > 0 ? entry.nextParkedDueAtMs : null;
    if (entry.openCount === 0) return due;
    // Renewals may have moved the end of the lease since it was read.
    if (entry.leaseEndMs !== null && entry.leaseEndMs <= nowMs) entry.refreshLeaseEnd();
    const leaseEnd = deliveries.length === 0 ? entry.leaseEndMs : null;
    // In a strictly ordered subscription, every parked delivery waits for the open one, except separate copies.
    return entry.order === "strict" && !entry.mayHaveApart ? leaseEnd : earlier(due, leaseEnd);
  }
}

function emptyClaim(subscriptionId: SubscriptionId): Claim {
  return { id: 0 as ClaimId, subscriptionId, deliveries: [], more: false, nextDueAtMs: null, parkedCount: 0 };
}
