/** The CMQ actions of the newer API, by those of API 2.0: the same work under other names and in another envelope. */

import { limits } from "../../domain/limits.ts";
import type { Subscription, Topic } from "../../domain/model.ts";
import { foldCase } from "../../domain/names.ts";
import type { QueueDetails } from "../../engine/queues/queues.ts";
import type { Page } from "../../store/page.ts";
import type { ActionContext, Call, Members } from "./call.ts";
import { CmqError } from "./errors.ts";
import { listed, queueOf, topicOf, type Wanted } from "./found.ts";
import { cmqId } from "./ids.ts";
import { sendMessage } from "./messages.ts";
import { assertResourceName, type Parameters } from "./parameters.ts";
import { publishMessage } from "./publish.ts";
import { createLargeQueue, deleteQueue, queueAttributes, rewindQueue, setQueueAttributes } from "./queues.ts";
import {
  clearSubscriptionFilterTags,
  setSubscriptionAttributes,
  subscribed,
  subscriptionAttributes,
  unsubscribe,
} from "./subscriptions.ts";
import { createTopic, deleteTopic, setTopicAttributes, topicAttributes } from "./topics.ts";

type Tc3Action = (context: ActionContext, call: Call) => Promise<Members>;

/** 2020-02-17 of TDMQ. */
export const tc3Actions: ReadonlyMap<string, Tc3Action> = new Map<string, Tc3Action>([
  ["CreateCmqTopic", async (context, call) => capitalised(await createTopic(context, call))],
  ["ModifyCmqTopicAttribute", setTopicAttributes],
  ["DeleteCmqTopic", deleteTopic],
  ["DescribeCmqTopics", describeTopics],
  ["DescribeCmqTopicDetail", describeTopicDetail],
  ["PublishCmqMsg", async (context, call) => sent(await publishMessage(context, call))],
  ["CreateCmqSubscribe", createSubscribe],
  ["DeleteCmqSubscribe", unsubscribe],
  ["ModifyCmqSubscriptionAttribute", setSubscriptionAttributes],
  ["DescribeCmqSubscriptionDetail", describeSubscriptions],
  ["ClearCmqSubscriptionFilterTags", clearSubscriptionFilterTags],
  ["CreateCmqQueue", async (context, call) => capitalised(await createLargeQueue(context, call))],
  ["ModifyCmqQueueAttribute", setQueueAttributes],
  ["DeleteCmqQueue", deleteQueue],
  ["DescribeCmqQueues", describeQueues],
  ["DescribeCmqQueueDetail", describeQueueDetail],
  ["RewindCmqQueue", rewindQueue],
  ["ClearCmqQueue", clearQueue],
  ["SendCmqMsg", async (context, call) => sent(await sendMessage(context, call))],
  ["UnbindCmqDeadLetter", unbindDeadLetter],
  ["DescribeCmqDeadLetterSourceQueues", describeDeadLetterSources],
]);

/** 2019-03-04 of CMQ: two looks, which are the lists of above under other names. */
export const oldTc3Actions: ReadonlyMap<string, Tc3Action> = new Map<string, Tc3Action>([
  [
    "DescribeTopicDetail",
    async (context, call) => {
      const { TotalCount, TopicList } = await describeTopics(context, call);
      return { TotalCount, TopicSet: TopicList };
    },
  ],
  [
    "DescribeQueueDetail",
    async (context, call) => {
      const { TotalCount, QueueList } = await describeQueues(context, call);
      return { TotalCount, QueueSet: QueueList };
    },
  ],
]);

async function createSubscribe(context: ActionContext, call: Call): Promise<Members> {
  const { id } = await subscribed(context, call);
  return { SubscriptionId: cmqId("subsc", id) };
}

async function describeTopics(context: ActionContext, { parameters }: Call) {
  const { store, account } = context;
  const wanted = wantedOf(parameters, "topicName");
  const names = namesOf(parameters, "topicNameList");
  const { totalCount, items } = await listed(wanted, (page) =>
    named(store.catalog.listTopics(account.id, page), names),
  );
  const TopicList = await inOrder(items, (topic) => topicView(context, topic));
  return { TotalCount: totalCount, TopicList };
}

async function describeTopicDetail(context: ActionContext, { parameters }: Call): Promise<Members> {
  return { TopicDescribe: await topicView(context, await topicOf(context, parameters)) };
}

async function topicView(context: ActionContext, topic: Topic) {
  const attributes = capitalised(await topicAttributes(context, topic));
  return {
    TopicId: cmqId("topic", topic.id),
    TopicName: topic.name,
    ...attributes,
    ...timesInMs(topic),
    Tags: [],
    Trace: false,
    Status: 1,
  };
}

async function describeSubscriptions(context: ActionContext, { parameters }: Call): Promise<Members> {
  if (parameters.text("queryType") === "queue") {
    throw new CmqError("invalidParameters", "subscriptions can be described by their topic only");
  }
  const { store } = context;
  const topic = await topicOf(context, parameters);
  const wanted = wantedOf(parameters, "subscriptionName", limits.cmqSubscriptionListLimitMax);
  const { totalCount, items } = await listed(wanted, (page) => store.catalog.listSubscriptions(topic.id, page));
  const SubscriptionSet = await inOrder(items, (subscription) => subscriptionView(context, subscription));
  return { TotalCount: totalCount, SubscriptionSet };
}

