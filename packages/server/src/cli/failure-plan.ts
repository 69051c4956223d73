/** Ids remembered at a time; the oldest is forgotten first, and would fail again if it came back. */
const idsMax = 10_000;

/** Which requests a receiver that plays a bad endpoint lets fail: the first N of each message. */
export class FailurePlan {
  readonly #failFirst: number;
  readonly #failed = new Map<string, number>();

  constructor(failFirst: number) {
    this.#failFirst = failFirst;
  }

  /** Requests without an id count together. Returns which failure this one is, from 1; null when it shall succeed. */
  nextFailure(messageId: string | null): number | null {
    if (this.#failFirst === 0) return null;
    const key = messageId ?? "";
    const failed = (this.#failed.get(key) ?? 0) + 1;
    if (failed > this.#failFirst) return null;
    if (!this.#failed.has(key) && this.#failed.size >= idsMax) {
      const oldest = this.#failed.keys().next();
      if (oldest.done !== true) this.#failed.delete(oldest.value);
    }
    this.#failed.set(key, failed);
    return failed;
  }
}
