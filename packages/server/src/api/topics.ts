import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Static } from "typebox";
import { isTopicGranted } from "../domain/access-rules.ts";
import { RingbackError } from "../domain/errors.ts";
import type { AccountId, Topic, TopicId, TopicSettings } from "../domain/model.ts";
import { assertName } from "../domain/names.ts";
import { eventsTopicName } from "../domain/internal-names.ts";
import type { ActiveAccount } from "../engine/accounts/account-settings.ts";
import { eventsTopicOf, putEventsTopic } from "../engine/events/events-topic.ts";
import { dropMadeKeysOfTopic } from "../engine/keys/made-keys.ts";
import { assertRetentionFitsRetries } from "../engine/push/settings-rule.ts";
import { topicParams } from "../shapes/schema-parts.ts";
import { topicSchema, topicShape, topicView } from "../shapes/topic.ts";
import { everyPage } from "../store/every-page.ts";
import type { Label } from "../store/label.ts";
import type { Page, PageRequest } from "../store/page.ts";
import type { Store } from "../store/store.ts";
import { accountIdOf, callerOf, type Called, type RequestTo } from "./access-gate.ts";
import type { ApiParts } from "./api-parts.ts";
import { labelledListRoute, resourceRoutes, type Resource } from "./resource.ts";

export type TopicPath = Static<typeof topicParams>;

export function topicRoutes(app: FastifyInstance, { store, events, clock, servicesOf }: ApiParts): void {
  const { catalog } = store;
  const resource: Resource<"topic", TopicPath, Topic, TopicSettings> = {
    path: "/v1/topics/:topic",
    noun: "topic",
    plural: "topics",
    pathErrors: ["invalid_name", "topic_not_found"],
    putErrors: ["topic_limit", "built_in_topic"],
    deleteErrors: ["built_in_topic"],
    settingErrors: [],
    params: topicParams,
    view: topicSchema,
    texts: { delete: { summary: "Delete a topic with its messages, its subscriptions and their dead letters" } },
    shape: topicShape,
    isBodyOptional: true,
    assertName: ({ topic }) => assertName("topic", topic),
    at: ({ topic: name }, request) => ({
      get: () => topicNamed(catalog, request, name),
      async put(settings, condition) {
        const account = accountIdOf(request);
        await assertRetentionFitsRetries(store, account, name, settings.retentionMs);
        const accountLimits = callerOf(request).account.limits;
        if (name === eventsTopicName)
          return putEventsTopic(catalog, account, settings, { accountLimits, ...(condition && { condition }) });
        return catalog.putTopic(account, name, settings, condition);
      },
      async delete(condition) {
        if (name === eventsTopicName) {
          throw new RingbackError("built_in_topic", `The topic ${eventsTopicName} cannot be deleted.`);
        }
        const account = servicesOf(accountIdOf(request));
        const didDelete = await catalog.deleteTopic(account.accountId, name, condition);
        if (didDelete) await dropMadeKeysOfTopic({ ...account, store }, name);
        return didDelete;
      },
    }),
    notFound,
    bodyOf: ({ settings }) => settings,
    viewOf: topicView,
    notify: ({ topic }, change, request) =>
      events.emit({ type: `topic.${change}`, accountId: accountIdOf(request), at: clock.wall(), topic }),
  };
  resourceRoutes(app, resource);
  const listed = (request: FastifyRequest, page: PageRequest, label?: Label): Promise<Page<Topic>> => {
    const { account, topics } = callerOf(request);
    const read = (part: PageRequest): Promise<Page<Topic>> => listedTopics(catalog, account, part, label);
    return topics === null ? read(page) : grantedPage(topics, page, read);
  };
  labelledListRoute(app, resource, listed, { access: "read", omitsOtherTopics: true });
}

/** Reads one page of the topics, to which the built-in topic belongs. That topic has no labels. */
async function listedTopics(
  catalog: Store["catalog"],
  { id, limits }: ActiveAccount,
  page: PageRequest,
  label?: Label,
): Promise<Page<Topic>> {
  const read = await catalog.listTopics(id, page, label);
  const isBefore = page.after !== null && page.after >= eventsTopicName;
  const isAfter = read.next !== null && read.next < eventsTopicName;
  if (label !== undefined || isBefore || isAfter) return read;
  const all = [...read.items, await eventsTopicOf(catalog, id, limits)].sort(byName);
  const items = all.slice(0, page.limit);
  const hasNext = read.next !== null || all.length > page.limit;
  return { items, next: hasNext ? (items.at(-1)?.name ?? null) : null };
}

function byName(one: Topic, other: Topic): number {
  return one.name < other.name ? -1 : 1;
}

/**
 * Reads one page of the topics that a limited key is valid for. `next` is the name of such a topic as well, because the
 * caller can read the name in the cursor.
 */
async function grantedPage(
  topics: readonly string[],
  { after, limit }: PageRequest,
  read: (page: PageRequest) => Promise<Page<Topic>>,
): Promise<Page<Topic>> {
  const granted: Topic[] = [];
  for await (const items of everyPage(read, after)) {
    granted.push(...items.filter(({ name }) => isTopicGranted(topics, name)));
    if (granted.length > limit) break;
  }
  const items = granted.slice(0, limit);
  return { items, next: granted.length > limit ? (items.at(-1)?.name ?? null) : null };
}

/** Returns the ids of the topics that a limited key is valid for. */
export async function grantedTopicIds(
  { catalog }: Pick<Store, "catalog">,
  accountId: AccountId,
  topics: readonly string[],
): Promise<readonly TopicId[]> {
  const ids: TopicId[] = [];
  for await (const items of everyPage((page) => catalog.listTopics(accountId, page))) {
    ids.push(...items.filter(({ name }) => isTopicGranted(topics, name)).map(({ id }) => id));
  }
  return ids;
}

/** Throws `topic_not_found` and `invalid_name`. */
export async function topicAt({ catalog }: Pick<Store, "catalog">, request: RequestTo<TopicPath>): Promise<Topic> {
  const path = request.params;
  assertName("topic", path.topic);
  const topic = await topicNamed(catalog, request, path.topic);
  if (topic === null) throw notFound(path);
  return topic;
}

function topicNamed(catalog: Store["catalog"], request: Called, name: string): Promise<Topic | null> {
  const { id, limits } = callerOf(request).account;
  return name === eventsTopicName ? eventsTopicOf(catalog, id, limits) : catalog.getTopic(id, name);
}

function notFound({ topic }: TopicPath): RingbackError {
  return new RingbackError("topic_not_found", `There is no topic "${topic}".`);
}
