import type { Timers } from "../../domain/ports.ts";

/**
 * Gathers items and works on them one batch at a time: what comes in one turn of the event loop, or while the batch before
 * is on its way, shares the next round trip.
 */
export class Batches<T> {
  readonly #timers: Timers;
  /** Takes from the front what fits one batch; at least one. */
  readonly #take: (waiting: T[]) => T[];
  /** Answers each item by itself and never throws. */
  readonly #run: (batch: readonly T[]) => Promise<void>;
  readonly #waiting: T[] = [];
  #busy = false;
  #idle: (() => void)[] = [];

  constructor(timers: Timers, take: (waiting: T[]) => T[], run: (batch: readonly T[]) => Promise<void>) {
    this.#timers = timers;
    this.#take = take;
    this.#run = run;
  }

  add(item: T): void {
    this.#waiting.push(item);
    if (this.#busy) return;
    this.#busy = true;
    this.#timers.soon(() => void this.#work());
  }

  /** Everything that was added has been answered. */
  async idle(): Promise<void> {
    while (this.#busy) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0) await this.#run(this.#take(this.#waiting));
    this.#busy = false;
    for (const wake of this.#idle.splice(0)) wake();
  }
}
