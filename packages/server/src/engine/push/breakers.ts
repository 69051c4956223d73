import { momentOf, toSteady } from "../../domain/clock-rules.ts";
import { limits } from "../../domain/limits.ts";
import type { Disablement, Subscription, SubscriptionHealth, SubscriptionId, TimeMs } from "../../domain/model.ts";
import type { Moment } from "../../domain/ports.ts";
import type { Store } from "../../store/store.ts";
import { engineLimits } from "../engine-limits.ts";
import { Breaker, type BreakerContext, type BreakerTimes, openedAt, probePauseMs, waitOf } from "./breaker.ts";
import { FailingOrigin, originKeyOf } from "./failing-origin.ts";
import { FailingSubscription, type Failure } from "./failing-subscription.ts";
import { type AnnounceContext, announceHealth } from "./health-events.ts";

export interface BreakersContext extends BreakerContext, AnnounceContext {
  readonly store: Pick<Store, "catalog">;
  /** Called to disable a subscription whose endpoint has failed for too long. */
  readonly disable: (subscription: Subscription, why: Disablement) => void;
  /** Called for subscriptions that have waited and may send now. */
  readonly wake: (ids: readonly SubscriptionId[]) => void;
  /** Called for a subscription that must wait from now on. */
  readonly block: (id: SubscriptionId) => void;
  readonly failed: (error: unknown) => void;
}

/** `probe`: one delivery may be sent. `wait`: none; `wake` is called when that changes. */
export type Gate = "send" | "probe" | "wait";

/**
 * Knows the subscriptions and origins that fail, and decides when sending to them stops and goes on. Their health is
 * written to the store at changes, so that it survives restarts and other nodes learn of it. Subscriptions that do not
 * fail cost nothing here.
 */
export class Breakers {
  readonly #context: BreakersContext;
  readonly #failing = new Map<SubscriptionId, FailingSubscription>();
  readonly #origins = new Map<string, FailingOrigin>();
  #stopped = false;

  constructor(context: BreakersContext) {
    this.#context = context;
  }

