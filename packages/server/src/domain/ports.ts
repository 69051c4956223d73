/** Time and chance reach the rules and the engine through these, so that a simulator can stand in their place. */

import type { TimeMs } from "./model.ts";

export interface Clock {
  /** Unix time in milliseconds. */
  now(): TimeMs;
}

export interface Timers {
  /** Runs `task` once, `delayMs` from now; the returned function cancels it. */
  after(delayMs: number, task: () => void): () => void;
  /** Runs `task` once, when this turn of the event loop is over: what else the turn brings can be taken along. */
  soon(task: () => void): void;
}

export interface Random {
  /** At least 0, less than 1. */
  next(): number;
}

export const systemClock: Clock = { now: () => Date.now() };
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
