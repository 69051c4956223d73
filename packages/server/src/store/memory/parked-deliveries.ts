import type { Message, Seq, TimeMs } from "../../domain/model.ts";

export interface ParkedDelivery {
  readonly message: Message;
  readonly attemptsMade: number;
  readonly retriesMade: number;
  readonly firstAttemptAtMs: TimeMs | null;
  /** null: held behind an earlier delivery of its key. */
  dueAtMs: TimeMs | null;
  /** The key whose later deliveries it holds back; null: none. */
  orderingKey: string | null;
  /** The dead letter that was redriven; null: none. */
  readonly deadLetterId: number | null;
}

/** The parked deliveries of one subscription, open ones included. */
export class ParkedDeliveries {
  readonly #bySeq = new Map<Seq, ParkedDelivery>();
  /** Positions of the deliveries that hold a key. */
  readonly #byKey = new Map<string, Set<Seq>>();
  /** When the next delivery that is not open is due. May be too early, never too late. */
  #nextDueAtMs: TimeMs | null = null;

  get size(): number {
    return this.#bySeq.size;
  }

  get nextDueAtMs(): TimeMs | null {
    return this.size === 0 ? null : this.#nextDueAtMs;
  }

  get(seq: Seq): ParkedDelivery | undefined {
    return this.#bySeq.get(seq);
  }

  values(): IterableIterator<ParkedDelivery> {
    return this.#bySeq.values();
  }

  isBlocked(key: string | null): boolean {
    return key !== null && this.#byKey.has(key);
  }

  /** A held delivery that is the first of its key becomes due at `nowMs`, because no earlier one could release it. */
  put(parked: ParkedDelivery, nowMs: TimeMs): void {
    const { message, orderingKey, dueAtMs } = parked;
    this.delete(message.seq);
    this.#bySeq.set(message.seq, parked);
    if (orderingKey !== null) {
      const seqs = this.#byKey.get(orderingKey);
      if (seqs === undefined) this.#byKey.set(orderingKey, new Set([message.seq]));
      else seqs.add(message.seq);
      this.promote(orderingKey, nowMs);
    }
    if (dueAtMs !== null) this.dueAt(dueAtMs);
  }

  /** Returns the key that the delivery held; null: none. */
  delete(seq: Seq): string | null {
    const key = this.#bySeq.get(seq)?.orderingKey ?? null;
    this.#bySeq.delete(seq);
    const seqs = key === null ? undefined : this.#byKey.get(key);
    seqs?.delete(seq);
    if (key !== null && seqs?.size === 0) this.#byKey.delete(key);
    return key;
  }

  /** Makes the first delivery of a key due, if it was held. */
  promote(key: string, nowMs: TimeMs): void {
    const seqs = this.#byKey.get(key);
    if (seqs === undefined) return;
    const seq = first(seqs);
    this.setDue(seq, this.#bySeq.get(seq)?.dueAtMs ?? nowMs);
  }

  setDue(seq: Seq, dueAtMs: TimeMs): void {
    const parked = this.#bySeq.get(seq);
    if (parked !== undefined) parked.dueAtMs = dueAtMs;
    this.dueAt(dueAtMs);
  }

  /** Notes that a delivery may be due at this time. */
  dueAt(dueAtMs: TimeMs): void {
    if (this.#nextDueAtMs === null || dueAtMs < this.#nextDueAtMs) this.#nextDueAtMs = dueAtMs;
  }

  /**
   * Passes due deliveries to `take` until `take` returns false, and returns whether it did. The longest overdue is
   * first; of each key, only the first delivery is passed. Deliveries for which `isOpen` returns true are skipped.
   */
  takeDue(nowMs: TimeMs, isOpen: (seq: Seq) => boolean, take: (parked: ParkedDelivery) => boolean): boolean {
    if (this.#nextDueAtMs === null || this.#nextDueAtMs > nowMs) return false;
    this.#nextDueAtMs = null;
    const due: ParkedDelivery[] = [];
    const firstSeqs = new Map<string, Seq>();
    for (const [key, seqs] of this.#byKey) firstSeqs.set(key, first(seqs));
    for (const parked of this.#bySeq.values()) {
      const { dueAtMs, orderingKey, message } = parked;
      if (dueAtMs === null || isOpen(message.seq)) continue;
      if (dueAtMs > nowMs) this.dueAt(dueAtMs);
      else if (orderingKey === null || firstSeqs.get(orderingKey) === message.seq) due.push(parked);
    }
    due.sort((one, other) => Number(one.dueAtMs) - Number(other.dueAtMs) || one.message.seq - other.message.seq);
    for (const parked of due) {
      if (take(parked)) continue;
      this.dueAt(nowMs);
      return true;
    }
    return false;
  }

  /** Called when the order changes: no delivery holds a key any more, and held deliveries become due. */
  releaseKeys(nowMs: TimeMs): void {
    this.#byKey.clear();
    for (const parked of this.#bySeq.values()) {
      if (parked.orderingKey === null) continue;
      parked.orderingKey = null;
      parked.dueAtMs ??= nowMs;
    }
    this.dueAt(nowMs);
  }
}

function first(seqs: ReadonlySet<Seq>): Seq {
  let least = Infinity;
  for (const seq of seqs) least = Math.min(least, seq);
  return least;
}
