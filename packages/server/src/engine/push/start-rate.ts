import { allowedRate } from "../../domain/endpoint-verification.ts";
import type { Subscription, TimeMs } from "../../domain/model.ts";
import type { Clock, Timers } from "../../domain/ports.ts";
import { DueTimer } from "./due-timer.ts";

const minuteMs = 60_000;

/** The deliveries per minute that an endpoint has allowed. POSTs start in equal distances. */
export class StartRate {
  readonly #clock: Clock;
  readonly #timer: DueTimer;
  #nextStartAtMs: TimeMs = 0;

  /** `free`: called when the next POST may start, after `allows` has returned false. */
  constructor(clock: Clock, timers: Timers, free: () => void) {
    this.#clock = clock;
    this.#timer = new DueTimer(clock, timers, free);
  }

  /** False: no POST may start now. */
  allows({ settings }: Subscription): boolean {
    if (allowedRate(settings) === null || this.#clock.now() >= this.#nextStartAtMs) return true;
    this.#timer.setNoLaterThan(this.#nextStartAtMs);
    return false;
  }

  started({ settings }: Subscription, startedAtMs: TimeMs): void {
    const rate = allowedRate(settings);
    if (rate !== null) this.#nextStartAtMs = startedAtMs + minuteMs / rate;
  }

  cancel(): void {
    this.#timer.cancel();
  }
}

/** An endpoint gets no more deliveries at once than it allows per minute. */
export function windowMaxOf({ settings }: Subscription): number {
  return Math.min(settings.maxInFlight, allowedRate(settings) ?? Number.POSITIVE_INFINITY);
}
