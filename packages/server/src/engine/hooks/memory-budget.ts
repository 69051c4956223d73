/** Limits the memory that all hook calls use together. */
export class MemoryBudget {
  readonly #bytesMax: number;
  #used = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The bytes taken by all shares together. */
  get used(): number {
    return this.#used;
  }

  /** Returns a new share, for one call. No bytes are taken yet. */
  share(): BudgetShare {
    let taken = 0;
    return {
      get bytes() {
        return taken;
      },
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
  /** The bytes that are taken now. */
  readonly bytes: number;
  /** Returns false, and takes nothing, if the bytes would exceed the budget. */
  take(bytes: number): boolean;
  /** Returns all taken bytes to the budget. A second call has no effect. */
  release(): void;
}
