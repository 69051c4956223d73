import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import { RingbackError } from "../domain/errors.ts";
import { jsonBody } from "../http/json-body.ts";
import {
  countSchema,
  deadLetterSchema,
  deadLetterSummarySchema,
  deadLetterSummaryView,
  deadLetterView,
  redriveBody,
} from "../shapes/dead-letter.ts";
import { pageRequest, pageView } from "../shapes/page-cursor.ts";
import { noParameters, pageParameters, queryReader } from "../shapes/query.ts";
import { bodyErrors, pageOf, problemResponses, subscriptionParams, writeErrors } from "../shapes/schema-parts.ts";
import { shapeReader } from "../shapes/shape-check.ts";
import type { Store } from "../store/store.ts";
import { subscriptionAt } from "./subscriptions.ts";
import type { SubscriptionPath } from "./subscriptions.ts";

const tags = ["dead letters"];
const base = "/v1/topics/:topic/subscriptions/:subscription/dead-letters";
const notFound = ["invalid_name", "topic_not_found", "subscription_not_found"] as const;
const readNoQuery = queryReader(noParameters);
const listQuery = Type.Object(pageParameters, { additionalProperties: false });
const purgeQuery = Type.Object(
  { all: Type.Boolean({ description: "Must be true: confirms that all dead letters are meant." }) },
  { additionalProperties: false },
);
const letterParams = Type.Object({
  ...subscriptionParams.properties,
  id: Type.String({ description: "The dead letter's id.", examples: ["42"] }),
});

interface LetterPath extends SubscriptionPath {
  readonly id: string;
}

export function deadLetterRoutes(app: FastifyInstance, { store }: { readonly store: Store }): void {
  readRoutes(app, store);
  deleteRoutes(app, store);
  redriveRoutes(app, store);
}

function readRoutes(app: FastifyInstance, store: Store): void {
  const readListQuery = queryReader(listQuery);

  app.get<{ Params: SubscriptionPath }>(
    base,
    {
      schema: {
        tags,
        operationId: "listDeadLetters",
        summary: "List a subscription's dead letters, newest first",
        params: subscriptionParams,
        querystring: listQuery,
        response: {
          200: pageOf(deadLetterSummarySchema, "A page of dead letters, without their bodies."),
          ...problemResponses("invalid_cursor", ...notFound),
        },
      },
    },
    async (request) => {
      const query = readListQuery(request);
      const { id, topic } = await subscriptionAt(store, request.params);
      const listing = `dead letters ${id}`;
      const page = await store.records.listDeadLetters(id, pageRequest(listing, query));
      return pageView(listing, page, (letter) => deadLetterSummaryView(letter, topic));
    },
  );

  app.get<{ Params: LetterPath }>(
    `${base}/:id`,
    {
      schema: {
        tags,
        operationId: "getDeadLetter",
        summary: "Get a dead letter, with its message",
        params: letterParams,
        response: { 200: deadLetterSchema, ...problemResponses(...notFound, "dead_letter_not_found") },
      },
    },
    async (request) => {
      readNoQuery(request);
      const { id, topic } = await subscriptionAt(store, request.params);
      const letter = await store.records.getDeadLetter(id, letterId(request.params));
      if (letter === null) throw letterNotFound(request.params);
      return deadLetterView(letter, topic);
    },
  );
}

function deleteRoutes(app: FastifyInstance, store: Store): void {
  const readPurgeQuery = queryReader(purgeQuery);

  app.delete<{ Params: LetterPath }>(
    `${base}/:id`,
    {
      schema: {
        tags,
        operationId: "deleteDeadLetter",
        summary: "Delete a dead letter for good",
        params: letterParams,
        response: {
          204: { type: "null", description: "The dead letter is deleted." },
          ...problemResponses(...notFound, "dead_letter_not_found", ...writeErrors),
        },
      },
    },
    async (request, reply) => {
      readNoQuery(request);
      const { id } = await subscriptionAt(store, request.params);
      const count = await store.records.purgeDeadLetters(id, [letterId(request.params)]);
      if (count === 0) throw letterNotFound(request.params);
      return reply.code(204).send();
    },
  );

  app.delete<{ Params: SubscriptionPath }>(
    base,
    {
      schema: {
        tags,
        operationId: "purgeDeadLetters",
        summary: "Delete all dead letters of a subscription for good",
        params: subscriptionParams,
        querystring: purgeQuery,
        response: {
          200: { ...countSchema, description: "How many were deleted." },
          ...problemResponses(...notFound, ...writeErrors),
        },
      },
    },
    async (request) => {
      const { all } = readPurgeQuery(request);
      if (!all) throw RingbackError.at("invalid_request", "all", "must be true");
      const { id } = await subscriptionAt(store, request.params);
      return { count: await store.records.purgeDeadLetters(id, null) };
    },
  );
}

function redriveRoutes(app: FastifyInstance, store: Store): void {
  const readRedriveBody = shapeReader(redriveBody);

  app.post<{ Params: LetterPath }>(
    `${base}/:id/redrive`,
    {
      schema: {
        tags,
        operationId: "redriveDeadLetter",
        summary: "Deliver a dead letter again; its retry policy starts anew",
        params: letterParams,
        response: {
          200: { ...countSchema, description: "The dead letter is a delivery again." },
          ...problemResponses(...notFound, "dead_letter_not_found", ...writeErrors),
        },
      },
    },
    async (request) => {
      readNoQuery(request);
      const { id } = await subscriptionAt(store, request.params);
      const count = await store.records.redriveDeadLetters(id, [letterId(request.params)]);
      if (count === 0) throw letterNotFound(request.params);
      return { count };
    },
  );

  app.post<{ Params: SubscriptionPath }>(
    `${base}/redrive`,
    {
      schema: {
        tags,
        operationId: "redriveDeadLetters",
        summary: "Deliver some or all dead letters again; their retry policies start anew",
        params: subscriptionParams,
        body: redriveBody,
        response: {
          200: { ...countSchema, description: "How many dead letters are deliveries again." },
          ...problemResponses(...notFound, ...bodyErrors, ...writeErrors),
        },
      },
    },
    async (request) => {
      readNoQuery(request);
      const { ids = null, all = false } = readRedriveBody(jsonBody(request).value);
      if ((ids !== null) === all) {
        throw RingbackError.at("invalid_request", "ids", 'give either "ids" or "all": true');
      }
      const { id } = await subscriptionAt(store, request.params);
      return { count: await store.records.redriveDeadLetters(id, ids === null ? null : ids.filter(isLetterId)) };
    },
  );
}

function letterId(path: LetterPath): string {
  if (!isLetterId(path.id)) throw letterNotFound(path);
  return path.id;
}

function isLetterId(text: string): boolean {
  return /^[1-9]\d{0,18}$/.test(text);
}

function letterNotFound(path: LetterPath): RingbackError {
  return new RingbackError(
    "dead_letter_not_found",
    `The subscription "${path.subscription}" has no dead letter of this id.`,
  );
}
