import type { FastifyInstance, FastifyReply } from "fastify";
import { Type } from "typebox";
import { RingbackError } from "../domain/errors.ts";
import type { Topic } from "../domain/model.ts";
import { assertName } from "../domain/names.ts";
import type { Clock } from "../domain/ports.ts";
import type { EventBus } from "../engine/event-bus.ts";
import { mergePatchJson, optionalJson } from "../http/json-body.ts";
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
import { deleteRoute, getRoute, listRoute, patchRoute, putRoute } from "../shapes/resource-routes.ts";
import { topicParams } from "../shapes/schema-parts.ts";
import { topicSchema, topicShape, topicView } from "../shapes/topic.ts";
import type { Store } from "../store/store.ts";

export interface TopicPath {
  readonly topic: string;
}

const path = "/v1/topics/:topic";
const resource = {
  noun: "topic",
  plural: "topics",
  tag: "topics",
  pathErrors: ["invalid_name", "topic_not_found"],
  params: topicParams,
  body: topicShape.body,
  view: topicSchema,
} as const;
const listQuery = Type.Object({ ...pageParameters, label: labelParameter }, { additionalProperties: false });

interface TopicParts {
  readonly store: Store;
  readonly events: EventBus;
  readonly clock: Clock;
}

export function topicRoutes(app: FastifyInstance, { store, events, clock }: TopicParts): void {
  const { catalog } = store;
  const account = catalog.defaultAccount().id;
  const readListQuery = queryReader(listQuery);
  const readNoQuery = queryReader(noParameters);
  const emit = (type: "topic.changed" | "topic.deleted", topic: string): void =>
    events.emit({ type, at: clock.now(), topic });

  app.put<{ Params: TopicPath }>(path, putRoute(resource, ["topic_limit"]), async (request, reply) => {
    readNoQuery(request);
    const { topic: name } = request.params;
    assertName("topic", name);
    const settings = topicShape.read(optionalJson(request));
    const condition = await writeCondition(request, () => catalog.getTopic(account, name));
    const { topic, created } = await catalog.putTopic(account, name, settings, condition);
    emit("topic.changed", name);
    return send(reply.code(created ? 201 : 200), topic);
  });

  app.patch<{ Params: TopicPath }>(path, patchRoute(resource, topicShape.patch, []), async (request, reply) => {
    readNoQuery(request);
    const { topic: name } = request.params;
    const patch = topicShape.readPatch(mergePatchJson(request));
    const topic = await patchUntilWritten(request, async () => {
      const before = await topicAt(store, request.params);
      assertPreconditions(request, before);
      const settings = topicShape.patched(before.settings, patch);
      return (await catalog.putTopic(account, name, settings, before)).topic;
    });
    emit("topic.changed", name);
    return send(reply, topic);
  });

  app.get<{ Params: TopicPath }>(path, getRoute(resource, topicSchema), async (request, reply) => {
    readNoQuery(request);
    return send(reply, await topicAt(store, request.params));
  });

  const deleteSummary = "Delete a topic with its messages, its subscriptions and their dead letters";
  app.delete<{ Params: TopicPath }>(path, deleteRoute(resource, deleteSummary), async (request, reply) => {
    readNoQuery(request);
    const { topic: name } = request.params;
    const condition = conditionOf(request, await topicAt(store, request.params));
    if (!(await catalog.deleteTopic(account, name, condition))) throw notFound(name);
    emit("topic.deleted", name);
    return reply.code(204).send();
  });

  app.get("/v1/topics", listRoute(resource, listQuery), async (request) => {
    const { label, ...page } = readListQuery(request);
    const listing = `topics ${label ?? ""}`;
    return pageView(listing, await catalog.listTopics(account, pageRequest(listing, page), labelOf(label)), topicView);
  });
}

/** Throws `topic_not_found` and `invalid_name`. */
export async function topicAt({ catalog }: Pick<Store, "catalog">, path: TopicPath): Promise<Topic> {
  assertName("topic", path.topic);
  const topic = await catalog.getTopic(catalog.defaultAccount().id, path.topic);
  if (topic === null) throw notFound(path.topic);
  return topic;
}

function notFound(name: string): RingbackError {
  return new RingbackError("topic_not_found", `There is no topic "${name}".`);
}

function send(reply: FastifyReply, topic: Topic): FastifyReply {
  return reply.header("etag", entityTag(topic)).send(topicView(topic));
}