  /** `originKey`: the result of `originKeyOf`. */
  gate(subscription: Subscription, originKey: string): Gate {
    if (this.#failing.size === 0 && this.#origins.size === 0) return "send";
    const { id } = subscription;
    const { clock } = this.#context;
    const origin = this.#origins.get(originKey);
    if (origin !== undefined && origin.heldUntilMs > clock.now()) {
      origin.waitForHold(id);
      return "wait";
    }
    if (subscription.settings.breaker === null) return "send";
    let known = this.#failing.get(id);
    const shared = origin?.breaker ?? null;
    if (origin !== undefined && shared !== null && known?.breaker !== shared) {
      known ??= this.#add(subscription, originKey);
      known.breaker?.close();
      known.join(shared, origin.error, momentOf(clock));
      // After a resume or a change of the subscription, a user expects that the endpoint is tried.
      if (subscription.updatedAtMs > clock.wall(shared.openedAtMs)) shared.hasten();
      this.#write(known);
    }
    const breaker = known?.breaker ?? null;
    if (breaker === null) return "send";
    return breaker.mayProbe(id) ? "probe" : "wait";
  }

  /** The end of the pause that the origin has requested, in steady time; 0: there was none. */
  heldUntilMs(originKey: string): TimeMs {
    return this.#origins.get(originKey)?.heldUntilMs ?? 0;
  }

  /**
   * True if the subscription is known to wait, so that its settings need not be read. If it may send a probe, the probe
   * is reserved for it.
   */
  isWaiting(id: SubscriptionId): boolean {
    const breaker = this.#failing.get(id)?.breaker ?? null;
    return breaker !== null && !breaker.mayProbe(id);
  }

  /** Takes over the health that the store has, with an open breaker. Call when the subscription was read. */
  learn(subscription: Subscription): void {
    const { id, health } = subscription;
    const known = this.#failing.get(id);
    if (known === undefined) {
      if (health !== null) this.#adopt(this.#add(subscription, originKeyOf(subscription)), health);
      return;
    }
    known.subscription = subscription;
    if (known.isWriting) return;
    if (known.originKey !== originKeyOf(subscription)) {
      this.forget(id);
      return this.learn(subscription);
    }
    if (JSON.stringify(known.stored) !== JSON.stringify(health)) this.#adopt(known, health);
    if (subscription.settings.breaker === null && known.breaker !== null) {
      const waiting = known.breaker.scope === "subscription" ? known.breaker.close() : [id];
      known.breaker = null;
      this.#write(known);
      this.#context.wake(waiting);
    }
  }

  /** The breakers that are open in this process, by scope. */
  openCounts(): Readonly<Record<Breaker["scope"], number>> {
    const counts = { subscription: 0, origin: 0 };
    for (const { breaker } of this.#failing.values()) if (breaker?.scope === "subscription") counts.subscription++;
    for (const { breaker } of this.#origins.values()) if (breaker !== null) counts.origin++;
    return counts;
  }

  isKnown(id: SubscriptionId): boolean {
    return this.#failing.has(id);
  }

  /** Call when the subscription is not sent any more, or when its endpoint has changed. */
  forget(id: SubscriptionId): void {
    const known = this.#failing.get(id);
    if (known === undefined) return;
    this.#failing.delete(id);
    this.#origins.get(known.originKey)?.forget(id);
    const { breaker } = known;
    if (breaker?.scope === "subscription") breaker.close();
    else this.#wakeNext(breaker, id);
  }

  succeeded(id: SubscriptionId, originKey: string): void {
    if (this.#failing.size === 0 && this.#origins.size === 0) return;
    this.#replied(originKey);
    const known = this.#failing.get(id);
    if (known === undefined) return;
    const waiting = known.breaker?.scope === "subscription" ? known.breaker.close() : [];
    known.succeeded();
    this.#write(known);
    this.#context.wake(waiting);
  }

  /** Returns when the next probe may be sent, if the attempt was a probe and a breaker is still open. */
  failed(subscription: Subscription, originKey: string, failure: Failure): TimeMs | null {
    const known = this.#failing.get(subscription.id) ?? this.#add(subscription, originKey);
    known.note(failure);
    if (failure.isOverload) this.#originFailed(known, failure);
    else this.#replied(originKey);
    // The origin's breaker may have opened, or closed, since the probe started.
    const { breaker } = known;
    if (failure.isProbe && breaker?.isProber(known.id) === true) breaker.probeFailed();
    else if (breaker === null && known.shouldOpen(failure.nowMs)) this.#open(known, failure.nowMs);
    this.#write(known);
    if (known.shouldDisable() && known.last !== null) {
      this.#context.disable(known.subscription, { atMs: failure.wallMs, reason: "failing", ...known.last });
    }
    return failure.isProbe ? (breaker?.probeAtMs ?? null) : null;
  }

  /** Call if the probe was not sent, or if it says nothing about the endpoint. */
  probeUnused(id: SubscriptionId): void {
    this.#wakeNext(this.#failing.get(id)?.breaker ?? null, id);
  }

  stop(): void {
    this.#stopped = true;
    for (const { breaker } of this.#failing.values()) breaker?.close();
    for (const origin of this.#origins.values()) origin.stop();
  }

  #wakeNext(breaker: Breaker | null, id: SubscriptionId): void {
    const next = breaker?.probeUnused(id) ?? null;
    if (next !== null) this.#context.wake([next]);
  }

  #add(subscription: Subscription, originKey: string): FailingSubscription {
    if (this.#failing.size >= engineLimits.failingKeptMax) this.#forgetOldest();
    const added = new FailingSubscription(subscription, originKey);
    this.#failing.set(subscription.id, added);
    return added;
  }

  /** The store has the health of the forgotten subscription. So it is known again when it sends or fails. */
  #forgetOldest(): void {
    for (const [id, { breaker, isWriting }] of this.#failing) {
      if (breaker !== null || isWriting) continue;
      this.#failing.delete(id);
      return;
    }
  }

  #originFailed(known: FailingSubscription, failure: Failure): void {
    const { timers, wake } = this.#context;
    const origin = this.#origin(known.originKey);
    if (origin === null) return;
    origin.note(known.id, failure);
    const { nowMs, holdMs } = failure;
    if (holdMs > 0) {
      origin.hold(timers, nowMs, nowMs + holdMs, (ids) => {
        this.#dropIdle(known.originKey, origin);
        wake(ids);
      });
    }
    const { breaker: settings } = known.subscription.settings;
    if (settings === null || !origin.shouldOpen(nowMs)) return;
    origin.breaker = this.#newBreaker("origin", openedAt(nowMs, settings, this.#context.random));
    for (const other of this.#failing.values()) {
      if (other.originKey !== known.originKey || other.subscription.settings.breaker === null) continue;
      this.#shareBreaker(other, origin, failure);
      this.#write(other);
    }
  }

  #newBreaker(scope: Breaker["scope"], times: BreakerTimes): Breaker {
    const breaker = new Breaker(this.#context, { scope, ...times }, (id) => this.#reserve(breaker, id));
    return breaker;
  }

  #shareBreaker(other: FailingSubscription, origin: FailingOrigin, moment: Moment): void {
    if (origin.breaker === null || other.breaker === origin.breaker) return;
    const waiting = other.breaker?.close() ?? [];
    other.join(origin.breaker, origin.error, moment);
    this.#context.block(other.id);
    this.#context.wake(waiting);
  }

  #origin(originKey: string): FailingOrigin | null {
    let origin = this.#origins.get(originKey) ?? null;
    if (origin === null && this.#origins.size < engineLimits.originsKeptMax) {
      this.#origins.set(originKey, (origin = new FailingOrigin()));
    }
    return origin;
  }

  #dropIdle(originKey: string, origin: FailingOrigin): void {
    if (origin.isIdle) this.#origins.delete(originKey);
  }

