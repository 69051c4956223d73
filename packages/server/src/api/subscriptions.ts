import type { FastifyInstance, FastifyReply } from "fastify";
import { Type } from "typebox";
import { RingbackError } from "../domain/errors.ts";
import type { Subscription, SubscriptionState } from "../domain/model.ts";
import { assertName } from "../domain/names.ts";
import type { Clock } from "../domain/ports.ts";
import { assertPushKeysFit } from "../engine/keys/push-keys.ts";
import type { EventBus } from "../engine/event-bus.ts";
import type { Keys } from "../engine/keys/keys.ts";
import { jsonBody, mergePatchJson } from "../http/json-body.ts";
import {
  assertPreconditions,
  conditionOf,
  patchUntilWritten,
  entityTag,
  writeCondition,
} from "../http/preconditions.ts";
import { labelOf, labelParameter } from "../shapes/labels.ts";
import { pageRequest, pageView } from "../shapes/page-cursor.ts";
import { noParameters, pageParameters, queryReader } from "../shapes/query.ts";
import { conditionalRoute, deleteRoute, getRoute, listRoute, patchRoute, putRoute } from "../shapes/resource-routes.ts";
import { bodyErrors, problemResponses, subscriptionParams, topicParams, writeErrors } from "../shapes/schema-parts.ts";
import { shapeReader } from "../shapes/shape-check.ts";
import {
  bodyOf,
  countedSubscriptionSchema,
  countedSubscriptionView,
  rewindBody,
  rewindTo,
  subscriptionSchema,
  subscriptionShape,
  subscriptionView,
} from "../shapes/subscription.ts";
import type { Store } from "../store/store.ts";
import { topicAt } from "./topics.ts";
import type { TopicPath } from "./topics.ts";

export interface SubscriptionPath extends TopicPath {
  readonly subscription: string;
}

const base = "/v1/topics/:topic/subscriptions";
const path = `${base}/:subscription`;
const pathErrors = ["invalid_name", "topic_not_found", "subscription_not_found"] as const;
const resource = {
  noun: "subscription",
  plural: "subscriptions",
  tag: "subscriptions",
  pathErrors,
  params: subscriptionParams,
  body: subscriptionShape.body,
  view: subscriptionSchema,
} as const;
const settingErrors = [
  "invalid_url",
  "unknown_protocol",
  "invalid_tag",
  "too_many_tags",
  "invalid_type_pattern",
  "invalid_retry_policy",
  "immutable_field",
  "invalid_key",
  "key_not_found",
] as const;
const listQuery = Type.Object({ ...pageParameters, label: labelParameter }, { additionalProperties: false });
const readNoQuery = queryReader(noParameters);

interface SubscriptionParts {
  readonly store: Store;
  readonly keys: Keys;
  readonly events: EventBus;
  readonly clock: Clock;
}

export function subscriptionRoutes(app: FastifyInstance, parts: SubscriptionParts): void {
  writeRoutes(app, parts);
  readRoutes(app, parts);
  rewindRoute(app, parts);
  stateRoute(app, parts, "pause", "Stop delivering; messages wait in the log", "paused");
  stateRoute(app, parts, "resume", "Deliver again, from where delivery stopped", "active");
}

/** Throws `subscription_not_found`, `topic_not_found` and `invalid_name`. */
export async function subscriptionAt(store: Pick<Store, "catalog">, path: SubscriptionPath): Promise<Subscription> {
  assertName("subscription", path.subscription);
  const topic = await topicAt(store, path);
  return found(path, await store.catalog.getSubscription(topic.id, path.subscription));
}

function writeRoutes(app: FastifyInstance, parts: SubscriptionParts): void {
  const { store, keys } = parts;
  const { catalog } = store;

  const putErrors = ["topic_not_found", "subscription_limit", ...settingErrors] as const;
  const put = putRoute(resource, putErrors, {
    description:
      "The body holds all settings: one that is left out gets its default. A pushed subscription stays pushed, and a pulled " +
      "one pulled.",
  });
  app.put<{ Params: SubscriptionPath }>(path, put, async (request, reply) => {
    readNoQuery(request);
    const { subscription: name } = request.params;
    assertName("subscription", name);
    const body: unknown = jsonBody(request).value;
    const { settings, start } = subscriptionShape.read(body);
    const topic = await topicAt(store, request.params);
    await assertPushKeysFit(keys, settings);
    const condition = await writeCondition(request, () => catalog.getSubscription(topic.id, name));
    const { subscription, created } = await catalog.putSubscription(topic.id, name, settings, start, condition);
    emit(parts, "changed", request.params);
    return send(reply.code(created ? 201 : 200), subscription);
  });

  const patch = patchRoute(resource, subscriptionShape.patch, settingErrors);
  app.patch<{ Params: SubscriptionPath }>(path, patch, async (request, reply) => {
    readNoQuery(request);
    const patch = subscriptionShape.readPatch(mergePatchJson(request));
    const subscription = await patchUntilWritten(request, async () => {
      const before = await subscriptionAt(store, request.params);
      assertPreconditions(request, before);
      const { settings, start } = subscriptionShape.patched(bodyOf(before.settings), patch);
      await assertPushKeysFit(keys, settings);
      return (await catalog.putSubscription(before.topicId, before.name, settings, start, before)).subscription;
    });
    emit(parts, "changed", request.params);
    return send(reply, subscription);
  });

  const deleteSummary = "Delete a subscription with its dead letters";
  app.delete<{ Params: SubscriptionPath }>(path, deleteRoute(resource, deleteSummary), async (request, reply) => {
    readNoQuery(request);
    const subscription = await subscriptionAt(store, request.params);
    const condition = conditionOf(request, subscription);
    // Another request may have deleted it in between.
    const didDelete = await catalog.deleteSubscription(subscription.topicId, subscription.name, condition);
    found(request.params, didDelete ? subscription : null);
    emit(parts, "deleted", request.params);
    return reply.code(204).send();
  });
}

