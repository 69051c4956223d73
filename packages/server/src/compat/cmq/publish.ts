import type { MessageId, NewMessage, Topic } from "../../domain/model.ts";
import { assertMessage } from "../../domain/message-rules.ts";
import type { ActionContext, Call, Members } from "./call.ts";
import { bodyOf, bodiesOf } from "./bodies.ts";
import { CmqError } from "./errors.ts";
import { filterTypeOf } from "./filter-type.ts";
import { routingKeyOf, tagsOf } from "./labels.ts";
import { topicOf } from "./lookup.ts";
import type { Parameters } from "./parameters.ts";

type Labels = Pick<NewMessage, "tags" | "type">;

export async function publishMessage(context: ActionContext, { parameters, hops, trace }: Call): Promise<Members> {
  const body = bodyOf(parameters);
  const topic = await topicOf(context, parameters);
  const labels = await labelsOf(context, parameters, topic);
  const [msgId] = await publish(context, topic, [body], { ...labels, hops, trace });
  return { msgId };
}

export async function batchPublishMessage(context: ActionContext, { parameters, hops, trace }: Call): Promise<Members> {
  const bodies = bodiesOf(parameters);
  const topic = await topicOf(context, parameters);
  const labels = await labelsOf(context, parameters, topic);
  const ids = await publish(context, topic, bodies, { ...labels, hops, trace });
  return { msgList: ids.map((msgId) => ({ msgId })) };
}

/** Refuses a message that no subscription would receive, as CMQ does. */
async function publish(
  { publisher, filterCache }: ActionContext,
  topic: Topic,
  bodies: readonly Uint8Array[],
  labels: Labels & Pick<NewMessage, "hops" | "trace">,
): Promise<readonly MessageId[]> {
  const messages = bodies.map((body): NewMessage => ({
    body,
    contentType: null,
    ...labels,
    orderingKey: null,
    attributes: {},
    delayMs: 0,
  }));
  if (!filterCache.isKnownToReach(topic, labels)) {
    // The messages are checked first. So the error for an invalid message is the same whether or not a subscription
    // would receive the message.
    for (const message of messages) assertMessage(message, topic, "");
    const reach = await filterCache.reach(topic, labels);
    if (reach === "no-subscription") throw new CmqError("noSubscription");
    if (reach === "nothing-matches") throw new CmqError("nothingMatches");
  }
  return (await publisher.publish(topic, messages, null)).ids;
}

/** Reads either the tags or the routing key, depending on the topic's filter type, and ignores the other. */
async function labelsOf(context: ActionContext, parameters: Parameters, topic: Topic): Promise<Labels> {
  if ((await filterTypeOf(context, topic)) === "route") return { tags: [], type: routingKeyOf(parameters) };
  return { tags: tagsOf(parameters, "msgTag", "tooManyMessageTags") ?? [], type: null };
}
