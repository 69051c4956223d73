import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import { attemptRecordSchema, attemptRecordView } from "../shapes/attempt.ts";
import { pageRequest, pageView } from "../shapes/page-cursor.ts";
import { pageParameters, queryReader } from "../shapes/query.ts";
import { pageOf, problemResponses, subscriptionParams } from "../shapes/schema-parts.ts";
import type { Store } from "../store/store.ts";
import { subscriptionAt } from "./subscriptions.ts";
import type { SubscriptionPath } from "./subscriptions.ts";

const listQuery = Type.Object(
  {
    ...pageParameters,
    only: Type.Optional(
      Type.Enum(["all", "failed"], { default: "all", description: "`failed` leaves out the accepted ones." }),
    ),
  },
  { additionalProperties: false },
);

export function attemptRoutes(app: FastifyInstance, { store }: { readonly store: Store }): void {
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
      const { id } = await subscriptionAt(store, request.params);
      const only = query.only ?? "all";
      const listing = `attempts ${id} ${only}`;
      const page = await store.records.listAttempts(id, pageRequest(listing, query), only);
      return pageView(listing, page, attemptRecordView);
    },
  );
}