function readRoutes(app: FastifyInstance, { store, clock }: SubscriptionParts): void {
  const { catalog, records } = store;
  const readListQuery = queryReader(listQuery);

  const get = getRoute(resource, countedSubscriptionSchema, "Get a subscription, with its counts");
  app.get<{ Params: SubscriptionPath }>(path, get, async (request, reply) => {
    readNoQuery(request);
    const subscription = await subscriptionAt(store, request.params);
    const { id, settings } = subscription;
    // The count of what a rewind would bring back is not shown: from now on that is nothing.
    const pulled = settings.pull === undefined ? null : records.pullCounts(id, clock.now());
    const [counts, pullCounts] = await Promise.all([records.subscriptionCounts(id), pulled]);
    const view = countedSubscriptionView(subscription, counts, pullCounts);
    return reply.header("etag", entityTag(subscription)).send(view);
  });

  const list = listRoute(resource, listQuery, {
    summary: "List the subscriptions of a topic by name",
    params: topicParams,
    errors: ["invalid_name", "topic_not_found"],
  });
  app.get<{ Params: TopicPath }>(base, list, async (request) => {
    const { label, ...query } = readListQuery(request);
    const { id } = await topicAt(store, request.params);
    const listing = `subscriptions ${id} ${label ?? ""}`;
    const page = await catalog.listSubscriptions(id, pageRequest(listing, query), labelOf(label));
    return pageView(listing, page, subscriptionView);
  });
}

function rewindRoute(app: FastifyInstance, parts: SubscriptionParts): void {
  const { store } = parts;
  const readRewind = shapeReader(rewindBody);
  app.post<{ Params: SubscriptionPath }>(
    `${path}/rewind`,
    {
      schema: {
        tags: [resource.tag],
        operationId: "rewindSubscription",
        summary: "Go back in the topic's log, and deliver from there again",
        description:
          "Every matching message from the given position on that still exists is delivered again, or can be pulled again, " +
          "whatever its earlier deliveries have come to. Their receipt handles are no longer valid. Dead letters stay. A " +
          "position that the subscription has not reached yet changes nothing.",
        params: subscriptionParams,
        body: rewindBody,
        response: {
          200: subscriptionSchema,
          ...problemResponses(...pathErrors, ...bodyErrors, ...writeErrors),
        },
      },
    },
    async (request) => {
      readNoQuery(request);
      const to = rewindTo(readRewind(jsonBody(request).value));
      const subscription = await subscriptionAt(store, request.params);
      // Another request may have deleted it in between.
      found(request.params, (await store.log.rewind(subscription.id, to)) ? subscription : null);
      emit(parts, "changed", request.params);
      return subscriptionView(subscription);
    },
  );
}

function stateRoute(
  app: FastifyInstance,
  parts: SubscriptionParts,
  verb: "pause" | "resume",
  summary: string,
  state: SubscriptionState,
): void {
  const { store } = parts;
  const { params, headers, response } = conditionalRoute(subscriptionParams, subscriptionSchema, ...pathErrors);
  const schema = { tags: [resource.tag], operationId: `${verb}Subscription`, summary, params, headers, response };
  app.post<{ Params: SubscriptionPath }>(`${path}/${verb}`, { schema }, async (request, reply) => {
    readNoQuery(request);
    const before = await subscriptionAt(store, request.params);
    const condition = conditionOf(request, before);
    const after = await store.catalog.setSubscriptionState(before.topicId, before.name, state, condition);
    const subscription = found(request.params, after);
    emit(parts, verb === "pause" ? "paused" : "resumed", request.params);
    return send(reply, subscription);
  });
}

function emit(
  { events, clock }: SubscriptionParts,
  change: "changed" | "paused" | "resumed" | "deleted",
  { topic, subscription }: SubscriptionPath,
): void {
  events.emit({ type: `subscription.${change}`, at: clock.now(), topic, subscription });
}

function found(path: SubscriptionPath, subscription: Subscription | null): Subscription {
  if (subscription !== null) return subscription;
  throw new RingbackError(
    "subscription_not_found",
    `The topic "${path.topic}" has no subscription "${path.subscription}".`,
  );
}

function send(reply: FastifyReply, subscription: Subscription): FastifyReply {
  return reply.header("etag", entityTag(subscription)).send(subscriptionView(subscription));
}
