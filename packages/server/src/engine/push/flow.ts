import type { RetryAfter } from "@ringback/sdk/protocols";
import type { Attempt, Seq, Subscription, TimeMs } from "../../domain/model.ts";
import type { Clock, Moment, Timers } from "../../domain/ports.ts";
import type { Breakers, Gate } from "./breakers.ts";
import { DueTimer } from "./due-timer.ts";
import { EndpointHealth } from "./endpoint-health.ts";
import { originKeyOf } from "./failing-origin.ts";
import { isOverload, requestedHoldMs } from "./overload.ts";
import type { Health } from "./slots.ts";
import { windowMaxOf } from "./start-rate.ts";

export interface FlowContext {
  readonly breakers: Pick<Breakers, "gate" | "heldUntilMs" | "succeeded" | "failed" | "probeUnused">;
  readonly clock: Clock;
  readonly timers: Timers;
}

export interface FailedAttemptFacts {
  readonly seq: Seq;
  readonly attempt: Attempt;
  readonly retryAfter: RetryAfter | null;
  readonly startedAtMs: TimeMs;
  readonly isProbe: boolean;
  /** False: the endpoint has changed, or the sender was stopped, since the POST started. */
  readonly isCurrent: boolean;
}

/** Decides when the next POST to one endpoint may start: by its window, and by the breakers. */
export class Flow {
  readonly #context: FlowContext;
  #endpoint: EndpointHealth;
  readonly #pace: DueTimer;
  #subscription: Subscription;
  #originKey: string;
  #gate: Gate = "send";

  /** `resume`: called when a POST may start, after `mayStart` has returned false. */
  constructor(subscription: Subscription, context: FlowContext, resume: () => void) {
    this.#context = context;
    this.#subscription = subscription;
    this.#originKey = originKeyOf(subscription);
    this.#endpoint = new EndpointHealth(windowMaxOf(subscription));
    this.#pace = new DueTimer(context.clock, context.timers, resume);
  }

  /** The number of POSTs that may be in flight; below 1: one at a time, with pauses. */
  get exactWindow(): number {
    return this.#endpoint.exactWindow;
  }

  get windowMax(): number {
    return windowMaxOf(this.#subscription);
  }

  get isFailing(): boolean {
    return this.#endpoint.isFailing;
  }

  /** True: nothing may be sent. The breakers wake the subscription when that changes. */
  get isBlocked(): boolean {
    return this.#gate === "wait";
  }

  /** The end of the pause that the origin has requested with `Retry-After`; null: there is none. */
  get pausedUntilMs(): TimeMs | null {
    const { breakers, clock } = this.#context;
    const heldUntilMs = breakers.heldUntilMs(this.#originKey);
    return heldUntilMs > clock.now() ? clock.wall(heldUntilMs) : null;
  }

  /** `oldestStartMs`: a time at or after the start of the oldest POST in flight. */
  health(inFlight: number, oldestStartMs: TimeMs): Health {
    const endpoint = this.#endpoint;
    if (endpoint.isFailing) return "suspect";
    // Until a first POST has shown that the endpoint answers, further ones must not take slots from healthy endpoints.
    if (endpoint.isUnproven) return inFlight > 0 || endpoint.hasFailed ? "suspect" : "unproven";
    const isStalled = inFlight > 0 && endpoint.isStalled(this.#context.clock.now(), oldestStartMs);
    return isStalled ? "suspect" : "healthy";
  }

  get window(): number {
    return this.#endpoint.window;
  }

  /** How many deliveries may be claimed next, beside `open` ones that are queued or in flight. */
  claimMax(open: number): number {
    this.#readGate();
    if (this.#gate === "send") return Number.POSITIVE_INFINITY;
    return this.#gate === "probe" && open === 0 ? 1 : 0;
  }

  /**
   * Whether a POST may start now. If not, the sender tries again when `resume` is called, when the breakers wake the
   * subscription, or when one of its POSTs ends.
   */
  mayStart(inFlight: number): boolean {
    this.#readGate();
    if (this.#gate !== "send") return this.#gate === "probe" && inFlight === 0;
    if (inFlight >= this.#endpoint.window) return false;
    const { nextStartAtMs } = this.#endpoint;
    if (this.#context.clock.now() >= nextStartAtMs) return true;
    this.#pace.setNoLaterThan(nextStartAtMs);
    return false;
  }

  #readGate(): void {
    this.#gate = this.#context.breakers.gate(this.#subscription, this.#originKey);
  }

  change(subscription: Subscription): void {
    const isOther = subscription.settings.push?.url !== this.#subscription.settings.push?.url;
    this.#subscription = subscription;
    this.#originKey = originKeyOf(subscription);
    // The health of the former endpoint says nothing about the new one.
    if (isOther) this.#endpoint = new EndpointHealth(windowMaxOf(subscription));
    else this.#endpoint.setWindowMax(windowMaxOf(subscription));
  }

  stop(): void {
    this.#pace.cancel();
  }

  /** Returns whether the POST is a probe. */
  started(nowMs: TimeMs): boolean {
    this.#endpoint.started(nowMs);
    return this.#gate === "probe";
  }

  /** `isTooLong`: see `Judgement`. */
  succeeded(nowMs: TimeMs, isTooLong: boolean): void {
    if (this.#gate === "probe") this.#endpoint.reopened();
    this.#endpoint.succeeded(nowMs, isTooLong);
    this.#context.breakers.succeeded(this.#subscription.id, this.#originKey);
  }

  /** Returns when the delivery may be tried again, if the attempt was a probe. */
  failed({ nowMs, wallMs }: Moment, facts: FailedAttemptFacts): TimeMs | null {
    const { attempt, startedAtMs, retryAfter, seq, isProbe, isCurrent } = facts;
    if (!isCurrent) {
      this.probeUnused();
      // The probe did not test the present endpoint, so it uses up no retry.
      return isProbe ? nowMs : null;
    }
    const status = attempt.status ?? 0;
    const overload = isOverload(attempt.errorCode, status);
    this.#endpoint.failed(nowMs, { startedAtMs, isOverload: overload });
    const holdMs = requestedHoldMs(status, retryAfter, wallMs);
    const failure = { nowMs, wallMs, seq, attempt, isOverload: overload, isProbe, holdMs };
    return this.#context.breakers.failed(this.#subscription, this.#originKey, failure);
  }

  /** A probe was not sent, or its outcome says nothing about the endpoint. */
  probeUnused(): void {
    if (this.#gate === "probe") this.#context.breakers.probeUnused(this.#subscription.id);
  }
}
