import { engineLimits } from "../engine/engine-limits.ts";

/** Something that may have metrics of its own, such as a subscription. */
interface Tracked<Cells> {
  readonly cells: Cells;
  /** Events since the last review, and of the reviews before it: each review halves the older ones. */
  recent: number;
  recentFailures: number;
  /** When it got metrics of its own; null: it is counted with the others. */
  shownSinceMs: number | null;
}

/**
 * Decides which subscriptions or topics have metrics of their own: at most `max`, the failing and the busiest first.
 * All others are counted together.
 *
 * The choice is stable. As long as there is room, a subscription or topic gets metrics at its first event. Afterwards a
 * review every minute replaces only those that have become clearly less important than others, and none in its first
 * minutes. What was counted with the others stays there, so no counter decreases, and `rate()` is right for every
 * series.
 */
export class ShownSeries<Id, Cells> {
  readonly others: Cells;
  readonly #max: number;
  readonly #create: () => Cells;
  readonly #tracked = new Map<Id, Tracked<Cells>>();
  #shownCount = 0;
  #reviewedAtMs: number | null = null;

  constructor(max: number, create: () => Cells) {
    this.#max = max;
    this.#create = create;
    this.others = create();
  }

  /** Counts an event, and returns the cells to which it belongs. */
  cellsFor(id: Id, isFailure: boolean): Cells {
    let tracked = this.#tracked.get(id);
    if (tracked === undefined) {
      const isShown = this.#shownCount < this.#max;
      if (!isShown && this.#tracked.size >= this.#max + engineLimits.seriesCandidatesMax) return this.others;
      const cells = isShown ? this.#create() : this.others;
      tracked = { cells, recent: 0, recentFailures: 0, shownSinceMs: isShown ? (this.#reviewedAtMs ?? 0) : null };
      if (isShown) this.#shownCount++;
      this.#tracked.set(id, tracked);
    }
    tracked.recent++;
    if (isFailure) tracked.recentFailures++;
    return tracked.cells;
  }

  /** Yields everything that has cells of its own. Reviews the choice if the last review is old enough. */
  *shown(nowMs: number): Iterable<readonly [Id, Cells]> {
    this.#reviewedAtMs ??= nowMs;
    if (nowMs - this.#reviewedAtMs >= engineLimits.seriesReviewMs) this.#review(nowMs);
    for (const [id, { cells, shownSinceMs }] of this.#tracked) if (shownSinceMs !== null) yield [id, cells];
  }

  /** Ends the series of a deleted subscription or topic. */
  forget(id: Id): void {
    if (typeof this.#tracked.get(id)?.shownSinceMs === "number") this.#shownCount--;
    this.#tracked.delete(id);
  }

  #review(nowMs: number): void {
    this.#reviewedAtMs = nowMs;
    const wanted = this.#mostImportant();
    for (const [id, tracked] of this.#tracked) {
      const { shownSinceMs } = tracked;
      if (shownSinceMs !== null && nowMs - shownSinceMs < engineLimits.seriesShownMsMin) wanted.add(id);
    }
    for (const [id, tracked] of this.#tracked) {
      if (tracked.shownSinceMs === null ? tracked.recent < 1 : !wanted.has(id) && this.#isNeeded(wanted))
        this.forget(id);
    }
    for (const id of wanted) this.#show(id, nowMs);
    for (const tracked of this.#tracked.values()) {
      tracked.recent /= 2;
      tracked.recentFailures /= 2;
    }
  }

  /** True: there are candidates, and no room for them. An idle series stays as long as nobody needs its room. */
  #isNeeded(wanted: ReadonlySet<Id>): boolean {
    if (this.#shownCount < this.#max) return false;
    for (const id of wanted) if (this.#tracked.get(id)?.shownSinceMs === null) return true;
    return false;
  }

  /** Half of the room is for those that fail most, the rest for the busiest. */
  #mostImportant(): Set<Id> {
    const all = [...this.#tracked];
    const failing = all
      .filter(([, { recentFailures }]) => recentFailures > 0)
      .sort(([, one], [, other]) => other.recentFailures * bonus(other) - one.recentFailures * bonus(one))
      .slice(0, Math.ceil(this.#max / 2));
    const chosen = new Set(failing.map(([id]) => id));
    const busiest = all
      .filter(([id]) => !chosen.has(id))
      .sort(([, one], [, other]) => other.recent * bonus(other) - one.recent * bonus(one));
    for (const [id] of busiest.slice(0, this.#max - chosen.size)) chosen.add(id);
    return chosen;
  }

  #show(id: Id, nowMs: number): void {
    const tracked = this.#tracked.get(id);
    if (tracked === undefined || tracked.shownSinceMs !== null || this.#shownCount >= this.#max) return;
    const { recent, recentFailures } = tracked;
    this.#tracked.set(id, { cells: this.#create(), recent, recentFailures, shownSinceMs: nowMs });
    this.#shownCount++;
  }
}

/** A subscription or topic with metrics of its own keeps them unless another one is clearly more important. */
function bonus({ shownSinceMs }: Pick<Tracked<unknown>, "shownSinceMs">): number {
  return shownSinceMs === null ? 1 : engineLimits.seriesShownWeight;
}
