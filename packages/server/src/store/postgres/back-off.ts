import type { Timers } from "../../domain/ports.ts";
import { postgresLimits } from "./postgres-limits.ts";

/** Waits between tries, longer each time. `stop` ends a wait immediately. */
export class BackOff {
  readonly #timers: Timers;
  #nextMs: number = postgresLimits.retryMsMin;
  #wake: (() => void) | null = null;
  #stopped = false;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  get isStopped(): boolean {
    return this.#stopped;
  }

  reset(): void {
    this.#nextMs = postgresLimits.retryMsMin;
  }

  async wait(): Promise<void> {
    const delayMs = this.#nextMs;
    this.#nextMs = Math.min(postgresLimits.retryMsMax, delayMs * 2);
    await this.rest(delayMs);
  }

  /** Waits for a fixed time, which does not lengthen the next wait. */
  async rest(delayMs: number): Promise<void> {
    if (this.#stopped) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#timers.after(delayMs, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
    this.#wake = null;
  }

  /** Ends the current wait at once. */
  hurry(): void {
    this.#wake?.();
  }

  stop(): void {
    this.#stopped = true;
    this.hurry();
  }
}
