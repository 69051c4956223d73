import { limits } from "../../domain/limits.ts";
import { engineLimits } from "../engine-limits.ts";

/**
 * How many copies all replays of this process may park in one interval. While the process is busy, the number falls by
 * half in each interval, so that live traffic keeps most of the machine. Otherwise the number grows.
 */
export class ReplayPace {
  readonly #busyShare: () => number;
  #copies: number = limits.replayParkedMax;

  /** `busyShare`: the part of the time since its last call, from 0 to 1, in which the process was busy. */
  constructor(busyShare: () => number) {
    this.#busyShare = busyShare;
  }

  /** Called once in each interval. */
  next(): number {
    const { replayBusyShareMax, replayCopiesMin, replayCopiesMax, replayCopiesAdded } = engineLimits;
    const isBusy = this.#busyShare() > replayBusyShareMax;
    const next = isBusy ? Math.floor(this.#copies / 2) : this.#copies + replayCopiesAdded;
    this.#copies = Math.min(replayCopiesMax, Math.max(replayCopiesMin, next));
    return this.#copies;
  }
}
