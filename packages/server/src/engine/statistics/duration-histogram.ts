/**
 * Counts durations in classes that grow by a tenth, so that a quantile is exact to 5 %, whatever the range. Only
 * classes with values take room: a step of a busy subscription has a few dozen.
 */

/** Each class is this much wider than the one before. */
const growth = 1.1;
const logGrowth = Math.log(growth);
/** The lower end of the first class; shorter durations belong to the class 0. */
const firstMs = 0.1;

export type DurationCounts = Readonly<Record<string, number>>;

export class DurationHistogram {
  readonly #counts = new Map<number, number>();

  /** Counts one value of the class `classOf(durationMs)`. */
  add(index: number): void {
    this.#counts.set(index, (this.#counts.get(index) ?? 0) + 1);
  }

  addAll(counts: DurationCounts): void {
    for (const [index, count] of Object.entries(counts)) {
      this.#counts.set(Number(index), (this.#counts.get(Number(index)) ?? 0) + count);
    }
  }

  /** The counts by the number of the class, as JSON holds them. */
  counts(): DurationCounts {
    return Object.fromEntries(this.#counts);
  }

  /** The duration that the given share of all values does not exceed, in milliseconds; null: there are no values. */
  quantile(share: number): number | null {
    const indexes = [...this.#counts.keys()].sort((a, b) => a - b);
    const total = [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
    let seen = 0;
    for (const index of indexes) {
      seen += this.#counts.get(index) ?? 0;
      if (seen >= share * total) return middleMs(index);
    }
    return null;
  }
}

/** The number of the class that a duration belongs to. */
export function classOf(durationMs: number): number {
  return durationMs <= firstMs ? 0 : Math.ceil(Math.log(durationMs / firstMs) / logGrowth);
}

function middleMs(index: number): number {
  const upper = firstMs * growth ** index;
  const middle = index === 0 ? firstMs : upper / Math.sqrt(growth);
  return Number(middle.toPrecision(3));
}
