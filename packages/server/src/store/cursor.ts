import type { Seq } from "../domain/model.ts";

/**
 * How far a subscription is in its log. `settledThrough`: every position up to this one is settled. `done`: settled
 * positions after `settledThrough`. `scannedThrough`: claims have read every position up to this one. A database stores
 * `settledThrough` and `done`. After a crash, `scannedThrough` starts at `settledThrough` again, so that unfinished
 * deliveries are claimed again.
 */
export class Cursor {
  settledThrough: Seq;
  scannedThrough: Seq;
  /** Created when first needed: most subscriptions never settle out of order. */
  #done: Set<Seq> | null = null;

  constructor(settledThrough: Seq, ahead: Uint8Array | null = null) {
    this.settledThrough = settledThrough;
    this.scannedThrough = settledThrough;
    if (ahead === null) return;
    for (let bit = 0; bit < ahead.length * 8; bit++) {
      if (((ahead[bit >> 3] as number) >> (bit & 7)) & 1) (this.#done ??= new Set()).add(settledThrough + 1 + bit);
    }
    this.#advance();
  }

  isDone(seq: Seq): boolean {
    return seq <= this.settledThrough || (this.#done !== null && this.#done.has(seq));
  }

  settle(seq: Seq): void {
    if (seq === this.settledThrough + 1) {
      this.settledThrough = seq;
      this.#advance();
    } else if (seq > this.settledThrough) {
      (this.#done ??= new Set()).add(seq);
    }
  }

  /** Settles every position up to `seq`. */
  skipThrough(seq: Seq): void {
    if (seq > this.scannedThrough) this.scannedThrough = seq;
    if (seq <= this.settledThrough) return;
    if (this.#done !== null) {
      for (const done of this.#done) if (done <= seq) this.#done.delete(done);
    }
    this.settledThrough = seq;
    this.#advance();
  }

  /** Lets claims read from `seq` on again. Settled positions stay settled. */
  rewind(seq: Seq): void {
    this.scannedThrough = Math.max(this.settledThrough, Math.min(this.scannedThrough, seq - 1));
  }

  /** Makes every position from `seq` on unsettled and unread. */
  goBackTo(seq: Seq): void {
    this.settledThrough = Math.min(this.settledThrough, seq - 1);
    this.scannedThrough = Math.min(this.scannedThrough, seq - 1);
    if (this.#done === null) return;
    for (const done of this.#done) if (done >= seq) this.#done.delete(done);
  }

  /** Makes these positions unsettled and unread. Settled positions between them stay settled. */
  unsettle(seqs: readonly Seq[]): void {
    let first = Infinity;
    for (const seq of seqs) if (seq < first) first = seq;
    this.scannedThrough = Math.min(this.scannedThrough, first - 1);
    for (; this.settledThrough >= first; this.settledThrough--) (this.#done ??= new Set()).add(this.settledThrough);
    for (const seq of seqs) this.#done?.delete(seq);
  }

  /** A copy in which these positions are unsettled. */
  without(seqs: readonly Seq[]): Cursor {
    const cursor = new Cursor(this.settledThrough);
    for (const done of this.doneAhead()) cursor.settle(done);
    cursor.unsettle(seqs);
    return cursor;
  }

  get doneCount(): number {
    return this.#done === null ? 0 : this.#done.size;
  }

  doneAhead(): readonly Seq[] {
    return this.#done === null ? [] : [...this.#done];
  }

  /** One bit for each position after `settledThrough`; null: none of them is settled. */
  ahead(): Uint8Array | null {
    if (this.#done === null || this.#done.size === 0) return null;
    let last = 0;
    for (const seq of this.#done) if (seq > last) last = seq;
    const bits = new Uint8Array(((last - this.settledThrough - 1) >> 3) + 1);
    for (const seq of this.#done) {
      const bit = seq - this.settledThrough - 1;
      bits[bit >> 3] = (bits[bit >> 3] as number) | (1 << (bit & 7));
    }
    return bits;
  }

  #advance(): void {
    if (this.#done !== null && this.#done.size > 0) {
      while (this.#done.delete(this.settledThrough + 1)) this.settledThrough++;
    }
    if (this.scannedThrough < this.settledThrough) this.scannedThrough = this.settledThrough;
  }
}
