import { messageId } from "../../domain/message-id.ts";
import type { PullSettings, Subscription, TimeMs } from "../../domain/model.ts";
import type { Claim, ClaimedDelivery, ReceiverAnswer, Settled, Settlement } from "../../store/port.ts";
import type { PulledMessage } from "../port.ts";
import type { Ask } from "./pull-request.ts";
import { writeReceipt } from "./receipt-handle.ts";
import type { Shares } from "./allocation.ts";

/** What somebody gets as soon as it is written down that it is hidden from the others. */
export interface Hidden {
  readonly ask: Ask;
  readonly messages: readonly PulledMessage[];
  readonly bytes: number;
}

export interface Hiding {
  readonly hidden: readonly Hidden[];
  readonly settlements: readonly Settlement[];
}

/** A message that is handed out is a parked one: due again when its time is over, and received once more. */
export function hide(
  claim: Claim,
  { shares, held, left }: Shares,
  { id }: Subscription,
  { visibilityMs }: PullSettings,
  nowMs: TimeMs,
): Hiding {
  const settlements: Settlement[] = [];
  const settle = (delivery: ClaimedDelivery, settled: Settled): void => {
    settlements.push({ claimId: claim.id, subscriptionId: id, delivery, attempt: null, settled });
  };
  const hidden = shares.map(({ ask, deliveries }): Hidden => {
    const visibleAtMs = nowMs + (ask.want.visibilityMs ?? visibilityMs);
    let bytes = 0;
    const messages = deliveries.map((delivery): PulledMessage => {
      const { message } = delivery;
      const receives = delivery.retriesMade + 1;
      const firstReceivedAtMs = delivery.firstAttemptAtMs ?? nowMs;
      bytes += message.body.byteLength;
      const parked = { retriesMade: receives, firstAttemptAtMs: firstReceivedAtMs };
      settle(delivery, { kind: "parked", dueAtMs: visibleAtMs, ...parked });
      const receipt = writeReceipt(id, { ...parked, seq: message.seq, handedOutAtMs: nowMs });
      return {
        id: messageId(message.topicId, message.seq),
        message,
        receipt,
        receives,
        firstReceivedAtMs,
        visibleAtMs,
      };
    });
    return { ask, messages, bytes };
  });
  for (const delivery of held) settle(delivery, { kind: "held" });
  for (const delivery of left) settle(delivery, { kind: "released" });
  return { hidden, settlements };
}

/** Whoever asked for it has left: it is there for the next. */
export function unhide({ message, receives, firstReceivedAtMs }: PulledMessage, nowMs: TimeMs): ReceiverAnswer {
  const handedOut = { seq: message.seq, retriesMade: receives, firstAttemptAtMs: firstReceivedAtMs };
  return { handedOut, answer: { kind: "due", dueAtMs: nowMs } };
}
