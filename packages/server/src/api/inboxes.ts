import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import { RingbackError } from "../domain/errors.ts";
import { normaliseInbox } from "../domain/inbox-rules.ts";
import { assertName } from "../domain/names.ts";
import { pageRequest, pageView } from "../shapes/page-cursor.ts";
import type { ApiContext } from "./dependencies.ts";
import { countedInboxSchema, inboxBody, inboxSchema, inboxView } from "../shapes/inbox.ts";
import { optionalJson } from "../http/json-body.ts";
import { noParameters, pageParameters, queryReader } from "../shapes/query.ts";
import { bodyErrors, inboxParams, pageOf, problemResponses, writeErrors } from "../shapes/schema-parts.ts";
import { shapeReader } from "../shapes/shape-check.ts";

export interface InboxPath {
  readonly inbox: string;
}

const tags = ["inboxes"];
const listQuery = Type.Object(pageParameters, { additionalProperties: false });
const listing = "inboxes";

/** Making and removing inboxes. What goes in and out of one is `inbox-gate.ts`. */
export function inboxRoutes(app: FastifyInstance, { inboxes }: ApiContext): void {
  const readBody = shapeReader(inboxBody);
  const readListQuery = queryReader(listQuery);
  const readNoQuery = queryReader(noParameters);
  // Before the server waits for its requests to end: these could be a minute from it.
  app.addHook("preClose", (done) => {
    inboxes.stopWaiting();
    done();
  });

  app.put<{ Params: InboxPath }>(
    "/v1/inboxes/:inbox",
    {
      schema: {
        tags,
        operationId: "putInbox",
        summary: "Make an inbox, or change it",
        description: "The body is the whole of its settings: what is left out gets its default.",
        params: inboxParams,
        body: inboxBody,
        response: {
          200: { ...inboxSchema, description: "It existed; these are its settings now." },
          201: { ...inboxSchema, description: "It was made." },
          ...problemResponses(
            "invalid_name",
            "topic_not_found",
            "immutable_field",
            "entry_limit",
            ...bodyErrors,
            ...writeErrors,
          ),
        },
      },
    },
    async (request, reply) => {
      readNoQuery(request);
      const { inbox: name } = request.params;
      assertName("inbox", name);
      const { inbox, created } = await inboxes.put(name, normaliseInbox(readBody(optionalJson(request))));
      return reply.code(created ? 201 : 200).send(inboxView(inbox));
    },
  );

  app.get<{ Params: InboxPath }>(
    "/v1/inboxes/:inbox",
    {
      schema: {
        tags,
        operationId: "getInbox",
        summary: "Look at an inbox and how much waits in it",
        params: inboxParams,
        response: { 200: countedInboxSchema, ...problemResponses("invalid_name", "inbox_not_found") },
      },
    },
    async (request) => {
      readNoQuery(request);
      const { inbox: name } = request.params;
      assertName("inbox", name);
      const inbox = await inboxes.get(name);
      if (inbox === null) throw noInbox(name);
      return { ...inboxView(inbox), waiting: await inboxes.waitingCount(inbox) };
    },
  );

  app.delete<{ Params: InboxPath }>(
    "/v1/inboxes/:inbox",
    {
      schema: {
        tags,
        operationId: "deleteInbox",
        summary: "Remove an inbox with what waits in it",
        description: "A topic that it publishes into stays, with its messages.",
        params: inboxParams,
        response: {
          204: { type: "null", description: "It is gone." },
          ...problemResponses("invalid_name", "inbox_not_found", ...writeErrors),
        },
      },
    },
    async (request, reply) => {
      readNoQuery(request);
      const { inbox: name } = request.params;
      assertName("inbox", name);
      if (!(await inboxes.delete(name))) throw noInbox(name);
      return reply.code(204).send();
    },
  );

  app.get(
    "/v1/inboxes",
    {
      schema: {
        tags,
        operationId: "listInboxes",
        summary: "List inboxes by name",
        querystring: listQuery,
        response: { 200: pageOf(inboxSchema, "A page of inboxes."), ...problemResponses("invalid_cursor") },
      },
    },
    async (request) => {
      const page = pageRequest(listing, readListQuery(request));
      return pageView(listing, await inboxes.list(page), inboxView);
    },
  );
}

export function noInbox(name: string): RingbackError {
  return new RingbackError("inbox_not_found", `There is no inbox "${name}".`);
}
