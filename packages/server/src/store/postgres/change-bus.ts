import type { AccountId, EntryKind, SubscriptionId, TopicId } from "../../domain/model.ts";

export const CHANNEL = "ringback";

/** What one node tells the others. Short texts: a notification carries at most 8,000 bytes. */
export type News =
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

export function toPayload(nodeId: number, news: News): string {
  return JSON.stringify([nodeId, news]);
}

/** null: it comes from this very node, or from a version that says things this one does not know. */
export function fromPayload(nodeId: number, payload: string): News | null {
  const [from, news] = JSON.parse(payload) as [number, News];
  return from === nodeId ? null : news;
}
