import type { Topic, TopicId } from "../../domain/model.ts";
import type { ActionContext } from "./call.ts";

/**
 * A CMQ topic filters either by tag or by routing key. The choice is made when the topic is created and cannot change.
 * Native topics have no such setting. So a store entry marks the topics that filter by routing key; all other topics
 * filter by tag.
 */
export type FilterType = "tag" | "route";

const entryKind = "cmq-routed-topic";

interface RoutedTopic {
  /** A new topic with the name of a deleted topic has another id, so an old entry does not apply to the new topic. */
  readonly topicId: TopicId;
}

export async function filterTypeOf({ store }: Pick<ActionContext, "store">, topic: Topic): Promise<FilterType> {
  const entry = await store.entries.get(topic.accountId, entryKind, topic.name);
  return (entry?.value as RoutedTopic | undefined)?.topicId === topic.id ? "route" : "tag";
}

export async function keepFilterType({ store }: ActionContext, topic: Topic, filterType: FilterType): Promise<void> {
  if (filterType === "tag") return;
  const value: RoutedTopic = { topicId: topic.id };
  await store.entries.put(topic.accountId, entryKind, topic.name, value);
}

export async function forgetFilterType({ store }: ActionContext, topic: Topic): Promise<void> {
  await store.entries.delete(topic.accountId, entryKind, topic.name);
}
