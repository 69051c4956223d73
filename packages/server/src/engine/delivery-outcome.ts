import type { Attempt, Seq, Subscription, TimeMs } from "../domain/model.ts";
import type { ClaimedDelivery, Settled } from "../store/log.ts";
import type { Recording } from "./push/recording.ts";

/** The outcome of one attempt to deliver a message, or of a delivery that ended without another attempt. */
export interface DeliveryOutcome {
  readonly subscription: Subscription;
  /** `publishedAtMs`: in Unix time; null: not known, because a receipt handle does not contain it. */
  readonly message: { readonly seq: Seq; readonly publishedAtMs: TimeMs | null };
  /** Left out: the message was pulled. */
  readonly push?: {
    readonly delivery: ClaimedDelivery;
    readonly requestId: string;
    /** Of the endpoint. */
    readonly origin: string;
    /** The request and the reply; null: they were not noted. */
    readonly recording: Recording | null;
  };
  /** null: the delivery was given up without another attempt. */
  readonly attempt: Attempt | null;
  /** The exact duration of the attempt. The attempt itself has it in whole milliseconds. */
  readonly durationMs: number;
  readonly settled: Settled;
  /** When the outcome became known, in Unix time. */
  readonly atMs: TimeMs;
}

/** Receives one call for each outcome of a delivery. The call must be quick and must not throw. */
export interface DeliveryReceiver {
  settled(outcome: DeliveryOutcome): void;
}

/** The observer, which passes each outcome to further receivers too. */
export function withReceivers<T extends DeliveryReceiver>(observer: T, ...others: readonly DeliveryReceiver[]): T {
  const settled = (outcome: DeliveryOutcome): void => {
    observer.settled(outcome);
    for (const other of others) other.settled(outcome);
  };
  return { ...observer, settled };
}

/**
 * Time from publishing to the receiver's acceptance by the first attempt. null: the delivery needed more attempts, was
 * not accepted or is a copy of a replay, or its publishing time is not known.
 */
export function firstDeliveryMs({ message, push, attempt, atMs }: DeliveryOutcome): number | null {
  if (push?.delivery.isApart === true) return null;
  if (attempt?.verdict !== "accepted" || attempt.attempt !== 1 || message.publishedAtMs === null) return null;
  return Math.max(0, atMs - message.publishedAtMs);
}
