import { limits } from "../../domain/limits.ts";
import type { Subscription, SubscriptionHealth, SubscriptionId, TimeMs } from "../../domain/model.ts";
import type { Timers } from "../../domain/ports.ts";
import { parseEndpoint } from "../../transport/endpoint.ts";
import type { Breaker } from "./breaker.ts";
import { errorOf, type Failure } from "./failing-subscription.ts";

/**
 * An origin that is overloaded or unreachable, as one node knows it, for one account. Subscriptions of this origin
 * share the pause that the origin has asked for, and a breaker.
 */
export class FailingOrigin {
  breaker: Breaker | null = null;
  error: SubscriptionHealth["error"] = { status: null, code: null, detail: null };
  #heldUntilMs: TimeMs = 0;
  #cancelHold: (() => void) | null = null;
  readonly #waiting = new Set<SubscriptionId>();
  #failures = 0;
  #sinceMs: TimeMs = 0;
  readonly #subscriptions = new Set<SubscriptionId>();
  readonly #messages = new Set<string>();

  note(id: SubscriptionId, { nowMs, seq, attempt }: Failure): void {
    if (this.#failures === 0) this.#sinceMs = nowMs;
    this.#failures++;
    if (this.#subscriptions.size < 2) this.#subscriptions.add(id);
    if (this.#messages.size < limits.breakerMessagesMin) this.#messages.add(`${id} ${seq}`);
    if (this.breaker === null) this.error = errorOf(attempt);
  }

  /** False while only one subscription fails, because its own breaker is enough. */
  shouldOpen(nowMs: TimeMs): boolean {
    return (
      this.breaker === null &&
      this.#failures >= limits.breakerFailuresDefault &&
      this.#subscriptions.size > 1 &&
      this.#messages.size >= limits.breakerMessagesMin &&
      nowMs - this.#sinceMs >= limits.breakerFailingMsMin
    );
  }

  /** The origin has replied, whatever the reply was. */
  replied(): void {
    this.#failures = 0;
    this.#subscriptions.clear();
    this.#messages.clear();
  }

  get heldUntilMs(): TimeMs {
    return this.#heldUntilMs;
  }

  /** Nothing is sent until this time. `ended`: called with the subscriptions that wait, when the pause is over. */
  hold(timers: Timers, nowMs: TimeMs, untilMs: TimeMs, ended: (ids: readonly SubscriptionId[]) => void): void {
    if (untilMs <= this.#heldUntilMs) return;
    this.#heldUntilMs = untilMs;
    this.#cancelHold?.();
    this.#cancelHold = timers.after(untilMs - nowMs, () => {
      this.#cancelHold = null;
      const waiting = [...this.#waiting];
      this.#waiting.clear();
      ended(waiting);
    });
  }

  waitForHold(id: SubscriptionId): void {
    this.#waiting.add(id);
  }

  forget(id: SubscriptionId): void {
    this.#waiting.delete(id);
    this.breaker?.forget(id);
  }

  /** True: nothing is known that could change what is sent. */
  get isIdle(): boolean {
    return this.breaker === null && this.#failures === 0 && this.#cancelHold === null;
  }

  stop(): void {
    this.#cancelHold?.();
    this.#cancelHold = null;
    this.breaker?.close();
  }
}

/** Identifies the origin of a subscription's endpoint, for its account. */
export function originKeyOf({ accountId, settings: { push } }: Subscription): string {
  return push === null ? "" : `${accountId} ${parseEndpoint(push).origin}`;
}
