import { limits } from "./limits.ts";
import type { TimeMs } from "./model.ts";
import type { Clock, Moment } from "./clock.ts";

export interface ClockSource {
  /** Unix time by the machine's clock. */
  wallMs(): number;
  /** A clock that nobody can set, such as `performance.now`. Its start is arbitrary. */
  monotonicMs(): number;
}

/**
 * The clock of a process. A new process starts with steady time equal to Unix time. This class is the only place that
 * notices when the machine's clock was set.
 */
export class ProcessClock implements Clock {
  readonly #source: ClockSource;
  /** Steady time minus monotonic time. */
  #originMs = 0;
  /** Unix time minus steady time. */
  #aheadMs = 0;
  #jumped: (byMs: number) => void = () => {};

  constructor(source: ClockSource) {
    this.#source = source;
    this.#startAt(source.wallMs());
  }

  now(): TimeMs {
    return Math.floor(this.#originMs + this.#source.monotonicMs());
  }

  wall(steadyMs?: TimeMs): TimeMs {
    const nowMs = this.now();
    const byMs = Math.round(this.#source.wallMs()) - nowMs - this.#aheadMs;
    if (Math.abs(byMs) >= limits.clockJumpMsMin) {
      this.#aheadMs += byMs;
      this.#jumped(byMs);
    }
    return (steadyMs ?? nowMs) + this.#aheadMs;
  }

  /** Calls `jumped` when the machine's clock was set ahead (a positive number of milliseconds) or back. */
  onJump(jumped: (byMs: number) => void): void {
    this.#jumped = jumped;
  }

  /**
   * Continues the steady time of an earlier process. The machine's clock is the only measure of the time between the
   * two processes. If that clock was set back meanwhile, no time has passed, so no wait becomes longer than it was.
   */
  continueFrom({ nowMs, wallMs }: Moment): void {
    const passedMs = this.#source.wallMs() - wallMs;
    this.#startAt(nowMs + Math.max(0, passedMs));
    // The same difference as in the earlier process, so that each stored time is shown as the same Unix time again.
    if (passedMs >= 0) this.#aheadMs = wallMs - nowMs;
  }

  #startAt(steadyMs: TimeMs): void {
    this.#originMs = steadyMs - this.#source.monotonicMs();
    this.#aheadMs = Math.round(this.#source.wallMs()) - this.now();
  }
}
