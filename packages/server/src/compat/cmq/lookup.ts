import type { Subscription, Topic } from "../../domain/model.ts";
import type { QueueDetails } from "../../engine/queues/queues.ts";
import type { ActionContext } from "./call.ts";
import { CmqError } from "./errors.ts";
import type { Parameters } from "./parameters.ts";

/** Returns the topic with the name in `topicName`. Throws `topicNotFound`. */
export async function topicOf({ store, account }: ActionContext, parameters: Parameters): Promise<Topic> {
  const topic = await store.catalog.getTopic(account.id, parameters.resourceName("topicName"));
  if (topic === null) throw new CmqError("topicNotFound");
  return topic;
}

/**
 * Returns the subscription with the names in `topicName` and `subscriptionName`. Throws `topicNotFound` and
 * `subscriptionNotFound`.
 */
export async function subscriptionOf(
  context: ActionContext,
  parameters: Parameters,
): Promise<{ readonly topic: Topic; readonly subscription: Subscription }> {
  const name = parameters.resourceName("subscriptionName");
  const topic = await topicOf(context, parameters);
  const subscription = await context.store.catalog.getSubscription(topic.id, name);
  if (subscription === null) throw new CmqError("subscriptionNotFound");
  return { topic, subscription };
}

/** Returns the queue with the name in `queueName`. Throws `queueNotFound`. */
export async function queueOf({ queues }: ActionContext, parameters: Parameters): Promise<QueueDetails> {
  const queue = await queues.get(parameters.resourceName("queueName"));
  if (queue === null) throw new CmqError("queueNotFound");
  return queue;
}
