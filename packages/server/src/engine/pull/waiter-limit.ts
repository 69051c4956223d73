import { RingbackError } from "../../domain/errors.ts";

/** Counts and bounds the requests that wait, per queue and over all queues of one kind. */
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
   * One more request waits, in a queue where `waiting` of them wait already. Returns the error if that is one too many.
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
