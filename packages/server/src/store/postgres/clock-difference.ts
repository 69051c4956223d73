import type { TimeMs } from "../../domain/model.ts";

/** How long the difference between two clocks is trusted. Clocks that are being corrected differ by 0.05 % at most. */
const TRUSTED_MS = 10_000;

/**
 * How far steady time of this process is ahead of the database's. A statement only shows that the database's time was
 * read between its start and its end. The smallest difference of the last statements comes from the fastest answer. So
 * slow answers do not shift starts towards those of other nodes.
 */
export class ClockDifference {
  #smallestMs = Number.POSITIVE_INFINITY;
  #before = Number.POSITIVE_INFINITY;
  #sinceMs = 0;

  /** `databaseMs`: the database's time, read after `sentAtMs` and before `receivedAtMs` of this process. */
  between(databaseMs: TimeMs, sentAtMs: TimeMs, receivedAtMs: TimeMs): number {
    if (receivedAtMs - this.#sinceMs > TRUSTED_MS) {
      this.#before = this.#smallestMs;
      this.#smallestMs = Number.POSITIVE_INFINITY;
      this.#sinceMs = receivedAtMs;
    }
    this.#smallestMs = Math.min(this.#smallestMs, receivedAtMs - databaseMs);
    return Math.max(sentAtMs - databaseMs, Math.min(this.#smallestMs, this.#before));
  }
}
