import type { DeliveryState, Filter } from "../domain/model.ts";

/** The facts about one message and one subscription from which the state of the delivery is derived. */
export interface DeliveryFacts {
  /** Open in a claim whose lease has not expired. */
  readonly isOpen: boolean;
  readonly isParked: boolean;
  readonly isSettled: boolean;
  readonly hasDeadLetter: boolean;
  readonly attempts: readonly { readonly verdict: string }[];
  /** Whether the filter matches the message. */
  readonly matches: () => boolean;
  /** Whether the subscription has `filter.where`, which leaves no record of what it rejects. */
  readonly hasWhere: boolean;
}

export function hasWhere({ where = null }: Filter): boolean {
  return where !== null;
}

export function deliveryState(facts: DeliveryFacts): DeliveryState {
  if (facts.isOpen) return "in_flight";
  if (facts.isParked) return "parked";
  // After a rewind, attempts and dead letters of the earlier delivery still exist.
  if (!facts.isSettled) return facts.matches() ? "pending" : "filtered";
  if (facts.hasDeadLetter) return "dead";
  const last = facts.attempts.at(-1);
  if (last?.verdict === "accepted") return "delivered";
  // The dead letter of the delivery has been purged.
  if (last !== undefined) return "dead";
  // Settled without an attempt: the subscription started after this message, or the record has been removed since.
  return facts.matches() && !facts.hasWhere ? "skipped" : "filtered";
}
