/**
 * The rules and the engine get time and random numbers only through these interfaces, so that tests can simulate both.
 */

import { ProcessClock } from "./process-clock.ts";

export type { Clock, Moment, SteadyClock } from "./clock.ts";

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
