import { emitDeliveryEvents } from "./delivery-events.ts";
import type { DeliveryOutcome, DeliveryReceiver } from "./delivery-outcome.ts";
import type { EventBus } from "./event-bus.ts";

/**
 * Reports an outcome to the observer (metrics, log) and to the listeners of live events. Called once for each outcome,
 * so that no receiver misses an outcome that another receiver gets.
 */
export function reportDelivery(
  { observer, events }: { readonly observer: DeliveryReceiver; readonly events: EventBus },
  outcome: DeliveryOutcome,
): void {
  observer.settled(outcome);
  emitDeliveryEvents(events, outcome);
}
