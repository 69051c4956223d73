import type { FastifyInstance } from "fastify";
import { Type, type Static } from "typebox";
import { limits } from "../domain/limits.ts";
import { attemptRecordSchema, attemptRecordView } from "../shapes/attempt.ts";
import { pageOfSearch } from "../shapes/page-cursor.ts";
import { pageParameters, queryReader } from "../shapes/query.ts";
import { about, closedObject, operation, problemResponses, subscriptionParams } from "../shapes/schema-parts.ts";
import {
  searchName,
  searchPageOf,
  statusParameter,
  statusRangeOf,
  timeRangeOf,
  timeRangeParameters,
} from "../shapes/search-query.ts";
import type { ApiParts } from "./api-parts.ts";
import { subscriptionAt, type SubscriptionPath } from "./subscriptions.ts";
import type { AttemptFilter } from "../store/record-filters.ts";

const filters = closedObject({
  only: about(
    "`failed` leaves out the accepted ones.",
    Type.Optional(Type.Enum(["all", "failed"], { default: "all" })),
  ),
  ...timeRangeParameters("attempts that started"),
  verdict: about("Only attempts with this verdict.", Type.Optional(Type.Enum(["accepted", "failed", "error"]))),
  status: statusParameter("the reply"),
  error: about(
    "Only attempts with this error code.",
    Type.Optional(Type.String({ pattern: "^[!-~]{1,128}$", examples: ["timeout"] })),
  ),
});
const querystring = closedObject({ ...pageParameters, ...filters.properties });
const schema = {
  ...operation("attempts", "listAttempts", "List a subscription's attempts, newest first"),
  description: "The filters are combined by AND. Sorted by the time at which the attempts started, newest first.",
  params: subscriptionParams,
  querystring,
  response: {
    200: searchPageOf(attemptRecordSchema, "A page of attempts.", limits.recordsExaminedMax),
    ...problemResponses("invalid_name", "invalid_cursor", "topic_not_found", "subscription_not_found"),
  },
};

export function attemptRoutes(app: FastifyInstance, { store }: ApiParts): void {
  const readListQuery = queryReader(querystring);
  const path = "/v1/topics/:topic/subscriptions/:subscription/attempts";
  app.get<{ Params: SubscriptionPath }>(path, { schema, config: { access: "read" } }, async (request) => {
    const { limit, after, ...given } = readListQuery(request);
    const filter = attemptFilterOf(given);
    const { id } = await subscriptionAt(store, request);
    return pageOfSearch(
      searchName(`attempts ${id}`, given),
      { limit, after },
      (page) => store.records.listAttempts(id, page, filter),
      attemptRecordView,
    );
  });
}

/**
 * Every dialect requires a status of 2xx of a reply that accepts a message, and an accepted attempt has no error code.
 * So a search for another status or for an error code need not examine the accepted attempts.
 */
function attemptFilterOf({ only, verdict, status, error, ...times }: Static<typeof filters>): AttemptFilter {
  const range = statusRangeOf(status);
  const isOfFailed = error !== undefined || (range !== undefined && Math.floor(range.from / 100) !== 2);
  return {
    ...timeRangeOf(times),
    ...((isOfFailed || only === "failed") && { only: "failed" as const }),
    ...(verdict !== undefined && { verdict }),
    ...(range !== undefined && { status: range }),
    ...(error !== undefined && { errorCode: error }),
  };
}
