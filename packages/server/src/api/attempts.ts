import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import { attemptRecordSchema, attemptRecordView } from "../shapes/attempt.ts";
import { subscriptionAt } from "./catalog-lookup.ts";
import type { SubscriptionPath } from "./catalog-lookup.ts";
import { pageRequest, pageView } from "../shapes/page-cursor.ts";
import type { ApiContext } from "./dependencies.ts";
import { pageParameters, queryReader } from "../shapes/query.ts";
import { pageOf, problemResponses, subscriptionParams } from "../shapes/schema-parts.ts";

const listQuery = Type.Object(
  {
    ...pageParameters,
    only: Type.Optional(
      Type.Enum(["all", "failed"], { default: "all", description: "failed: without the accepted ones." }),
    ),
  },
  { additionalProperties: false },
);

export function attemptRoutes(app: FastifyInstance, context: ApiContext): void {
  const readListQuery = queryReader(listQuery);

  app.get<{ Params: SubscriptionPath }>(
    "/v1/topics/:topic/subscriptions/:subscription/attempts",
    {
      schema: {
        tags: ["attempts"],
        operationId: "listAttempts",
        summary: "List a subscription's attempts, newest first",
        params: subscriptionParams,
        querystring: listQuery,
        response: {
          200: pageOf(attemptRecordSchema, "A page of attempts."),
          ...problemResponses("invalid_name", "invalid_cursor", "topic_not_found", "subscription_not_found"),
        },
      },
    },
    async (request) => {
      const query = readListQuery(request);
      const { id } = await subscriptionAt(context, request.params);
      const only = query.only ?? "all";
      const listing = `attempts ${id} ${only}`;
      const page = await context.store.records.listAttempts(id, pageRequest(listing, query), only);
      return pageView(listing, page, attemptRecordView);
    },
  );
}
