import { RingbackError } from "../../domain/errors.ts";
import type { AccountId, Topic, TopicId } from "../../domain/model.ts";
import { everyPage } from "../../store/every-page.ts";
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

/** Throws `entry_limit` past `limits.entriesMax` topics that filter by routing key. */
export async function keepFilterType({ store }: ActionContext, topic: Topic, filterType: FilterType): Promise<void> {
  if (filterType === "tag") return;
  const value: RoutedTopic = { topicId: topic.id };
  const put = () => store.entries.put(topic.accountId, entryKind, topic.name, value);
  await put().catch(async (error: unknown) => {
    if (!(error instanceof RingbackError) || error.code !== "entry_limit") throw error;
    await forgetDeletedTopics(store, topic.accountId);
    await put();
  });
}

/** A topic that was deleted through the native API leaves its entry behind. */
async function forgetDeletedTopics({ catalog, entries }: ActionContext["store"], account: AccountId): Promise<void> {
  for await (const items of everyPage((page) => entries.list(account, entryKind, page))) {
    for (const { name, value } of items) {
      const topic = await catalog.getTopic(account, name);
      if (topic?.id !== (value as RoutedTopic).topicId) await entries.delete(account, entryKind, name);
    }
  }
}

export async function forgetFilterType({ store }: ActionContext, topic: Topic): Promise<void> {
  await store.entries.delete(topic.accountId, entryKind, topic.name);
}
