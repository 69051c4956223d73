import type { FastifyInstance, FastifyRequest } from "fastify";
import { Type, type Static } from "typebox";
import { verificationOf } from "../domain/endpoint-verification.ts";
import { queueOfUrl } from "../domain/endpoint-url-rule.ts";
import { RingbackError } from "../domain/errors.ts";
import type { PushSettings, Subscription } from "../domain/model.ts";
import { assertName } from "../domain/names.ts";
import { deleteSubscription, putSubscription } from "../engine/push/settings-rule.ts";
import { jsonBody } from "../http/json-body.ts";
import { writeConditionally } from "../http/preconditions.ts";
import { labelOf } from "../shapes/labels.ts";
import { pageOfList } from "../shapes/page-cursor.ts";
import { queryReader } from "../shapes/query.ts";
import { conditionalRoute, labelledListQuery, listRoute, type NamedResource } from "../shapes/resource-routes.ts";
import {
  about,
  bodyErrors,
  closedObject,
  operation,
  problemResponses,
  subscriptionParams,
  topicParams,
  writeErrors,
} from "../shapes/schema-parts.ts";
import { shapeReader } from "../shapes/shape-check.ts";
import {
  bodyOf,
  countedSubscriptionSchema,
  countedSubscriptionView,
  listedSubscriptionSchema,
  rewindBody,
  rewindTo,
  subscriptionSchema,
  subscriptionShape,
  recordedSubscriptionView,
  subscriptionView,
} from "../shapes/subscription.ts";
import type { PageRequest } from "../store/page.ts";
import type { Store } from "../store/store.ts";
import { accountIdOf, callerOf, type RequestTo } from "./access-gate.ts";
import type { ApiParts } from "./api-parts.ts";
import { noteChange, noteWrite } from "./audit-gate.ts";
import { countedItemView, withCounts, withoutCounts } from "./counted-subscriptions.ts";
import { resourceRoutes, sendTagged, type Resource } from "./resource.ts";
import { topicAt, type TopicPath } from "./topics.ts";

export type SubscriptionPath = Static<typeof subscriptionParams>;

const base = "/v1/topics/:topic/subscriptions";
const path = `${base}/:subscription`;
const pathErrors = ["invalid_name", "topic_not_found", "subscription_not_found"] as const;

type Written = ReturnType<typeof subscriptionShape.read>;

export function subscriptionRoutes(app: FastifyInstance, parts: ApiParts): void {
  const resource = subscriptionResource(parts);
  resourceRoutes(app, resource);
  listRoutes(app, parts, resource);
  rewindRoute(app, parts);
  stateRoute(app, parts, "pause", "Stop delivering; messages wait in the log", "paused");
  stateRoute(app, parts, "resume", "Deliver again, from where delivery stopped", "active");
  verifyRoute(app, parts);
}

/** Throws `subscription_not_found`, `topic_not_found` and `invalid_name`. */
export async function subscriptionAt(
  store: Pick<Store, "catalog">,
  request: RequestTo<SubscriptionPath>,
): Promise<Subscription> {
  const path = request.params;
  assertName("subscription", path.subscription);
  const topic = await topicAt(store, request);
  return found(path, await store.catalog.getSubscription(topic.id, path.subscription));
}

