import type { AccountId, EntryKind, SubscriptionId, TopicId } from "../../domain/model.ts";
import type { Connection } from "./connection.ts";

export const CHANNEL = "ringback";

/**
 * An event that one node sends to the others. Events are short: a PostgreSQL notification carries at most 8,000 bytes.
 */
export type NodeEvent =
  /** The topic was created, changed or deleted, or a subscription of the topic was created or deleted. */
  | { readonly kind: "topic"; readonly topicId: TopicId }
  | { readonly kind: "subscription"; readonly topicId: TopicId; readonly subscriptionId: SubscriptionId }
  /** A replay with this target was cancelled. */
  | { readonly kind: "replay"; readonly subscriptionId: SubscriptionId }
  | { readonly kind: "entry"; readonly accountId: AccountId; readonly entryKind: EntryKind; readonly name: string }
  /** A node has started. */
  | { readonly kind: "node" }
  /** Subscriptions may have work. */
  | {
      readonly kind: "wake";
      readonly topicIds: readonly TopicId[];
      readonly subscriptionIds: readonly SubscriptionId[];
    };

export function toPayload(nodeId: number, event: NodeEvent): string {
  return JSON.stringify([nodeId, event]);
}

/** Sends the event to the other nodes. PostgreSQL sends it when the transaction commits. */
export async function notifyNodes(connection: Connection, nodeId: number, event: NodeEvent): Promise<void> {
  await connection.query("SELECT pg_notify($1, $2)", [CHANNEL, toPayload(nodeId, event)], "notify");
}

/**
 * Returns null for an event of this node. Also returns null for anything that is not a node event, because every user
 * of the database can send notifications.
 */
export function fromPayload(nodeId: number, payload: string): NodeEvent | null {
  let said: unknown;
  try {
    said = JSON.parse(payload);
  } catch {
    return null;
  }
  if (!Array.isArray(said)) return null;
  const [from, event] = said as [unknown, Partial<NodeEvent> | null | undefined];
  return from === nodeId || typeof event !== "object" || event === null || !isWhole(event) ? null : event;
}

function isWhole(event: Partial<NodeEvent>): event is NodeEvent {
  return event.kind !== "wake" || (areIds(event.topicIds) && areIds(event.subscriptionIds));
}

/**
 * Checks ids before use. A claim with an invalid id would fail again and again, and with it every claim in the same
 * batch.
 */
function areIds(ids: unknown): boolean {
  return Array.isArray(ids) && ids.every((id) => Number.isSafeInteger(id));
}