async function subscriptionView(context: ActionContext, subscription: Subscription) {
  const { protocal: _misspelt, filterTag: _one, ...attributes } = await subscriptionAttributes(context, subscription);
  return {
    SubscriptionName: subscription.name,
    SubscriptionId: cmqId("subsc", subscription.id),
    TopicName: subscription.topic,
    ...capitalised(attributes),
    ...timesInMs(subscription),
  };
}

async function describeQueues(context: ActionContext, { parameters }: Call) {
  const wanted = wantedOf(parameters, "queueName");
  // Queues whose names differ in case alone are the same queue.
  const names = namesOf(parameters, "queueNameList", foldCase);
  const { totalCount, items } = await listed(wanted, (page) => named(context.queues.list(page), names, foldCase));
  const QueueList = await inOrder(items, (queue) => queueView(context, queue));
  return { TotalCount: totalCount, QueueList };
}

async function describeQueueDetail(context: ActionContext, { parameters }: Call): Promise<Members> {
  return { QueueDescribe: await queueView(context, await queueOf(context, parameters)) };
}

async function queueView(context: ActionContext, queue: QueueDetails) {
  const { rewindmsgNum, deadLetterPolicy, ...attributes } = await queueAttributes(context, queue);
  return {
    QueueId: cmqId("queue", queue.id),
    QueueName: queue.name,
    ...capitalised(attributes),
    RewindMsgNum: rewindmsgNum,
    ...timesInMs(queue),
    MaxDelaySeconds: limits.delayMsMax / 1000,
    Transaction: false,
    Trace: false,
    Tags: [],
    Status: 1,
    ...(deadLetterPolicy !== undefined && {
      DeadLetterPolicy: { DeadLetterQueue: queue.deadLetters?.queue, ...capitalised(deadLetterPolicy) },
    }),
  };
}

/** A queue of the same settings takes its place: what was in it is gone, and so are the receipt handles that were out. */
async function clearQueue(context: ActionContext, { parameters }: Call): Promise<Members> {
  const {
    name,
    id: _id,
    createdAtMs: _created,
    updatedAtMs: _updated,
    ...settings
  } = await queueOf(context, parameters);
  await context.queues.delete(name);
  await context.queues.create(name, settings);
  return {};
}

async function unbindDeadLetter({ queues }: ActionContext, { parameters }: Call): Promise<Members> {
  const name = queueNameIn(parameters, "sourceQueueName");
  if ((await queues.get(name)) === null) throw new CmqError("queueNotFound");
  await queues.change(name, { deadLetters: null });
  return {};
}

async function describeDeadLetterSources({ queues }: ActionContext, { parameters }: Call): Promise<Members> {
  const wanted = foldCase(queueNameIn(parameters, "deadLetterQueueName"));
  const { totalCount, items } = await listed(wantedOf(parameters, "sourceQueueName"), async (page) => {
    const { items, next } = await queues.list(page);
    return { items: items.filter(({ deadLetters }) => foldCase(deadLetters?.queue ?? "") === wanted), next };
  });
  return {
    TotalCount: totalCount,
    QueueSet: items.map(({ id, name }) => ({ QueueId: cmqId("queue", id), QueueName: name })),
  };
}

function queueNameIn(parameters: Parameters, parameter: string): string {
  const name = parameters.required(parameter);
  assertResourceName("queueName", name);
  return name;
}

/** Looked for by a part of the name, which is the newer API's search word. */
function wantedOf(parameters: Parameters, nameParameter: string, limitMax: number = limits.cmqListLimitMax): Wanted {
  return {
    searchWord: parameters.text(nameParameter)?.toLowerCase() ?? "",
    offset: parameters.integer("offset", 0, limits.cmqListOffsetMax) ?? 0,
    limit: parameters.integer("limit", 0, limitMax) ?? limits.cmqListLimitDefault,
  };
}

const asItIs = (name: string): string => name;

function namesOf(parameters: Parameters, name: string, formOf = asItIs): ReadonlySet<string> | null {
  const names = parameters.list(name, limits.cmqListLimitMax, "batchSize");
  return names === null ? null : new Set(names.map(formOf));
}

async function named<T extends { readonly name: string }>(
  page: Promise<Page<T>>,
  names: ReadonlySet<string> | null,
  formOf = asItIs,
): Promise<Page<T>> {
  const { items, next } = await page;
  return names === null ? { items, next } : { items: items.filter(({ name }) => names.has(formOf(name))), next };
}

async function inOrder<T, View>(items: readonly T[], view: (item: T) => Promise<View>): Promise<readonly View[]> {
  const views: View[] = [];
  for (const item of items) views.push(await view(item));
  return views;
}

function sent({ msgId }: Members): Members {
  return { Result: true, MsgId: msgId };
}

/** This API has its times in milliseconds where the older one has seconds. */
function timesInMs({ createdAtMs, updatedAtMs }: { readonly createdAtMs: number; readonly updatedAtMs: number }) {
  return { CreateTime: createdAtMs, LastModifyTime: updatedAtMs };
}

function capitalised(members: Members): Members {
  return Object.fromEntries(
    Object.entries(members).map(([name, value]) => [name.charAt(0).toUpperCase() + name.slice(1), value]),
  );
}
