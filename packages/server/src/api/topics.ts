import type { FastifyInstance } from "fastify";
import type { Static } from "typebox";
import { RingbackError } from "../domain/errors.ts";
import type { Topic, TopicSettings } from "../domain/model.ts";
import { assertName } from "../domain/names.ts";
import { assertRetentionFitsRetries } from "../engine/push/settings-rule.ts";
import { topicParams } from "../shapes/schema-parts.ts";
import { topicSchema, topicShape, topicView } from "../shapes/topic.ts";
import type { Store } from "../store/store.ts";
import type { ApiParts } from "./api-parts.ts";
import { labelledListRoute, resourceRoutes, type Resource } from "./resource.ts";

export type TopicPath = Static<typeof topicParams>;

export function topicRoutes(app: FastifyInstance, { store, events, clock }: ApiParts): void {
  const { catalog } = store;
  const account = catalog.defaultAccount().id;
  const resource: Resource<"topic", TopicPath, Topic, TopicSettings> = {
    path: "/v1/topics/:topic",
    noun: "topic",
    plural: "topics",
    pathErrors: ["invalid_name", "topic_not_found"],
    putErrors: ["topic_limit"],
    settingErrors: [],
    params: topicParams,
    view: topicSchema,
    texts: { delete: { summary: "Delete a topic with its messages, its subscriptions and their dead letters" } },
    shape: topicShape,
    isBodyOptional: true,
    assertName: ({ topic }) => assertName("topic", topic),
    at: ({ topic: name }) => ({
      get: () => catalog.getTopic(account, name),
      async put(settings, condition) {
        await assertRetentionFitsRetries(store, account, name, settings.retentionMs);
        return catalog.putTopic(account, name, settings, condition);
      },
      delete: (condition) => catalog.deleteTopic(account, name, condition),
    }),
    notFound,
    bodyOf: ({ settings }) => settings,
    viewOf: topicView,
    notify: ({ topic }, change) => events.emit({ type: `topic.${change}`, at: clock.wall(), topic }),
  };
  resourceRoutes(app, resource);
  labelledListRoute(app, resource, (page, label) => catalog.listTopics(account, page, label));
}

/** Throws `topic_not_found` and `invalid_name`. */
export async function topicAt({ catalog }: Pick<Store, "catalog">, path: TopicPath): Promise<Topic> {
  assertName("topic", path.topic);
  const topic = await catalog.getTopic(catalog.defaultAccount().id, path.topic);
  if (topic === null) throw notFound(path);
  return topic;
}

function notFound({ topic }: TopicPath): RingbackError {
  return new RingbackError("topic_not_found", `There is no topic "${topic}".`);
}
