import type { SubscriptionId } from "../../domain/model.ts";

/** The state of a subscription's sender in this process, for metrics. */
export interface SenderState {
  readonly subscriptionId: SubscriptionId;
  readonly inFlight: number;
  /** The number of POSTs that may be in flight; below 1: one at a time, with pauses. */
  readonly window: number;
  readonly isFailing: boolean;
}
