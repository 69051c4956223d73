import { shownMessage } from "../../domain/clock-rules.ts";
import { messageId } from "../../domain/message-id.ts";
import type { PullSettings, Subscription, TimeMs } from "../../domain/model.ts";
import type { Clock } from "../../domain/ports.ts";
import type { Claim, ClaimedDelivery, PulledSettlement, Settled, Settlement } from "../../store/log.ts";
import type { Allocations } from "./allocation.ts";
import type { PullRequest } from "./pull-request.ts";
import type { PulledMessage } from "./pulls.ts";
import { writeReceiptHandle } from "./receipt-handle.ts";

/** The messages that a request gets after the store has made them invisible to other receivers. */
export interface InvisibleMessages {
  readonly request: PullRequest<PulledMessage>;
  readonly messages: readonly PulledMessage[];
  readonly bytes: number;
  /** Steady time. */
  readonly visibleAtMs: TimeMs;
}

/** A pulled message is a parked delivery: due when its visibility timeout ends, and received once more. */
export function makeInvisible(
  claim: Claim,
  { allocations, held, left }: Allocations<PulledMessage>,
  { id }: Subscription,
  { visibilityMs }: PullSettings,
  { clock, nowMs }: { readonly clock: Clock; readonly nowMs: TimeMs },
): { readonly invisible: readonly InvisibleMessages[]; readonly settlements: readonly Settlement[] } {
  const settlements: Settlement[] = [];
  const settle = (delivery: ClaimedDelivery, settled: Settled): void => {
    settlements.push({ claimId: claim.id, subscriptionId: id, delivery, attempt: null, settled });
  };
  const invisible = allocations.map(({ request, deliveries }): InvisibleMessages => {
    const visibleAtMs = nowMs + (request.options.visibilityMs ?? visibilityMs);
    let bytes = 0;
    const messages = deliveries.map((delivery): PulledMessage => {
      const { message } = delivery;
      const receives = delivery.retriesMade + 1;
      const firstAttemptAtMs = delivery.firstAttemptAtMs ?? nowMs;
      bytes += message.body.byteLength;
      const parked = { retriesMade: receives, firstAttemptAtMs };
      settle(delivery, { kind: "parked", dueAtMs: visibleAtMs, ...parked });
      const pulled = { ...parked, seq: message.seq };
      return {
        id: messageId(message.topicId, message.seq),
        message: shownMessage(clock, message),
        receiptHandle: writeReceiptHandle(id, { ...pulled, pulledAtMs: nowMs }),
        receives,
        firstReceivedAtMs: clock.wall(firstAttemptAtMs),
        visibleAtMs: clock.wall(visibleAtMs),
        pulled,
      };
    });
    return { request, messages, bytes, visibleAtMs };
  });
  for (const delivery of held) settle(delivery, { kind: "held" });
  for (const delivery of left) settle(delivery, { kind: "released" });
  return { invisible, settlements };
}

/** Makes a message visible again at once, because its client disconnected before the message was sent. */
export function makeVisible({ pulled }: PulledMessage, nowMs: TimeMs): PulledSettlement {
  return { pulled, answer: { kind: "due", dueAtMs: nowMs } };
}
