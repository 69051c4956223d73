import type { TimeMs } from "../../domain/model.ts";
import type { Clock, Timers } from "../../domain/ports.ts";
import { engineLimits } from "../engine-limits.ts";

/**
 * One timer for all who wait for the same thing: set to when the store, as its last answer said, has something without any
 * more hint. It runs only while somebody waits.
 */
export class DueAlarm {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #ring: () => void;
  #dueAtMs: TimeMs | null = null;
  #isArmed = false;
  #cancel: (() => void) | null = null;

  constructor(clock: Clock, timers: Timers, ring: () => void) {
    this.#clock = clock;
    this.#timers = timers;
    this.#ring = ring;
  }

  /** null: never. */
  set dueAtMs(atMs: TimeMs | null) {
    if (atMs === this.#dueAtMs && this.#cancel !== null) return;
    this.#stop();
    this.#dueAtMs = atMs;
    if (this.#isArmed) this.#start();
  }

  /** At this time, too, if that is before. */
  noLaterThan(atMs: TimeMs): void {
    if (this.#dueAtMs === null || atMs < this.#dueAtMs) this.dueAtMs = atMs;
  }

  /** Somebody waits. */
  arm(): void {
    this.#isArmed = true;
    if (this.#cancel === null) this.#start();
  }

  /** Nobody does. */
  disarm(): void {
    this.#isArmed = false;
    this.#stop();
  }

  #start(): void {
    if (this.#dueAtMs === null) return;
    const delayMs = Math.max(this.#dueAtMs - this.#clock.now(), engineLimits.lookAgainMsMin);
    this.#cancel = this.#timers.after(Math.min(delayMs, engineLimits.dueTimerMsMax), () => {
      this.#cancel = null;
      this.#ring();
    });
  }

  #stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }
}
