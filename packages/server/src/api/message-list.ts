import type { FastifyInstance } from "fastify";
import { limits } from "../domain/limits.ts";
import {
  listedMessageSchema,
  listedMessageView,
  messageFilterOf,
  messageFilters,
  ofDelivery,
} from "../shapes/message-list.ts";
import { pageOfSearch } from "../shapes/page-cursor.ts";
import { pageParameters, queryReader } from "../shapes/query.ts";
import { closedObject, operation, problemResponses, topicParams } from "../shapes/schema-parts.ts";
import { searchName, searchPageOf } from "../shapes/search-query.ts";
import type { ApiParts } from "./api-parts.ts";
import { subscriptionAt } from "./subscriptions.ts";
import { topicAt, type TopicPath } from "./topics.ts";

const querystring = closedObject({ ...pageParameters, ...messageFilters.properties });
const schema = {
  ...operation("messages", "listMessages", "List the messages of a topic, newest first"),
  description:
    "The filters are combined by AND. `GET /v1/messages/{id}` shows a message with its body and every attempt. One " +
    `request with \`subscription\` examines at most ${limits.deliveriesExaminedMax} messages, and fewer in a topic with ` +
    `more than ${limits.attemptsExaminedMax / limits.deliveriesExaminedMax} subscriptions.`,
  params: topicParams,
  querystring,
  response: {
    200: searchPageOf(listedMessageSchema, "A page of messages, without their bodies.", limits.recordsExaminedMax),
    ...problemResponses(
      "invalid_name",
      "invalid_cursor",
      "invalid_tag",
      "invalid_type_pattern",
      "topic_not_found",
      "subscription_not_found",
    ),
  },
};

export function messageListRoute(app: FastifyInstance, { store }: ApiParts): void {
  const readListQuery = queryReader(querystring);
  app.get<{ Params: TopicPath }>(
    "/v1/topics/:topic/messages",
    { schema, config: { access: "read" } },
    async (request) => {
      const { limit, after, ...given } = readListQuery(request);
      const { subscription, ...filters } = given;
      const filter = messageFilterOf(filters);
      const { caller, params } = request;
      const { id, name } = await topicAt(store, request);
      const named =
        subscription === undefined
          ? null
          : await subscriptionAt(store, { caller, params: { topic: params.topic, subscription } });
      const full = ofDelivery(filter, named?.id ?? null);
      return pageOfSearch(
        searchName(`messages ${id} ${named?.id ?? ""}`, given),
        { limit, after },
        (page) => store.records.listMessages(id, page, full),
        (message) => listedMessageView(message, name),
      );
    },
  );
}
