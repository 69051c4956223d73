import { RingbackError } from "../domain/errors.ts";

/** Runs pieces of work one after the other. So many may wait; past that it throws `overloaded`. */
export class InTurn {
  readonly #waitingMax: number;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(waitingMax: number) {
    this.#waitingMax = waitingMax;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting >= this.#waitingMax) throw new RingbackError("overloaded");
    this.#waiting += 1;
    const before = this.#last;
    const done = (async () => {
      await before;
      return work();
    })();
    // Whoever asked hears of a failure; whoever is next does not.
    this.#last = done.then(ignore, ignore);
    try {
      return await done;
    } finally {
      this.#waiting -= 1;
    }
  }
}

function ignore(): void {}
