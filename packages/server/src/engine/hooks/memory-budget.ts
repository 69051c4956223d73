/** Limits the memory that all hook calls use together. */
export class MemoryBudget {
  readonly #bytesMax: number;
  #used = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** In bytes. */
  get used(): number {
    return this.#used;
  }

  /** The share of one call; empty at first. */
  share(): BudgetShare {
    let taken = 0;
    return {
      take: (bytes) => {
        if (this.#used + bytes > this.#bytesMax) return false;
        this.#used += bytes;
        taken += bytes;
        return true;
      },
      release: () => {
        this.#used -= taken;
        taken = 0;
      },
    };
  }
}

export interface BudgetShare {
  /** False: the bytes exceed the budget, and none are taken. */
  take(bytes: number): boolean;
  /** Returns all taken bytes to the budget. A second call has no effect. */
  release(): void;
}
