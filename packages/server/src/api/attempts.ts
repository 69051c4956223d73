import type { FastifyInstance } from "fastify";
import { Type, type Static } from "typebox";
import { type AttemptKey, parseAttemptId } from "../domain/attempt-id.ts";
import { RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { SubscriptionId } from "../domain/model.ts";
import { exchangeOf } from "../engine/exchanges/exchange.ts";
import { attemptRecordSchema, attemptRecordView } from "../shapes/attempt.ts";
import { attemptDetailsSchema, attemptDetailsView } from "../shapes/exchange.ts";
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
import type { AttemptRecord } from "../store/records.ts";
import type { Store } from "../store/store.ts";

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

const getSchema = {
  ...operation("attempts", "getAttempt", "Get an attempt, with its request and its reply"),
  description:
    "Whether the request and the reply are kept depends on `push.keepExchanges`. They may be there a second after the " +
    "attempt.",
  params: closedObject({ ...subscriptionParams.properties, id: Type.String() }),
  response: {
    200: attemptDetailsSchema,
    ...problemResponses("invalid_name", "topic_not_found", "subscription_not_found", "attempt_not_found"),
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
  app.get<{ Params: SubscriptionPath & { readonly id: string } }>(
    `${path}/:id`,
    { schema: getSchema, config: { access: "read" } },
    async (request) => {
      const { id: subscriptionId, settings } = await subscriptionAt(store, request);
      const key = parseAttemptId(request.params.id);
      const record = key && (await attemptOf(store, subscriptionId, key));
      if (record === null || key === null) throw new RingbackError("attempt_not_found");
      const { attempt, startedAtMs, seq } = key;
      const content = await store.exchanges.read({ subscriptionId, attempt, startedAtMs, seq });
      const { keepExchanges = "sampled" } = settings.push ?? { keepExchanges: "none" };
      return attemptDetailsView(record, content && exchangeOf(content), keepExchanges);
    },
  );
}

const wholePage = 200;

/** Searches among the attempts that started in the same millisecond. */
async function attemptOf(store: Store, id: SubscriptionId, key: AttemptKey): Promise<AttemptRecord | null> {
  const filter = { fromMs: key.startedAtMs, toMs: key.startedAtMs + 1 };
  for (let after: string | null = null; ;) {
    const { items, next } = await store.records.listAttempts(id, { after, limit: wholePage }, filter);
    const found = items.find(({ messageId, attempt }) => messageId === key.messageId && attempt === key.attempt);
    if (found !== undefined || next === null) return found ?? null;
    after = next;
  }
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
