import { messageId } from "../../domain/message-id.ts";
import type { PullSettings, Subscription, TimeMs } from "../../domain/model.ts";
import type { Claim, ClaimedDelivery, PulledSettlement, Settled, Settlement } from "../../store/log.ts";
import type { PulledMessage } from "./pulls.ts";
import type { PullRequest } from "./pull-request.ts";
import { writeReceiptHandle } from "./receipt-handle.ts";
import type { Allocations } from "./allocation.ts";

/** What somebody gets as soon as it is written down that it is hidden from the others. */
export interface MadeInvisible {
  readonly request: PullRequest;
  readonly messages: readonly PulledMessage[];
  readonly bytes: number;
}

export interface Invisibles {
  readonly hidden: readonly MadeInvisible[];
  readonly settlements: readonly Settlement[];
}

/** A message that is handed out is a parked one: due again when its time is over, and received once more. */
export function makeInvisible(
  claim: Claim,
  { allocations, held, left }: Allocations,
  { id }: Subscription,
  { visibilityMs }: PullSettings,
  nowMs: TimeMs,
): Invisibles {
  const settlements: Settlement[] = [];
  const settle = (delivery: ClaimedDelivery, settled: Settled): void => {
    settlements.push({ claimId: claim.id, subscriptionId: id, delivery, attempt: null, settled });
  };
  const hidden = allocations.map(({ request, deliveries }): MadeInvisible => {
    const visibleAtMs = nowMs + (request.want.visibilityMs ?? visibilityMs);
    let bytes = 0;
    const messages = deliveries.map((delivery): PulledMessage => {
      const { message } = delivery;
      const receives = delivery.retriesMade + 1;
      const firstReceivedAtMs = delivery.firstAttemptAtMs ?? nowMs;
      bytes += message.body.byteLength;
      const parked = { retriesMade: receives, firstAttemptAtMs: firstReceivedAtMs };
      settle(delivery, { kind: "parked", dueAtMs: visibleAtMs, ...parked });
      const receiptHandle = writeReceiptHandle(id, { ...parked, seq: message.seq, pulledAtMs: nowMs });
      return {
        id: messageId(message.topicId, message.seq),
        message,
        receiptHandle,
        receives,
        firstReceivedAtMs,
        visibleAtMs,
      };
    });
    return { request, messages, bytes };
  });
  for (const delivery of held) settle(delivery, { kind: "held" });
  for (const delivery of left) settle(delivery, { kind: "released" });
  return { hidden, settlements };
}

/** Whoever asked for it has left: it is there for the next. */
export function makeVisible({ message, receives, firstReceivedAtMs }: PulledMessage, nowMs: TimeMs): PulledSettlement {
  const pulled = { seq: message.seq, retriesMade: receives, firstAttemptAtMs: firstReceivedAtMs };
  return { pulled, answer: { kind: "due", dueAtMs: nowMs } };
}
