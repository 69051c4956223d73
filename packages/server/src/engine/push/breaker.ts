import { limits } from "../../domain/limits.ts";
import type { BreakerSettings, SubscriptionHealth, SubscriptionId, TimeMs } from "../../domain/model.ts";
import type { Clock, Random, Timers } from "../../domain/ports.ts";
import { DueTimer } from "./due-timer.ts";

export interface BreakerContext {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

/** The pause before a probe is spread by up to this share, so that many endpoints are not probed at the same time. */
const jitter = 0.2;

export type BreakerTimes = Pick<Breaker, "openedAtMs" | "probeAtMs">;

/** An open breaker of a subscription, or of an origin. Lets one delivery at a time through: the probe. */
export class Breaker {
  readonly scope: "subscription" | "origin";
  readonly openedAtMs: TimeMs;
  /** When the next probe may be sent, in steady time. */
  probeAtMs: TimeMs;
  /** Failed probes. */
  probes = 0;
  /** For how long probes have failed. */
  failedMs = 0;
  #failedAtMs: TimeMs;
  #isPermitted = false;
  #prober: SubscriptionId | null = null;
  readonly #waiting = new Set<SubscriptionId>();
  readonly #clock: Clock;
  readonly #timer: DueTimer;
  readonly #due: (id: SubscriptionId) => void;
  #isReserving = false;
  #isClosed = false;

  /** `due`: called for a subscription that waits when a probe is due. It must call `permit` or `postpone`. */
  constructor(
    { clock, timers }: Pick<BreakerContext, "clock" | "timers">,
    { scope, openedAtMs, probeAtMs }: BreakerTimes & Pick<Breaker, "scope">,
    due: (id: SubscriptionId) => void,
  ) {
    this.#clock = clock;
    this.#timer = new DueTimer(clock, timers, () => this.#probeDue());
    this.scope = scope;
    this.openedAtMs = openedAtMs;
    this.#failedAtMs = clock.now();
    this.probeAtMs = probeAtMs;
    this.#due = due;
  }

  /** Returns whether the subscription may send the probe. If not, the subscription waits until a probe is due. */
  mayProbe(id: SubscriptionId): boolean {
    if (this.#prober === id) return true;
    if (this.#isPermitted && this.#prober === null) {
      this.#prober = id;
      this.#isPermitted = false;
      this.#waiting.delete(id);
      return true;
    }
    this.#waiting.add(id);
    this.#setTimer();
    return false;
  }

  isProber(id: SubscriptionId): boolean {
    return this.#prober === id;
  }

  /** Permits one probe. The next probe is not sent before `nextProbeAtMs`. */
  permit(nextProbeAtMs: TimeMs): void {
    this.#isReserving = false;
    this.#isPermitted = true;
    this.probeAtMs = nextProbeAtMs;
  }

  /** Postpones the probe that is due. `probeAtMs`: the earliest time at which it may be sent. */
  postpone(probeAtMs: TimeMs): void {
    this.#isReserving = false;
    if (!this.#isPermitted && this.#prober === null) this.probeAtMs = Math.max(this.probeAtMs, probeAtMs);
    this.#setTimer();
  }

  /** Lets the next probe be sent at once. Its failure does not lengthen the pauses. */
  hasten(): void {
    this.probes = Math.max(0, this.probes - 1);
    this.probeAtMs = Math.min(this.probeAtMs, this.#clock.now());
    this.#setTimer();
  }

  /** Adds the time since the last failed probe to `failedMs`. */
  addFailedTime(nowMs: TimeMs): void {
    this.failedMs += failurePauseMs(this.#failedAtMs, nowMs);
    this.#failedAtMs = nowMs;
  }

  probeFailed(): void {
    this.probes++;
    this.#prober = null;
    this.#setTimer();
  }

  /**
   * Call if the subscription had nothing to send, or if its delivery said nothing about the endpoint. Returns a
   * subscription that may probe instead.
   */
  probeUnused(id: SubscriptionId): SubscriptionId | null {
    if (this.#prober !== id) return null;
    this.#prober = null;
    this.#isPermitted = true;
    return this.#nextWaiting();
  }

  /** Closes the breaker. Returns the subscriptions that waited for it. */
  close(): readonly SubscriptionId[] {
    this.#isClosed = true;
    this.#timer.cancel();
    return [...this.#waiting];
  }

  forget(id: SubscriptionId): void {
    this.#waiting.delete(id);
  }

  /** Returns the first subscription of the queue and moves it to the end. Sending the probe removes it. */
  #nextWaiting(): SubscriptionId | null {
    const [id = null] = this.#waiting;
    if (id !== null) {
      this.#waiting.delete(id);
      this.#waiting.add(id);
    }
    return id;
  }

  #setTimer(): void {
    const isBusy = this.#isReserving || this.#isPermitted || this.#prober !== null;
    if (this.#isClosed || isBusy || this.#waiting.size === 0) this.#timer.cancel();
    else this.#timer.setNoLaterThan(this.probeAtMs);
  }

  #probeDue(): void {
    // The probe may have been postponed since the timer was set.
    if (this.#clock.now() < this.probeAtMs) return this.#setTimer();
    const id = this.#nextWaiting();
    if (id === null) return;
    this.#isReserving = true;
    this.#due(id);
  }
}

/** The time between two failures, as far as it counts as failing. */
export function failurePauseMs(fromMs: TimeMs, toMs: TimeMs): number {
  return Math.min(Math.max(0, toMs - fromMs), limits.failurePauseMsMax);
}

/**
 * Returns how long the breaker was open if this change of health closes it, otherwise null. Retry policies do not count
 * this time, because only probes were sent.
 */
export function waitOf(
  before: SubscriptionHealth | null,
  after: SubscriptionHealth | null,
  nowMs: TimeMs,
): { readonly waitedMs: number; readonly nowMs: TimeMs } | null {
  const openedAtMs = before?.openedAtMs ?? null;
  if (openedAtMs === null || after?.state === "open") return null;
  return { waitedMs: Math.max(0, nowMs - openedAtMs), nowMs };
}

/** The pause before the next probe. It doubles with each failed probe. */
export function probePauseMs({ probeMs }: BreakerSettings, probes: number, random: Random): number {
  const pauseMs = Math.min(probeMs * 2 ** Math.min(probes, 30), Math.max(probeMs, limits.breakerProbePauseMsMax));
  return Math.round(pauseMs * (1 - jitter + random.next() * 2 * jitter));
}

/** The times of a breaker that opens now. */
export function openedAt(nowMs: TimeMs, settings: BreakerSettings, random: Random): BreakerTimes {
  return { openedAtMs: nowMs, probeAtMs: nowMs + probePauseMs(settings, 0, random) };
}