function subscriptionResource(parts: ApiParts): Resource<"subscription", SubscriptionPath, Subscription, Written> {
  const { store, clock } = parts;
  const { catalog, records } = store;
  return {
    path,
    noun: "subscription",
    plural: "subscriptions",
    pathErrors,
    putErrors: ["topic_not_found", "subscription_limit", "entry_limit"],
    settingErrors: [
      "invalid_url",
      "unknown_protocol",
      "invalid_tag",
      "too_many_tags",
      "invalid_type_pattern",
      "invalid_retry_policy",
      "immutable_field",
      "invalid_key",
      "key_not_found",
      "master_key_missing",
      "secrets_needed",
    ],
    params: subscriptionParams,
    view: subscriptionSchema,
    wholeView: countedSubscriptionSchema,
    texts: {
      put: {
        description:
          "The body holds all settings: one that is left out gets its default. A pushed subscription stays pushed, and a pulled " +
          "one pulled.",
      },
      get: { summary: "Get a subscription, with its counts" },
      delete: { summary: "Delete a subscription with its dead letters" },
    },
    shape: subscriptionShape,
    isBodyOptional: false,
    assertName: ({ subscription }) => assertName("subscription", subscription),
    async at({ subscription: name }, request) {
      const topic = await topicAt(store, request as RequestTo<SubscriptionPath>);
      const context = { ...parts, ...parts.servicesOf(topic.accountId) };
      return {
        get: () => catalog.getSubscription(topic.id, name),
        async put(written, condition, request) {
          if (callerOf(request).topics !== null) {
            assertWithinTopics(written.settings.push, await catalog.getSubscription(topic.id, name));
          }
          return putSubscription(context, topic, name, written, condition);
        },
        delete: (condition) => deleteSubscription(context, topic, name, condition),
      };
    },
    notFound,
    bodyOf: ({ settings }) => bodyOf(settings),
    viewOf: subscriptionView,
    recordedViewOf: recordedSubscriptionView,
    async wholeViewOf(subscription) {
      const { id, settings } = subscription;
      // The view does not show how many messages a rewind could make visible again. `clock.wall()` as the start of that
      // range saves the store the count.
      const pulled = settings.pull === undefined ? null : records.pullCounts(id, clock.wall());
      const [counts, pullCounts] = await Promise.all([records.subscriptionCounts(id), pulled]);
      return countedSubscriptionView(subscription, counts, pullCounts, parts.senderState(id));
    },
    notify: (path, change, request) => emit(parts, change, path, request),
  };
}

/**
 * The rule for an API key that is limited to topics. Queues and signing keys belong to no topic, so such an API key can
 * keep those that a subscription has, and cannot name others. Throws `forbidden`, whether they exist or not.
 */
function assertWithinTopics(push: PushSettings | null, before: Subscription | null): void {
  if (push === null) return;
  const stored = before?.settings.push ?? null;
  const isOtherQueue = queueOfUrl(push.url) !== null && push.url !== stored?.url;
  if (isOtherQueue || push.keys.some((kid) => stored?.keys.includes(kid) !== true)) {
    throw new RingbackError("forbidden", "An API key that is limited to topics cannot name a queue or a signing key.");
  }
}

const topicListQuery = closedObject({
  ...labelledListQuery.properties,
  counts: about(
    "true: shows how many deliveries each subscription has in each state.",
    Type.Optional(Type.Boolean({ default: false })),
  ),
});

function listRoutes(app: FastifyInstance, { store }: ApiParts, resource: NamedResource): void {
  const readListQuery = queryReader(topicListQuery);
  const listed = { ...resource, view: listedSubscriptionSchema };
  const schema = {
    ...listRoute(listed, topicListQuery, ["invalid_name", "topic_not_found"]),
    summary: "List the subscriptions of a topic, sorted by name",
    params: topicParams,
  };
  app.get<{ Params: TopicPath }>(base, { schema, config: { access: "read" } }, async (request) => {
    const { label, counts = false, ...query } = readListQuery(request);
    const { id } = await topicAt(store, request);
    const read = async (page: PageRequest) => {
      const found = await store.catalog.listSubscriptions(id, page, labelOf(label));
      return counts ? withCounts(store, found) : { ...found, items: found.items.map(withoutCounts) };
    };
    return pageOfList(`subscriptions ${id} ${label ?? ""}`, query, read, countedItemView);
  });
}

const rewindSchema = {
  ...operation("subscriptions", "rewindSubscription", "Go back in the topic's log, and deliver from there again"),
  description:
    "Every matching message from the given position on that still exists is delivered again, or can be pulled again, " +
    "whatever its earlier deliveries have come to. Their receipt handles are no longer valid. Dead letters stay. A " +
    "position that the subscription has not reached yet changes nothing. A `seq` after that of the topic's next message " +
    "is refused.",
  params: subscriptionParams,
  body: rewindBody,
  response: {
    200: subscriptionSchema,
    ...problemResponses(...pathErrors, ...bodyErrors, ...writeErrors),
  },
};

