import type { Moment } from "../../domain/clock.ts";
import { momentOf } from "../../domain/clock-rules.ts";
import { limits } from "../../domain/limits.ts";
import { messageId } from "../../domain/message-id.ts";
import type { AccountId, Attempt, Subscription, TimeMs } from "../../domain/model.ts";
import type { Claim, ClaimId, Settled } from "../../store/log.ts";
import type { PostResult } from "../../transport/port.ts";
import type { Judged } from "../content-filters.ts";
import { reportDelivery } from "../delivery-report.ts";
import { engineLimits } from "../engine-limits.ts";
import { afterFailure, afterProbe } from "./after-failure.ts";
import { DueTimer } from "./due-timer.ts";
import { Flow } from "./flow.ts";
import { type EncodeFailure, judge, type Judgement, judgeUnsent } from "./outgoing.ts";
import { filterFailures, type OutcomeTimes } from "./filter-failures.ts";
import { changedRoute, type Route, routeOf } from "./route.ts";
import { postDelivery } from "./post-delivery.ts";
import { pushAttempt, startAttempt, type Started, unsent } from "./push-attempt.ts";
import type { SenderContext } from "./sender-context.ts";
import type { SenderState } from "./sender-state.ts";
import { SendQueue, type Queued } from "./send-queue.ts";
import type { Health, Slot, SlotUser } from "./slots.ts";
import { StartRate } from "./start-rate.ts";

/**
 * Sends the deliveries of one subscription. Keeps a queue of claimed deliveries, a window of POSTs in flight and the
 * health of the endpoint. Senders share only the slots, so the failures of one endpoint do not affect other senders.
 */
export class SubscriptionSender implements SlotUser {
  readonly #context: SenderContext;
  readonly flow: Flow;
  readonly #queue: SendQueue;
  readonly #dueTimer: DueTimer;
  readonly #rate: StartRate;
  #subscription: Subscription;
  #route: Route;
  #inFlight = 0;
  #oldestStartMs: TimeMs = 0;
  /** Unfinished deliveries of each claim. */
  readonly #unfinished = new Map<ClaimId, number>();
  isClaiming = false;
  #claimRequestedAtMs: TimeMs = 0;
  /**
   * Ordering keys whose failed delivery was recorded as parked while a claim was running. That claim may still bring
   * later deliveries of these keys. They are released when it has arrived.
   */
  #keysToRelease: string[] = [];
  /** Settlements that the store has not recorded yet and for which other work waits. */
  #unrecorded = 0;
  /** Released deliveries of an ordered subscription that the store has not recorded. A claim could bring later ones. */
  #releasing = 0;
  #isClaimOvertaken = false;
  #parkedCount = 0;
  #isSending = false;
  #stopped = false;
  /** True: the last claim took nothing from the log, because too many deliveries of this subscription are parked. */
  #skippedLog = false;
  /** When deliveries were last claimed. A sender that never had any is idle at once. */
  #lastUsedMs: TimeMs = Number.NEGATIVE_INFINITY;
  /** True: the store may have deliveries for which no claim has been requested. */
  hasMore = true;

