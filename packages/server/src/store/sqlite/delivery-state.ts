import type { DeliveryState, Message } from "../../domain/model.ts";
import type { SubscriptionEntry } from "./catalog.ts";
import type { DeliveryRows } from "./operations/records.ts";

/** What became of a message for a subscription, as far as memory and the records still know. */
export function deliveryState(entry: SubscriptionEntry, message: Message, rows: DeliveryRows): DeliveryState {
  if (entry.open.has(message.seq)) return "in_flight";
  if (rows.parked !== null) return "parked";
  // Of a rewound one the records still tell what became of it before.
  if (!entry.cursor.isDone(message.seq)) return entry.matches(message) ? "pending" : "filtered";
  if (rows.dead !== null) return "dead";
  const last = rows.attempts.at(-1);
  if (last?.verdict === "accepted") return "delivered";
  // It had given up before its dead letter was purged.
  if (last !== undefined) return "dead";
  // Settled without a record: it began to read after this message, or a purge has taken the record away.
  return entry.matches(message) ? "skipped" : "filtered";
}
