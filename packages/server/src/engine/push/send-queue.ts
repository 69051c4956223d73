import type { Order, Seq } from "../../domain/model.ts";
import type { ClaimedDelivery, ClaimId } from "../../store/log.ts";

export interface Queued {
  readonly claimId: ClaimId;
  readonly delivery: ClaimedDelivery;
}

/** A sender's claimed deliveries that have not started, in the order that the subscription requires. */
export class SendQueue {
  readonly #order: Order;
  #queue: Queued[] = [];
  #head = 0;
  /**
   * For ordered subscriptions: maps each ordering key with a POST in flight to the deliveries that wait for that POST.
   */
  readonly #busyKeys = new Map<string, Queued[]>();
  #behindKeys = 0;
  /**
   * Maps each key with a failed delivery to the position of that delivery, until the store has recorded the delivery as
   * parked. In the meantime a claim may return later deliveries of the key, and they must not be sent first.
   */
  readonly #failedKeys = new Map<string, Seq>();

  constructor(order: Order) {
    this.#order = order;
  }

  get size(): number {
    return this.#queue.length - this.#head + this.#behindKeys;
  }

  /** Deliveries with the same returned key must be sent in order. null: the delivery may be sent in any order. */
  keyOf({ delivery }: Queued): string | null {
    if (this.#order === "none") return null;
    return this.#order === "strict" ? "" : delivery.message.orderingKey;
  }

  push(queued: Queued): void {
    this.#queue.push(queued);
  }

  /**
   * Returns the next delivery that may start, or null. Deliveries with a busy key are moved to the waiting deliveries
   * of that key.
   */
  peek(): Queued | null {
    for (; this.#head < this.#queue.length; this.#head++) {
      const queued = this.#queue[this.#head] as Queued;
      const key = this.keyOf(queued);
      const behind = key === null ? undefined : this.#busyKeys.get(key);
      if (behind === undefined) return queued;
      behind.push(queued);
      this.#behindKeys++;
    }
    return null;
  }

  /** How many of the queued deliveries may start beside each other, counted up to `max`. */
  startable(max: number): number {
    if (this.#order === "none") return Math.min(max, this.#queue.length - this.#head);
    const keys = new Set<string | null>();
    for (let at = this.#head; at < this.#queue.length && keys.size < max; at++) {
      keys.add(this.keyOf(this.#queue[at] as Queued));
    }
    return keys.size;
  }

  /** Called when the delivery that `peek` returned starts. */
  start(queued: Queued): void {
    this.#head++;
    const key = this.keyOf(queued);
    if (key !== null) this.#busyKeys.set(key, []);
  }

  /** True if all remaining deliveries wait for busy keys. */
  isDrained(): boolean {
    if (this.#head < this.#queue.length) return false;
    if (this.#head > 0) this.#queue = [];
    this.#head = 0;
    return true;
  }

  /** Called when a started delivery needs no further attempt. The next delivery of its key may start. */
  finished(queued: Queued): void {
    const key = this.keyOf(queued);
    if (key === null) return;
    const behind = this.#takeBehind(key);
    // The waiting deliveries are older than all queued ones, so they go to the front.
    if (behind.length > 0) this.#queue.splice(this.#head, 0, ...behind);
  }

  /**
   * Called when a started delivery was parked or not sent. Removes and returns the deliveries that must wait for it.
   */
  unfinished(queued: Queued, isParked: boolean): readonly Queued[] {
    const key = this.keyOf(queued);
    if (key === null) return [];
    // With order "key", the other keys continue while the store records the parked delivery. Until then the key counts
    // as failed. In all other cases the waiting deliveries are released, and no state is needed.
    if (!isParked || this.#order !== "key") return this.#takeAllOf(key);
    this.#failedKeys.set(key, queued.delivery.message.seq);
    const before: Queued[] = [];
    const behind: Queued[] = [];
    // A failed delayed message may have a higher position than other deliveries of its key.
    for (const other of this.#takeAllOf(key)) (this.isBehindFailed(other) ? behind : before).push(other);
    this.#busyKeys.set(key, before);
    this.#behindKeys += before.length;
    return behind;
  }

  isBehindFailed(queued: Queued): boolean {
    if (this.#failedKeys.size === 0) return false;
    const key = this.keyOf(queued);
    const failed = key === null ? undefined : this.#failedKeys.get(key);
    return failed !== undefined && queued.delivery.message.seq > failed;
  }

  /**
   * Called when the store has recorded the key's failed delivery as parked. Calls `release` for each claimed delivery
   * of the same key that comes later in the log.
   */
  releaseKey(key: string, release: (queued: Queued) => void): void {
    for (const other of this.#takeAllOf(key)) {
      if (this.isBehindFailed(other)) release(other);
      else this.#queue.push(other);
    }
    this.#failedKeys.delete(key);
  }

  /** Removes and returns the claim's deliveries that have not started. */
  takeClaim(claimId: ClaimId): readonly Queued[] {
    const taken: Queued[] = [];
    for (const queued of this.#takeQueued()) (queued.claimId === claimId ? taken : this.#queue).push(queued);
    for (const [key, behind] of this.#busyKeys) {
      const kept = behind.filter((queued) => queued.claimId !== claimId);
      if (kept.length === behind.length) continue;
      taken.push(...behind.filter((queued) => queued.claimId === claimId));
      this.#behindKeys -= behind.length - kept.length;
      this.#busyKeys.set(key, kept);
    }
    return taken;
  }

  /** Removes and returns all deliveries that have not started. */
  takeAll(): readonly Queued[] {
    const behind = [...this.#busyKeys.values()].flatMap((list) => list.splice(0));
    this.#behindKeys = 0;
    return [...behind, ...this.#takeQueued()];
  }

  #takeBehind(key: string): Queued[] {
    const behind = this.#busyKeys.get(key) ?? [];
    this.#busyKeys.delete(key);
    this.#behindKeys -= behind.length;
    return behind;
  }

  #takeAllOf(key: string): Queued[] {
    const taken = this.#takeBehind(key);
    for (const other of this.#takeQueued()) (this.keyOf(other) === key ? taken : this.#queue).push(other);
    return taken;
  }

  #takeQueued(): Queued[] {
    const queued = this.#queue.slice(this.#head);
    this.#queue = [];
    this.#head = 0;
    return queued;
  }
}
