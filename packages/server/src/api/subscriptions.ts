import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import { assertName } from "../domain/names.ts";
import type { SubscriptionState } from "../domain/model.ts";
import { normaliseSubscription } from "../domain/subscription-rules.ts";
import { assertPushKeysFit } from "../engine/keys/push-keys.ts";
import { found, subscriptionAt, topicAt } from "./catalog-lookup.ts";
import type { SubscriptionPath, TopicPath } from "./catalog-lookup.ts";
import { pageRequest, pageView } from "../shapes/page-cursor.ts";
import type { ApiContext } from "./dependencies.ts";
import { jsonBody } from "../http/json-body.ts";
import { noParameters, pageParameters, queryReader } from "../shapes/query.ts";
import {
  bodyErrors,
  pageOf,
  problemResponses,
  subscriptionParams,
  topicParams,
  writeErrors,
} from "../shapes/schema-parts.ts";
import { shapeReader } from "../shapes/shape-check.ts";
import {
  countedSubscriptionSchema,
  countedSubscriptionView,
  rewindBody,
  rewindTo,
  startOf,
  subscriptionBody,
  subscriptionSchema,
  subscriptionView,
} from "../shapes/subscription.ts";

const tags = ["subscriptions"];
const base = "/v1/topics/:topic/subscriptions";
const notFound = ["invalid_name", "topic_not_found", "subscription_not_found"] as const;
const listQuery = Type.Object(pageParameters, { additionalProperties: false });

