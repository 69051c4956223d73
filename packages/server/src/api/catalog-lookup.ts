import { RingbackError } from "../domain/errors.ts";
import type { Subscription, Topic } from "../domain/model.ts";
import { assertName } from "../domain/names.ts";
import type { ApiContext } from "./dependencies.ts";

/** The resources that a path names, or the error that says which of them is not there. */

export interface TopicPath {
  readonly topic: string;
}

export interface SubscriptionPath extends TopicPath {
  readonly subscription: string;
}

export async function topicAt({ store }: ApiContext, path: TopicPath): Promise<Topic> {
  assertName("topic", path.topic);
  const topic = await store.catalog.getTopic(store.catalog.defaultAccount().id, path.topic);
  if (topic === null) throw new RingbackError("topic_not_found", `There is no topic "${path.topic}".`);
  return topic;
}

export async function subscriptionAt(context: ApiContext, path: SubscriptionPath): Promise<Subscription> {
  assertName("subscription", path.subscription);
  const topic = await topicAt(context, path);
  return found(path, await context.store.catalog.getSubscription(topic.id, path.subscription));
}

export function found(path: SubscriptionPath, subscription: Subscription | null): Subscription {
  if (subscription !== null) return subscription;
  throw new RingbackError(
    "subscription_not_found",
    `The topic "${path.topic}" has no subscription "${path.subscription}".`,
  );
}
