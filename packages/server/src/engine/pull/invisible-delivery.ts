import { RingbackError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import type { PullSettings, Subscription, SubscriptionId, TimeMs } from "../../domain/model.ts";
import type { Claim } from "../../store/log.ts";
import { engineLimits } from "../engine-limits.ts";
import { allocate, isReceivesEnded, isTimeEnded, type Allocations } from "./allocation.ts";
import { deadLetter, type DeadLetterTarget, type FindDeadLetterTarget } from "./dead-lettering.ts";
import type { ClaimSize, DeliveryMethod, DeliveryResult, DeliveryTarget } from "./delivery-method.ts";
import { makeInvisible, makeVisible, type InvisibleMessages } from "./make-invisible.ts";
import type { PulledMessage } from "./pulls.ts";
import type { EngineServices } from "../services.ts";

export interface InvisibleDeliveryContext extends EngineServices {
  readonly findDeadLetterTarget: FindDeadLetterTarget;
}

type PulledTarget = DeliveryTarget<PulledMessage>;

/**
 * Delivery to receivers that acknowledge. A message is sent to its receiver only after the store has made it invisible
 * to all other receivers. An invisible message is a parked delivery that becomes due when the visibility timeout ends.
 */
export class InvisibleDelivery implements DeliveryMethod<PulledMessage> {
  readonly leaseMs = engineLimits.pullLeaseMs;
  readonly refusesWaiting = false;
  readonly #context: InvisibleDeliveryContext;
  /** Last known number of parked deliveries of the subscription. */
  #parkedCount = 0;
  /** True: the allowed number of messages is invisible, and the log contains more. */
  #isStuck = false;

  constructor(context: InvisibleDeliveryContext) {
    this.#context = context;
  }

  get refusal(): RingbackError | null {
    return this.#isStuck ? new RingbackError("too_many_unacknowledged") : null;
  }

  /** An acknowledgement frees space for new messages, or allows the next message of an order to be delivered. */
  waitsForAcknowledgements({ settings }: Subscription): boolean {
    return this.#isFull || settings.order !== "none";
  }

  assertFits({ settings }: Subscription): void {
    if (settings.pull === undefined) throw new RingbackError("not_pulled");
  }

  async begin({ id }: Subscription): Promise<void> {
    this.#parkedCount = (await this.#context.store.records.unsettledCounts(id)).parked;
  }

  claimSize({ settings }: Subscription, messagesWanted: number): ClaimSize {
    const fromLog = !this.#isFull;
    // The other messages of a strict order must wait for the first one.
    if (settings.order === "strict") return { deliveriesMax: 1, fromLog };
    // A claim for more than `maxInFlight` would lead to polling, because PostgreSQL's driver then asks for another
    // claim soon.
    const deliveriesMax = Math.min(messagesWanted, engineLimits.pullClaimMessagesMax, settings.maxInFlight);
    return {
      deliveriesMax: fromLog ? Math.min(deliveriesMax, limits.parkedMax - this.#parkedCount) : deliveriesMax,
      fromLog,
    };
  }

  async deliver(claim: Claim, size: ClaimSize, queue: PulledTarget): Promise<DeliveryResult> {
    const { subscription } = queue;
    this.#parkedCount = claim.parkedCount;
    if (claim.deliveries.length === 0) return this.#emptyClaim(claim, size, subscription.id);
    this.#isStuck = false;
    const { pull } = subscription.settings;
    if (pull === undefined) return { more: false, visibleAtMs: null };
    const wereReceived = claim.deliveries.some(({ firstAttemptAtMs }) => firstAttemptAtMs !== null);
    const target = wereReceived ? await this.#deadLetterTarget(subscription) : null;
    const nowMs = this.#context.clock.now();
    const allocations = allocate(claim.deliveries, queue.requests, {
      order: subscription.settings.order,
      isEnded: (delivery) => isReceivesEnded(pull, delivery) || isTimeEnded(target?.ttlMs ?? null, delivery, nowMs),
    });
    const { more, visibleAtMs } = await this.#deliver(claim, allocations, { queue, pull, nowMs });
    if (allocations.ended.length === 0) return { more: more || this.#hasMore(claim, size), visibleAtMs };
    await deadLetter(this.#context, { subscription, pull, target }, claim, allocations.ended);
    return { more: true, visibleAtMs };
  }

  get #isFull(): boolean {
    return this.#parkedCount >= limits.parkedMax;
  }

  async #emptyClaim(claim: Claim, size: ClaimSize, id: SubscriptionId): Promise<DeliveryResult> {
    if (this.#hasMore(claim, size)) return { more: true, visibleAtMs: null };
    this.#isStuck = !size.fromLog && (await this.#context.store.records.unsettledCounts(id)).backlog > 0;
    return { more: false, visibleAtMs: null };
  }

  #hasMore({ more, deliveries }: Claim, { fromLog }: ClaimSize): boolean {
    if (!fromLog && !this.#isFull) return true;
    return more && (deliveries.length > 0 || !this.#isFull);
  }

  /**
   * If the target cannot be read, the messages stay invisible for now. They must not become dead letters of the
   * subscription, because they may belong into another queue.
   */
  async #deadLetterTarget(subscription: Subscription): Promise<DeadLetterTarget | null> {
    try {
      return await this.#context.findDeadLetterTarget(subscription);
    } catch (error) {
      this.#context.failed(error);
      return { ttlMs: null, move: () => Promise.resolve("later") };
    }
  }

  async #deliver(
    claim: Claim,
    allocations: Allocations<PulledMessage>,
    about: { readonly queue: PulledTarget; readonly pull: PullSettings; readonly nowMs: TimeMs },
  ): Promise<DeliveryResult> {
    const { clock } = this.#context;
    const { queue, pull, nowMs } = about;
    const { invisible, settlements } = makeInvisible(claim, allocations, queue.subscription, pull, { clock, nowMs });
    if (settlements.length === 0) return { more: false, visibleAtMs: null };
    for (const { request } of invisible) request.hold();
    try {
      const isWhole = (await this.#context.store.log.settle(settlements, "fail")) === settlements.length;
      if (isWhole) return await this.#answer(invisible, queue);
      // The store has made only some of the messages invisible, and does not report which ones. So no receiver gets any
      // of them. Only messages received for the first time are put back, because another node may hold the others.
      await this.#putBack(
        invisible.flatMap(({ messages }) => messages.filter(({ receives }) => receives === 1)),
        queue,
      );
      return { more: true, visibleAtMs: null };
    } catch (error) {
      for (const { request } of invisible) request.fail(error);
      throw error;
    } finally {
      for (const { request } of invisible) request.release();
    }
  }

  async #answer(invisible: readonly InvisibleMessages[], queue: PulledTarget): Promise<DeliveryResult> {
    this.#parkedCount += invisible.reduce((sum, { messages }) => sum + messages.length, 0);
    const nowMs = this.#context.clock.now();
    const unwanted: PulledMessage[] = [];
    const visibleTimes: TimeMs[] = [];
    let more = false;
    for (const { request, messages, bytes, visibleAtMs } of invisible) {
      if (visibleAtMs <= nowMs) {
        // The write took longer than the visibility timeout, so another receiver may have the messages by now.
        more = true;
        if (request.deadlineMs <= nowMs) request.end([]);
        continue;
      }
      visibleTimes.push(visibleAtMs);
      if (request.isOver) {
        unwanted.push(...messages);
        continue;
      }
      request.options.onDelivered?.(countUnread(bytes, queue));
      request.end(messages);
    }
    if (unwanted.length > 0) {
      await this.#putBack(unwanted, queue);
      more = true;
    }
    return { more, visibleAtMs: visibleTimes.length === 0 ? null : Math.min(...visibleTimes) };
  }

  /** Makes messages visible again whose clients have disconnected, so that the next requests get them. */
  async #putBack(messages: readonly PulledMessage[], { subscription }: PulledTarget): Promise<void> {
    if (messages.length === 0) return;
    const { store, clock, failed } = this.#context;
    try {
      const nowMs = clock.now();
      await store.log.settlePulled(
        subscription.id,
        messages.map((message) => makeVisible(message, nowMs)),
      );
    } catch (error) {
      // The messages are visible again when their visibility timeout ends.
      failed(error);
    }
  }
}

/**
 * Returns a function that must be called when the client has read the bytes or has disconnected. Further calls have no
 * effect.
 */
function countUnread(bytes: number, { unreadBytes }: PulledTarget): () => void {
  let isCounted = true;
  unreadBytes.add(bytes);
  return () => {
    if (isCounted) unreadBytes.remove(bytes);
    isCounted = false;
  };
}
