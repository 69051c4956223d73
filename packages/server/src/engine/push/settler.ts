import type { Timers } from "../../domain/ports.ts";
import type { Settlement } from "../../store/log.ts";
import type { Store } from "../../store/store.ts";

/** How often a stop checks whether the disk refuses writes. */
const CHECK_MS = 20;

interface Waiting {
  readonly settlement: Settlement;
  readonly recorded: (() => void) | null;
}

/** Collects the settlements of one turn of the event loop, and passes them to the store in one batch. */
export class Settler {
  readonly #store: Store;
  readonly #timers: Timers;
  readonly #failed: (error: unknown) => void;
  #waiting: Waiting[] = [];
  #scheduled = false;
  #unwritten = 0;
  #idleWaiters: (() => void)[] = [];
  #stopped = false;

  constructor(store: Store, timers: Timers, failed: (error: unknown) => void) {
    this.#store = store;
    this.#timers = timers;
    this.#failed = failed;
  }

  /** Number of settlements that are not durable yet. */
  get unwritten(): number {
    return this.#unwritten;
  }

  /** `recorded` is called when the settlement is durable, or when it has no effect because its claim was lost. */
  add(settlement: Settlement, recorded: (() => void) | null): void {
    this.#waiting.push({ settlement, recorded });
    this.#unwritten++;
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#timers.soon(() => {
      this.#scheduled = false;
      void this.#write();
    });
  }

  /**
   * From now on, `idle` does not wait for a disk that refuses writes. The close of the store writes what fits, and
   * fails the other settlements. Their deliveries are sent again after the next start.
   */
  stop(): void {
    this.#stopped = true;
    this.#wakeAll();
  }

  /** Resolves when no settlement is waiting. */
  async idle(): Promise<void> {
    while (this.#unwritten > 0 && !this.#isRefused) {
      await new Promise<void>((resolve) => {
        this.#idleWaiters.push(resolve);
        if (this.#stopped) this.#timers.after(CHECK_MS, resolve);
      });
    }
  }

  get #isRefused(): boolean {
    return this.#stopped && !this.#scheduled && !this.#store.cluster.writable();
  }

  #wakeAll(): void {
    for (const wake of this.#idleWaiters.splice(0)) wake();
  }

  async #write(): Promise<void> {
    const batch = this.#waiting;
    this.#waiting = [];
    try {
      await this.#store.log.settle(batch.map((waiting) => waiting.settlement));
    } catch (error) {
      // The store retries while the disk refuses writes. So an error means that the store was closed, and the claims
      // are lost too.
      this.#failed(error);
    }
    this.#unwritten -= batch.length;
    for (const { recorded } of batch) recorded?.();
    this.#wakeAll();
  }
}
