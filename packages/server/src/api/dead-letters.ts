import type { FastifyInstance, FastifyRequest } from "fastify";
import { Type, type Static } from "typebox";
import { RingbackError, type ErrorCode } from "../domain/errors.ts";
import { assertTopicGranted } from "../engine/access/access.ts";
import { limits } from "../domain/limits.ts";
import { optionalJson } from "../http/json-body.ts";
import {
  countSchema,
  deadLetterFilterOf,
  deadLetterFilters,
  deadLetterSchema,
  deadLetterSummarySchema,
  deadLetterSummaryView,
  deadLetterView,
  letterSource,
  redriveBody,
} from "../shapes/dead-letter.ts";
import { dryRunSchema, replaySchema } from "../shapes/replay.ts";
import { pageOfSearch } from "../shapes/page-cursor.ts";
import { pageParameters, queryReader } from "../shapes/query.ts";
import {
  about,
  bodyErrors,
  closedObject,
  operation,
  problemResponses,
  subscriptionParams,
  writeErrors,
} from "../shapes/schema-parts.ts";
import { searchName, searchPageOf } from "../shapes/search-query.ts";
import { shapeReader } from "../shapes/shape-check.ts";
import type { PageRequest } from "../store/page.ts";
import type { DeadLetterFilter } from "../store/record-filters.ts";
import type { ListedDeadLetter } from "../store/records.ts";
import type { SearchPage } from "../store/search.ts";
import type { Store } from "../store/store.ts";
import type { ApiParts } from "./api-parts.ts";
import { callerOf } from "./access-gate.ts";
import { noteChange } from "./audit-gate.ts";
import { sendReplay } from "./replays.ts";
import { subscriptionAt, type SubscriptionPath } from "./subscriptions.ts";
import { grantedTopicIds, topicAt } from "./topics.ts";

const base = "/v1/topics/:topic/subscriptions/:subscription/dead-letters";
const purgeQuery = closedObject({
  all: Type.Boolean({ description: "Must be true: confirms that all dead letters are meant." }),
});
const letterParams = Type.Object({
  ...subscriptionParams.properties,
  id: about("The dead letter's id.", Type.String({ examples: ["OTyF96ciDIvv_rYN78Jddw"] })),
});

type LetterPath = Static<typeof letterParams>;

const [see, change] = [{ access: "read" }, { access: "admin" }] as const;

export function deadLetterRoutes(app: FastifyInstance, parts: ApiParts): void {
  const { store } = parts;
  readRoutes(app, store);
  accountRoute(app, store);
  letterRoutes(app, store);
  purgeRoute(app, store);
  redriveRoute(app, parts);
}

function described(operationId: string, summary: string, response: object, ...errors: readonly ErrorCode[]) {
  const problems = problemResponses("invalid_name", "topic_not_found", "subscription_not_found", ...errors);
  return {
    ...operation("dead letters", operationId, summary),
    params: subscriptionParams,
    response: { ...response, ...problems },
  };
}

const listQuery = closedObject({ ...pageParameters, ...deadLetterFilters.properties });
const searchDescription =
  "The filters are combined by AND. Sorted by the time at which the deliveries were given up, newest first.";
const letterPage = {
  200: searchPageOf(
    deadLetterSummarySchema,
    "A page of dead letters, without their bodies.",
    limits.recordsExaminedMax,
  ),
};

function readRoutes(app: FastifyInstance, { catalog, records }: Store): void {
  const readListQuery = queryReader(listQuery);
  const summary = "List a subscription's dead letters, newest first";
  const list = described("listDeadLetters", summary, letterPage, "invalid_cursor");
  const listSchema = { ...list, description: searchDescription, querystring: listQuery };
  app.get<{ Params: SubscriptionPath }>(base, { schema: listSchema, config: see }, async (request) => {
    const { limit, after, ...given } = readListQuery(request);
    const filter = deadLetterFilterOf(given);
    const { id } = await subscriptionAt({ catalog }, request);
    return pageOfSearch(
      searchName(`dead letters ${id}`, given),
      { limit, after },
      (page) => records.listDeadLetters(id, page, filter),
      deadLetterSummaryView,
    );
  });

  const answer = { 200: deadLetterSchema };
  const get = described("getDeadLetter", "Get a dead letter, with its message", answer, "dead_letter_not_found");
  const schema = { ...get, params: letterParams };
  app.get<{ Params: LetterPath }>(`${base}/:id`, { schema, config: see }, async (request) => {
    const { params } = request;
    const { id, topic } = await subscriptionAt({ catalog }, request);
    const letter = await records.getDeadLetter(id, params.id);
    if (letter === null) throw letterNotFound(params);
    return deadLetterView(letter, topic);
  });
}

const accountQuery = closedObject({
  ...listQuery.properties,
  topic: about("Only dead letters of this topic.", Type.Optional(Type.String())),
  subscription: about("Only dead letters of this subscription of `topic`.", Type.Optional(Type.String())),
});

function accountRoute(app: FastifyInstance, store: Store): void {
  const readQuery = queryReader(accountQuery);
  const schema = {
    ...operation("dead letters", "listAllDeadLetters", "List the dead letters of all subscriptions, newest first"),
    description: searchDescription,
    querystring: accountQuery,
    response: {
      ...letterPage,
      ...problemResponses("invalid_name", "topic_not_found", "subscription_not_found", "invalid_cursor", "forbidden"),
    },
  };
  const config = { ...see, omitsOtherTopics: true };
  app.get("/v1/dead-letters", { schema, config }, async (request) => {
    const { limit, after, topic, subscription, ...given } = readQuery(request);
    const filter = deadLetterFilterOf(given);
    const caller = callerOf(request);
    const listing = searchName(`all dead letters ${caller.account.id}`, { ...given, topic, subscription });
    if (topic !== undefined) assertTopicGranted(caller, topic);
    const read = await accountSearch(store, request, { topic, subscription }, filter);
    return pageOfSearch(listing, { limit, after }, read, deadLetterSummaryView);
  });
}

