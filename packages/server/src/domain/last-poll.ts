import type { TimeMs } from "./model.ts";

/**
 * The rule of a buffer that keeps only while somebody fetches from it: what arrives less than `whilePolledMs` after the
 * last poll is kept; what arrives later is dropped, and so is everything that had been kept. A buffer begins as if it had
 * been polled.
 */
export class LastPoll {
  #atMs: TimeMs;

  constructor(startMs: TimeMs) {
    this.#atMs = startMs;
  }

  note(nowMs: TimeMs): void {
    this.#atMs = nowMs;
  }

  /** `whilePolledMs` null: a buffer that keeps in any case. */
  keeps(whilePolledMs: number | null, nowMs: TimeMs): boolean {
    return whilePolledMs === null || nowMs - this.#atMs < whilePolledMs;
  }
}
