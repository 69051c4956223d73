/**
 * The rules and the engine get time and random numbers only through these interfaces, so that tests can simulate both.
 */

import type { TimeMs } from "./model.ts";
import { ProcessClock } from "./process-clock.ts";

/**
 * Two time scales (docs/adr/0019-two-time-scales.md). Both are in milliseconds and usually agree. They differ after
 * somebody or something has set the machine's clock.
 */
export interface Clock {
  /**
   * Steady time: for waits, delays, leases and timeouts. Steady time never jumps and never goes back, whatever happens
   * to the machine's clock, and continues after a restart.
   */
  now(): TimeMs;
  /**
   * Unix time as the machine's clock shows it: for times that people or other programs read. May jump. With an
   * argument: the Unix time of that moment of steady time, by what the machine's clock shows today.
   */
  wall(steadyMs?: TimeMs): TimeMs;
}

/** One moment on both scales. */
export interface Moment {
  readonly nowMs: TimeMs;
  readonly wallMs: TimeMs;
}

/** For code that only waits. */
export type SteadyClock = Pick<Clock, "now">;

export interface Timers {
  /** Runs `task` once after `delayMs`. The returned function cancels the timer. */
  after(delayMs: number, task: () => void): () => void;
  /**
   * Runs `task` once, after the current turn of the event loop. Callers use this to collect a turn's work into one
   * batch.
   */
  soon(task: () => void): void;
}

export interface Random {
  /** A number from 0 (inclusive) to 1 (exclusive). */
  next(): number;
}

export const systemClock = new ProcessClock({ wallMs: () => Date.now(), monotonicMs: () => performance.now() });
export const systemRandom: Random = { next: () => Math.random() };
export const systemTimers: Timers = {
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
  soon(task) {
    setImmediate(task);
  },
};
