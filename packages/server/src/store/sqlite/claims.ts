import type { Message, Seq, SubscriptionId, TimeMs } from "../../domain/model.ts";
import type { Clock } from "../../domain/ports.ts";
import type { Claim, ClaimedDelivery, ClaimId, ClaimWant } from "../port.ts";
import type { Catalog, ClaimState, SubscriptionEntry } from "./catalog.ts";
import type { MessageCache } from "./message-cache.ts";
import type { DueDelivery } from "./operations/look.ts";
import type { ParkRow } from "./operations/settle.ts";
import type { ReadJobs } from "./read-thread.ts";
import type { ThreadLink } from "./thread-link.ts";

/** Positions that one claim looks at, matching or not, so that a filter that matches nothing cannot hold the loop. */
const SCAN_MAX = 1_000;
/** One read of a backlog. */
const READ_MESSAGES_MAX = 256;
const READ_BYTES_MAX = 4 * 1024 * 1024;

const nothing: readonly ClaimedDelivery[] = [];

/** Rows that a claim parks on its way: messages whose time has not come, or whose key is held back. */
export type ParkOnClaim = (entry: SubscriptionEntry, rows: readonly ParkRow[]) => void;

export class Claims {
  readonly #catalog: Catalog;
  readonly #cache: MessageCache;
  readonly #reader: ThreadLink<ReadJobs>;
  readonly #clock: Clock;
  readonly #park: ParkOnClaim;
  /** Positions were passed over without a delivery: the cursor wants writing at some time. */
  readonly #moved: (entry: SubscriptionEntry) => void;
  readonly #claims = new Map<ClaimId, ClaimState>();
  #lastId = 0;

  constructor(options: {
    catalog: Catalog;
    cache: MessageCache;
    reader: ThreadLink<ReadJobs>;
    clock: Clock;
    park: ParkOnClaim;
    moved: (entry: SubscriptionEntry) => void;
  }) {
    this.#catalog = options.catalog;
    this.#cache = options.cache;
    this.#reader = options.reader;
    this.#clock = options.clock;
    this.#park = options.park;
    this.#moved = options.moved;
  }

  async claim(wants: readonly ClaimWant[], leaseMs: number): Promise<readonly Claim[]> {
    const claims: (Claim | Promise<Claim>)[] = wants.map((want) => this.#claimOne(want, leaseMs));
    return claims.some((claim) => claim instanceof Promise) ? Promise.all(claims) : (claims as Claim[]);
  }

  renew(ids: readonly ClaimId[], leaseMs: number): readonly ClaimId[] {
    const now = this.#clock.now();
    return ids.filter((id) => {
      const claim = this.#claims.get(id);
      if (claim === undefined || claim.leaseUntilMs <= now) return false;
      claim.leaseUntilMs = now + leaseMs;
      return true;
    });
  }

  /** A delivery has left its claim; the claim goes with its last one. */
  left(claim: ClaimState): void {
    if (claim.open === 0) this.#claims.delete(claim.id);
  }

  get openCount(): number {
    let open = 0;
    for (const claim of this.#claims.values()) open += claim.open;
    return open;
  }

  /** The earliest end of a lease on this subscription. */
  #leaseEnd(entry: SubscriptionEntry): TimeMs | null {
    if (entry.openCount === 0) return null;
    let end: TimeMs | null = null;
    for (const { claim } of entry.open.values()) if (end === null || claim.leaseUntilMs < end) end = claim.leaseUntilMs;
    return end;
  }

  /** The common case costs no promise: everything wanted is in memory. */
  #claimOne(want: ClaimWant, leaseMs: number): Claim | Promise<Claim> {
    const entry = this.#catalog.subscriptions.get(want.subscriptionId);
    if (entry === undefined || entry.state === "paused")
      return this.#answer(want.subscriptionId, null, null, false, null);
    if (entry.claiming !== null) return this.#afterOther(entry, want, leaseMs);
    const now = this.#clock.now();
    this.#reclaimExpired(entry, now);
    const hasDue = entry.parkedCount > 0 && entry.nextParkedDueAtMs !== null && entry.nextParkedDueAtMs <= now;
    if (!hasDue && this.#logIsAtHand(entry, want)) {
      const state = this.#newClaim(entry, now + leaseMs);
      const deliveries = this.#takeFromLog(entry, want, state, now, null);
      return this.#answer(entry.id, entry, state, false, deliveries);
    }
    return this.#claimSlowly(entry, want, leaseMs);
  }

