import { RingbackError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import type { PullSettings, Subscription, TimeMs } from "../../domain/model.ts";
import type { Timers } from "../../domain/ports.ts";
import type { Claim } from "../../store/log.ts";
import { UnreadBytes } from "../unread-bytes.ts";
import { DueAlarm } from "./due-alarm.ts";
import { engineLimits } from "../engine-limits.ts";
import type { PulledMessage, PullOptions } from "./pulls.ts";
import { FifoQueue } from "../fifo-queue.ts";
import { PullRequest } from "./pull-request.ts";
import { deadLetter, type DeadLetteringContext, type DeadLetterWay, type DeadLetterWays } from "./dead-lettering.ts";
import { makeInvisible, makeVisible, type MadeInvisible } from "./make-invisible.ts";
import { isReceivesEnded, isTimeEnded, allocate, type Allocations } from "./allocation.ts";

/** What all queues share. */
export interface PullQueueContext extends DeadLetteringContext {
  readonly timers: Timers;
  readonly deadLetterWays: DeadLetterWays;
  /** On their way to the receivers of all queues. */
  readonly unreadBytes: UnreadBytes;
  /** They look when bytes have arrived or were not needed. */
  readonly waitForBytes: Set<PullQueue>;
  /** Who waits in any queue. */
  readonly waiting: { count: number };
  readonly failed: (error: unknown) => void;
}

/** What a look came to. `later`: others are using the bytes that it may need. `full`: readers are slow. */
type Fetched = "found" | "nothing" | "later" | "full";

/**
 * Those who request for messages of one subscription, in line. One look serves all who are there at that moment: one claim, shared
 * out from the first in line, and one settlement that hides what is handed out. Looks are one after the other, and there is
 * one only when somebody has come or the store has something to say, so waiting costs nothing.
 */
export class PullQueue {
  readonly #context: PullQueueContext;
  readonly #line = new FifoQueue<PullRequest>();
  readonly #alarm: DueAlarm;
  readonly #unreadBytes = new UnreadBytes(engineLimits.pullUnreadBytesMax);
  #subscription: Subscription;
  /** They have not had their first look. */
  #fresh: PullRequest[] = [];
  /** Messages that all in line want together. */
  #wanted = 0;
  #waiting = 0;
  /** There may be something new. */
  #isWoken = false;
  #isScheduled = false;
  #looking: Promise<void> | null = null;
  /** null: not known yet. */
  #parkedCount: number | null = null;
  /** As many messages are hidden as may be, and more is there. */
  #isStuck = false;
  #isStopped = false;
  #lastUsedMs: TimeMs;

  constructor(subscription: Subscription, context: PullQueueContext) {
    this.#subscription = subscription;
    this.#context = context;
    this.#alarm = new DueAlarm(context.clock, context.timers, () => this.hint());
    this.#lastUsedMs = context.clock.now();
  }

  get isEmpty(): boolean {
    return this.#line.size === 0;
  }

  isIdle(nowMs: TimeMs): boolean {
    const isQuiet = this.isEmpty && this.#looking === null && this.#unreadBytes.isEmpty;
    return isQuiet && nowMs - this.#lastUsedMs > engineLimits.senderIdleMs;
  }

  pull(want: PullOptions): Promise<readonly PulledMessage[]> {
    if (want.gone.aborted) return Promise.resolve([]);
    const request: PullRequest = new PullRequest(want, this.#context.clock.now(), () => this.#left(request));
    this.#line.add(request);
    this.#fresh.push(request);
    this.#wanted += request.messagesMax;
    this.#context.waitForBytes.delete(this);
    this.#schedule();
    return request.answer;
  }

  /** The store may have something for those who wait. */
  hint(): void {
    this.#isWoken = true;
    if (!this.isEmpty) this.#schedule();
  }

  /** Something is there again at this time. */
  dueAt(atMs: TimeMs): void {
    if (atMs <= this.#context.clock.now()) this.hint();
    else this.#alarm.noLaterThan(atMs);
  }

  /** Answers have been written: there may be queue for new messages, or an order lets others go. */
  answered(): void {
    const wasFull = (this.#parkedCount ?? 0) >= limits.parkedMax;
    if (wasFull || this.#subscription.settings.order !== "none") this.hint();
  }

  bytesAreFree(): void {
    this.#context.waitForBytes.delete(this);
    this.hint();
  }

  /** As it is now; null: it is gone. */
  change(subscription: Subscription | null): void {
    if (subscription === null) return this.#failAll(new RingbackError("subscription_not_found"));
    if (subscription.settings.pull === undefined) return this.#failAll(new RingbackError("not_pulled"));
    const wasActive = this.#subscription.state === "active";
    this.#subscription = subscription;
    // Whoever requests from now on waits in vain until it is resumed, rather than asking again and again.
    if (wasActive && subscription.state !== "active") this.#endAll();
    else this.hint();
  }

  stop(): void {
    this.#isStopped = true;
    for (const request of this.#line) if (request.isWaiting && !request.isBeingServed) request.end([]);
  }

  /** The last look is over. */
  async idle(): Promise<void> {
    while (this.#looking !== null) await this.#looking;
  }

  #endAll(): void {
    for (const request of this.#line) if (!request.isBeingServed) request.end([]);
  }

  #failAll(error: RingbackError): void {
    for (const request of this.#line) request.fail(error);
  }

  #left(request: PullRequest): void {
    this.#line.remove(request);
    this.#wanted -= request.messagesMax;
    this.#lastUsedMs = this.#context.clock.now();
    if (request.isWaiting) {
      this.#waiting--;
      this.#context.waiting.count--;
    }
    if (this.#waiting === 0) this.#alarm.disarm();
  }

  /** At the end of the turn: whoever else requests in this turn is served by the same look. */
  #schedule(): void {
    if (this.#isScheduled || this.#looking !== null) return;
    this.#isScheduled = true;
    this.#context.timers.soon(() => {
      this.#isScheduled = false;
      this.#looking = this.#fetch().finally(() => {
        this.#looking = null;
        if (this.#hasReason) this.#schedule();
      });
    });
  }

  get #hasReason(): boolean {
    if (this.isEmpty || this.#context.waitForBytes.has(this)) return false;
    return this.#fresh.length > 0 || this.#isWoken;
  }

  async #fetch(): Promise<void> {
    while (this.#hasReason) {
      const fresh = this.#fresh;
      this.#fresh = [];
      this.#isWoken = false;
      try {
        const fetched = await this.#fetchOnce();
        this.#afterFetch(fresh, fetched);
      } catch (error) {
        this.#fetchFailed(fresh, error);
      }
    }
  }

  #afterFetch(fresh: readonly PullRequest[], fetched: Fetched): void {
    if (fetched === "nothing") for (const request of fresh) this.#foundNothing(request);
    if (fetched === "full") for (const request of fresh) request.fail(slowReaders());
    if (fetched === "found" || fetched === "later")
      this.#fresh = [...fresh.filter(({ isOver }) => !isOver), ...this.#fresh];
    if (fetched === "found") this.#isWoken = true;
  }

  /** Those who have just come are told. The others go on waiting: their time is not over. */
  #fetchFailed(fresh: readonly PullRequest[], error: unknown): void {
    const told = fresh.filter((request) => !request.isOver);
    for (const request of told) request.fail(error);
    if (told.length === 0) this.#context.failed(error);
    this.#alarm.dueAtMs = this.#context.clock.now() + engineLimits.pullRetryMs;
  }

  async #fetchOnce(): Promise<Fetched> {
    const { store } = this.#context;
    this.#parkedCount ??= await this.#begin();
    if (this.isEmpty) return "nothing";
    const deliveriesMax = this.#deliveriesMax;
    const bytesMax = Math.min((deliveriesMax - 1) * limits.bodyBytesMax + 1, limits.pullBytesMax);
    // It stops after the message that passes its bound.
    const bytesReserved = bytesMax + limits.bodyBytesMax;
    const denied = this.#denied(bytesReserved);
    if (denied !== null) return denied;
    const fromLog = this.#parkedCount < limits.parkedMax;
    const want = { subscriptionId: this.#subscription.id, deliveriesMax, bytesMax, fromLog };
    let claim: Claim | undefined;
    try {
      [claim] = await store.log.claim([want], engineLimits.pullLeaseMs);
    } finally {
      this.#context.unreadBytes.unreserve(bytesReserved);
      this.#bytesAreFree();
    }
    if (claim === undefined) return "nothing";
    this.#parkedCount = claim.parkedCount;
    this.#alarm.dueAtMs = claim.nextDueAtMs;
    if (claim.deliveries.length === 0) return this.#foundNone(claim, fromLog);
    this.#isStuck = false;
    const bytes = claim.deliveries.reduce((sum, { message }) => sum + message.body.byteLength, 0);
    this.#addBytes(bytes);
    try {
      if (!(await this.#serve(claim))) return "found";
    } finally {
      this.#freeBytes(bytes);
    }
    return this.#wantsMore(claim, fromLog) ? "found" : "nothing";
  }

  /** Of a strict subscription one at a time is out, since the others must wait for it. */
  get #deliveriesMax(): number {
    if (this.#subscription.settings.order === "strict") return 1;
    const roomLeft = limits.parkedMax - (this.#parkedCount ?? 0);
    // A driver with several nodes tells who wants more than may be in flight to request again soon, which would be polling.
    const wanted = Math.min(this.#wanted, engineLimits.pullClaimMessagesMax, this.#subscription.settings.maxInFlight);
    return roomLeft > 0 ? Math.min(wanted, roomLeft) : wanted;
  }

  /** It may have changed before this queue heard of changes. */
  async #begin(): Promise<number> {
    const { store } = this.#context;
    const subscription = await store.catalog.getSubscriptionById(this.#subscription.id);
    if (subscription === null) throw new RingbackError("subscription_not_found");
    if (subscription.settings.pull === undefined) throw new RingbackError("not_pulled");
    this.#subscription = subscription;
    return (await store.records.unsettledCounts(subscription.id)).parked;
  }

  async #foundNone(claim: Claim, fromLog: boolean): Promise<Fetched> {
    if (this.#wantsMore(claim, fromLog)) return "found";
    this.#isStuck = !fromLog && (await this.#context.store.records.unsettledCounts(this.#subscription.id)).backlog > 0;
    return "nothing";
  }

  #wantsMore(claim: Claim, fromLog: boolean): boolean {
    const mayReadLog = (this.#parkedCount ?? 0) < limits.parkedMax;
    if (!fromLog && mayReadLog) return true;
    return claim.more && (claim.deliveries.length > 0 || mayReadLog);
  }

  /** False: not everything could be handed out, and another look may bring something else. */
  async #serve(claim: Claim): Promise<boolean> {
    const { clock, deadLetterWays } = this.#context;
    const subscription = this.#subscription;
    const { pull, order } = subscription.settings;
    if (pull === undefined) return true;
    const wereOut = claim.deliveries.some(({ firstAttemptAtMs }) => firstAttemptAtMs !== null);
    const way = wereOut ? await this.#orLater(deadLetterWays(subscription)) : null;
    const nowMs = clock.now();
    const allocations = allocate(claim.deliveries, this.#line, {
      order,
      isEnded: (delivery) => isReceivesEnded(pull, delivery) || isTimeEnded(way?.ttlMs ?? null, delivery, nowMs),
    });
    const isWhole = await this.#deliver(claim, allocations, pull, nowMs);
    if (allocations.ended.length === 0) return isWhole;
    await deadLetter(this.#context, { subscription, pull, way }, claim, allocations.ended);
    return false;
  }

  /** Where it should have gone cannot be found out: its own dead letters would be the wrong place. */
  async #orLater(finding: Promise<DeadLetterWay | null>): Promise<DeadLetterWay | null> {
    try {
      return await finding;
    } catch (error) {
      this.#context.failed(error);
      return { ttlMs: null, move: () => Promise.resolve("later") };
    }
  }

  /** False: it is not sure whether all of it is hidden, and nothing was handed out. */
  async #deliver(claim: Claim, allocations: Allocations, pull: PullSettings, nowMs: TimeMs): Promise<boolean> {
    const { store, clock } = this.#context;
    const { hidden, settlements } = makeInvisible(claim, allocations, this.#subscription, pull, nowMs);
    if (settlements.length === 0) return true;
    for (const { request } of hidden) request.isBeingServed = true;
    let isWhole: boolean;
    try {
      isWhole = (await store.log.settle(settlements)) === settlements.length;
    } catch (error) {
      for (const { request } of hidden) request.fail(error);
      throw error;
    } finally {
      for (const { request } of hidden) request.isBeingServed = false;
    }
    if (!isWhole) {
      // Only what nobody has had before can be told from what another node has hidden meanwhile: by the time of its first receive.
      await this.#putBack(hidden.flatMap(({ messages }) => messages.filter(({ receives }) => receives === 1)));
      for (const { request } of hidden) this.#checkTime(request);
      return false;
    }
    this.#parkedCount = (this.#parkedCount ?? 0) + hidden.reduce((sum, { messages }) => sum + messages.length, 0);
    const doneMs = clock.now();
    await this.#putBack(hidden.flatMap((each) => this.#finish(each, doneMs)));
    return true;
  }

  /** Gives the messages to who asked for them. Returns those that nobody wants any more and that are hidden still. */
  #finish({ request, messages, bytes }: MadeInvisible, nowMs: TimeMs): readonly PulledMessage[] {
    const visibleAtMs = messages[0]?.visibleAtMs ?? nowMs;
    if (visibleAtMs <= nowMs) {
      // The disk has taken so long that their time is over: somebody else may have them by now.
      this.#isWoken = true;
      this.#checkTime(request);
      return [];
    }
    this.#alarm.noLaterThan(visibleAtMs);
    if (request.isOver) return messages;
    const { handedOut } = request.want;
    if (handedOut !== undefined) {
      this.#addBytes(bytes);
      handedOut(once(() => this.#freeBytes(bytes)));
    }
    request.end(messages);
    return [];
  }

  /** Whoever asked has left while they were being hidden: the next one gets them. */
  async #putBack(messages: readonly PulledMessage[]): Promise<void> {
    if (messages.length === 0) return;
    const { store, clock, failed } = this.#context;
    try {
      const nowMs = clock.now();
      await store.log.settlePulled(
        this.#subscription.id,
        messages.map((message) => makeVisible(message, nowMs)),
      );
      this.#isWoken = true;
    } catch (error) {
      // They come again when their time is over.
      failed(error);
    }
  }

  /** It is in line yet, and its time may have ended while messages for it were being hidden. */
  #checkTime(request: PullRequest): void {
    if (request.isWaiting && (this.#isStopped || request.deadlineMs <= this.#context.clock.now()))
      this.#timeIsOver(request);
  }

  #foundNothing(request: PullRequest): void {
    if (request.isOver || request.isWaiting) return;
    const { clock, timers, waiting } = this.#context;
    const leftMs = request.deadlineMs - clock.now();
    if (leftMs <= 0 || this.#isStopped) return this.#timeIsOver(request);
    if (this.#waiting >= limits.pullWaitersMax || waiting.count >= limits.pullWaitersTotalMax) {
      return request.fail(new RingbackError("too_many_waiters"));
    }
    this.#waiting++;
    waiting.count++;
    request.wait(leftMs, timers, () => {
      if (!request.isBeingServed) this.#timeIsOver(request);
    });
    this.#alarm.arm();
  }

  #timeIsOver(request: PullRequest): void {
    if (this.#isStuck) request.fail(new RingbackError("too_many_unacknowledged"));
    else request.end([]);
  }

  #denied(bytes: number): "later" | "full" | null {
    const { unreadBytes, waitForBytes } = this.#context;
    const isFull = this.#unreadBytes.isFullFor(bytes) || unreadBytes.isFullFor(bytes);
    if (!isFull && unreadBytes.reserve(bytes)) return null;
    waitForBytes.add(this);
    return isFull ? "full" : "later";
  }

  #addBytes(bytes: number): void {
    this.#unreadBytes.add(bytes);
    this.#context.unreadBytes.add(bytes);
  }

  #freeBytes(bytes: number): void {
    this.#unreadBytes.remove(bytes);
    this.#context.unreadBytes.remove(bytes);
    this.#bytesAreFree();
  }

  #bytesAreFree(): void {
    for (const queue of this.#context.waitForBytes) queue.bytesAreFree();
  }
}

function once(work: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    work();
  };
}

function slowReaders(): RingbackError {
  return new RingbackError("overloaded", "Too many messages are on their way to receivers that read slowly.");
}
