/** What all calls hold in memory, counted against one bound. */
export class MemoryBudget {
  readonly #bytesMax: number;
  #held = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get held(): number {
    return this.#held;
  }

  /** One call's share. */
  share(): BytesShare {
    let taken = 0;
    return {
      take: (bytes) => {
        if (this.#held + bytes > this.#bytesMax) return false;
        this.#held += bytes;
        taken += bytes;
        return true;
      },
      release: () => {
        this.#held -= taken;
        taken = 0;
      },
    };
  }
}

export interface BytesShare {
  /** False when there is no room; nothing is taken then. */
  take(bytes: number): boolean;
  /** Gives back all that was taken; harmless twice. */
  release(): void;
}