  async #afterOther(entry: SubscriptionEntry, want: ClaimWant, leaseMs: number): Promise<Claim> {
    while (entry.claiming !== null) await entry.claiming;
    return this.#claimOne(want, leaseMs);
  }

  async #claimSlowly(entry: SubscriptionEntry, want: ClaimWant, leaseMs: number): Promise<Claim> {
    let finished = (): void => {};
    entry.claiming = new Promise((resolve) => (finished = resolve));
    try {
      const now = this.#clock.now();
      const state = this.#newClaim(entry, now + leaseMs);
      const { deliveries, more } = await this.#takeParked(entry, want, state, now);
      if (want.fromLog && deliveries.length < want.deliveriesMax && !this.#isHeldAltogether(entry)) {
        const left = { ...want, deliveriesMax: want.deliveriesMax - deliveries.length };
        deliveries.push(...(await this.#takeFromBacklog(entry, left, state, now)));
      }
      return this.#answer(entry.id, entry, state, more, deliveries);
    } finally {
      entry.claiming = null;
      finished();
    }
  }

  #newClaim(entry: SubscriptionEntry, leaseUntilMs: TimeMs): ClaimState {
    return { id: ++this.#lastId as ClaimId, entry, leaseUntilMs, open: 0 };
  }

  #answer(
    subscriptionId: SubscriptionId,
    entry: SubscriptionEntry | null,
    state: ClaimState | null,
    moreParked: boolean,
    deliveries: readonly ClaimedDelivery[] | null,
  ): Claim {
    if (entry === null || state === null || deliveries === null) {
      return {
        id: 0 as ClaimId,
        subscriptionId,
        deliveries: nothing,
        more: false,
        nextDueAtMs: null,
        parkedCount: 0,
      };
    }
    if (state.open > 0) this.#claims.set(state.id, state);
    const leaseEnd = deliveries.length === 0 ? this.#leaseEnd(entry) : null;
    const due = entry.parkedCount > 0 ? entry.nextParkedDueAtMs : null;
    return {
      id: state.id,
      subscriptionId,
      deliveries,
      more: moreParked || (!this.#isHeldAltogether(entry) && entry.hasUnread),
      nextDueAtMs: leaseEnd === null ? due : due === null ? leaseEnd : Math.min(due, leaseEnd),
      parkedCount: entry.parkedCount,
    };
  }

  /** A strict subscription gives nothing from the log while a delivery is open or a failed one waits. */
  #isHeldAltogether(entry: SubscriptionEntry): boolean {
    return entry.order === "strict" && (entry.openCount > 0 || entry.isBlocked(""));
  }

  #reclaimExpired(entry: SubscriptionEntry, now: TimeMs): void {
    if (entry.openCount === 0) return;
    for (const [seq, delivery] of entry.open) {
      if (delivery.claim.leaseUntilMs > now) continue;
      entry.letGo(seq);
      this.left(delivery.claim);
      if (delivery.parked) entry.parkedDueAt(now);
      else entry.cursor.rewind(seq);
    }
  }

  #logIsAtHand(entry: SubscriptionEntry, want: ClaimWant): boolean {
    if (!want.fromLog || !entry.hasUnread || this.#isHeldAltogether(entry)) return true;
    return this.#cache.get(entry.topic.topic.id, this.#nextSeq(entry)) !== undefined;
  }

  #nextSeq(entry: SubscriptionEntry): Seq {
    return Math.max(entry.cursor.scannedThrough + 1, entry.topic.firstSeq);
  }

  /**
   * Walks the log from where the last claim stopped. `read`: messages read for this claim, oldest first, in place of the
   * cache; positions that they pass over no longer exist.
   */
  #takeFromLog(
    entry: SubscriptionEntry,
    want: ClaimWant,
    state: ClaimState,
    now: TimeMs,
    read: readonly Message[] | null,
  ): ClaimedDelivery[] {
    const { cursor, topic } = entry;
    const deliveries: ClaimedDelivery[] = [];
    if (!want.fromLog || this.#isHeldAltogether(entry)) return deliveries;
    const topicId = topic.topic.id;
    let parked: ParkRow[] | null = null;
    let passed = false;
    let bytes = 0;
    let index = 0;
    if (cursor.scannedThrough < topic.firstSeq - 1) {
      cursor.skipThrough(topic.firstSeq - 1);
      passed = true;
    }
    for (
      let looked = 0;
      looked < SCAN_MAX && deliveries.length < want.deliveriesMax && bytes < want.bytesMax;
      looked++
    ) {
      const seq = cursor.scannedThrough + 1;
      if (seq > topic.lastSeq) break;
      if (cursor.isDone(seq) || (entry.openCount > 0 && entry.open.has(seq))) {
        cursor.scannedThrough = seq;
        continue;
      }
      let message: Message | undefined;
      if (read === null) message = this.#cache.get(topicId, seq);
      else {
        while (index < read.length && (read[index] as Message).seq < seq) index++;
        message = read[index];
        if (message !== undefined && message.seq > seq) {
          // Removed by retention, and counted there.
          cursor.settle(seq);
          cursor.scannedThrough = Math.max(seq, cursor.scannedThrough);
          passed = true;
          continue;
        }
      }
      if (message === undefined) break;
      cursor.scannedThrough = seq;
      const orderingKey = entry.orderingKeyOf(message);
      if (!entry.matches(message)) {
        cursor.settle(seq);
        passed = true;
      } else if (message.deliverAtMs !== null && message.deliverAtMs > now) {
        (parked ??= []).push(parkRow(entry.id, message.seq, message.deliverAtMs, null));
        cursor.settle(seq);
      } else if (orderingKey !== null && entry.isBlocked(orderingKey)) {
        (parked ??= []).push(parkRow(entry.id, message.seq, null, orderingKey));
        entry.blockKey(orderingKey);
        cursor.settle(seq);
      } else {
        deliveries.push(
          this.#open(entry, state, {
            seq,
            attempts: 0,
            retries: 0,
            firstAttemptAtMs: null,
            orderingKey: null,
            deadLetterId: null,
            message,
            parked: false,
          }),
        );
        bytes += message.body.byteLength;
      }
    }
    if (parked !== null) this.#park(entry, parked);
    else if (passed) this.#moved(entry);
    return deliveries;
  }

  async #takeFromBacklog(
    entry: SubscriptionEntry,
    want: ClaimWant,
    state: ClaimState,
    now: TimeMs,
  ): Promise<ClaimedDelivery[]> {
    if (!entry.hasUnread) return [];
    const fromSeq = this.#nextSeq(entry);
    if (this.#cache.get(entry.topic.topic.id, fromSeq) !== undefined) {
      return this.#takeFromLog(entry, want, state, now, null);
    }
    const throughSeq = entry.topic.lastSeq;
    const messages = await this.#reader.call("readLog", {
      topicId: entry.topic.topic.id,
      fromSeq,
      throughSeq,
      messagesMax: Math.min(READ_MESSAGES_MAX, Math.max(want.deliveriesMax, 32)),
      bytesMax: Math.min(READ_BYTES_MAX, want.bytesMax),
    });
    if (entry.removed) return [];
    // Nothing at all up to the end that was known: retention has removed it.
    if (messages.length === 0) {
      entry.cursor.skipThrough(throughSeq);
      this.#moved(entry);
      return [];
    }
    return this.#takeFromLog(entry, want, state, now, messages);
  }

  async #takeParked(
    entry: SubscriptionEntry,
    want: ClaimWant,
    state: ClaimState,
    now: TimeMs,
  ): Promise<{ deliveries: ClaimedDelivery[]; more: boolean }> {
    const due = entry.nextParkedDueAtMs;
    if (entry.parkedCount === 0 || due === null || due > now) return { deliveries: [], more: false };
    if (entry.order === "strict" && entry.openCount > 0) return { deliveries: [], more: false };
    const skip: Seq[] = [];
    for (const [seq, delivery] of entry.open) if (delivery.parked) skip.push(seq);
    const deliveriesMax = entry.order === "strict" ? 1 : want.deliveriesMax;
    const found = await this.#reader.call("readDue", {
      topicId: entry.topic.topic.id,
      subscriptionId: entry.id,
      nowMs: now,
      deliveriesMax,
      bytesMax: want.bytesMax,
      skip,
    });
    if (entry.removed) return { deliveries: [], more: false };
    const more = found.due.length === deliveriesMax;
    entry.nextParkedDueAtMs = more ? now : found.nextDueAtMs;
    const deliveries = found.due
      .filter((row): row is DueDelivery & { message: Message } => row.message !== null && !entry.open.has(row.seq))
      .map((row) => this.#open(entry, state, { ...row, parked: true }));
    return { deliveries, more };
  }

  #open(
    entry: SubscriptionEntry,
    state: ClaimState,
    delivery: DueDelivery & { readonly message: Message; readonly parked: boolean },
  ): ClaimedDelivery {
    entry.take(delivery.seq, {
      claim: state,
      parked: delivery.parked,
      settling: false,
      orderingKey: delivery.orderingKey,
      deadLetterId: delivery.deadLetterId,
      message: delivery.message,
      attemptsMade: delivery.attempts,
      retriesMade: delivery.retries,
      firstAttemptAtMs: delivery.firstAttemptAtMs,
    });
    return {
      message: delivery.message,
      attemptsMade: delivery.attempts,
      retriesMade: delivery.retries,
      firstAttemptAtMs: delivery.firstAttemptAtMs,
    };
  }
}

function parkRow(
  subscriptionId: SubscriptionId,
  seq: Seq,
  dueAtMs: TimeMs | null,
  orderingKey: string | null,
): ParkRow {
  return { subscriptionId, seq, dueAtMs, attempts: 0, retries: 0, firstAttemptAtMs: null, orderingKey };
}
