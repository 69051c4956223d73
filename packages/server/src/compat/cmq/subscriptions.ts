import { isHttpUrl } from "../../domain/endpoint-url-rule.ts";
import { limits } from "../../domain/limits.ts";
import type { Filter, PushedSettings, Subscription, SubscriptionSettings, Topic } from "../../domain/model.ts";
import { RingbackError } from "../../domain/errors.ts";
import { subscriptionShape } from "../../shapes/subscription.ts";
import type { Page } from "../../store/page.ts";
import type { ActionContext, Call, Members } from "./call.ts";
import { CmqError, cmqErrorOf } from "./errors.ts";
import { filterTypeOf, type FilterType } from "./filter-type.ts";
import { listed, seconds, subscriptionOf, topicOf, wantedOf } from "./found.ts";
import { cmqId } from "./ids.ts";
import { bindingKeysOf, tagsOf } from "./labels.ts";
import { assertResourceName, type Parameters } from "./parameters.ts";

const strategies = ["BACKOFF_RETRY", "EXPONENTIAL_DECAY_RETRY"] as const;
const formats = ["JSON", "SIMPLIFIED"] as const;
type Format = (typeof formats)[number];
const protocolOfFormat: Record<Format, string> = { JSON: "cmq-json", SIMPLIFIED: "cmq-simplified" };

/** What a subscription to a queue is pushed to: the message itself, as it is. */
const queueScheme = "queue:";
const queueProtocol = "raw";

export async function subscribe(context: ActionContext, call: Call): Promise<Members> {
  await subscribed(context, call);
  return {};
}

export async function subscribed(context: ActionContext, { parameters }: Call): Promise<Subscription> {
  const name = parameters.resourceName("subscriptionName");
  const topic = await topicOf(context, parameters);
  const filterType = await filterTypeOf(context, topic);
  const filter = filterOf(parameters, filterType);
  if (filterType === "route" && (filter.types ?? []).length === 0) throw new CmqError("bindingKeyMissing");
  const retry = strategyOf(parameters) ?? "EXPONENTIAL_DECAY_RETRY";
  const target = await targetOf(context, parameters);
  const settings = settingsOf({
    push: { url: "http://placeholder/", protocol: target.protocol },
    filter,
    retry,
  });
  const { store } = context;
  const subscription = await context.creationMutex.run(async () => {
    // Another request may have removed the topic since, and made it anew.
    if ((await topicOf(context, parameters)).id !== topic.id) throw new CmqError("topicNotFound");
    await assertFree(context, topic, name);
    const pushed = { ...settings, push: { ...settings.push, url: target.url } };
    return (await store.catalog.putSubscription(topic.id, name, pushed, "now")).subscription;
  });
  tellChanged(context, topic, name);
  return subscription;
}

export async function unsubscribe(context: ActionContext, { parameters }: Call): Promise<Members> {
  const { store, events, clock, audiences } = context;
  const { topic, subscription } = await context.creationMutex.run(async () => {
    const found = await subscriptionOf(context, parameters);
    const didDelete = await store.catalog.deleteSubscription(found.topic.id, found.subscription.name);
    if (!didDelete) throw new CmqError("subscriptionNotFound");
    return found;
  });
  audiences.forget(topic.id);
  events.emit({
    type: "subscription.deleted",
    at: clock.now(),
    topic: topic.name,
    subscription: subscription.name,
  });
  return {};
}

export async function listSubscriptionByTopic(context: ActionContext, { parameters }: Call): Promise<Members> {
  const wanted = wantedOf(parameters, limits.cmqSubscriptionListLimitMax);
  const topic = await topicOf(context, parameters);
  const { totalCount, items } = await listed(wanted, (page) => context.store.catalog.listSubscriptions(topic.id, page));
  return {
    totalCount,
    subscriptionList: items.map((subscription) => ({
      subscriptionId: cmqId("subsc", subscription.id),
      subscriptionName: subscription.name,
      ...addressOf(subscription.settings),
    })),
  };
}

