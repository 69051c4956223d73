import type { Seq } from "../domain/model.ts";

/**
 * How far a subscription has come in its log. `settledThrough`: everything at or before it is settled. `done`: what was
 * settled beyond it, out of order. `scannedThrough`: everything at or before it has been looked at by a claim.
 * The first two are what the database keeps; the third starts again at `settledThrough` after a crash, which is what
 * makes unfinished deliveries go out again.
 */
export class Cursor {
  settledThrough: Seq;
  scannedThrough: Seq;
  /** Made when first needed: most subscriptions never settle out of order. */
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

  /** Everything at or before `seq` is over, whatever it was. */
  skipThrough(seq: Seq): void {
    if (seq > this.scannedThrough) this.scannedThrough = seq;
    if (seq <= this.settledThrough) return;
    if (this.#done !== null) {
      for (const done of this.#done) if (done <= seq) this.#done.delete(done);
    }
    this.settledThrough = seq;
    this.#advance();
  }

  /** Lets a claim look again from `seq` on. */
  rewind(seq: Seq): void {
    this.scannedThrough = Math.max(this.settledThrough, Math.min(this.scannedThrough, seq - 1));
  }

  /** Everything from `seq` on is to be looked at as if for the first time. */
  goBackTo(seq: Seq): void {
    this.settledThrough = Math.min(this.settledThrough, seq - 1);
    this.scannedThrough = Math.min(this.scannedThrough, seq - 1);
    if (this.#done === null) return;
    for (const done of this.#done) if (done >= seq) this.#done.delete(done);
  }

  /** As it is when it goes back there. */
  backAt(seq: Seq): Cursor {
    const cursor = new Cursor(this.settledThrough);
    for (const done of this.doneAhead()) cursor.settle(done);
    cursor.goBackTo(seq);
    return cursor;
  }

  get doneCount(): number {
    return this.#done === null ? 0 : this.#done.size;
  }

  doneAhead(): readonly Seq[] {
    return this.#done === null ? [] : [...this.#done];
  }

  /** One bit for each position after `settledThrough`; null when nothing lies ahead. */
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
