import { limits } from "../../domain/limits.ts";
import { messageId } from "../../domain/message-id.ts";
import type { Attempt, MessageId, Seq, Subscription, SubscriptionHealth, TimeMs } from "../../domain/model.ts";
import type { Moment } from "../../domain/ports.ts";
import { engineLimits } from "../engine-limits.ts";
import { type Breaker, failurePauseMs } from "./breaker.ts";

/** A failed attempt to send a delivery. */
export interface Failure extends Moment {
  readonly seq: Seq;
  readonly attempt: Attempt;
  readonly isOverload: boolean;
  readonly isProbe: boolean;
  /** The pause that the endpoint has requested; 0: none. */
  readonly holdMs: number;
}

/** A subscription whose last attempt failed, as one node knows it. */
export class FailingSubscription {
  subscription: Subscription;
  readonly originKey: string;
  /** The health that the store has. */
  stored: SubscriptionHealth | null = null;
  breaker: Breaker | null = null;
  isWriting = false;
  #failures = 0;
  /** The failures in a row that this process has seen. `isOverload`: all of them were overloads. */
  readonly #streak = { failures: 0, isOverload: true, seqs: new Set<Seq>(), sinceMs: 0 };
  #failingSinceMs: TimeMs = 0;
  #firstFailedAtMs: TimeMs = 0;
  #failedAtMs: TimeMs = 0;
  #failedMs = 0;
  #countedOfBreakerMs = 0;
  #error: SubscriptionHealth["error"] = { status: null, code: null, detail: null };
  last: { readonly messageId: MessageId; readonly attempt: number } | null = null;

  constructor(subscription: Subscription, originKey: string) {
    this.subscription = subscription;
    this.originKey = originKey;
  }

  get id() {
    return this.subscription.id;
  }

  get hasFailed(): boolean {
    return this.#failures > 0;
  }

  note({ nowMs, wallMs, seq, attempt, isOverload, isProbe }: Failure): void {
    const streak = this.#streak;
    if (this.#failures === 0) {
      this.#failingSinceMs = wallMs;
      this.#firstFailedAtMs = nowMs;
      this.#failedAtMs = nowMs;
    }
    if (streak.failures === 0) streak.sinceMs = nowMs;
    this.#failures++;
    streak.failures++;
    streak.isOverload &&= isOverload;
    if (streak.seqs.size < limits.breakerFailuresMax) streak.seqs.add(seq);
    this.#failedMs += this.#pauseMs(nowMs, isProbe);
    this.#failedAtMs = Math.max(this.#failedAtMs, nowMs);
    if (this.breaker === null) this.#error = errorOf(attempt);
    const { topicId } = this.subscription;
    this.last = { messageId: messageId(topicId, seq), attempt: attempt.attempt };
  }

  /** The time since the last failure, as far as it counts as failing. */
  #pauseMs(nowMs: TimeMs, isProbe: boolean): number {
    const pauseMs = failurePauseMs(this.#failedAtMs, nowMs);
    if (!isProbe || this.breaker?.scope !== "origin") return pauseMs;
    // The subscriptions of an origin probe in turns. The probes of the others count for this one too.
    this.breaker.addFailedTime(nowMs);
    const countedMs = this.breaker.failedMs - this.#countedOfBreakerMs;
    this.#countedOfBreakerMs = this.breaker.failedMs;
    return Math.max(pauseMs, countedMs);
  }

  /** Called when the breaker of the origin opens: from then on the subscription shares it. */
  join(breaker: Breaker, error: SubscriptionHealth["error"], { nowMs, wallMs }: Moment): void {
    this.breaker = breaker;
    this.#countedOfBreakerMs = breaker.failedMs;
    if (this.#failures > 0) return;
    this.#failingSinceMs = wallMs;
    this.#firstFailedAtMs = nowMs;
    this.#failedAtMs = nowMs;
    this.#error = error;
  }

  /** The endpoint has accepted a message. */
  succeeded(): void {
    this.#failures = 0;
    this.#failedMs = 0;
    this.#streak.failures = 0;
    this.#streak.isOverload = true;
    this.#streak.seqs.clear();
    this.breaker = null;
  }

  /** Another process has written this health. */
  adopt(health: SubscriptionHealth): void {
    this.stored = health;
    this.#failures = Math.max(this.#failures, health.failures);
    this.#failingSinceMs = health.failingSinceMs;
    this.#firstFailedAtMs = Math.min(this.#firstFailedAtMs, health.failedAtMs);
    this.#failedAtMs = Math.max(this.#failedAtMs, health.failedAtMs);
    this.#failedMs = Math.max(this.#failedMs, health.failedMs);
    this.#error = health.error;
  }

  shouldOpen(nowMs: TimeMs): boolean {
    const settings = this.subscription.settings.breaker;
    const { failures, isOverload, seqs, sinceMs } = this.#streak;
    if (settings === null || failures < settings.failures || nowMs - sinceMs < limits.breakerFailingMsMin) return false;
    // Replies such as 400 or 500 may be the fault of single messages.
    return seqs.size >= (isOverload ? Math.min(settings.failures, limits.breakerMessagesMin) : settings.failures);
  }

  /** True: all attempts have failed for as long as the subscription allows. */
  shouldDisable(): boolean {
    const { disableAfterMs } = this.subscription.settings;
    return disableAfterMs !== null && this.#failures >= limits.disableAttemptsMin && this.#failedMs >= disableAfterMs;
  }

  /** The health that the store should have now. `wallOf`: converts steady time to Unix time. */
  health({ nowMs, wallMs }: Moment, wallOf: (steadyMs: TimeMs) => TimeMs): SubscriptionHealth | null {
    const { breaker, stored } = this;
    if (breaker === null && !this.#isShown(nowMs)) return null;
    const state = breaker === null ? "failing" : "open";
    // Several nodes may open the breaker at the same time. The first one that the store has counts.
    const isSame = stored?.state === state;
    return {
      state,
      sinceMs: isSame ? stored.sinceMs : wallMs,
      failingSinceMs: this.#failingSinceMs,
      error: isSame ? stored.error : this.#error,
      scope: breaker?.scope ?? "subscription",
      probeAtMs: breaker === null ? null : wallOf(breaker.probeAtMs),
      probes: breaker?.probes ?? 0,
      openedAtMs: isSame ? stored.openedAtMs : (breaker?.openedAtMs ?? null),
      failures: this.#failures,
      failedAtMs: this.#failedAtMs,
      failedMs: this.#failedMs,
    };
  }

  #isShown(nowMs: TimeMs): boolean {
    if (this.#failures === 0) return false;
    if (this.stored !== null) return true;
    const { shownFailingAfter, shownFailingMsMin } = engineLimits;
    return this.#failures >= shownFailingAfter && nowMs - this.#firstFailedAtMs >= shownFailingMsMin;
  }
}

export function errorOf({ status, errorCode, errorDetail }: Attempt): SubscriptionHealth["error"] {
  return { status, code: errorCode, detail: errorDetail };
}
