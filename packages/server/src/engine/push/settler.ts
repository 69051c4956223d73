import type { Timers } from "../../domain/ports.ts";
import type { Settlement } from "../../store/log.ts";
import type { Store } from "../../store/store.ts";

interface Waiting {
  readonly settlement: Settlement;
  readonly over: (() => void) | null;
}

/** Gathers outcomes and hands them to the store many at a time. */
export class Settler {
  readonly #store: Store;
  readonly #timers: Timers;
  readonly #failed: (error: unknown) => void;
  #waiting: Waiting[] = [];
  #scheduled = false;
  #unwritten = 0;
  #idleWaiters: (() => void)[] = [];

  constructor(store: Store, timers: Timers, failed: (error: unknown) => void) {
    this.#store = store;
    this.#timers = timers;
    this.#failed = failed;
  }

  /** Outcomes that are not on the disk yet. */
  get unwritten(): number {
    return this.#unwritten;
  }

  /** `over` runs when the store has answered: the outcome is durable, or it is lost together with its claim. */
  add(settlement: Settlement, over: (() => void) | null): void {
    this.#waiting.push({ settlement, over });
    this.#unwritten++;
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#timers.soon(() => {
      this.#scheduled = false;
      void this.#write();
    });
  }

  async idle(): Promise<void> {
    while (this.#unwritten > 0) await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
  }

  async #write(): Promise<void> {
    const batch = this.#waiting;
    this.#waiting = [];
    try {
      await this.#store.log.settle(batch.map((waiting) => waiting.settlement));
    } catch (error) {
      // The store keeps settlements until the disk takes them; this is the store gone, and their claims with it.
      this.#failed(error);
    }
    this.#unwritten -= batch.length;
    for (const { over } of batch) over?.();
    for (const wake of this.#idleWaiters.splice(0)) wake();
  }
}
