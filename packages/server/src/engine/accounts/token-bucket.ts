/**
 * Allows a number of tokens per second on average, and up to the tokens of one second at once. A request takes all its
 * tokens as soon as there is one, and later requests wait for the rest. So a batch may be larger than the bucket.
 */
export class TokenBucket {
  /** Negative: tokens that were taken in advance. null: the bucket is full. */
  #tokens: number | null = null;
  #atMs = 0;

  /** `nowMs`: steady time. Returns 0 if the tokens were taken, else the time in milliseconds until there is one. */
  take(count: number, perSecond: number, nowMs: number): number {
    const capacity = Math.max(1, perSecond);
    const refilled = (Math.max(0, nowMs - this.#atMs) * perSecond) / 1000;
    const tokens = this.#tokens === null ? capacity : Math.min(capacity, this.#tokens + refilled);
    this.#atMs = nowMs;
    if (tokens < 1) {
      this.#tokens = tokens;
      return ((1 - tokens) * 1000) / perSecond;
    }
    this.#tokens = tokens - count;
    return 0;
  }
}
