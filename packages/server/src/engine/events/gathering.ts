import type { Timers } from "../../domain/ports.ts";
import { engineLimits } from "../engine-limits.ts";

export interface GatheringOptions<O> {
  readonly timers: Timers;
  /** Time between two reports of one group. */
  readonly intervalMs: number;
  readonly report: (occurrences: O) => void;
  /** Called with an occurrence that is not reported, because there are too many groups. */
  readonly leftOut: (occurrence: O) => void;
}

interface Group<O> {
  /** null: nothing is left to report. */
  gathered: O | null;
  cancel: () => void;
}

/**
 * Gathers what happens often, so that one report has many occurrences. The first report of a group comes soon after its
 * first occurrence, and the next one after the interval.
 */
export class Gathering<O> {
  readonly #options: GatheringOptions<O>;
  readonly #groups = new Map<string, Group<O>>();

  constructor(options: GatheringOptions<O>) {
    this.#options = options;
  }

  add(key: string, occurrence: O, merge: (before: O, occurrence: O) => O): void {
    const { timers, leftOut } = this.#options;
    const known = this.#groups.get(key);
    if (known !== undefined) {
      known.gathered = known.gathered === null ? occurrence : merge(known.gathered, occurrence);
    } else if (this.#groups.size >= engineLimits.eventGroupsMax) {
      leftOut(occurrence);
    } else {
      const cancel = timers.after(engineLimits.eventGatherMs, () => this.#report(key));
      this.#groups.set(key, { gathered: occurrence, cancel });
    }
  }

  /** Reports everything at once. */
  stop(): void {
    for (const { gathered, cancel } of this.#groups.values()) {
      cancel();
      if (gathered !== null) this.#options.report(gathered);
    }
    this.#groups.clear();
  }

  #report(key: string): void {
    const group = this.#groups.get(key);
    if (group === undefined) return;
    const { gathered } = group;
    if (gathered === null) {
      this.#groups.delete(key);
      return;
    }
    const { timers, intervalMs, report } = this.#options;
    group.gathered = null;
    group.cancel = timers.after(intervalMs, () => this.#report(key));
    report(gathered);
  }
}
