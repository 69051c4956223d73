/**
 * The most message ids that are remembered. The oldest id is forgotten first. If its message came again, the message
 * would fail again.
 */
const idsMax = 10_000;

/** Decides which requests fail for `--fail-first`: the first N requests of each message. */
export class FailurePlan {
  readonly #failFirst: number;
  readonly #failed = new Map<string, number>();

  constructor(failFirst: number) {
    this.#failFirst = failFirst;
  }

  /**
   * Returns which failure of the message this request is, counted from 1. Returns null if the request succeeds.
   * Requests without an id count as one message.
   */
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
