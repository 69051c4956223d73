import { RingbackError } from "./errors.ts";

/** Runs pieces of work one after the other. So many may be under way or wait; past that it throws `overloaded`. */
export class Mutex {
  readonly #max: number;
  #count = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(max = Infinity) {
    this.#max = max;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#count >= this.#max) throw new RingbackError("overloaded");
    this.#count += 1;
    const done = this.#last.then(work);
    // Whoever asked hears of a failure; whoever is next does not.
    this.#last = done.then(ignore, ignore);
    try {
      return await done;
    } finally {
      this.#count -= 1;
    }
  }
}

function ignore(): void {}
