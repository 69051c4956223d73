import type { Order, Seq } from "../../domain/model.ts";
import type { ClaimedDelivery, ClaimId } from "../../store/log.ts";

export interface Queued {
  readonly claimId: ClaimId;
  readonly delivery: ClaimedDelivery;
}

/** What a sender has claimed and not begun, in the order that its subscription asks for. */
export class SendQueue {
  readonly #order: Order;
  #queue: Queued[] = [];
  #head = 0;
  /** For ordered subscriptions: keys with a POST in flight, and what waits behind each. */
  readonly #busyKeys = new Map<string, Queued[]>();
  #behindKeys = 0;
  /**
   * Keys whose failed delivery the store does not hold for certain yet, with its position: until then a claim may bring
   * successors, and they must not pass it.
   */
  readonly #failedKeys = new Map<string, Seq>();

  constructor(order: Order) {
    this.#order = order;
  }

  get size(): number {
    return this.#queue.length - this.#head + this.#behindKeys;
  }

  /** The key within which a delivery must keep its place; null: none. */
  keyOf({ delivery }: Queued): string | null {
    if (this.#order === "none") return null;
    return this.#order === "strict" ? "" : delivery.message.orderingKey;
  }

  push(queued: Queued): void {
    this.#queue.push(queued);
  }

  /** The next that may start; those whose key is busy are set behind it. null: there is none. */
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

  /** What `peek` has answered starts. */
  start(queued: Queued): void {
    this.#head++;
    const key = this.keyOf(queued);
    if (key !== null) this.#busyKeys.set(key, []);
  }

  /** Nothing waits but behind keys. */
  isDrained(): boolean {
    if (this.#head < this.#queue.length) return false;
    if (this.#head > 0) this.#queue = [];
    this.#head = 0;
    return true;
  }

  /** One that had started is over: the next of its key may go. */
  over(queued: Queued): void {
    const key = this.keyOf(queued);
    if (key === null) return;
    const behind = this.#takeBehind(key);
    // They are older than anything queued, so they stay in front.
    if (behind.length > 0) this.#queue.splice(this.#head, 0, ...behind);
  }

  /** One that had started is not over (it is parked, or was never sent): what its key holds back is to be sent back. */
  unfinished(queued: Queued, isParked: boolean): readonly Queued[] {
    const key = this.keyOf(queued);
    if (key === null) return [];
    // A strict subscription keeps its place in the log; with keys the others go on, so the held ones need rows.
    if (!isParked || this.#order !== "key") return this.#takeAllOf(key);
    this.#failedKeys.set(key, queued.delivery.message.seq);
    const ahead: Queued[] = [];
    const back: Queued[] = [];
    // What failed may have been a delayed message that others are ahead of.
    for (const other of this.#takeAllOf(key)) (this.isBehindFailed(other) ? back : ahead).push(other);
    this.#busyKeys.set(key, ahead);
    this.#behindKeys += ahead.length;
    return back;
  }

  isBehindFailed(queued: Queued): boolean {
    if (this.#failedKeys.size === 0) return false;
    const key = this.keyOf(queued);
    const failed = key === null ? undefined : this.#failedKeys.get(key);
    return failed !== undefined && queued.delivery.message.seq > failed;
  }

  /** From now on the store holds the key's successors: `sendBack` gets those that came before it did. */
  letKeyGo(key: string, sendBack: (queued: Queued) => void): void {
    for (const other of this.#takeAllOf(key)) {
      if (this.isBehindFailed(other)) sendBack(other);
      else this.#queue.push(other);
    }
    this.#failedKeys.delete(key);
  }

  /** What a claim has brought and has not started. */
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

  /** Everything that has not started. */
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
