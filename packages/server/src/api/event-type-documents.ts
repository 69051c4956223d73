import { Readable } from "node:stream";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { eventTypeLimits } from "../domain/event-type-limits.ts";
import { asyncApiText } from "../shapes/asyncapi.ts";
import { eventTypePage, pagePolicy } from "../shapes/event-type-page.ts";
import { noParameters, queryReader } from "../shapes/query.ts";
import { about, closedObject, operation, problemResponses } from "../shapes/schema-parts.ts";
import { everyPage } from "../store/every-page.ts";
import { accountIdOf, callerOf } from "./access-gate.ts";
import type { ApiParts } from "./api-parts.ts";

const pageQuery = closedObject({
  after: about("Event types after this one; the link to the next page has it.", Type.Optional(Type.String())),
});
const text = { schema: { type: "string" } };
const pageSchema = {
  ...operation("event types", "getEventTypePage", "Get a page for people about the event types"),
  description: `HTML without scripts, with ${eventTypeLimits.pageTypesMax} event types and a link to the next page.`,
  querystring: pageQuery,
  response: { 200: { description: "The page.", content: { "text/html": text } }, ...problemResponses() },
};
const asyncApiSchema = {
  ...operation("event types", "getAsyncApi", "Get the event types as an AsyncAPI 3 document"),
  response: {
    200: { description: "The document.", content: { "application/json": { schema: { type: "object" } } } },
    ...problemResponses(),
  },
};
const config = { access: "read" } as const;

/** Documents for the receivers of an account's messages, generated from its event types. */
export function eventTypeDocumentRoutes(app: FastifyInstance, { servicesOf, version }: ApiParts): void {
  const typesOf = (request: FastifyRequest) => servicesOf(accountIdOf(request)).eventTypes;
  const readPageQuery = queryReader(pageQuery);
  const readNothing = queryReader(noParameters);

  app.get("/v1/event-types.html", { schema: pageSchema, config }, async (request, reply) => {
    const { after = null } = readPageQuery(request);
    const { items, next } = await typesOf(request).list({ after, limit: eventTypeLimits.pageTypesMax });
    const link = next === null ? null : `event-types.html?after=${encodeURIComponent(next)}`;
    return reply
      .header("content-type", "text/html; charset=utf-8")
      .header("content-security-policy", pagePolicy)
      .header("x-content-type-options", "nosniff")
      .header("referrer-policy", "no-referrer")
      .send(eventTypePage(callerOf(request).account.name, items, link));
  });

  app.get("/v1/asyncapi.json", { schema: asyncApiSchema, config }, async (request, reply) => {
    readNothing(request);
    const pages = everyPage((page) => typesOf(request).list(page));
    const parts = asyncApiText(callerOf(request).account.name, version, pages);
    return reply.header("content-type", "application/json; charset=utf-8").send(Readable.from(parts));
  });
}
