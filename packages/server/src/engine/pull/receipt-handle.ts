import { SEQ_MAX } from "../../domain/message-id.ts";
import type { SubscriptionId, TimeMs } from "../../domain/model.ts";
import type { PulledDelivery } from "../../store/log.ts";

/**
 * Identifies one delivery of a message. A receipt handle is no secret and proves nothing: a client that may acknowledge
 * one message of a subscription may acknowledge all of them. The store checks that the delivery still has the state
 * that the handle describes.
 */
export interface ReceiptHandle extends PulledDelivery {
  /** When this delivery was made. */
  readonly pulledAtMs: TimeMs;
}

/** Five numbers in base 36: far shorter than `limits.receiptHandleCharsMax`. */
const form = /^r(0|[1-9a-z][0-9a-z]{0,10})(?:-(?:0|[1-9a-z][0-9a-z]{0,10})){4}$/;

export function writeReceiptHandle(
  id: SubscriptionId,
  { seq, retriesMade, firstAttemptAtMs, pulledAtMs }: ReceiptHandle,
): string {
  return `r${[id, seq, retriesMade, firstAttemptAtMs, pulledAtMs].map((part) => part.toString(36)).join("-")}`;
}

/** Returns null if the text is not a receipt handle of this subscription. */
export function readReceiptHandle(id: SubscriptionId, text: string): ReceiptHandle | null {
  if (!form.test(text)) return null;
  const parts = text
    .slice(1)
    .split("-")
    .map((part) => Number.parseInt(part, 36));
  const [ofId, seq, retriesMade, firstAttemptAtMs, pulledAtMs] = parts as [number, number, number, number, number];
  if (ofId !== id || seq < 1 || seq > SEQ_MAX || retriesMade < 1 || retriesMade > receivesMax) return null;
  if (firstAttemptAtMs > timeMsMax || pulledAtMs > timeMsMax) return null;
  return { seq, retriesMade, firstAttemptAtMs, pulledAtMs };
}

/** Every driver stores the count of receives as an integer of 32 bits. */
const receivesMax = 2 ** 31 - 1;
/** The last time that a `Date` can represent. */
const timeMsMax = 8_640_000_000_000_000;
