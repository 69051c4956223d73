import { RingbackError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import type { Subscription, Topic, TopicSettings } from "../../domain/model.ts";
import { untilWritten } from "../../domain/write-condition.ts";
import type { Page } from "../../store/page.ts";
import { attributesOf, type Attributes } from "./attributes.ts";
import type { ActionContext, Call, Members } from "./call.ts";
import { CmqError } from "./errors.ts";
import { filterTypeOf, forgetFilterType, keepFilterType } from "./filter-type.ts";
import { cmqId } from "./ids.ts";
import { listItems, listRequestOf } from "./listing.ts";
import { topicOf } from "./lookup.ts";
import { seconds } from "./seconds.ts";
import { cmqLimits } from "./cmq-limits.ts";

type NumericSettings = Pick<TopicSettings, "bodyBytesMax" | "retentionMs">;

const topicDefaults: NumericSettings = {
  bodyBytesMax: cmqLimits.messageBytesDefault,
  retentionMs: cmqLimits.topicRetentionMsDefault,
};

const attributes: Attributes<NumericSettings> = [
  ["maxMsgSize", "bodyBytesMax", limits.topicBodyBytesMin, limits.bodyBytesMax, 1],
  // Only the newer API has this parameter.
  ["msgRetentionSeconds", "retentionMs", 60, seconds(cmqLimits.topicRetentionMsDefault), 1000],
];

export async function createTopic(context: ActionContext, { parameters }: Call): Promise<Members> {
  const name = parameters.resourceName("topicName");
  const settings = { ...topicDefaults, ...attributesOf(parameters, attributes) };
  const filterType = parameters.integer("filterType", 1, 2) === 2 ? "route" : "tag";
  const { store, account } = context;
  const topic = await context.catalogMutex.run(async () => {
    // Programs create their topics at every start, so most topics exist already. Reading before creating avoids an
    // unnecessary write.
    const created =
      (await store.catalog.findTopicAnyCase(account.id, name)) === null &&
      (await store.catalog.createTopic(account.id, name, settings));
    if (!created) throw new CmqError("exists");
    await keepFilterType(context, created, filterType).catch(async (error: unknown) => {
      await store.catalog.deleteTopic(account.id, name);
      throw error instanceof RingbackError && error.code === "entry_limit" ? new CmqError("topicLimit") : error;
    });
    return created;
  });
  notifyChanged(context, name);
  return { topicId: cmqId("topic", topic.id) };
}

export async function setTopicAttributes(context: ActionContext, { parameters }: Call): Promise<Members> {
  const change = attributesOf(parameters, attributes);
  const name = await context.catalogMutex.run(() =>
    untilWritten(async () => {
      const before = await topicOf(context, parameters);
      await context.store.catalog.putTopic(context.account.id, before.name, { ...before.settings, ...change }, before);
      return before.name;
    }),
  );
  notifyChanged(context, name);
  return {};
}

export async function getTopicAttributes(context: ActionContext, { parameters }: Call): Promise<Members> {
  return topicAttributes(context, await topicOf(context, parameters));
}

export async function topicAttributes(context: ActionContext, topic: Topic) {
  return {
    msgCount: await waitingCount(context, topic),
    maxMsgSize: topic.settings.bodyBytesMax,
    msgRetentionSeconds: seconds(topic.settings.retentionMs),
    createTime: seconds(topic.createdAtMs),
    lastModifyTime: seconds(topic.updatedAtMs),
    filterType: (await filterTypeOf(context, topic)) === "route" ? 2 : 1,
  };
}

export async function listTopic({ store, account }: ActionContext, { parameters }: Call): Promise<Members> {
  const request = listRequestOf(parameters);
  const { totalCount, items } = await listItems(request, (page) => store.catalog.listTopics(account.id, page));
  return { totalCount, topicList: items.map(({ id, name }) => ({ topicId: cmqId("topic", id), topicName: name })) };
}

export async function deleteTopic(context: ActionContext, { parameters }: Call): Promise<Members> {
  const { store, account, events, clock, filterCache } = context;
  const topic = await context.catalogMutex.run(async () => {
    const topic = await topicOf(context, parameters);
    const { items } = await store.catalog.listSubscriptions(topic.id, { after: null, limit: 1 });
    if (items.length > 0) throw new CmqError("hasSubscriptions");
    // Another API may have deleted the topic in the meantime.
    if (!(await store.catalog.deleteTopic(account.id, topic.name))) throw new CmqError("topicNotFound");
    await forgetFilterType(context, topic);
    return topic;
  });
  filterCache.invalidate(topic.id);
  events.emit({ type: "topic.deleted", accountId: topic.accountId, at: clock.wall(), topic: topic.name });
  return {};
}

/** Returns the largest number of unsettled messages among the topic's first subscriptions. */
async function waitingCount({ store }: ActionContext, topic: Topic): Promise<number> {
  const request = { after: null, limit: cmqLimits.countedSubscriptionsMax };
  const page: Page<Subscription> = await store.catalog.listSubscriptions(topic.id, request);
  const counts = await Promise.all(page.items.map(({ id }) => store.records.unsettledCounts(id)));
  return Math.max(0, ...counts.map(({ backlog, parked, inFlight }) => backlog + parked + inFlight));
}

function notifyChanged({ account, events, clock }: ActionContext, topic: string): void {
  events.emit({ type: "topic.changed", accountId: account.id, at: clock.wall(), topic });
}
