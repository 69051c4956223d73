import { allowedRate } from "../../domain/endpoint-verification.ts";
import type { Subscription, SubscriptionId, SubscriptionSettings, TimeMs } from "../../domain/model.ts";
import type { ReservedStarts, StartPace } from "../../domain/start-schedule.ts";
import { engineLimits } from "../engine-limits.ts";
import type { EngineServices } from "../services.ts";
import { DueTimer } from "./due-timer.ts";
import type { SendQueue } from "./send-queue.ts";

/** The part of a sender that `StartRate` uses. */
interface RatedSender {
  readonly id: SubscriptionId;
  /** Called when a POST may start, or when a claim may be made. */
  resume(): void;
  /** Called when the next POST may start so late that the queued deliveries must not be kept until then. */
  releaseQueued(): void;
}

/** Starts that the store has reserved for this sender. */
interface Reservation {
  /** The earliest time of the next of these starts. */
  atMs: TimeMs;
  left: number;
  /** When the starts were reserved. A start whose time is earlier was not possible before this time. */
  readonly sinceMs: TimeMs;
}

/**
 * Lets POSTs start no faster than the subscription's rate and the rate that its endpoint allows. All nodes take their
 * starts from one schedule in the store. A sender reserves a few starts ahead, so that a slow answer of the store does
 * not slow the flow. Starts that come too late are given up: a stall makes the flow slower, and never faster
 * afterwards. While the store does not answer, only reserved starts are used.
 */
export class StartRate {
  readonly #context: Pick<EngineServices, "store" | "clock" | "timers" | "failed">;
  readonly #sender: RatedSender;
  readonly #timer: DueTimer;
  /** The settings from which `#pace` was derived. */
  #settings: SubscriptionSettings | null = null;
  #pace: StartPace | null = null;
  #reserved: Reservation[] = [];
  /** The next start that is not reserved, as the store reported it last. */
  #nextAtMs: TimeMs = 0;
  #isReserving = false;
  #reserveFromMs: TimeMs = 0;
  /** How long the store takes to answer: the last time, or a little less than before. */
  #answerMs = 0;
  #hasFailed = false;
  #stopped = false;

  constructor(context: Pick<EngineServices, "store" | "clock" | "timers" | "failed">, sender: RatedSender) {
    this.#context = context;
    this.#sender = sender;
    this.#timer = new DueTimer(context.clock, context.timers, () => this.#resume());
  }

  /**
   * False: no POST may start now. `sender.resume` is called when the next one may. `free`: how many POSTs the window of
   * the endpoint allows.
   */
  allows(subscription: Subscription, queue: Pick<SendQueue, "startable">, free: number): boolean {
    const pace = this.#paceOf(subscription);
    if (pace === null) return true;
    const nowMs = this.#context.clock.now();
    this.#giveUpLate(pace, nowMs);
    this.#reserve(pace, queue, free, nowMs);
    const first = this.#reserved[0];
    if (first === undefined) return false;
    if (first.atMs <= nowMs) return true;
    this.#timer.setNoLaterThan(first.atMs);
    return false;
  }

