import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Static } from "typebox";
import { mayUse } from "../domain/access-rules.ts";
import { RingbackError } from "../domain/errors.ts";
import { assertInboxName, type InboxSettings } from "../domain/inbox-rules.ts";
import type { InboxDetails } from "../engine/inboxes/inboxes.ts";
import type { Inboxes } from "../engine/inboxes/account-inboxes.ts";
import { optionalJson } from "../http/json-body.ts";
import { writeConditionally } from "../http/preconditions.ts";
import {
  countedInboxSchema,
  inboxSchema,
  inboxShape,
  inboxView,
  recordedInboxView,
  rotatePathBody,
} from "../shapes/inbox.ts";
import { conditionalRoute } from "../shapes/resource-routes.ts";
import { bodyErrors, inboxParams, operation } from "../shapes/schema-parts.ts";
import { shapeReader } from "../shapes/shape-check.ts";
import { accountIdOf, callerOf } from "./access-gate.ts";
import type { ApiParts } from "./api-parts.ts";
import { noteWrite } from "./audit-gate.ts";
import { labelledListRoute, resourceRoutes, sendTagged, type Resource } from "./resource.ts";

export type InboxPath = Static<typeof inboxParams>;

/** Routes that create, list and delete inboxes. `inbox-gate.ts` has the routes for their messages. */
export function inboxRoutes(app: FastifyInstance, { servicesOf }: ApiParts): void {
  const inboxesOf = (request: FastifyRequest) => servicesOf(accountIdOf(request)).inboxes;
  const resource: Resource<"inbox", InboxPath, InboxDetails, InboxSettings> = {
    path: "/v1/inboxes/:inbox",
    noun: "inbox",
    plural: "inboxes",
    pathErrors: ["invalid_name", "inbox_not_found"],
    putErrors: ["entry_limit"],
    settingErrors: ["topic_not_found", "immutable_field", "master_key_missing", "key_unavailable"],
    params: inboxParams,
    view: inboxSchema,
    wholeView: countedInboxSchema,
    texts: {
      get: { summary: "Get an inbox, with the number of messages in it" },
      delete: {
        summary: "Delete an inbox with the messages in it",
        description: "A topic that it publishes into stays, with its messages.",
      },
    },
    shape: inboxShape,
    isBodyOptional: true,
    assertName: ({ inbox }) => assertInboxName(inbox),
    at: ({ inbox: name }, request) => ({
      get: () => inboxesOf(request).get(name),
      put: (settings, condition) => inboxesOf(request).put(name, settings, condition),
      delete: (condition) => inboxesOf(request).delete(name, condition),
    }),
    notFound: noInbox,
    bodyOf: (inbox) => inbox,
    viewOf: inboxView,
    recordedViewOf: recordedInboxView,
    wholeViewOf: async (inbox, request) => ({
      ...inboxView(shownTo(request, inbox)),
      waiting: await inboxesOf(request).waitingCount(inbox),
    }),
  };
  resourceRoutes(app, resource);
  rotatePathRoute(app, inboxesOf);
  labelledListRoute(app, resource, async (request, page, label) => {
    const { items, next } = await inboxesOf(request).list(page, label);
    return { items: items.map((inbox) => shownTo(request, inbox)), next };
  });
}

const rotatePathSchema = {
  ...operation("inboxes", "rotateInboxPath", "Give an inbox another receivePath"),
  description:
    "The old path stays valid for `overlapMs`, so that senders can be changed one after the other. Only one old path " +
    "can stay valid: a second rotation ends the overlap of the first.",
  ...conditionalRoute(inboxParams, inboxSchema, "invalid_name", "inbox_not_found", "entry_limit", ...bodyErrors),
  body: rotatePathBody,
};

function rotatePathRoute(app: FastifyInstance, inboxesOf: (request: FastifyRequest) => Inboxes): void {
  const readBody = shapeReader(rotatePathBody);
  const path = "/v1/inboxes/:inbox/rotate-path";
  const options = { schema: rotatePathSchema, config: { access: "admin", isBodyOptional: true } } as const;
  app.post<{ Params: InboxPath }>(path, options, async (request, reply) => {
    const { inbox: name } = request.params;
    assertInboxName(name);
    const inboxes = inboxesOf(request);
    const { overlapMs = 0 } = readBody(optionalJson(request));
    const { before, after } = await writeConditionally(
      request,
      () => inboxes.get(name),
      async (before, condition) => ({ before, after: await inboxes.rotatePath(name, overlapMs, condition) }),
    );
    if (after === null) throw noInbox(request.params);
    noteWrite(request, before, after, recordedInboxView);
    return sendTagged(reply, after, inboxView(after));
  });
}

/** The path is shown only to callers that may change the inbox, because knowing the path is enough to send. */
function shownTo(request: FastifyRequest, inbox: InboxDetails): InboxDetails {
  return mayUse(callerOf(request).role, "admin") ? inbox : { ...inbox, path: null };
}

export function noInbox({ inbox }: InboxPath): RingbackError {
  return new RingbackError("inbox_not_found", `There is no inbox "${inbox}".`);
}
