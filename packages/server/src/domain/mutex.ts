import { RingbackError } from "./errors.ts";

/** Runs tasks one after the other. `run` throws `overloaded` when `max` tasks are already running or waiting. */
export class Mutex {
  readonly #max: number;
  #count = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(max = Infinity) {
    this.#max = max;
  }

  /** True: no task is running or waiting. */
  get isIdle(): boolean {
    return this.#count === 0;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#count >= this.#max) throw new RingbackError("overloaded");
    this.#count += 1;
    const done = this.#last.then(work);
    // A failed task rejects only the promise of its own caller. The next task runs in any case.
    this.#last = done.then(ignore, ignore);
    try {
      return await done;
    } finally {
      this.#count -= 1;
    }
  }
}

function ignore(): void {}
