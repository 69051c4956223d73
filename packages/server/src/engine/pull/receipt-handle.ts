import { SEQ_MAX } from "../../domain/message-id.ts";
import type { SubscriptionId, TimeMs } from "../../domain/model.ts";
import type { PulledDelivery } from "../../store/log.ts";

/**
 * What a receipt handle says: which handing out of which message it is for. It is no secret and proves nothing: whoever may answer
 * for a subscription's messages may answer for any of them, and the store looks whether one is still as the receipt handle says.
 */
export interface ReceiptHandle extends PulledDelivery {
  /** When it was handed out this time. */
  readonly pulledAtMs: TimeMs;
}

/** Far below what a receipt handle may be long: five numbers in base 36. */
const form = /^r(0|[1-9a-z][0-9a-z]{0,10})(?:-(?:0|[1-9a-z][0-9a-z]{0,10})){4}$/;

export function writeReceiptHandle(
  id: SubscriptionId,
  { seq, retriesMade, firstAttemptAtMs, pulledAtMs }: ReceiptHandle,
): string {
  return `r${[id, seq, retriesMade, firstAttemptAtMs, pulledAtMs].map((part) => part.toString(36)).join("-")}`;
}

/** null: it was not given out for this subscription. */
export function readReceiptHandle(id: SubscriptionId, text: string): ReceiptHandle | null {
  if (!form.test(text)) return null;
  const parts = text
    .slice(1)
    .split("-")
    .map((part) => Number.parseInt(part, 36));
  const [ofId, seq, retriesMade, firstAttemptAtMs, pulledAtMs] = parts as [number, number, number, number, number];
  if (ofId !== id || seq < 1 || seq > SEQ_MAX || retriesMade < 1 || retriesMade > receivesToldMax) return null;
  if (firstAttemptAtMs > timeMsMax || pulledAtMs > timeMsMax) return null;
  return { seq, retriesMade, firstAttemptAtMs, pulledAtMs };
}

/** A count of handings out is an integer of 32 bits to every driver. */
const receivesToldMax = 2 ** 31 - 1;
/** The last moment that a `Date` knows. */
const timeMsMax = 8_640_000_000_000_000;
