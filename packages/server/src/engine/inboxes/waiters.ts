import type { TimeMs } from "../../domain/model.ts";
import type { Clock, Timers } from "../../domain/ports.ts";
import { engineLimits } from "../engine-limits.ts";
import { WaitingLine } from "../waiting-line.ts";

interface Waiter {
  readonly end: (woken: boolean) => void;
}

/** Who waits at an inbox for a message, first come, first served. Each has one timer; nobody asks the store meanwhile. */
export class Waiters {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #line = new WaitingLine<Waiter>();
  #wakes = 0;
  #dueAtMs: TimeMs | null = null;
  #cancelAlarm: (() => void) | null = null;

  constructor(clock: Clock, timers: Timers) {
    this.#clock = clock;
    this.#timers = timers;
  }

  get size(): number {
    return this.#line.size;
  }

  /** How often somebody was to be woken: if it has grown since a look at the store, another look may find something. */
  get wakes(): number {
    return this.#wakes;
  }

  /** True: woken. False: the time is over, or the signal was given. */
  wait(waitMs: number, gone: AbortSignal): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const leave = (): void => waiter.end(false);
    const cancelTimer = this.#timers.after(waitMs, leave);
    const waiter: Waiter = {
      end: (woken) => {
        this.#line.remove(waiter);
        if (this.#line.size === 0) this.#stopAlarm();
        cancelTimer();
        gone.removeEventListener("abort", leave);
        resolve(woken);
      },
    };
    this.#line.add(waiter);
    if (this.#cancelAlarm === null) this.#setAlarm();
    gone.addEventListener("abort", leave);
    return promise;
  }

  wakeOne(): void {
    this.#wakes++;
    this.#line.first?.end(true);
  }

  wakeAll(): void {
    this.#wakes++;
    for (let first = this.#line.first; first !== null; first = this.#line.first) first.end(true);
  }

  sendAllAway(): void {
    for (let first = this.#line.first; first !== null; first = this.#line.first) first.end(false);
  }

  /** When the store, as its last look said, has something without any more hint: one is woken then. null: never. */
  set dueAtMs(atMs: TimeMs | null) {
    if (atMs === this.#dueAtMs) return;
    this.#dueAtMs = atMs;
    this.#stopAlarm();
    if (this.#line.size > 0) this.#setAlarm();
  }

  #setAlarm(): void {
    if (this.#dueAtMs === null) return;
    const delayMs = Math.max(this.#dueAtMs - this.#clock.now(), engineLimits.inboxLookAgainMsMin);
    this.#cancelAlarm = this.#timers.after(delayMs, () => {
      this.#cancelAlarm = null;
      this.wakeOne();
    });
  }

  #stopAlarm(): void {
    this.#cancelAlarm?.();
    this.#cancelAlarm = null;
  }
}
