import type { TimeMs } from "../../domain/model.ts";
import type { Clock, Timers } from "../../domain/ports.ts";
import { DueAlarm } from "../pull/due-alarm.ts";
import { FifoQueue } from "../fifo-queue.ts";

interface Waiter {
  readonly end: (woken: boolean) => void;
}

/** Who waits at an inbox for a message, first come, first served. Each has one timer; nobody asks the store meanwhile. */
export class Waiters {
  readonly #timers: Timers;
  readonly #line = new FifoQueue<Waiter>();
  readonly #alarm: DueAlarm;
  #wakes = 0;

  constructor(clock: Clock, timers: Timers) {
    this.#timers = timers;
    this.#alarm = new DueAlarm(clock, timers, () => this.wakeOne());
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
        if (this.#line.size === 0) this.#alarm.disarm();
        cancelTimer();
        gone.removeEventListener("abort", leave);
        resolve(woken);
      },
    };
    this.#line.add(waiter);
    this.#alarm.arm();
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
    this.#alarm.dueAtMs = atMs;
  }
}
