import type { Timers } from "../../domain/ports.ts";

export interface BatchesOptions<T> {
  readonly timers: Timers;
  /**
   * Removes one batch from the front of the queue. May return nothing only while another batch is under way, after
   * which it is called again.
   */
  readonly take: (waiting: T[]) => T[];
  /** Answers each item by itself and never throws. */
  readonly run: (batch: readonly T[]) => Promise<void>;
  /** A batch that takes longer lets one more be under way beside it. Left out: there is never more than one. */
  readonly lateMs?: number;
}

const WORKERS_MAX = 2;

/**
 * Collects items and processes them one batch at a time. Items that arrive in one turn of the event loop, or while the
 * previous batch is under way, share the next round trip.
 */
export class Batches<T> {
  readonly #options: BatchesOptions<T>;
  readonly #waiting: T[] = [];
  #workers = 0;
  /** Workers whose batch takes longer than `lateMs`. */
  #late = 0;
  #idle: (() => void)[] = [];

  constructor(options: BatchesOptions<T>) {
    this.#options = options;
  }

  add(item: T): void {
    this.#waiting.push(item);
    this.#start();
  }

  /** Everything that was added has been answered. */
  async idle(): Promise<void> {
    while (this.#workers > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #start(): void {
    if (this.#workers > this.#late || this.#workers === WORKERS_MAX) return;
    this.#workers++;
    this.#options.timers.soon(() => void this.#work());
  }

  async #work(): Promise<void> {
    // A late worker stops here when another worker has replaced it.
    while (this.#waiting.length > 0 && this.#workers - this.#late === 1) {
      const batch = this.#options.take(this.#waiting);
      if (batch.length === 0) break;
      await this.#run(batch);
    }
    this.#workers--;
    if (this.#workers > 0) return;
    for (const wake of this.#idle.splice(0)) wake();
  }

  async #run(batch: readonly T[]): Promise<void> {
    const { timers, run, lateMs } = this.#options;
    if (lateMs === undefined) return run(batch);
    let isLate = false;
    const cancel = timers.after(lateMs, () => {
      isLate = true;
      this.#late++;
      if (this.#waiting.length > 0) this.#start();
    });
    await run(batch);
    cancel();
    if (isLate) this.#late--;
  }
}