type LetterSearch = (page: PageRequest) => Promise<SearchPage<ListedDeadLetter>>;

/** Chooses the list that has the dead letters of the named topic, of the named subscription, or of the account. */
async function accountSearch(
  store: Store,
  request: FastifyRequest,
  { topic, subscription }: { readonly topic?: string | undefined; readonly subscription?: string | undefined },
  filter: DeadLetterFilter,
): Promise<LetterSearch> {
  const { caller } = request;
  if (subscription !== undefined) {
    if (topic === undefined) throw RingbackError.at("invalid_request", "subscription", "must be given with `topic`");
    const { id } = await subscriptionAt(store, { caller, params: { topic, subscription } });
    return (page) => store.records.listDeadLetters(id, page, filter);
  }
  const { account, topics } = callerOf(request);
  const named = topic === undefined ? null : await topicAt(store, { caller, params: { topic } });
  const granted = named === null && topics !== null ? await grantedTopicIds(store, account.id, topics) : null;
  const topicIds = named === null ? granted : [named.id];
  const limited = topicIds === null ? filter : { ...filter, topicIds };
  return (page) => store.records.listAccountDeadLetters(account.id, page, limited);
}

/** Routes that change one dead letter. */
function letterRoutes(app: FastifyInstance, { catalog, records }: Store): void {
  const errors = ["dead_letter_not_found", ...writeErrors] as const;
  const deleted = { 204: { type: "null", description: "The dead letter is deleted." } };
  const deletion = described("deleteDeadLetter", "Delete a dead letter for good", deleted, ...errors);
  const deletionSchema = { ...deletion, params: letterParams };
  app.delete<{ Params: LetterPath }>(
    `${base}/:id`,
    { schema: deletionSchema, config: change },
    async (request, reply) => {
      const { params } = request;
      const { id } = await subscriptionAt({ catalog }, request);
      if ((await records.purgeDeadLetters(id, [params.id])) === 0) throw letterNotFound(params);
      return reply.code(204).send();
    },
  );

  const redriven = { 200: { ...countSchema, description: "The dead letter is a delivery again." } };
  const summary = "Deliver a dead letter again; its retry policy starts anew";
  const redrive = described("redriveDeadLetter", summary, redriven, ...errors);
  const schema = { ...redrive, params: letterParams };
  app.post<{ Params: LetterPath }>(`${base}/:id/redrive`, { schema, config: change }, async (request) => {
    const { params } = request;
    const { id } = await subscriptionAt({ catalog }, request);
    const count = await records.redriveDeadLetters(id, [params.id]);
    if (count === 0) throw letterNotFound(params);
    return counted(request, count);
  });
}

/** Deletes all dead letters of a subscription. */
function purgeRoute(app: FastifyInstance, { catalog, records }: Store): void {
  const readPurgeQuery = queryReader(purgeQuery);
  const purged = { 200: { ...countSchema, description: "How many were deleted." } };
  const purgeSummary = "Delete all dead letters of a subscription for good";
  const purge = described("purgeDeadLetters", purgeSummary, purged, ...writeErrors);
  app.delete<{ Params: SubscriptionPath }>(
    base,
    { schema: { ...purge, querystring: purgeQuery }, config: change },
    async (request) => {
      if (!readPurgeQuery(request).all) throw RingbackError.at("invalid_request", "all", "must be true");
      const { id } = await subscriptionAt({ catalog }, request);
      return counted(request, await records.purgeDeadLetters(id, null));
    },
  );
}

const redriveAnswers = {
  200: {
    description: "How many dead letters are deliveries again, or, for a dry run, how many match.",
    anyOf: [countSchema, dryRunSchema],
  },
  202: { ...replaySchema, description: "A replay delivers the dead letters that match." },
};
const redriveSchema = {
  ...described(
    "redriveDeadLetters",
    "Deliver some or all dead letters again; their retry policies start anew",
    redriveAnswers,
    "replay_limit",
    ...bodyErrors,
    ...writeErrors,
  ),
  description:
    "With `ids`, or with `all` alone, the response follows when all of them are deliveries again. A filter, a rate or a dry " +
    "run makes the request a replay, which runs in the background.",
  body: redriveBody,
};

function redriveRoute(app: FastifyInstance, parts: ApiParts): void {
  const { catalog, records } = parts.store;
  const readRedriveBody = shapeReader(redriveBody);
  const options = { schema: redriveSchema, config: change };
  app.post<{ Params: SubscriptionPath }>(`${base}/redrive`, options, async (request, reply) => {
    const body = readRedriveBody(optionalJson(request));
    const { ids = null, all = false, order = "live" } = body;
    const source = letterSource(body);
    if (source === null) {
      if ((ids !== null) === all) throw RingbackError.at("invalid_request", "ids", 'give either "ids" or "all": true');
      const { id } = await subscriptionAt({ catalog }, request);
      return counted(request, await records.redriveDeadLetters(id, ids));
    }
    const subscription = await subscriptionAt({ catalog }, request);
    return sendReplay(parts, request, reply, { source, subscription, target: subscription, order }, body);
  });
}

function counted(request: FastifyRequest, count: number) {
  noteChange(request, { after: { count }, isChange: count > 0 });
  return { count };
}

function letterNotFound({ subscription }: LetterPath): RingbackError {
  const sentence = `The subscription "${subscription}" has no dead letter of this id.`;
  return new RingbackError("dead_letter_not_found", sentence);
}