function rewindRoute(app: FastifyInstance, parts: ApiParts): void {
  const { store } = parts;
  const readRewind = shapeReader(rewindBody);
  app.post<{ Params: SubscriptionPath }>(
    `${path}/rewind`,
    { schema: rewindSchema, config: { access: "admin" } },
    async (request) => {
      const position = readRewind(jsonBody(request));
      const subscription = await subscriptionAt(store, request);
      // Another request may have deleted the subscription in the meantime.
      found(request.params, (await store.log.rewind(subscription.id, rewindTo(position))) ? subscription : null);
      noteChange(request, { after: position });
      emit(parts, "changed", request.params, request);
      return subscriptionView(subscription);
    },
  );
}

const verifySchema = {
  ...operation("subscriptions", "verifySubscription", "Verify the endpoint now"),
  description:
    "Makes one attempt to verify the endpoint with the method `push.verify`, also after the attempts were given up. The response has " +
    "its result as `verification`. Does nothing if the endpoint is verified. Without `push.verify`: 400.",
  params: subscriptionParams,
  response: {
    200: subscriptionSchema,
    ...problemResponses(...pathErrors, ...bodyErrors, ...writeErrors, "too_many_tests"),
  },
};

function verifyRoute(app: FastifyInstance, { store, verifier, onDemand }: ApiParts): void {
  app.post<{ Params: SubscriptionPath }>(
    `${path}/verify`,
    { schema: verifySchema, config: { access: "admin" } },
    async (request) => {
      const subscription = await subscriptionAt(store, request);
      if (verificationOf(subscription.settings) === null) {
        throw RingbackError.at("invalid_request", "push.verify", "is not set, so the endpoint needs no verification");
      }
      await onDemand.run(subscription.accountId, () => verifier.verifyNow(subscription));
      const verified = await subscriptionAt(store, request);
      noteWrite(request, subscription, verified, recordedSubscriptionView);
      return subscriptionView(verified);
    },
  );
}

function stateRoute(
  app: FastifyInstance,
  parts: ApiParts,
  verb: "pause" | "resume",
  summary: string,
  state: "active" | "paused",
): void {
  const { store } = parts;
  const { params, headers, response } = conditionalRoute(subscriptionParams, subscriptionSchema, ...pathErrors);
  const schema = { tags: ["subscriptions"], operationId: `${verb}Subscription`, summary, params, headers, response };
  app.post<{ Params: SubscriptionPath }>(
    `${path}/${verb}`,
    { schema, config: { access: "admin" } },
    async (request, reply) => {
      const { before, after } = await writeConditionally(
        request,
        () => subscriptionAt(store, request),
        async (before, condition) => {
          const { topicId, name } = before;
          return { before, after: await store.catalog.setSubscriptionState(topicId, name, state, condition) };
        },
      );
      const subscription = found(request.params, after);
      noteWrite(request, before, subscription, recordedSubscriptionView);
      emit(parts, verb === "pause" ? "paused" : "resumed", request.params, request);
      return sendTagged(reply, subscription, subscriptionView(subscription));
    },
  );
}

function emit(
  { events, clock }: ApiParts,
  change: "changed" | "paused" | "resumed" | "deleted",
  { topic, subscription }: SubscriptionPath,
  request: FastifyRequest,
): void {
  const accountId = accountIdOf(request);
  events.emit({ type: `subscription.${change}`, accountId, at: clock.wall(), topic, subscription });
}

function found(path: SubscriptionPath, subscription: Subscription | null): Subscription {
  if (subscription === null) throw notFound(path);
  return subscription;
}

function notFound({ topic, subscription }: SubscriptionPath): RingbackError {
  return new RingbackError("subscription_not_found", `The topic "${topic}" has no subscription "${subscription}".`);
}
