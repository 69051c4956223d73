import type { Topic, TopicId } from "../../domain/model.ts";
import type { ActionContext } from "./call.ts";

/**
 * A topic of CMQ filters either by tag or by routing key, fixed at its creation. Ringback's own topics know no such rule, so
 * an entry marks the topics that filter by routing key; every other topic filters by tag.
 */
export type FilterType = "tag" | "route";

const entryKind = "cmq-routed-topic";

interface RoutedTopic {
  /** A topic that was deleted and created again under its name has another id, and filters by tag again. */
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
