import { limits } from "../../domain/limits.ts";
import type { MessageId, NewMessage, Topic } from "../../domain/model.ts";
import { assertMessage } from "../../domain/message-rules.ts";
import type { Reach } from "./filter-cache.ts";
import type { ActionContext, Call, Members } from "./call.ts";
import { bodyOf, bodiesOf } from "./bodies.ts";
import { CmqError } from "./errors.ts";
import { topicOf } from "./found.ts";
import type { Parameters } from "./parameters.ts";

type Labels = Pick<NewMessage, "tags" | "routingKey">;

export async function publishMessage(context: ActionContext, { parameters }: Call): Promise<Members> {
  const body = bodyOf(parameters);
  const topic = await topicOf(context, parameters);
  const [msgId] = await publish(context, topic, [body], labelsOf(parameters, topic));
  return { msgId };
}

export async function batchPublishMessage(context: ActionContext, { parameters }: Call): Promise<Members> {
  const bodies = bodiesOf(parameters);
  const topic = await topicOf(context, parameters);
  const ids = await publish(context, topic, bodies, labelsOf(parameters, topic));
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

/** Tags or a routing key, as the topic filters; what it would never look at is not looked at here either. */
function labelsOf(parameters: Parameters, topic: Topic): Labels {
  if (topic.filterType === "tag") {
    return { tags: parameters.list("msgTag", limits.tagsMax, "tooManyMessageTags") ?? [], routingKey: null };
  }
  const routingKey = parameters.text("routingKey");
  if (routingKey === null) throw new CmqError("routingKeyMissing");
  if (routingKey.split(".").length > limits.routingKeyDotsMax + 1) throw new CmqError("tooManyDots");
  return { tags: [], routingKey };
}
