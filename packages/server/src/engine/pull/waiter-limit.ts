import { RingbackError } from "../../domain/errors.ts";

/** Limits the waiting requests, per queue and for all queues of one kind together. */
export class WaiterLimit {
  readonly #perQueueMax: number;
  readonly #totalMax: number;
  readonly #changed: () => void;
  #count = 0;

  /** `changed` runs after each change of the count. */
  constructor(perQueueMax: number, totalMax: number, changed: () => void) {
    this.#perQueueMax = perQueueMax;
    this.#totalMax = totalMax;
    this.#changed = changed;
  }

  get count(): number {
    return this.#count;
  }

  /**
   * Adds one request to a queue with `waiting` waiting requests. Returns an error if the request would exceed a limit.
   */
  add(waiting: number): RingbackError | null {
    if (waiting >= this.#perQueueMax || this.#count >= this.#totalMax) return new RingbackError("too_many_waiters");
    this.#count++;
    this.#changed();
    return null;
  }

  remove(): void {
    this.#count--;
    this.#changed();
  }
}