  /** Call when a POST has started. */
  started(): void {
    const first = this.#reserved[0];
    if (first === undefined || this.#pace === null) return;
    first.left--;
    first.atMs += this.#pace.intervalMs;
    if (first.left === 0) this.#reserved.shift();
  }

  /**
   * How many deliveries to claim next; 0: none now. Without a rate the queue is filled to twice the window. With a rate
   * the queue is filled with what can start soon, so that a slow sender leaves deliveries to other nodes.
   */
  wanted(subscription: Subscription, window: number, inFlight: number, queued: number): number {
    const pace = this.#paceOf(subscription);
    if (pace === null) return queued * 2 >= window ? 0 : Math.max(1, window * 2 - inFlight - queued);
    const nowMs = this.#context.clock.now();
    if (this.#isFar(nowMs)) return 0;
    const { intervalMs, burst } = pace;
    const atOnce = this.#nextAtMs === 0 ? 1 : Math.floor((nowMs - this.#nextAtMs) / intervalMs) + 1;
    const soon = Math.ceil(engineLimits.ratedQueueMs / intervalMs);
    const goal = Math.min(Math.max(soon, Math.min(atOnce, burst)), window * engineLimits.ratedQueueWindows);
    return queued * 2 >= goal ? 0 : goal - queued;
  }

  stop(): void {
    this.#stopped = true;
    this.#timer.cancel();
  }

  /** Reserved starts of an earlier pace are given up. */
  #paceOf({ settings }: Subscription): StartPace | null {
    if (settings === this.#settings) return this.#pace;
    this.#settings = settings;
    const pace = startPaceOf(settings);
    if (pace?.intervalMs === this.#pace?.intervalMs && pace?.burst === this.#pace?.burst) return this.#pace;
    this.#pace = pace;
    this.#reserved = [];
    this.#nextAtMs = 0;
    this.#reserveFromMs = 0;
    this.#timer.cancel();
    return pace;
  }

  #giveUpLate({ intervalMs }: StartPace, nowMs: TimeMs): void {
    const latestMs = nowMs - engineLimits.startLateMsMax;
    for (let first = this.#reserved[0]; first !== undefined; first = this.#reserved[0]) {
      if (first.sinceMs >= latestMs) return;
      const late = Math.min(first.left, Math.max(0, Math.ceil((latestMs - first.atMs) / intervalMs)));
      first.left -= late;
      first.atMs += late * intervalMs;
      if (first.left > 0) return;
      this.#reserved.shift();
    }
  }

  /** Reserves further starts when the last reserved one is near. */
  #reserve(pace: StartPace, queue: Pick<SendQueue, "startable">, free: number, nowMs: TimeMs): void {
    if (this.#isReserving) return;
    const { reservedMsMin, reservedMsMax } = engineLimits;
    const spanMs = Math.min(reservedMsMin + 2 * this.#answerMs, reservedMsMax);
    const last = this.#reserved.at(-1);
    const lastAtMs = last === undefined ? 0 : last.atMs + (last.left - 1) * pace.intervalMs;
    const fromMs = Math.max(this.#reserveFromMs, lastAtMs - spanMs / 2);
    if (nowMs < fromMs) return this.#timer.setNoLaterThan(fromMs);
    const left = this.#reserved.reduce((sum, reservation) => sum + reservation.left, 0);
    const count = queue.startable(left + Math.max(free, Math.ceil(spanMs / pace.intervalMs))) - left;
    if (count <= 0) return;
    this.#isReserving = true;
    this.#context.store.log.reserveStarts(this.#sender.id, pace, { count, spanMs }).then(
      (reserved) => this.#answered(pace, reserved, nowMs, spanMs),
      (error: unknown) => this.#failed(error),
    );
  }

  #answered(pace: StartPace, { firstAtMs, count }: ReservedStarts, requestedAtMs: TimeMs, spanMs: number): void {
    this.#isReserving = false;
    if (this.#stopped) return;
    const nowMs = this.#context.clock.now();
    this.#hasFailed = false;
    this.#answerMs = Math.max(nowMs - requestedAtMs, this.#answerMs * 0.9);
    if (pace === this.#pace) {
      if (count > 0) this.#reserved.push({ atMs: firstAtMs, left: count, sinceMs: nowMs });
      this.#nextAtMs = firstAtMs + count * pace.intervalMs;
      this.#reserveFromMs = count > 0 ? 0 : Math.max(nowMs + 1, firstAtMs - spanMs);
      if (this.#isFar(nowMs)) this.#sender.releaseQueued();
    }
    this.#resume();
  }

  #failed(error: unknown): void {
    this.#isReserving = false;
    if (this.#stopped) return;
    // One report is enough while the store fails.
    if (!this.#hasFailed) this.#context.failed(error);
    this.#hasFailed = true;
    this.#reserveFromMs = this.#context.clock.now() + engineLimits.reserveRetryMs;
    this.#sender.resume();
  }

  #resume(): void {
    this.#sender.resume();
    if (this.#isFar(this.#context.clock.now())) this.#timer.setNoLaterThan(this.#nextAtMs - engineLimits.ratedHoldMs);
  }

  /** True: no delivery is to be kept until the next start. */
  #isFar(nowMs: TimeMs): boolean {
    return this.#reserved.length === 0 && this.#nextAtMs - nowMs > engineLimits.ratedHoldMs;
  }
}

/**
 * The slower one of the subscription's rate and of the deliveries per minute that its endpoint has allowed. In the
 * second case, bursts could exceed what is allowed in a minute.
 */
function startPaceOf(settings: SubscriptionSettings): StartPace | null {
  const { rate = null } = settings;
  const allowed = allowedRate(settings);
  if (rate === null && allowed === null) return null;
  const perSecond = Math.min(rate?.perSecond ?? Infinity, allowed === null ? Infinity : allowed / 60);
  return { intervalMs: 1_000 / perSecond, burst: allowed === null && rate !== null ? rate.burst : 1 };
}

/** An endpoint gets no more deliveries at once than it allows per minute. */
export function windowMaxOf({ settings }: Subscription): number {
  return Math.min(settings.maxInFlight, allowedRate(settings) ?? Number.POSITIVE_INFINITY);
}
