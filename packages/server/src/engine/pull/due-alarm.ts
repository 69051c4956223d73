import type { TimeMs } from "../../domain/model.ts";
import type { Clock, Timers } from "../../domain/ports.ts";
import { engineLimits } from "../engine-limits.ts";

/**
 * One timer for all requests that wait at a subscription. Set to the time at which the next delivery becomes due
 * according to the last claim, because the store sends no wake-up then. The timer runs only while a request waits.
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

  /** null: no timer, because no delivery becomes due. */
  set dueAtMs(atMs: TimeMs | null) {
    if (atMs === this.#dueAtMs && this.#cancel !== null) return;
    this.#stop();
    this.#dueAtMs = atMs;
    if (this.#isArmed) this.#start();
  }

  /** Brings the alarm forward to this time if it is set to a later one. */
  noLaterThan(atMs: TimeMs): void {
    if (this.#dueAtMs === null || atMs < this.#dueAtMs) this.dueAtMs = atMs;
  }

  /** Called when a request starts to wait. */
  arm(): void {
    this.#isArmed = true;
    if (this.#cancel === null) this.#start();
  }

  /** Called when no request waits any more. */
  disarm(): void {
    this.#isArmed = false;
    this.#stop();
  }

  #start(): void {
    if (this.#dueAtMs === null) return;
    const delayMs = Math.max(this.#dueAtMs - this.#clock.now(), engineLimits.claimAgainMsMin);
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
