import type { FastifyInstance, FastifyRequest } from "fastify";
import { Type, type Static } from "typebox";
import { RingbackError, type ErrorCode } from "../domain/errors.ts";
import { optionalJson } from "../http/json-body.ts";
import {
  countSchema,
  deadLetterSchema,
  deadLetterSummarySchema,
  deadLetterSummaryView,
  deadLetterView,
  letterSource,
  redriveBody,
} from "../shapes/dead-letter.ts";
import { pageOfList } from "../shapes/page-cursor.ts";
import { queryReader } from "../shapes/query.ts";
import { dryRunSchema, replaySchema } from "../shapes/replay.ts";
import { listQuery } from "../shapes/resource-routes.ts";
import {
  about,
  bodyErrors,
  closedObject,
  operation,
  pageOf,
  problemResponses,
  subscriptionParams,
  writeErrors,
} from "../shapes/schema-parts.ts";
import { shapeReader } from "../shapes/shape-check.ts";
import type { Store } from "../store/store.ts";
import type { ApiParts } from "./api-parts.ts";
import { noteChange } from "./audit-gate.ts";
import { answer } from "./replays.ts";
import { subscriptionAt, type SubscriptionPath } from "./subscriptions.ts";

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

function readRoutes(app: FastifyInstance, { catalog, records }: Store): void {
  const readListQuery = queryReader(listQuery);
  const page = { 200: pageOf(deadLetterSummarySchema, "A page of dead letters, without their bodies.") };
  const list = described("listDeadLetters", "List a subscription's dead letters, newest first", page, "invalid_cursor");
  app.get<{ Params: SubscriptionPath }>(
    base,
    { schema: { ...list, querystring: listQuery }, config: see },
    async (request) => {
      const query = readListQuery(request);
      const { id, topic } = await subscriptionAt({ catalog }, request);
      return pageOfList(
        `dead letters ${id}`,
        query,
        (page) => records.listDeadLetters(id, page),
        (letter) => deadLetterSummaryView(letter, topic),
      );
    },
  );

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
    if (ids !== null) throw RingbackError.at("invalid_request", "ids", "cannot be combined with a filter or a rate");
    if (source.fromMs !== null && source.toMs !== null && source.toMs < source.fromMs) {
      throw RingbackError.at("invalid_request", "to", "must not lie before `from`");
    }
    const subscription = await subscriptionAt({ catalog }, request);
    return answer(parts, request, reply, { source, subscription, target: subscription, order }, body);
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
