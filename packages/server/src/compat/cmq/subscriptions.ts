import type { Filter, Subscription, SubscriptionSettings, Topic } from "../../domain/model.ts";
import { assertTags } from "../../domain/tag-rules.ts";
import { assertTypePatterns } from "../../domain/type-rules.ts";
import { subscriptionShape } from "../../shapes/subscription.ts";
import { untilWritten } from "../../domain/write-condition.ts";
import { everyPage } from "../../store/every-page.ts";
import type { ActionContext, Call, Members } from "./call.ts";
import { cmqLimits } from "./cmq-limits.ts";
import { type ContentFormat, contentFormatOf, endpointOf, shownEndpoint, shownFormat, withFormat } from "./endpoint.ts";
import { CmqError } from "./errors.ts";
import { filterTypeOf, type FilterType } from "./filter-type.ts";
import { cmqId } from "./ids.ts";
import { bindingKeysOf, tagsOf } from "./labels.ts";
import { listItems, listRequestOf } from "./listing.ts";
import { subscriptionOf, topicOf } from "./lookup.ts";
import type { Parameters } from "./parameters.ts";
import { seconds } from "./seconds.ts";

const strategies = ["BACKOFF_RETRY", "EXPONENTIAL_DECAY_RETRY"] as const;

export async function subscribe(context: ActionContext, { parameters }: Call): Promise<Members> {
  const name = parameters.resourceName("subscriptionName");
  const topic = await topicOf(context, parameters);
  const filterType = await filterTypeOf(context, topic);
  const filter = filterOf(parameters, filterType);
  if (filterType === "route" && (filter.types ?? []).length === 0) throw new CmqError("bindingKeyMissing");
  const retry = strategyOf(parameters) ?? "EXPONENTIAL_DECAY_RETRY";
  const push = await endpointOf(context, parameters);
  const { store, verifier } = context;
  const settings = verifier.prepare(subscriptionShape.read({ push, filter, retry }).settings, null);
  const subscription = await context.catalogMutex.run(async () => {
    // Another request may have deleted the topic and created a new one of the same name.
    if ((await topicOf(context, parameters)).id !== topic.id) throw new CmqError("topicNotFound");
    await assertNameIsFree(context, topic, name);
    return (await store.catalog.putSubscription(topic.id, name, settings, "now")).subscription;
  });
  verifier.request(subscription);
  notifyChanged(context, topic, name);
  // CMQ's documentation does not name this member, but CMQ's Python SDK reads it.
  return { subscriptionId: cmqId("subsc", subscription.id) };
}

export async function unsubscribe(context: ActionContext, { parameters }: Call): Promise<Members> {
  const { store, events, clock, filterCache } = context;
  const { topic, subscription } = await context.catalogMutex.run(async () => {
    const lookup = await subscriptionOf(context, parameters);
    const didDelete = await store.catalog.deleteSubscription(lookup.topic.id, lookup.subscription.name);
    if (!didDelete) throw new CmqError("subscriptionNotFound");
    return lookup;
  });
  filterCache.invalidate(topic.id);
  events.emit({
    type: "subscription.deleted",
    accountId: topic.accountId,
    at: clock.wall(),
    topic: topic.name,
    subscription: subscription.name,
  });
  return {};
}

export async function listSubscriptionByTopic(context: ActionContext, { parameters }: Call): Promise<Members> {
  const request = listRequestOf(parameters, { limitMax: cmqLimits.subscriptionListLimitMax });
  const topic = await topicOf(context, parameters);
  const { store } = context;
  const { totalCount, items } = await listItems(request, (page) => store.catalog.listSubscriptions(topic.id, page));
  return {
    totalCount,
    subscriptionList: items.map((subscription) => ({
      subscriptionId: cmqId("subsc", subscription.id),
      subscriptionName: subscription.name,
      ...shownEndpoint(subscription.settings),
    })),
  };
}

/** Attributes that are not given keep their values. */
export async function setSubscriptionAttributes(context: ActionContext, { parameters }: Call): Promise<Members> {
  const retry = strategyOf(parameters);
  const format: ContentFormat | null = contentFormatOf(parameters);
  return changeSubscription(context, parameters, (filterType, settings) => {
    if (settings.push === null && retry !== null) {
      throw new CmqError("invalidParameters", "receivers pull from this subscription, so it has no strategy");
    }
    const filter = { ...settings.filter, ...filterOf(parameters, filterType) };
    assertTags("filterTag", filter.tags);
    assertTypePatterns("bindingKey", filter.types);
    return {
      ...settings,
      ...(retry !== null && { retry }),
      ...(format !== null && { push: withFormat(settings.push, format) }),
      filter,
    };
  });
}

