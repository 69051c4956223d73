import type { MessageId, NewMessage, Topic } from "../../domain/model.ts";
import { assertMessage } from "../../domain/message-rules.ts";
import type { Reach } from "./filter-cache.ts";
import type { ActionContext, Call, Members } from "./call.ts";
import { bodyOf, bodiesOf } from "./bodies.ts";
import { CmqError } from "./errors.ts";
import { filterTypeOf } from "./filter-type.ts";
import { topicOf } from "./found.ts";
import { routingKeyOf, tagsOf } from "./labels.ts";
import type { Parameters } from "./parameters.ts";

type Labels = Pick<NewMessage, "tags" | "type">;

export async function publishMessage(context: ActionContext, { parameters }: Call): Promise<Members> {
  const body = bodyOf(parameters);
  const topic = await topicOf(context, parameters);
  const [msgId] = await publish(context, topic, [body], await labelsOf(context, parameters, topic));
  return { msgId };
}

export async function batchPublishMessage(context: ActionContext, { parameters }: Call): Promise<Members> {
  const bodies = bodiesOf(parameters);
  const topic = await topicOf(context, parameters);
  const ids = await publish(context, topic, bodies, await labelsOf(context, parameters, topic));
  return { msgList: ids.map((msgId) => ({ msgId })) };
}

/** Refused when nobody would get it: that is what the programs that call this rely on. */
async function publish(
  { publisher, audiences }: ActionContext,
  topic: Topic,
  bodies: readonly Uint8Array[],
  labels: Labels,
): Promise<readonly MessageId[]> {
  const messages = bodies.map((body): NewMessage => ({
    body,
    contentType: null,
    ...labels,
    orderingKey: null,
    attributes: {},
    delayMs: 0,
  }));
  if (!audiences.isKnownToReach(topic, labels)) {
    // What is wrong with the message itself is told before that nobody would get it.
    for (const message of messages) assertMessage(message, topic, "");
    assertReached(await audiences.reach(topic, labels));
  }
  return (await publisher.publish(topic, messages, null)).ids;
}

function assertReached(reach: Reach): void {
  if (reach === "no-subscription") throw new CmqError("noSubscription");
  if (reach === "nothing-matches") throw new CmqError("nothingMatches");
}

/** Tags or a routing key, depending on how the topic filters; the other parameter is ignored. */
async function labelsOf(context: ActionContext, parameters: Parameters, topic: Topic): Promise<Labels> {
  if ((await filterTypeOf(context, topic)) === "route") return { tags: [], type: routingKeyOf(parameters) };
  return { tags: tagsOf(parameters, "msgTag", "tooManyMessageTags") ?? [], type: null };
}