  /** Called when the origin has replied. Its breaker closes, and each subscription is judged by its own attempts. */
  #replied(originKey: string): void {
    const origin = this.#origins.get(originKey);
    if (origin === undefined) return;
    origin.replied();
    const { breaker } = origin;
    if (breaker !== null) {
      origin.breaker = null;
      this.#closeShared(breaker);
    }
    this.#dropIdle(originKey, origin);
  }

  #closeShared(breaker: Breaker): void {
    const waiting = breaker.close();
    for (const member of this.#failing.values()) {
      if (member.breaker !== breaker) continue;
      member.breaker = null;
      this.#write(member);
    }
    this.#context.wake(waiting);
  }

  #open(known: FailingSubscription, nowMs: TimeMs): void {
    const { breaker: settings } = known.subscription.settings;
    if (settings !== null) this.#setBreaker(known, openedAt(nowMs, settings, this.#context.random));
  }

  #setBreaker(known: FailingSubscription, times: BreakerTimes): void {
    known.breaker = this.#newBreaker("subscription", times);
    this.#context.block(known.id);
  }

  /** Takes over the health that another process, or an earlier one, has written. */
  #adopt(known: FailingSubscription, health: SubscriptionHealth | null): void {
    if (health?.state !== "open") return this.#adoptClosed(known, health);
    const { breaker } = known;
    known.adopt(health);
    const { clock } = this.#context;
    const nowMs = clock.now();
    const settings = known.subscription.settings.breaker;
    if (settings === null) return;
    // The machine's clock may have been set, so the wait is limited.
    const longestMs = Math.max(settings.probeMs, limits.breakerProbePauseMsMax) * 2;
    const probeAtMs = Math.min(toSteady(clock, health.probeAtMs ?? 0), nowMs + longestMs);
    if (breaker !== null) {
      breaker.probes = Math.max(breaker.probes, health.probes);
      return breaker.postpone(probeAtMs);
    }
    const times = { openedAtMs: health.openedAtMs ?? nowMs, probeAtMs };
    const origin = health.scope === "origin" ? this.#origin(known.originKey) : null;
    if (origin === null) this.#setBreaker(known, times);
    else {
      origin.error = health.error;
      origin.breaker ??= this.#newBreaker("origin", times);
      this.#shareBreaker(known, origin, momentOf(clock));
    }
    if (known.breaker !== null) known.breaker.probes = Math.max(known.breaker.probes, health.probes);
  }

  /** Another process has found that the endpoint replies, or that it is healthy. */
  #adoptClosed(known: FailingSubscription, health: SubscriptionHealth | null): void {
    const { breaker } = known;
    if (breaker?.scope === "origin") this.#replied(known.originKey);
    const waiting = breaker?.scope === "subscription" ? breaker.close() : [];
    known.breaker = null;
    if (health !== null) known.adopt(health);
    else {
      known.succeeded();
      known.stored = null;
      if (!known.isWriting) this.#failing.delete(known.id);
    }
    this.#context.wake(waiting);
  }

  /** Reserves the probe in the store, so that of several nodes one sends it. */
  #reserve(breaker: Breaker, id: SubscriptionId): void {
    const known = this.#failing.get(id);
    const settings = known?.subscription.settings.breaker ?? null;
    if (known === undefined || settings === null || known.breaker !== breaker) {
      breaker.forget(id);
      return breaker.postpone(0);
    }
    const nextMs = this.#context.clock.now() + probePauseMs(settings, breaker.probes, this.#context.random);
    this.#write(known, { breaker, nextMs });
  }

  /** Writes the health if it has changed. `probe`: the time of the next probe is written, and this one is permitted. */
  #write(
    known: FailingSubscription,
    probe: { readonly breaker: Breaker; readonly nextMs: TimeMs } | null = null,
  ): void {
    if (known.isWriting) {
      // The write that runs writes the newest state too. Only a probe must be reserved again.
      const { timers } = this.#context;
      if (probe !== null) timers.after(engineLimits.probeReservedAgainMs, () => this.#reserve(probe.breaker, known.id));
      return;
    }
    if (this.#stopped) return;
    if (probe === null && !this.#isOutdated(known)) return this.#dropHealthy(known);
    known.isWriting = true;
    this.#writeAll(known, probe)
      .catch(this.#context.failed)
      .finally(() => {
        known.isWriting = false;
        this.#dropHealthy(known);
      });
  }

  #dropHealthy(known: FailingSubscription): void {
    const isHealthy = !known.hasFailed && known.breaker === null && known.stored === null;
    if (isHealthy && this.#failing.get(known.id) === known) this.#failing.delete(known.id);
  }

  #isOutdated(known: FailingSubscription): boolean {
    const { stored } = known;
    const now = this.#healthOf(known);
    if (stored === null || now === null) return stored !== now;
    if (stored.state !== now.state || stored.scope !== now.scope) return true;
    return now.failedAtMs - stored.failedAtMs >= engineLimits.failingWrittenMs;
  }

  #healthOf(known: FailingSubscription): SubscriptionHealth | null {
    const { clock } = this.#context;
    return known.health(momentOf(clock), (steadyMs) => clock.wall(steadyMs));
  }

  async #writeAll(
    known: FailingSubscription,
    probe: { readonly breaker: Breaker; readonly nextMs: TimeMs } | null,
  ): Promise<void> {
    const { clock, store, wake } = this.#context;
    let reserving = probe;
    let pauseMs: number = engineLimits.findWorkMs;
    try {
      for (let round = 0; round < limits.writeRoundsMax && !this.#stopped; round++) {
        if (this.#failing.get(known.id) !== known) break;
        if (reserving !== null && known.breaker !== reserving.breaker) reserving = null;
        if (reserving === null && !this.#isOutdated(known)) break;
        const before = known.stored;
        const health = this.#healthOf(known);
        const after =
          reserving === null || health === null ? health : { ...health, probeAtMs: clock.wall(reserving.nextMs) };
        const waited = waitOf(before, after, clock.now());
        if (await store.catalog.setSubscriptionHealth(known.id, { before, after, waited })) {
          known.stored = after;
          announceHealth(this.#context, known, before, after);
          if (reserving === null) continue;
          reserving.breaker.permit(reserving.nextMs);
          reserving = null;
          wake([known.id]);
        } else {
          // Another process has written the health, or the subscription was deleted.
          const current = await store.catalog.getSubscriptionById(known.id);
          reserving = null;
          if (current?.state !== "active") this.forget(known.id);
          else this.#adopt(known, current.health);
        }
      }
      pauseMs = 0;
    } finally {
      // If the probe was permitted, this has no effect. After an error, the next try waits.
      probe?.breaker.postpone(clock.now() + pauseMs);
    }
  }
}
