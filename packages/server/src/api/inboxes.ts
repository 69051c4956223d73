import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Static } from "typebox";
import { RingbackError } from "../domain/errors.ts";
import type { InboxSettings } from "../domain/inbox-rules.ts";
import { assertName } from "../domain/names.ts";
import type { InboxDetails } from "../engine/inboxes/inboxes.ts";
import { countedInboxSchema, inboxSchema, inboxShape, inboxView } from "../shapes/inbox.ts";
import { inboxParams } from "../shapes/schema-parts.ts";
import { accountIdOf } from "./access-gate.ts";
import type { ApiParts } from "./api-parts.ts";
import { labelledListRoute, resourceRoutes, type Resource } from "./resource.ts";

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
    settingErrors: ["topic_not_found", "immutable_field"],
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
    assertName: ({ inbox }) => assertName("inbox", inbox),
    at: ({ inbox: name }, request) => ({
      get: () => inboxesOf(request).get(name),
      put: (settings, condition) => inboxesOf(request).put(name, settings, condition),
      delete: (condition) => inboxesOf(request).delete(name, condition),
    }),
    notFound: noInbox,
    bodyOf: (inbox) => inbox,
    viewOf: inboxView,
    wholeViewOf: async (inbox, request) => ({
      ...inboxView(inbox),
      waiting: await inboxesOf(request).waitingCount(inbox),
    }),
  };
  resourceRoutes(app, resource);
  labelledListRoute(app, resource, (request, page, label) => inboxesOf(request).list(page, label));
}

export function noInbox({ inbox }: InboxPath): RingbackError {
  return new RingbackError("inbox_not_found", `There is no inbox "${inbox}".`);
}