/** What is not given keeps its value. */
export async function setSubscriptionAttributes(context: ActionContext, { parameters }: Call): Promise<Members> {
  const retry = strategyOf(parameters);
  const format = formatOf(parameters);
  return change(context, parameters, (filterType, settings) => {
    if (settings.push === null && retry !== null) {
      throw new CmqError("invalidParameters", "the subscription is pulled from: it has no strategy");
    }
    const filter = filterOf(parameters, filterType);
    const checked = settingsOf({
      push: { url: "http://placeholder/" },
      filter: { ...settings.filter, ...filter },
    });
    return {
      ...settings,
      ...(retry !== null && { retry }),
      ...(format !== null && { push: pushIn(format, settings) }),
      filter: checked.filter,
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
  const { protocol, endpoint } = addressOf(settings);
  return {
    topicOwner: account.appId,
    msgCount: backlog + parked + inFlight,
    protocol,
    // Not our misspelling: the Python SDK reads it.
    protocal: protocol,
    endpoint,
    notifyStrategy: settings.retry === "BACKOFF_RETRY" ? "BACKOFF_RETRY" : "EXPONENTIAL_DECAY_RETRY",
    notifyContentFormat: shownFormat(settings),
    createTime: seconds(createdAtMs),
    lastModifyTime: seconds(updatedAtMs),
    bindingKey: settings.filter.types,
    // The Java SDK reads the first, the Python SDK the second.
    filterTag: settings.filter.tags,
    filterTags: settings.filter.tags,
  };
}

export async function clearSubscriptionFilterTags(context: ActionContext, { parameters }: Call): Promise<Members> {
  return change(context, parameters, (_filterType, settings) => ({
    ...settings,
    filter: { ...settings.filter, tags: [] },
  }));
}

/** From the settings as they are: what another request has changed a moment ago stays, and what it has removed stays away. */
async function change(
  context: ActionContext,
  parameters: Parameters,
  changed: (filterType: FilterType, settings: SubscriptionSettings) => SubscriptionSettings,
): Promise<Members> {
  const { topic, subscription } = await context.creationMutex.run(async () => {
    const found = await subscriptionOf(context, parameters);
    const { topic, subscription } = found;
    const filterType = await filterTypeOf(context, topic);
    await context.store.catalog.putSubscription(
      topic.id,
      subscription.name,
      changed(filterType, subscription.settings),
      "now",
    );
    return found;
  });
  tellChanged(context, topic, subscription.name);
  return {};
}

function tellChanged({ audiences, events, clock }: ActionContext, topic: Topic, subscription: string): void {
  audiences.forget(topic.id);
  events.emit({ type: "subscription.changed", at: clock.now(), topic: topic.name, subscription });
}

async function assertFree({ store }: ActionContext, topic: Topic, name: string): Promise<void> {
  const wanted = name.toLowerCase();
  let after: string | null = null;
  do {
    const page: Page<Subscription> = await store.catalog.listSubscriptions(topic.id, {
      after,
      limit: limits.pageItemsMax,
    });
    if (page.items.some((other) => other.name.toLowerCase() === wanted)) throw new CmqError("subscriptionExists");
    after = page.next;
  } while (after !== null);
}

async function targetOf(
  { queues }: ActionContext,
  parameters: Parameters,
): Promise<{ readonly url: string; readonly protocol: string }> {
  parameters.required("protocol");
  const protocol = parameters.choice(
    "protocol",
    ["http", "https", "queue", "HTTP", "HTTPS", "QUEUE"],
    "unknownProtocol",
  );
  const endpoint = parameters.required("endpoint");
  const format = formatOf(parameters) ?? "JSON";
  if (protocol === null) throw new CmqError("unknownProtocol");
  if (protocol.toLowerCase() === "queue") {
    assertResourceName("queueName", endpoint);
    if (format !== "SIMPLIFIED") throw new CmqError("queueNeedsSimplified");
    const queue = await queues.get(endpoint);
    if (queue === null) throw new CmqError("queueNotFound");
    return { url: queueScheme + queue.name, protocol: queueProtocol };
  }
  assertHttpEndpoint(endpoint);
  return { url: endpoint, protocol: protocolOfFormat[format] };
}

function assertHttpEndpoint(endpoint: string): void {
  if (!/^https?:\/\//i.test(endpoint))
    throw new CmqError("endpointForm", "endpoint must begin with http:// or https://");
  if (endpoint.length > limits.cmqEndpointCharsMax) {
    throw new CmqError("endpointForm", `endpoint must have at most ${limits.cmqEndpointCharsMax} characters`);
  }
  try {
    // For its rules about URLs alone.
    subscriptionShape.read({ push: { url: endpoint } });
  } catch (error) {
    if (error instanceof RingbackError)
      throw new CmqError("illegalEndpoint", error.message.replace(/^push\.url/, "endpoint"));
    throw error;
  }
}

/** Only what is given. */
function filterOf(parameters: Parameters, filterType: FilterType): Partial<Filter> {
  const tags =
    tagsOf(parameters, "filterTag", "tooManyFilterTags") ?? tagsOf(parameters, "filterTags", "tooManyFilterTags");
  const types = bindingKeysOf(parameters);
  if (filterType === "tag" && types !== null) {
    throw new CmqError("invalidParameters", "the topic filters by tag: its subscriptions have no bindingKey");
  }
  if (filterType === "route" && tags !== null) {
    throw new CmqError("invalidParameters", "the topic filters by route: its subscriptions have no filterTag");
  }
  return { ...(tags !== null && { tags }), ...(types !== null && { types }) };
}

function settingsOf(input: object): PushedSettings {
  try {
    return subscriptionShape.read(input).settings as PushedSettings;
  } catch (error) {
    throw error instanceof RingbackError ? cmqErrorOf(error) : error;
  }
}
function strategyOf(parameters: Parameters) {
  return parameters.choice("notifyStrategy", strategies, "unknownStrategy");
}

function formatOf(parameters: Parameters): Format | null {
  return parameters.choice("notifyContentFormat", formats, "unknownFormat");
}

function pushIn(format: Format, { push }: SubscriptionSettings): SubscriptionSettings["push"] {
  if (push === null) throw new CmqError("invalidParameters", "the subscription is pulled from: it has no format");
  if (push.url.startsWith(queueScheme)) {
    if (format !== "SIMPLIFIED") throw new CmqError("queueNeedsSimplified");
    return push;
  }
  if (!isHttpUrl(push.url)) {
    throw new CmqError("invalidParameters", "the subscription is not pushed over HTTP: it has no format");
  }
  // Its protocol until now may have signed; these sign nothing.
  return { ...push, protocol: protocolOfFormat[format], keys: [] };
}

/** Of one that was made by another door, the nearest that this API has a word for. */
function addressOf({ push }: SubscriptionSettings): { readonly protocol: string; readonly endpoint: string } {
  if (push === null) return { protocol: "queue", endpoint: "" };
  if (push.url.startsWith(queueScheme)) return { protocol: "queue", endpoint: push.url.slice(queueScheme.length) };
  return { protocol: "http", endpoint: push.url };
}

function shownFormat({ push }: SubscriptionSettings): Format {
  return push?.protocol === protocolOfFormat.JSON ? "JSON" : "SIMPLIFIED";
}
