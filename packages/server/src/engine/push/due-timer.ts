import type { TimeMs } from "../../domain/model.ts";
import type { Clock, Timers } from "../../domain/ports.ts";
import { engineLimits } from "../engine-limits.ts";

/** A timer for the time at which the next parked delivery of one subscription becomes due. */
export class DueTimer {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #due: () => void;
  #dueAtMs: TimeMs | null = null;
  #cancelTimer: (() => void) | null = null;

  constructor(clock: Clock, timers: Timers, due: () => void) {
    this.#clock = clock;
    this.#timers = timers;
    this.#due = due;
  }

  get isSet(): boolean {
    return this.#dueAtMs !== null;
  }

  /** Sets the timer, unless it is set to an earlier time. */
  setNoLaterThan(dueAtMs: TimeMs): void {
    if (this.#dueAtMs !== null && this.#dueAtMs <= dueAtMs) return;
    this.cancel();
    this.#dueAtMs = dueAtMs;
    const delayMs = Math.max(0, dueAtMs - this.#clock.now());
    this.#cancelTimer = this.#timers.after(Math.min(delayMs, engineLimits.dueTimerMsMax), () => {
      this.#cancelTimer = null;
      this.#dueAtMs = null;
      this.#due();
    });
  }

  cancel(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#dueAtMs = null;
  }
}
