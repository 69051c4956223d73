import { RingbackError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import type { Subscription, TimeMs } from "../../domain/model.ts";
import type { Claim } from "../../store/log.ts";
import { engineLimits } from "../engine-limits.ts";
import { FifoQueue } from "../fifo-queue.ts";
import type { ClaimSize, DeliveryMethod, DeliveryTarget } from "./delivery-method.ts";
import { DueAlarm } from "./due-alarm.ts";
import { filterClaim, type FilterServices } from "./filter-claim.ts";
import { PullRequest } from "./pull-request.ts";
import type { PullOptions } from "./pulls.ts";
import { UnreadBytes } from "./unread-bytes.ts";
import type { WaiterLimit } from "./waiter-limit.ts";
import type { EngineServices } from "../services.ts";

/** Services that all queues share. */
export interface PullQueueContext
  extends Pick<EngineServices, "store" | "clock" | "timers" | "failed">, FilterServices {
  /** Bytes that the receivers of all queues have not read yet. */
  readonly unreadBytes: UnreadBytes;
}

/**
 * Result of a claim. `more`: another claim may return messages. `busy`: the necessary memory is reserved for other
 * claims. `full`: the memory is in use because receivers read too slowly.
 */
type FetchResult = "more" | "nothing" | "busy" | "full";

/** A claim whose bytes are reserved. */
interface BoundedClaim extends ClaimSize {
  readonly bytesMax: number;
  readonly bytesReserved: number;
}

/**
 * The requests for messages of one subscription, served in the order of their arrival. One claim serves all requests of
 * the queue. Claims run one after the other, and only after a request has come or the store has reported work. So a
 * waiting request costs no more than one timer.
 */
export class PullQueue<T> implements DeliveryTarget<T> {
  readonly unreadBytes: UnreadBytes;
  readonly #context: PullQueueContext;
  readonly #method: DeliveryMethod<T>;
  readonly #waiters: WaiterLimit;
  readonly #requests = new FifoQueue<PullRequest<T>>();
  readonly #alarm: DueAlarm;
  #subscription: Subscription;
  /** Requests for which no claim has been made yet. */
  #fresh: PullRequest<T>[] = [];
  /** Number of messages that all requests together want. */
  #messagesWanted = 0;
  #waiting = 0;
  #hasBegun = false;
  /** True: the store has reported work since the last claim. */
  #isWoken = false;
  /** True: no claim is made until bytes are free or another request comes. */
  #waitsForBytes = false;
  #isScheduled = false;
  #fetching: Promise<void> | null = null;
  #isStopped = false;
  #lastUsedMs: TimeMs;

  constructor(subscription: Subscription, method: DeliveryMethod<T>, waiters: WaiterLimit, context: PullQueueContext) {
    this.#subscription = subscription;
    this.#method = method;
    this.#waiters = waiters;
    this.#context = context;
    this.unreadBytes = new UnreadBytes(engineLimits.pullUnreadBytesMax, context.unreadBytes);
    this.#alarm = new DueAlarm(context.clock, context.timers, () => this.wake());
    this.#lastUsedMs = context.clock.now();
  }

  get subscription(): Subscription {
    return this.#subscription;
  }

  get requests(): Iterable<PullRequest<T>> {
    return this.#requests;
  }

  isIdle(nowMs: TimeMs): boolean {
    const isQuiet = this.#requests.size === 0 && this.#fetching === null && this.unreadBytes.isUnused;
    return isQuiet && nowMs - this.#lastUsedMs > engineLimits.senderIdleMs;
  }

  pull(options: PullOptions): Promise<readonly T[]> {
    if (options.gone.aborted) return Promise.resolve([]);
    const request = new PullRequest<T>(options, this.#context.clock.now(), (ended) => this.#remove(ended));
    this.#requests.add(request);
    this.#fresh.push(request);
    this.#messagesWanted += request.messagesMax;
    this.#waitsForBytes = false;
    this.#schedule();
    return request.answer;
  }

  /** Called when the store may have messages. */
  wake(): void {
    this.#isWoken = true;
    if (this.#requests.size > 0) this.#schedule();
  }

  /** Called when a message becomes visible at `atMs`. */
  dueAt(atMs: TimeMs): void {
    if (atMs <= this.#context.clock.now()) this.wake();
    else this.#alarm.noLaterThan(atMs);
  }

  /** Called when messages have been acknowledged or put back. */
  acknowledged(): void {
    if (this.#method.waitsForAcknowledgements(this.#subscription)) this.wake();
  }

  /** Called with the changed subscription, or with null when the subscription was deleted. */
  change(subscription: Subscription | null): void {
    const wasActive = this.#subscription.state === "active";
    try {
      if (subscription === null) throw new RingbackError("subscription_not_found");
      this.#method.assertFits(subscription);
    } catch (error) {
      for (const request of this.#requests) request.fail(error);
      return;
    }
    this.#subscription = subscription;
    // A pause ends all waiting requests. Requests that come during the pause wait, because their clients would
    // otherwise repeat them in a tight loop.
    if (wasActive && subscription.state !== "active") this.#endAll();
    else this.wake();
  }

  /** Ends every waiting request without messages. Later requests do not wait. */
  stop(): void {
    this.#isStopped = true;
    for (const request of this.#requests) if (request.isWaiting) request.expire();
  }

  /** Resolves when the last claim has been delivered. */
  async idle(): Promise<void> {
    while (this.#fetching !== null) await this.#fetching;
  }

  #endAll(): void {
    for (const request of this.#requests) if (!request.isHeld) request.end([]);
  }

  #remove(request: PullRequest<T>): void {
    this.#requests.remove(request);
    this.#messagesWanted -= request.messagesMax;
    this.#lastUsedMs = this.#context.clock.now();
    if (request.isWaiting) {
      this.#waiting--;
      this.#waiters.remove(this.#subscription.accountId);
    }
    if (this.#waiting === 0) this.#alarm.disarm();
  }

  /** Waits for the end of the event loop's turn, so that one claim serves all requests that come in the same turn. */
  #schedule(): void {
    if (this.#isScheduled || this.#fetching !== null) return;
    this.#isScheduled = true;
    this.#context.timers.soon(() => {
      this.#isScheduled = false;
      this.#fetching = this.#fetch().finally(() => {
        this.#fetching = null;
        if (this.#hasReason) this.#schedule();
      });
    });
  }

  get #hasReason(): boolean {
    if (this.#requests.size === 0 || this.#waitsForBytes) return false;
    return this.#fresh.length > 0 || this.#isWoken;
  }

  async #fetch(): Promise<void> {
    while (this.#hasReason) {
      const fresh = this.#fresh;
      this.#fresh = [];
      this.#isWoken = false;
      try {
        this.#afterFetch(fresh, await this.#fetchOnce());
      } catch (error) {
        this.#fetchFailed(fresh, error);
      }
    }
  }

  #afterFetch(fresh: readonly PullRequest<T>[], result: FetchResult): void {
    if (result === "nothing") for (const request of fresh) this.#gotNothing(request);
    else if (result === "full") this.#refuse(fresh);
    else this.#fresh = [...fresh.filter(({ isOver }) => !isOver), ...this.#fresh];
    if (result === "more") this.#isWoken = true;
  }

  #refuse(fresh: readonly PullRequest<T>[]): void {
    const error = new RingbackError("overloaded", "Too many messages are on their way to clients that read slowly.");
    for (const request of fresh) request.fail(error);
    if (fresh.length === 0 && this.#method.refusesWaiting) this.#requests.first?.fail(error);
  }

  /** Fresh requests get the error. Requests that waited before continue to wait until their time is over. */
  #fetchFailed(fresh: readonly PullRequest<T>[], error: unknown): void {
    const refused = fresh.filter((request) => !request.isOver);
    for (const request of refused) request.fail(error);
    if (refused.length === 0) this.#context.failed(error);
    this.#alarm.dueAtMs = this.#context.clock.now() + engineLimits.pullRetryMs;
  }

  async #fetchOnce(): Promise<FetchResult> {
    if (!this.#hasBegun) await this.#begin();
    if (this.#requests.size === 0) return "nothing";
    const bounded = this.#bound(this.#method.claimSize(this.#subscription, this.#messagesWanted));
    if (bounded === null) return this.#waitForBytes();
    const claimed = await this.#claim(bounded);
    if (claimed === undefined) return "nothing";
    this.#alarm.dueAtMs = claimed.nextDueAtMs;
    const bytes = claimed.deliveries.reduce((sum, { message }) => sum + message.body.byteLength, 0);
    this.unreadBytes.add(bytes);
    try {
      const claim = await filterClaim(this.#context, this.#subscription, claimed);
      const { more, visibleAtMs } = await this.#method.deliver(claim, bounded, this);
      if (visibleAtMs !== null) this.#alarm.noLaterThan(visibleAtMs);
      return more || claim !== claimed ? "more" : "nothing";
    } finally {
      this.unreadBytes.remove(bytes);
    }
  }

  /** Reads the subscription again, because it may have changed before this queue received change notices. */
  async #begin(): Promise<void> {
    const subscription = await this.#context.store.catalog.getSubscriptionById(this.#subscription.id);
    if (subscription === null) throw new RingbackError("subscription_not_found");
    this.#method.assertFits(subscription);
    await this.#method.begin(subscription);
    this.#subscription = subscription;
    this.#hasBegun = true;
  }

  async #claim({ deliveriesMax, fromLog, bytesMax, bytesReserved }: BoundedClaim): Promise<Claim | undefined> {
    const want = { subscriptionId: this.#subscription.id, deliveriesMax, bytesMax, fromLog };
    this.unreadBytes.reserve(bytesReserved);
    try {
      return (await this.#context.store.log.claim([want], this.#method.leaseMs))[0];
    } finally {
      this.unreadBytes.unreserve(bytesReserved);
    }
  }

  /** Limits a claim to the free memory; null: the free memory is too small for one message. */
  #bound({ deliveriesMax: wanted, fromLog }: ClaimSize): BoundedClaim | null {
    const each = limits.bodyBytesMax;
    const bytesWanted = Math.min(wanted * each, engineLimits.pullReservedBytes);
    const messagesFree = Math.floor(this.unreadBytes.free / each);
    if (messagesFree <= 0) return null;
    const isWhole = messagesFree * each >= bytesWanted;
    const deliveriesMax = isWhole ? wanted : messagesFree;
    // A claim ends after the message that exceeds `bytesMax`. With this value, `deliveriesMax` messages of the largest
    // size still fit.
    const bytesMax = Math.min((deliveriesMax - 1) * each + 1, limits.pullBytesMax);
    return { deliveriesMax, fromLog, bytesMax, bytesReserved: isWhole ? bytesWanted : messagesFree * each };
  }

  #waitForBytes(): FetchResult {
    this.#waitsForBytes = true;
    this.unreadBytes.whenFreed(this.#bytesFreed);
    return this.unreadBytes.isFullFor(limits.bodyBytesMax) ? "full" : "busy";
  }

  readonly #bytesFreed = (): void => {
    if (this.unreadBytes.free < limits.bodyBytesMax) return this.unreadBytes.whenFreed(this.#bytesFreed);
    this.#waitsForBytes = false;
    this.wake();
  };

  #gotNothing(request: PullRequest<T>): void {
    if (request.isOver || request.isWaiting) return;
    const { clock, timers } = this.#context;
    const leftMs = request.deadlineMs - clock.now();
    if (leftMs <= 0 || this.#isStopped) return this.#expire(request);
    const refusal = this.#waiters.add(this.#subscription.accountId, this.#waiting);
    if (refusal !== null) return request.fail(refusal);
    this.#waiting++;
    request.wait(leftMs, timers, () => this.#expire(request));
    this.#alarm.arm();
  }

  #expire(request: PullRequest<T>): void {
    const { refusal } = this.#method;
    if (refusal === null) request.end([]);
    else request.fail(refusal);
  }
}
