import type { AccountId, EntryKind, SubscriptionId, TopicId } from "../../domain/model.ts";

export const CHANNEL = "ringback";

/** What one node tells the others. Short texts: a notification carries at most 8,000 bytes. */
export type NodeEvent =
  /** The topic was made, changed or removed, or its subscriptions came or went. */
  | { readonly kind: "topic"; readonly topicId: TopicId }
  | { readonly kind: "subscription"; readonly topicId: TopicId; readonly subscriptionId: SubscriptionId }
  | { readonly kind: "entry"; readonly accountId: AccountId; readonly entryKind: EntryKind; readonly name: string }
  /** A node has come. */
  | { readonly kind: "node" }
  /** There may be work. */
  | {
      readonly kind: "wake";
      readonly topicIds: readonly TopicId[];
      readonly subscriptionIds: readonly SubscriptionId[];
    };

export function toPayload(nodeId: number, event: NodeEvent): string {
  return JSON.stringify([nodeId, event]);
}

/** null: it comes from this very node, or is nothing that a node says: whoever may use the database can say what he likes here. */
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

/** One that is none would be claimed from, and fail whatever is claimed with it, again and again. */
function areIds(ids: unknown): boolean {
  return Array.isArray(ids) && ids.every((id) => Number.isSafeInteger(id));
}
