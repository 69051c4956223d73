/** The CMQ actions of the newer API. They call the actions of API 2.0 and rename the members of the results. */

import { limits } from "../../domain/limits.ts";
import type { Subscription, Topic } from "../../domain/model.ts";
import { foldCase } from "../../domain/names.ts";
import type { QueueDetails } from "../../engine/queues/queues.ts";
import type { Page } from "../../store/page.ts";
import type { Action, ActionContext, Call, Members } from "./call.ts";
import { CmqError } from "./errors.ts";
import { cmqId } from "./ids.ts";
import { listItems, listRequestOf } from "./listing.ts";
import { queueOf, topicOf } from "./lookup.ts";
import { sendMessage } from "./messages.ts";
import type { Parameters } from "./parameters.ts";
import { publishMessage } from "./publish.ts";
import { createLargeQueue, deleteQueue, queueAttributes, rewindQueue, setQueueAttributes } from "./queues.ts";
import {
  clearSubscriptionFilterTags,
  setSubscriptionAttributes,
  subscribe,
  subscriptionAttributes,
  unsubscribe,
} from "./subscriptions.ts";
import { createTopic, deleteTopic, setTopicAttributes, topicAttributes } from "./topics.ts";
import { cmqLimits } from "./cmq-limits.ts";

/** The actions of version 2020-02-17, which belongs to Tencent's product TDMQ. */
export const tc3Actions: ReadonlyMap<string, Action> = new Map<string, Action>([
  ["CreateCmqTopic", async (context, call) => capitalised(await createTopic(context, call))],
  ["ModifyCmqTopicAttribute", setTopicAttributes],
  ["DeleteCmqTopic", deleteTopic],
  ["DescribeCmqTopics", (context, call) => describeTopics(context, call, "TopicList")],
  ["DescribeCmqTopicDetail", describeTopicDetail],
  ["PublishCmqMsg", async (context, call) => sent(await publishMessage(context, call))],
  ["CreateCmqSubscribe", async (context, call) => capitalised(await subscribe(context, call))],
  ["DeleteCmqSubscribe", unsubscribe],
  ["ModifyCmqSubscriptionAttribute", setSubscriptionAttributes],
  ["DescribeCmqSubscriptionDetail", describeSubscriptions],
  ["ClearCmqSubscriptionFilterTags", clearSubscriptionFilterTags],
  ["CreateCmqQueue", async (context, call) => capitalised(await createLargeQueue(context, call))],
  ["ModifyCmqQueueAttribute", setQueueAttributes],
  ["DeleteCmqQueue", deleteQueue],
  ["DescribeCmqQueues", (context, call) => describeQueues(context, call, "QueueList")],
  ["DescribeCmqQueueDetail", describeQueueDetail],
  ["RewindCmqQueue", rewindQueue],
  ["ClearCmqQueue", clearQueue],
  ["SendCmqMsg", async (context, call) => sent(await sendMessage(context, call))],
  ["UnbindCmqDeadLetter", unbindDeadLetter],
  ["DescribeCmqDeadLetterSourceQueues", describeDeadLetterSources],
]);

/**
 * The actions of version 2019-03-04, which belongs to CMQ: the actions that version 2020-02-17 has with `Cmq` in their
 * names, and two listings whose results have other names.
 */
export const oldTc3Actions: ReadonlyMap<string, Action> = new Map<string, Action>([
  ...[...tc3Actions]
    .filter(([name]) => !/^(?:DescribeCmqTopic|DescribeCmqQueue|PublishCmqMsg|SendCmqMsg)/.test(name))
    .map(([name, run]): [string, Action] => [name.replace("Cmq", ""), run]),
  ["DescribeTopicDetail", (context, call) => describeTopics(context, call, "TopicSet")],
  ["DescribeQueueDetail", (context, call) => describeQueues(context, call, "QueueSet")],
]);

async function describeTopics(context: ActionContext, { parameters }: Call, list: string): Promise<Members> {
  const { store, account } = context;
  const request = listRequestOf(parameters, { search: "topicName" });
  const names = namesOf(parameters, "topicNameList");
  const { totalCount, items } = await listItems(request, (page) =>
    withNames(store.catalog.listTopics(account.id, page), names),
  );
  return { TotalCount: totalCount, [list]: await inOrder(items, (topic) => topicView(context, topic)) };
}

async function describeTopicDetail(context: ActionContext, { parameters }: Call): Promise<Members> {
  return { TopicDescribe: await topicView(context, await topicOf(context, parameters)) };
}

async function topicView(context: ActionContext, topic: Topic) {
  return {
    TopicId: cmqId("topic", topic.id),
    TopicName: topic.name,
    ...capitalised(await topicAttributes(context, topic)),
    ...timesInMs(topic),
    Tags: [],
    Trace: false,
    Status: 1,
  };
}

