import { RingbackError } from "./errors.ts";

/** Runs tasks one after the other. With `max` tasks running or waiting, `run` throws `overloaded`. */
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
    // A failure rejects only the promise of its own caller; the next task runs all the same.
    this.#last = done.then(ignore, ignore);
    try {
      return await done;
    } finally {
      this.#count -= 1;
    }
  }
}

function ignore(): void {}
