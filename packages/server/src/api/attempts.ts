import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import { attemptRecordSchema, attemptRecordView } from "../shapes/attempt.ts";
import { pageOfList } from "../shapes/page-cursor.ts";
import { pageParameters, queryReader } from "../shapes/query.ts";
import {
  about,
  closedObject,
  operation,
  pageOf,
  problemResponses,
  subscriptionParams,
} from "../shapes/schema-parts.ts";
import type { ApiParts } from "./api-parts.ts";
import { subscriptionAt, type SubscriptionPath } from "./subscriptions.ts";

const only = about("`failed` leaves out the accepted ones.", Type.Enum(["all", "failed"], { default: "all" }));
const querystring = closedObject({ ...pageParameters, only: Type.Optional(only) });
const schema = {
  ...operation("attempts", "listAttempts", "List a subscription's attempts, newest first"),
  params: subscriptionParams,
  querystring,
  response: {
    200: pageOf(attemptRecordSchema, "A page of attempts."),
    ...problemResponses("invalid_name", "invalid_cursor", "topic_not_found", "subscription_not_found"),
  },
};

export function attemptRoutes(app: FastifyInstance, { store }: ApiParts): void {
  const readListQuery = queryReader(querystring);
  const path = "/v1/topics/:topic/subscriptions/:subscription/attempts";
  app.get<{ Params: SubscriptionPath }>(path, { schema, config: { access: "read" } }, async (request) => {
    const { only = "all", ...query } = readListQuery(request);
    const { id } = await subscriptionAt(store, request);
    return pageOfList(
      `attempts ${id} ${only}`,
      query,
      (page) => store.records.listAttempts(id, page, only),
      attemptRecordView,
    );
  });
}
