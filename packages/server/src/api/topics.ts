import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import { RingbackError } from "../domain/errors.ts";
import { assertName } from "../domain/names.ts";
import { normaliseTopic } from "../domain/topic-rules.ts";
import { topicAt } from "./catalog-lookup.ts";
import type { TopicPath } from "./catalog-lookup.ts";
import { pageRequest, pageView } from "../shapes/page-cursor.ts";
import type { ApiContext } from "./dependencies.ts";
import { optionalJson } from "../http/json-body.ts";
import { noParameters, pageParameters, queryReader } from "../shapes/query.ts";
import { bodyErrors, pageOf, problemResponses, topicParams, writeErrors } from "../shapes/schema-parts.ts";
import { shapeReader } from "../shapes/shape-check.ts";
import { topicBody, topicSchema, topicView } from "../shapes/topic.ts";

const tags = ["topics"];
const listQuery = Type.Object(pageParameters, { additionalProperties: false });
const listing = "topics";

export function topicRoutes(app: FastifyInstance, context: ApiContext): void {
  const { store, events, clock } = context;
  const readBody = shapeReader(topicBody);
  const readListQuery = queryReader(listQuery);
  const readNoQuery = queryReader(noParameters);

  app.put<{ Params: TopicPath }>(
    "/v1/topics/:topic",
    {
      schema: {
        tags,
        operationId: "putTopic",
        summary: "Make a topic, or change it",
        description: "Replaces all settings; a setting that is left out gets its default.",
        params: topicParams,
        body: topicBody,
        response: {
          200: { ...topicSchema, description: "It existed; these are its settings now." },
          201: { ...topicSchema, description: "It was made." },
          ...problemResponses("invalid_name", ...bodyErrors, "immutable_field", "topic_limit", ...writeErrors),
        },
      },
    },
    async (request, reply) => {
      readNoQuery(request);
      const { topic: name } = request.params;
      assertName("topic", name);
      const settings = normaliseTopic(readBody(optionalJson(request)));
      const { topic, created } = await store.catalog.putTopic(store.catalog.defaultAccount().id, name, settings);
      events.emit({ type: "topic.changed", at: clock.now(), topic: name });
      return reply.code(created ? 201 : 200).send(topicView(topic));
    },
  );

  app.get<{ Params: TopicPath }>(
    "/v1/topics/:topic",
    {
      schema: {
        tags,
        operationId: "getTopic",
        summary: "Look at a topic",
        params: topicParams,
        response: { 200: topicSchema, ...problemResponses("invalid_name", "topic_not_found") },
      },
    },
    async (request) => {
      readNoQuery(request);
      return topicView(await topicAt(context, request.params));
    },
  );

  app.delete<{ Params: TopicPath }>(
    "/v1/topics/:topic",
    {
      schema: {
        tags,
        operationId: "deleteTopic",
        summary: "Remove a topic with its messages, its subscriptions and their dead letters",
        params: topicParams,
        response: {
          204: { type: "null", description: "It is gone." },
          ...problemResponses("invalid_name", "topic_not_found", ...writeErrors),
        },
      },
    },
    async (request, reply) => {
      readNoQuery(request);
      const { topic: name } = request.params;
      assertName("topic", name);
      if (!(await store.catalog.deleteTopic(store.catalog.defaultAccount().id, name))) {
        throw new RingbackError("topic_not_found", `There is no topic "${name}".`);
      }
      events.emit({ type: "topic.deleted", at: clock.now(), topic: name });
      return reply.code(204).send();
    },
  );

  app.get(
    "/v1/topics",
    {
      schema: {
        tags,
        operationId: "listTopics",
        summary: "List topics by name",
        querystring: listQuery,
        response: { 200: pageOf(topicSchema, "A page of topics."), ...problemResponses("invalid_cursor") },
      },
    },
    async (request) => {
      const page = pageRequest(listing, readListQuery(request));
      return pageView(listing, await store.catalog.listTopics(store.catalog.defaultAccount().id, page), topicView);
    },
  );
}
