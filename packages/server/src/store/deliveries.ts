import type { AccountId, DeliveryState, MessageId } from "../domain/model.ts";
import type { RecordStore } from "./records.ts";

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

/** The changes of a driver, each in one atomic step. null: the delivery has meanwhile got another state. */
export interface DeliveryChanges {
  readonly retry: (...delivery: DeliveryKey) => Promise<RetryOutcome | null>;
  readonly cancel: (...delivery: DeliveryKey) => Promise<"cancelled" | "in_flight" | null>;
}

type DeliveryKey = Parameters<DeliveryStore["retry"]>;

/** Reads the state of a delivery first, and changes only deliveries whose state allows the change. */
export function deliveryStore(records: Pick<RecordStore, "getMessage">, changes: DeliveryChanges): DeliveryStore {
  const stateOf = async (...[accountId, id, name]: DeliveryKey): Promise<DeliveryState | null> => {
    const found = await records.getMessage(accountId, id);
    return found?.deliveries.find(({ subscription }) => subscription === name)?.state ?? null;
  };
  return {
    async retry(...delivery) {
      const state = await stateOf(...delivery);
      if (state === null || state === "pending" || state === "in_flight" || state === "filtered") return state;
      return changes.retry(...delivery);
    },
    async cancel(...delivery) {
      const state = await stateOf(...delivery);
      if (state !== "parked") return state;
      const cancelled = await changes.cancel(...delivery);
      if (cancelled !== null) return cancelled;
      const now = await stateOf(...delivery);
      return now === "parked" ? "in_flight" : now;
    },
  };
}
