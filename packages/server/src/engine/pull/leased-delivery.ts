import { messageId } from "../../domain/message-id.ts";
import type { Message, MessageId, Subscription, TimeMs } from "../../domain/model.ts";
import type { Clock } from "../../domain/ports.ts";
import type { Claim, ClaimedDelivery } from "../../store/log.ts";
import { engineLimits } from "../engine-limits.ts";
import type { Settler } from "../push/settler.ts";
import type { ClaimSize, DeliveryMethod, DeliveryResult, DeliveryTarget } from "./delivery-method.ts";
import { fetchAttempt } from "./fetch-attempt.ts";
import type { UnreadBytes } from "./unread-bytes.ts";

/** A message that is leased to one client until the response has been sent. */
export interface LeasedMessage {
  readonly id: MessageId;
  readonly message: Message;
  /**
   * Must be called once, before the lease ends. False: the client did not receive the message, so the message returns
   * to its old position for the next client.
   */
  readonly done: (delivered: boolean) => void;
}

export interface LeasedDeliveryContext {
  readonly settler: Settler;
  readonly clock: Clock;
  /** After a stop no message is put back, because the leases of a process end with the process. */
  readonly isStopped: () => boolean;
}

/**
 * Delivery to clients that never acknowledge. A message is settled when the response has been sent. Until then the
 * claim's lease keeps the message from other clients, so one write per message is enough.
 */
export class LeasedDelivery implements DeliveryMethod<LeasedMessage> {
  readonly leaseMs = engineLimits.inboxLeaseMs;
  readonly refusesWaiting = true;
  readonly refusal = null;
  readonly #context: LeasedDeliveryContext;

  constructor(context: LeasedDeliveryContext) {
    this.#context = context;
  }

  waitsForAcknowledgements(): boolean {
    return false;
  }

  async begin(): Promise<void> {}

  assertFits(): void {}

  claimSize({ settings }: Subscription, messagesWanted: number): ClaimSize {
    return { deliveriesMax: Math.min(messagesWanted, settings.maxInFlight), fromLog: true };
  }

  async deliver(claim: Claim, _size: ClaimSize, queue: DeliveryTarget<LeasedMessage>): Promise<DeliveryResult> {
    const requests = queue.requests[Symbol.iterator]();
    for (const delivery of claim.deliveries) {
      const next = requests.next();
      if (next.done === true) this.#release(claim, delivery);
      else next.value.end([this.#lease(claim, delivery, queue.unreadBytes)]);
    }
    return { more: claim.more, visibleAtMs: null };
  }

  #lease(claim: Claim, delivery: ClaimedDelivery, unreadBytes: UnreadBytes): LeasedMessage {
    const { message } = delivery;
    const startedAtMs = this.#context.clock.now();
    const bytes = message.body.byteLength;
    let isOut = true;
    unreadBytes.add(bytes);
    const done = (delivered: boolean): void => {
      if (!isOut) return;
      isOut = false;
      unreadBytes.remove(bytes);
      if (delivered) this.#acknowledge(claim, delivery, startedAtMs);
      else if (!this.#context.isStopped()) this.#release(claim, delivery);
    };
    return { id: messageId(message.topicId, message.seq), message, done };
  }

  #acknowledge({ id, subscriptionId }: Claim, delivery: ClaimedDelivery, startedAtMs: TimeMs): void {
    const { clock } = this.#context;
    const durationMs = clock.now() - startedAtMs;
    // The delivery is recorded like a POST. Without a record the message would look like a skipped message.
    const attempt = fetchAttempt(delivery.attemptsMade + 1, clock.wall(startedAtMs), durationMs);
    this.#context.settler.add({ claimId: id, subscriptionId, delivery, attempt, settled: { kind: "delivered" } }, null);
  }

  /** After the release the store sends a wake-up, and the next client gets the message. */
  #release({ id, subscriptionId }: Claim, delivery: ClaimedDelivery): void {
    const settlement = { claimId: id, subscriptionId, delivery, attempt: null, settled: { kind: "released" } } as const;
    this.#context.settler.add(settlement, null);
  }
}
