import type { FastifyInstance } from "fastify";
import type { Static } from "typebox";
import { RingbackError } from "../domain/errors.ts";
import type { InboxSettings } from "../domain/inbox-rules.ts";
import { assertName } from "../domain/names.ts";
import type { InboxDetails } from "../engine/inboxes/inboxes.ts";
import { countedInboxSchema, inboxSchema, inboxShape, inboxView } from "../shapes/inbox.ts";
import { inboxParams } from "../shapes/schema-parts.ts";
import type { ApiParts } from "./api-parts.ts";
import { labelledListRoute, resourceRoutes, type Resource } from "./resource.ts";

export type InboxPath = Static<typeof inboxParams>;

/** Routes that create, list and delete inboxes. `inbox-gate.ts` has the routes for their messages. */
export function inboxRoutes(app: FastifyInstance, { inboxes }: ApiParts): void {
  // A closing server waits until its requests have ended. A GET that waits for a message would take up to a minute.
  app.addHook("preClose", (done) => {
    inboxes.stopWaiting();
    done();
  });
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
    assertName: ({ inbox }) => assertName("inbox", inbox),
    at: ({ inbox: name }) => ({
      get: () => inboxes.get(name),
      put: (settings, condition) => inboxes.put(name, settings, condition),
      delete: (condition) => inboxes.delete(name, condition),
    }),
    notFound: noInbox,
    bodyOf: (inbox) => inbox,
    viewOf: inboxView,
    wholeViewOf: async (inbox) => ({ ...inboxView(inbox), waiting: await inboxes.waitingCount(inbox) }),
  };
  resourceRoutes(app, resource);
  labelledListRoute(app, resource, (page, label) => inboxes.list(page, label));
}

export function noInbox({ inbox }: InboxPath): RingbackError {
  return new RingbackError("inbox_not_found", `There is no inbox "${inbox}".`);
}