async function describeSubscriptions(context: ActionContext, { parameters }: Call): Promise<Members> {
  if (parameters.text("queryType") === "queue") {
    throw new CmqError("invalidParameters", "subscriptions can be listed by topic only");
  }
  const { store } = context;
  const topic = await topicOf(context, parameters);
  const request = listRequestOf(parameters, {
    search: "subscriptionName",
    limitMax: cmqLimits.subscriptionListLimitMax,
  });
  const { totalCount, items } = await listItems(request, (page) => store.catalog.listSubscriptions(topic.id, page));
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

async function describeQueues(context: ActionContext, { parameters }: Call, list: string): Promise<Members> {
  const request = listRequestOf(parameters, { search: "queueName" });
  // Queue names that differ only in case are the same queue.
  const names = namesOf(parameters, "queueNameList", foldCase);
  const { totalCount, items } = await listItems(request, (page) =>
    withNames(context.queues.list(page), names, foldCase),
  );
  return { TotalCount: totalCount, [list]: await inOrder(items, (queue) => queueView(context, queue)) };
}

async function describeQueueDetail(context: ActionContext, { parameters }: Call): Promise<Members> {
  return { QueueDescribe: await queueView(context, await queueOf(context, parameters)) };
}

async function queueView(context: ActionContext, queue: QueueDetails) {
  const { rewindmsgNum: _misspelt, deadLetterPolicy, ...attributes } = await queueAttributes(context, queue);
  return {
    QueueId: cmqId("queue", queue.id),
    QueueName: queue.name,
    ...capitalised(attributes),
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

/** Deletes the queue and creates it again with the same settings. Earlier receipt handles become invalid. */
async function clearQueue(context: ActionContext, { parameters }: Call): Promise<Members> {
  const queue = await queueOf(context, parameters);
  const { name, id: _id, createdAtMs: _created, updatedAtMs: _updated, ...settings } = queue;
  await context.queues.delete(name);
  await context.queues.create(name, settings);
  return {};
}

async function unbindDeadLetter({ queues }: ActionContext, { parameters }: Call): Promise<Members> {
  // Version 2019-03-04 has the name in `QueueName`.
  const parameter = parameters.has("queueName") ? "queueName" : "sourceQueueName";
  const name = parameters.resourceName("queueName", parameter);
  if ((await queues.get(name)) === null) throw new CmqError("queueNotFound");
  await queues.change(name, { deadLetters: null });
  return {};
}

async function describeDeadLetterSources({ queues }: ActionContext, { parameters }: Call): Promise<Members> {
  const wanted = foldCase(parameters.resourceName("queueName", "deadLetterQueueName"));
  const request = listRequestOf(parameters, { search: "sourceQueueName" });
  const { totalCount, items } = await listItems(request, async (page) => {
    const { items, next } = await queues.list(page);
    return { items: items.filter(({ deadLetters }) => foldCase(deadLetters?.queue ?? "") === wanted), next };
  });
  return {
    TotalCount: totalCount,
    QueueSet: items.map(({ id, name }) => ({ QueueId: cmqId("queue", id), QueueName: name })),
  };
}

const unchanged = (name: string): string => name;

function namesOf(parameters: Parameters, name: string, normalise = unchanged): ReadonlySet<string> | null {
  const names = parameters.list(name, cmqLimits.listLimitMax, "batchSize");
  return names === null ? null : new Set(names.map(normalise));
}

/** Returns the items of the page that have one of these names, or all items if `names` is null. */
async function withNames<T extends { readonly name: string }>(
  page: Promise<Page<T>>,
  names: ReadonlySet<string> | null,
  normalise = unchanged,
): Promise<Page<T>> {
  const { items, next } = await page;
  return names === null ? { items, next } : { items: items.filter(({ name }) => names.has(normalise(name))), next };
}

async function inOrder<T, View>(items: readonly T[], view: (item: T) => Promise<View>): Promise<readonly View[]> {
  const views: View[] = [];
  for (const item of items) views.push(await view(item));
  return views;
}

function sent({ msgId }: Members): Members {
  return { Result: true, MsgId: msgId };
}

/** The newer API has times in milliseconds, API 2.0 in seconds. */
function timesInMs({ createdAtMs, updatedAtMs }: { readonly createdAtMs: number; readonly updatedAtMs: number }) {
  return { CreateTime: createdAtMs, LastModifyTime: updatedAtMs };
}

function capitalised(members: Members): Members {
  return Object.fromEntries(
    Object.entries(members).map(([name, value]) => [name.charAt(0).toUpperCase() + name.slice(1), value]),
  );
}
