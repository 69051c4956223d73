import { flowLimits } from "../../domain/flow-limits.ts";
import type { BreakerSettings, SubscriptionId, TimeMs } from "../../domain/model.ts";
import type { Clock, Random, Timers } from "../../domain/ports.ts";

export interface BreakerContext {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

/** The pause before a probe is spread by up to this share, so that many endpoints are not probed at the same time. */
const jitter = 0.2;

/** An open breaker of a subscription, or of an origin. Lets one delivery at a time through: the probe. */
export class Breaker {
  readonly scope: "subscription" | "origin";
  readonly openedAtMs: TimeMs;
  /** When the next probe may be sent, in steady time. */
  probeAtMs: TimeMs;
  /** Failed probes. */
  probes = 0;
  /** How long probes have failed, and when the last one did. */
  failedMs = 0;
  failedAtMs: TimeMs;
  #isPermitted = false;
  #prober: SubscriptionId | null = null;
  readonly #waiting = new Set<SubscriptionId>();
  readonly #context: BreakerContext;
  /** Called for a subscription that waits when a probe is due. It calls `permit` or `postpone`. */
  readonly #due: (id: SubscriptionId) => void;
  #cancelTimer: (() => void) | null = null;
  #isReserving = false;
  isClosed = false;

  constructor(
    context: BreakerContext,
    { scope, openedAtMs, probeAtMs }: Pick<Breaker, "scope" | "openedAtMs" | "probeAtMs">,
    due: (id: SubscriptionId) => void,
  ) {
    this.#context = context;
    this.scope = scope;
    this.openedAtMs = openedAtMs;
    this.failedAtMs = context.clock.now();
    this.probeAtMs = probeAtMs;
    this.#due = due;
  }

  /** Returns whether the subscription may send the probe. If not, it is called when it may. */
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

  /** One probe may be sent, and another one not before `nextProbeAtMs`. */
  permit(nextProbeAtMs: TimeMs): void {
    this.#isReserving = false;
    this.#isPermitted = true;
    this.probeAtMs = nextProbeAtMs;
  }

  /** The probe that is due is not sent. `probeAtMs`: the earliest time of the next one. */
  postpone(probeAtMs: TimeMs): void {
    this.#isReserving = false;
    if (!this.#isPermitted && this.#prober === null) this.probeAtMs = Math.max(this.probeAtMs, probeAtMs);
    this.#setTimer();
  }

  probeFailed(): void {
    this.probes++;
    this.#prober = null;
    this.#setTimer();
  }

  /** The subscription had nothing to send, or its delivery said nothing about the endpoint. Another one may probe. */
  probeUnused(id: SubscriptionId): SubscriptionId | null {
    if (this.#prober !== id) return null;
    this.#prober = null;
    this.#isPermitted = true;
    return this.#nextWaiting();
  }

  /** Returns the subscriptions that wait. */
  close(): readonly SubscriptionId[] {
    this.isClosed = true;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    return [...this.#waiting];
  }

  forget(id: SubscriptionId): void {
    this.#waiting.delete(id);
  }

  /** The subscription waits on, as the last one, until it asks again. */
  #nextWaiting(): SubscriptionId | null {
    const [id = null] = this.#waiting;
    if (id !== null) {
      this.#waiting.delete(id);
      this.#waiting.add(id);
    }
    return id;
  }

  #setTimer(): void {
    const { clock, timers } = this.#context;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    const isBusy = this.#isReserving || this.#isPermitted || this.#prober !== null;
    if (this.isClosed || isBusy || this.#waiting.size === 0) return;
    this.#cancelTimer = timers.after(Math.max(0, this.probeAtMs - clock.now()), () => {
      this.#cancelTimer = null;
      if (clock.now() < this.probeAtMs) return this.#setTimer();
      const id = this.#nextWaiting();
      if (id === null) return;
      this.#isReserving = true;
      this.#due(id);
    });
  }
}

/** The pause before the next probe. It doubles with each failed probe. */
export function probePauseMs({ probeMs }: BreakerSettings, probes: number, random: Random): number {
  const pauseMs = Math.min(probeMs * 2 ** Math.min(probes, 30), Math.max(probeMs, flowLimits.breakerProbePauseMsMax));
  return Math.round(pauseMs * (1 - jitter + random.next() * 2 * jitter));
}