export async function getSubscriptionAttributes(context: ActionContext, { parameters }: Call): Promise<Members> {
  const { subscription } = await subscriptionOf(context, parameters);
  return subscriptionAttributes(context, subscription);
}

export async function subscriptionAttributes({ store, account }: ActionContext, subscription: Subscription) {
  const { id, settings, createdAtMs, updatedAtMs } = subscription;
  const { backlog, parked, inFlight } = await store.records.unsettledCounts(id);
  const { protocol, endpoint } = shownEndpoint(settings);
  return {
    topicOwner: account.appId,
    msgCount: backlog + parked + inFlight,
    protocol,
    // CMQ's Python SDK reads a member with this misspelling.
    protocal: protocol,
    endpoint,
    notifyStrategy: settings.retry === "BACKOFF_RETRY" ? "BACKOFF_RETRY" : "EXPONENTIAL_DECAY_RETRY",
    notifyContentFormat: shownFormat(settings),
    createTime: seconds(createdAtMs),
    lastModifyTime: seconds(updatedAtMs),
    bindingKey: settings.filter.types,
    // The Java SDK reads `filterTag`, the Python SDK `filterTags`.
    filterTag: settings.filter.tags,
    filterTags: settings.filter.tags,
  };
}

export async function clearSubscriptionFilterTags(context: ActionContext, { parameters }: Call): Promise<Members> {
  return changeSubscription(context, parameters, (_filterType, settings) => ({
    ...settings,
    filter: { ...settings.filter, tags: [] },
  }));
}

/**
 * Reads the settings and writes the changed settings. Concurrent changes by other requests, programs or nodes are not
 * lost.
 */
async function changeSubscription(
  context: ActionContext,
  parameters: Parameters,
  change: (filterType: FilterType, settings: SubscriptionSettings) => SubscriptionSettings,
): Promise<Members> {
  const { topic, subscription } = await context.catalogMutex.run(() =>
    untilWritten(async () => {
      const lookup = await subscriptionOf(context, parameters);
      const { topic, subscription } = lookup;
      const given = change(await filterTypeOf(context, topic), subscription.settings);
      const changed = context.verifier.prepare(given, subscription.settings);
      await context.store.catalog.putSubscription(topic.id, subscription.name, changed, "now", subscription);
      return lookup;
    }),
  );
  notifyChanged(context, topic, subscription.name);
  return {};
}

function notifyChanged({ filterCache, events, clock }: ActionContext, topic: Topic, subscription: string): void {
  filterCache.invalidate(topic.id);
  events.emit({
    type: "subscription.changed",
    accountId: topic.accountId,
    at: clock.wall(),
    topic: topic.name,
    subscription,
  });
}

/** CMQ does not allow two names that differ only in case. */
async function assertNameIsFree({ store }: ActionContext, topic: Topic, name: string): Promise<void> {
  const wanted = name.toLowerCase();
  for await (const items of everyPage((page) => store.catalog.listSubscriptions(topic.id, page))) {
    if (items.some((other) => other.name.toLowerCase() === wanted)) throw new CmqError("subscriptionExists");
  }
}

/** Returns the filter conditions that the request contains. */
function filterOf(parameters: Parameters, filterType: FilterType): Partial<Filter> {
  const tags =
    tagsOf(parameters, "filterTag", "tooManyFilterTags") ?? tagsOf(parameters, "filterTags", "tooManyFilterTags");
  const types = bindingKeysOf(parameters);
  if (filterType === "tag" && types !== null) {
    throw new CmqError("invalidParameters", "the topic filters by tag, so its subscriptions have no bindingKey");
  }
  if (filterType === "route" && tags !== null) {
    throw new CmqError("invalidParameters", "the topic filters by route, so its subscriptions have no filterTag");
  }
  return { ...(tags !== null && { tags }), ...(types !== null && { types }) };
}

function strategyOf(parameters: Parameters) {
  return parameters.choice("notifyStrategy", strategies, "unknownStrategy");
}
