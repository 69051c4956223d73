import type { AccountId, MessageId } from "../domain/model.ts";

/** The states of deliveries that can be neither retried nor cancelled. */
type UnsettledState = "pending" | "in_flight" | "filtered";

/**
 * `retried`: the delivery was parked and is due now. `redriven`: its dead letter is a delivery again. `copied`: the
 * delivery had ended and is sent once more, apart from the order. Any other outcome is the state of the delivery, which
 * has not changed. `held`: it waits behind an earlier delivery of its ordering key.
 */
export type RetryOutcome = "retried" | "redriven" | "copied" | "held" | UnsettledState;

/** `cancelled`: the delivery was parked and is a dead letter now. Any other outcome is the unchanged state. */
export type CancelOutcome = "cancelled" | "dead" | "delivered" | "skipped" | UnsettledState;

/** Changes of single deliveries. Each is atomic and durable. null: there is no such message or subscription. */
export interface DeliveryStore {
  retry(accountId: AccountId, id: MessageId, subscription: string): Promise<RetryOutcome | null>;
  /** The dead letter has the reason `cancelled`. Later deliveries of its ordering key go on. */
  cancel(accountId: AccountId, id: MessageId, subscription: string): Promise<CancelOutcome | null>;
}
