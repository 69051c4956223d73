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
  /** For ordered subscriptions: keys with a POST in flight, and the deliveries that wait behind each. */
  readonly #busyKeys = new Map<string, Queued[]>();
  #behindKeys = 0;
  /**
   * Keys with a failed delivery that the store has not recorded as parked yet, and the position of that delivery. Until
   * it is recorded, a claim may bring later deliveries of the key, which must not overtake it.
   */
  readonly #failedKeys = new Map<string, Seq>();

  constructor(order: Order) {
    this.#order = order;
  }

  get size(): number {
    return this.#queue.length - this.#head + this.#behindKeys;
  }

  /** Deliveries with the same key must be sent in order; null: in any order. */
  keyOf({ delivery }: Queued): string | null {
    if (this.#order === "none") return null;
    return this.#order === "strict" ? "" : delivery.message.orderingKey;
  }

  push(queued: Queued): void {
    this.#queue.push(queued);
  }

  /** The next delivery that may start; null: none. Deliveries before it whose key is busy are moved behind that key. */
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

  /** The delivery that `peek` returned starts. */
  start(queued: Queued): void {
    this.#head++;
    const key = this.keyOf(queued);
    if (key !== null) this.#busyKeys.set(key, []);
  }

  /** True: deliveries wait behind busy keys only, or not at all. */
  isDrained(): boolean {
    if (this.#head < this.#queue.length) return false;
    if (this.#head > 0) this.#queue = [];
    this.#head = 0;
    return true;
  }

  /** A started delivery needs no further attempt: the next one of its key may start. */
  finished(queued: Queued): void {
    const key = this.keyOf(queued);
    if (key === null) return;
    const behind = this.#takeBehind(key);
    // The waiting deliveries are older than all queued ones, so they go to the front.
    if (behind.length > 0) this.#queue.splice(this.#head, 0, ...behind);
  }

  /** A started delivery was parked or not sent. Removes and returns the deliveries that must wait for it. */
  unfinished(queued: Queued, isParked: boolean): readonly Queued[] {
    const key = this.keyOf(queued);
    if (key === null) return [];
    // Only parking with order "key" needs more: other keys go on while the store records the parked delivery.
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
   * The store has recorded the key's failed delivery. Calls `release` for the later deliveries of the key claimed
   * before that.
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