  constructor(subscription: Subscription, context: SenderContext) {
    this.#context = context;
    this.#subscription = subscription;
    this.#route = routeOf(subscription, context.appIdOf(subscription.accountId), context.maySend);
    this.#queue = new SendQueue(subscription.settings.order);
    this.flow = new Flow(subscription, context, () => this.#send());
    this.#dueTimer = new DueTimer(context.clock, context.timers, () => {
      this.hasMore = true;
      context.wantsClaim();
    });
    this.#rate = new StartRate(context, this);
  }

  get id() {
    return this.#subscription.id;
  }

  get accountId(): AccountId {
    return this.#subscription.accountId;
  }

  get origin(): string {
    return this.#route.endpoint.origin;
  }

  get windowMax(): number {
    return this.flow.windowMax;
  }

  get health(): Health {
    return this.flow.health(this.#inFlight, this.#oldestStartMs);
  }

  get state(): SenderState {
    const { exactWindow: window, pausedUntilMs } = this.flow;
    const ratePerSecond = this.#subscription.settings.rate?.perSecond ?? null;
    return { inFlight: this.#inFlight, window, pausedUntilMs, ratePerSecond };
  }

  isIdle(nowMs: TimeMs): boolean {
    return (
      this.#inFlight === 0 &&
      this.#queue.size === 0 &&
      !this.isClaiming &&
      // A blocked sender may be dropped, because the breakers wake its subscription.
      (this.flow.isBlocked || (!this.#dueTimer.isSet && !this.hasMore)) &&
      nowMs - this.#lastUsedMs > engineLimits.senderIdleMs
    );
  }

  /** How many deliveries to claim next; 0: none now. */
  get wanted(): number {
    if (this.#stopped || this.#releasing > 0) return 0;
    const goal = this.#rate.wanted(this.#subscription, this.flow.window, this.#inFlight, this.#queue.size);
    return Math.min(goal, this.flow.claimMax(this.#queue.size + this.#inFlight));
  }

  /** False: the next claim must take parked deliveries only, because too many are parked. */
  get wantsFromLog(): boolean {
    return this.#parkedCount < (this.flow.isFailing ? limits.parkedFailingMax : limits.parkedMax);
  }

  get where(): string | null {
    return this.#subscription.settings.filter.where ?? null;
  }

  get order() {
    return this.#subscription.settings.order;
  }

  /** True after `stop` while a POST or a claim is running or the store has not recorded every outcome. */
  get isDraining(): boolean {
    return this.#unfinished.size > 0 || this.isClaiming || this.#unrecorded > 0;
  }

  /** Called when a claim was requested. A call of `accept` or `claimFailed` follows. */
  claimRequested(): void {
    this.isClaiming = true;
    this.#isClaimOvertaken = false;
    // Otherwise each POST that ends before the claim arrives would request another claim.
    this.hasMore = false;
    this.#claimRequestedAtMs = this.#context.clock.now();
  }

  claimFailed(): void {
    this.hasMore = true;
    this.#claimArrived();
  }

  /** Applies changed settings. The setting `order` must be the same as before. */
  change(subscription: Subscription): void {
    this.#subscription = subscription;
    this.#route = changedRoute(this.#route, subscription, this.#context.maySend);
    this.flow.change(subscription);
    // The sender may have waited for a slot of its previous origin.
    this.#send();
  }

  /** Starts no more POSTs, and releases the deliveries that have not started. */
  stop(): void {
    this.#stopped = true;
    this.#dueTimer.cancel();
    this.#rate.stop();
    this.flow.stop();
    this.#context.slots.forget(this);
    this.releaseQueued();
  }

  /** `judged`: the deliveries of the claim. */
  accept(claim: Claim, fromLog: boolean, judged: Judged): void {
    const nowMs = this.#context.clock.now();
    this.#parkedCount = claim.parkedCount;
    this.#skippedLog = !fromLog;
    // `more` can mean that the log has further messages. If neither this claim nor the next one takes messages from the
    // log, such messages are no reason for another claim.
    if (claim.more && (fromLog || claim.deliveries.length > 0 || this.wantsFromLog)) this.hasMore = true;
    if (claim.nextDueAtMs !== null) {
      // If the claim did not return an overdue delivery, that delivery waits for another delivery of its order.
      const isHeld = claim.deliveries.length === 0 && claim.nextDueAtMs < this.#claimRequestedAtMs;
      this.#wakeAt(isHeld ? nowMs + engineLimits.overdueRetryMs : claim.nextDueAtMs);
    }
    if (judged.wanted.length === 0 && this.#inFlight === 0) this.flow.probeUnused();
    if (claim.deliveries.length === 0) {
      this.#claimArrived();
      if (this.hasMore && this.wanted > 0) this.#context.wantsClaim();
      return;
    }
    this.#lastUsedMs = nowMs;
    this.#unfinished.set(claim.id, claim.deliveries.length);
    const bytes = claim.deliveries.reduce((sum, { message }) => sum + message.body.byteLength, 0);
    this.#context.slots.addBytes(this.accountId, bytes);
    for (const delivery of judged.wanted) this.#queue.push({ claimId: claim.id, delivery });
    this.#claimArrived();
    this.#settleUnwanted(claim.id, judged);
    if (this.#stopped || this.#isClaimOvertaken) this.releaseQueued();
    else this.#send();
  }

  #settleUnwanted(claimId: ClaimId, judged: Judged): void {
    const { observer } = this.#context;
    for (const delivery of judged.rejected) this.#settle({ claimId, delivery }, null, { kind: "delivered" });
    if (judged.rejected.length > 0) observer.filtered(judged.rejected.length);
    for (const failed of filterFailures(this.#context, this.#route, claimId, judged)) this.#record(...failed);
  }

  #claimArrived(): void {
    this.isClaiming = false;
    for (const key of this.#keysToRelease.splice(0)) this.#releaseKey(key);
    if (this.#stopped) this.#context.wantsClaim();
  }

  /**
   * Called when the lease of a claim was lost. Deliveries of the claim that have not started belong to another process
   * now.
   */
  dropClaim(claimId: ClaimId): void {
    for (const queued of this.#queue.takeClaim(claimId)) this.#finished(queued);
    // If no other process has claimed the deliveries, this process may claim them again.
    this.hasMore = true;
    this.#send();
  }

  resume(): void {
    this.#send();
  }

  /** Starts as many POSTs as window, slots and order allow, and requests a claim when the queue runs low. */
  #send(): void {
    // A delivery that cannot be encoded ends during its start, and then this method is called again.
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      this.#startAll();
    } finally {
      this.#isSending = false;
    }
    // A strict subscription gets its next claim only after all deliveries of the last one have finished.
    if (this.#queue.isDrained() && this.#inFlight === 0 && this.order === "strict") this.hasMore = true;
    if (this.hasMore && this.wanted > 0) this.#context.wantsClaim();
  }

  #startAll(): void {
    while (!this.#stopped) {
      const queued = this.#queue.peek();
      if (queued === null || !this.#context.maySend()) return;
      if (!this.flow.mayStart(this.#inFlight)) return this.flow.isBlocked ? this.releaseQueued() : undefined;
      if (!this.#rate.allows(this.#subscription, this.#queue, this.flow.window - this.#inFlight)) return;
      const slot = this.#context.slots.take(this);
      if (slot === null) return;
      this.#queue.start(queued);
      this.#start(queued, slot);
    }
  }

  #start(queued: Queued, slot: Slot): void {
    const { clock, slots } = this.#context;
    const startedAtMs = clock.now();
    this.#rate.started();
    if (this.#inFlight === 0) this.#oldestStartMs = startedAtMs;
    this.#inFlight++;
    const started = startAttempt(this.#context, this.#route, queued, startedAtMs, this.flow.started(startedAtMs));
    postDelivery(this.#context, started.route, queued.delivery, started, (result) => {
      this.#inFlight--;
      slots.free(slot);
      this.#finish(started, result);
      this.#send();
    });
  }

  #finish(started: Started, result: PostResult | EncodeFailure): void {
    if ("failure" in result) this.#finishAttempt(started, unsent, judgeUnsent(result));
    else if (result.error !== "aborted") this.#finishAttempt(started, result, judge(started.route, result));
    else {
      // The server itself aborted the POST while stopping, so this is not an attempt.
      this.flow.probeUnused();
      this.#settle(started.queued, null, { kind: "released" });
      this.#next(started.queued, "released");
    }
  }

  #finishAttempt(started: Started, result: PostResult | typeof unsent, judgement: Judgement): void {
    const { attemptsMade } = started.queued.delivery;
    const moment = momentOf(this.#context.clock);
    const attempt = pushAttempt(attemptsMade + 1, this.#context.clock.wall(started.startedAtMs), result, judgement);
    const settled = this.#outcomeOf(started, attempt, judgement, moment);
    this.#record(started, attempt, settled, { durationMs: result.durationMs, atMs: moment.wallMs });
    this.#next(started.queued, settled.kind === "parked" ? "parked" : "finished");
  }

  #record(started: Started, attempt: Attempt, settled: Settled, times: OutcomeTimes): void {
    const { queued, route, requestId, recording } = started;
    const { delivery } = queued;
    this.#settle(queued, attempt, settled);
    const push = { delivery, requestId, origin: route.endpoint.origin, recording };
    const outcome = { message: delivery.message, push, attempt, settled, ...times };
    reportDelivery(this.#context, { subscription: this.#subscription, ...outcome });
  }

  #outcomeOf(started: Started, attempt: Attempt, judgement: Judgement, moment: Moment): Settled {
    const { verdict, errorCode, isTooLong } = judgement;
    if (verdict === "accepted") {
      if (!this.#stopped) this.flow.succeeded(moment.nowMs, isTooLong);
      if (this.#skippedLog) this.hasMore = true;
      return { kind: "delivered" };
    }
    // The message is at fault, not the endpoint. Another attempt would fail in the same way.
    if (errorCode === "unencodable" || errorCode === "transform_failed" || errorCode === "loop_detected") {
      this.flow.probeUnused();
      return { kind: "dead", reason: errorCode };
    }
    return this.#failed(started, attempt, judgement, moment);
  }

  #failed(started: Started, attempt: Attempt, { errorCode, gone, retryAfter }: Judgement, moment: Moment): Settled {
    const { nowMs, wallMs } = moment;
    const { queued, startedAtMs } = started;
    const { delivery } = queued;
    // False: the endpoint has changed, or the sender was stopped, since the POST started.
    const isCurrent = started.route === this.#route && !this.#stopped;
    const { seq } = delivery.message;
    const probeAtMs = this.flow.failed(moment, { ...started, seq, attempt, retryAfter, isCurrent });
    if (gone && isCurrent) {
      const by = { messageId: messageId(delivery.message.topicId, seq), attempt: attempt.attempt };
      this.#context.gone(this.#subscription, { atMs: wallMs, reason: "gone", ...by });
    }
    const failed = { delivery, startedAtMs, nowMs, wallMs, errorCode, retryAfter };
    return probeAtMs === null
      ? afterFailure(this.#subscription.settings.retry, failed, this.#context.random)
      : afterProbe(failed, probeAtMs);
  }

  #settle(queued: Queued, attempt: Attempt | null, settled: Settled): void {
    const isReleased = settled.kind === "released" && this.order !== "none";
    if (isReleased) this.#releasing++;
    if (isReleased) this.#isClaimOvertaken = this.isClaiming;
    const isWaitedFor = settled.kind === "parked" || isReleased || this.#stopped;
    if (isWaitedFor) this.#unrecorded++;
    const { claimId, delivery } = queued;
    this.#context.settler.add(
      { claimId, subscriptionId: this.id, delivery, attempt, settled },
      isWaitedFor ? () => this.#recorded(queued, settled) : null,
    );
    this.#finished(queued);
  }

  /** Lets the next delivery of the same ordering key start, or releases those that must wait for the failed one. */
  #next(queued: Queued, ended: "finished" | "parked" | "released"): void {
    if (ended === "finished") this.#queue.finished(queued);
    else for (const other of this.#queue.unfinished(queued, ended === "parked")) this.#release(other);
  }

  #release(queued: Queued): void {
    this.#settle(queued, null, { kind: this.#queue.isBehindFailed(queued) ? "held" : "released" });
  }

  #recorded(queued: Queued, settled: Settled): void {
    this.#unrecorded--;
    if (settled.kind === "released" && this.#releasing > 0 && --this.#releasing === 0) this.#send();
    if (settled.kind === "parked") {
      const key = this.order === "key" ? this.#queue.keyOf(queued) : null;
      if (key !== null && this.isClaiming) this.#keysToRelease.push(key);
      else if (key !== null) this.#releaseKey(key);
      this.#parkedCount++;
      this.#wakeAt(settled.dueAtMs);
    }
    // Another sender of this subscription may wait until this one is drained.
    if (this.#stopped) this.#context.wantsClaim();
  }

  /**
   * The store now returns no later deliveries of this key, because it knows the failed one. Later deliveries that were
   * claimed before are released.
   */
  #releaseKey(key: string): void {
    this.#queue.releaseKey(key, (queued) => this.#release(queued));
    this.#send();
  }

  releaseQueued(): void {
    this.hasMore = true;
    for (const queued of this.#queue.takeAll()) this.#release(queued);
  }

  #finished({ claimId, delivery }: Queued): void {
    this.#context.slots.addBytes(this.accountId, -delivery.message.body.byteLength);
    const left = (this.#unfinished.get(claimId) ?? 1) - 1;
    if (left > 0) return void this.#unfinished.set(claimId, left);
    this.#unfinished.delete(claimId);
    this.#context.claimEnded(claimId);
  }

  #wakeAt(dueAtMs: TimeMs): void {
    if (!this.#stopped) this.#dueTimer.setNoLaterThan(dueAtMs);
  }
}
