import type { Timers } from "../../domain/ports.ts";

/** The timers of one simulated process. After `kill` none of its tasks runs. */
export class MortalTimers implements Timers {
  readonly #timers: Timers;
  #alive = true;
  /** Timers that are set and were neither run nor cancelled. */
  readonly waiting = new Set<() => void>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  after(delayMs: number, task: () => void): () => void {
    this.waiting.add(task);
    const cancel = this.#timers.after(delayMs, () => {
      this.waiting.delete(task);
      if (this.#alive) task();
    });
    return () => {
      this.waiting.delete(task);
      cancel();
    };
  }

  soon(task: () => void): void {
    this.#timers.soon(() => {
      if (this.#alive) task();
    });
  }

  kill(): void {
    this.#alive = false;
    this.waiting.clear();
  }
}