export function subscriptionRoutes(app: FastifyInstance, context: ApiContext): void {
  const { store, keys, events, clock } = context;
  const readBody = shapeReader(subscriptionBody, { codes: { retry: "invalid_retry_policy" } });
  const readRewind = shapeReader(rewindBody);
  const readListQuery = queryReader(listQuery);
  const readNoQuery = queryReader(noParameters);

  app.put<{ Params: SubscriptionPath }>(
    `${base}/:subscription`,
    {
      schema: {
        tags,
        operationId: "putSubscription",
        summary: "Make a subscription, or change it",
        description:
          "The body is the whole of its settings: what is left out gets its default. One that is pushed stays so, and one that is pulled from, too.",
        params: subscriptionParams,
        body: subscriptionBody,
        response: {
          200: { ...subscriptionSchema, description: "It existed; these are its settings now." },
          201: { ...subscriptionSchema, description: "It was made." },
          ...problemResponses(
            "invalid_name",
            "invalid_url",
            "unknown_protocol",
            "invalid_tag",
            "too_many_tags",
            "invalid_type_pattern",
            "invalid_retry_policy",
            "topic_not_found",
            "immutable_field",
            "invalid_key",
            "key_not_found",
            "subscription_limit",
            ...bodyErrors,
            ...writeErrors,
          ),
        },
      },
    },
    async (request, reply) => {
      readNoQuery(request);
      const { topic: topicName, subscription: name } = request.params;
      assertName("subscription", name);
      const { start, ...input } = readBody(jsonBody(request).value);
      const topic = await topicAt(context, request.params);
      const settings = normaliseSubscription(input);
      await assertPushKeysFit(keys, settings);
      const { subscription, created } = await store.catalog.putSubscription(topic.id, name, settings, startOf(start));
      events.emit({ type: "subscription.changed", at: clock.now(), topic: topicName, subscription: name });
      return reply.code(created ? 201 : 200).send(subscriptionView(subscription));
    },
  );

  app.get<{ Params: SubscriptionPath }>(
    `${base}/:subscription`,
    {
      schema: {
        tags,
        operationId: "getSubscription",
        summary: "Look at a subscription and what it has to do",
        params: subscriptionParams,
        response: { 200: countedSubscriptionSchema, ...problemResponses(...notFound) },
      },
    },
    async (request) => {
      readNoQuery(request);
      const subscription = await subscriptionAt(context, request.params);
      const { id, settings } = subscription;
      // Nobody asks here what a rewind would bring back: from now on nothing.
      const pulled = settings.pull === undefined ? null : store.records.pullCounts(id, clock.now());
      const [counts, pullCounts] = await Promise.all([store.records.subscriptionCounts(id), pulled]);
      return countedSubscriptionView(subscription, counts, pullCounts);
    },
  );

  app.delete<{ Params: SubscriptionPath }>(
    `${base}/:subscription`,
    {
      schema: {
        tags,
        operationId: "deleteSubscription",
        summary: "Remove a subscription with its dead letters",
        params: subscriptionParams,
        response: {
          204: { type: "null", description: "It is gone." },
          ...problemResponses(...notFound, ...writeErrors),
        },
      },
    },
    async (request, reply) => {
      readNoQuery(request);
      const { topic, subscription: name } = request.params;
      const subscription = await subscriptionAt(context, request.params);
      // Somebody else may have been quicker since the lookup.
      const gone = await store.catalog.deleteSubscription(subscription.topicId, name);
      found(request.params, gone ? subscription : null);
      events.emit({ type: "subscription.deleted", at: clock.now(), topic, subscription: name });
      return reply.code(204).send();
    },
  );

  app.get<{ Params: TopicPath }>(
    base,
    {
      schema: {
        tags,
        operationId: "listSubscriptions",
        summary: "List a topic's subscriptions by name",
        params: topicParams,
        querystring: listQuery,
        response: {
          200: pageOf(subscriptionSchema, "A page of subscriptions."),
          ...problemResponses("invalid_name", "invalid_cursor", "topic_not_found"),
        },
      },
    },
    async (request) => {
      const query = readListQuery(request);
      const { id } = await topicAt(context, request.params);
      const listing = `subscriptions ${id}`;
      return pageView(
        listing,
        await store.catalog.listSubscriptions(id, pageRequest(listing, query)),
        subscriptionView,
      );
    },
  );

  app.post<{ Params: SubscriptionPath }>(
    `${base}/:subscription/rewind`,
    {
      schema: {
        tags,
        operationId: "rewindSubscription",
        summary: "Go back in the topic and deliver from there once more",
        description:
          "Every matching message from there on that is still kept goes out again, or is there to be pulled again, whatever became of it before. " +
          "Receipts of those messages count no more; dead letters stay. A place that has not been reached yet changes nothing.",
        params: subscriptionParams,
        body: rewindBody,
        response: {
          200: subscriptionSchema,
          ...problemResponses(...notFound, ...bodyErrors, ...writeErrors),
        },
      },
    },
    async (request) => {
      readNoQuery(request);
      const to = rewindTo(readRewind(jsonBody(request).value));
      const { topic, subscription: name } = request.params;
      const subscription = await subscriptionAt(context, request.params);
      // It may have gone since the lookup.
      found(request.params, (await store.log.rewind(subscription.id, to)) ? subscription : null);
      events.emit({ type: "subscription.changed", at: clock.now(), topic, subscription: name });
      return subscriptionView(subscription);
    },
  );

  stateRoute("pause", "Stop delivering; messages wait in the log", "paused", "subscription.paused");
  stateRoute("resume", "Deliver again, from where it stopped", "active", "subscription.resumed");

  function stateRoute(
    verb: "pause" | "resume",
    summary: string,
    state: SubscriptionState,
    event: "subscription.paused" | "subscription.resumed",
  ): void {
    app.post<{ Params: SubscriptionPath }>(
      `${base}/:subscription/${verb}`,
      {
        schema: {
          tags,
          operationId: `${verb}Subscription`,
          summary,
          params: subscriptionParams,
          response: { 200: subscriptionSchema, ...problemResponses(...notFound, ...writeErrors) },
        },
      },
      async (request) => {
        readNoQuery(request);
        const { topic: topicName, subscription: name } = request.params;
        assertName("subscription", name);
        const topic = await topicAt(context, request.params);
        const subscription = found(request.params, await store.catalog.setSubscriptionState(topic.id, name, state));
        events.emit({ type: event, at: clock.now(), topic: topicName, subscription: name });
        return subscriptionView(subscription);
      },
    );
  }
}
