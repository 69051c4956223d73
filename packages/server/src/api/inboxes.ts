import type { FastifyInstance, FastifyReply } from "fastify";
import { Type } from "typebox";
import { RingbackError } from "../domain/errors.ts";
import { assertName } from "../domain/names.ts";
import type { InboxDetails, Inboxes } from "../engine/inboxes/inboxes.ts";
import { mergePatchJson, optionalJson } from "../http/json-body.ts";
import {
  assertPreconditions,
  conditionOf,
  patchUntilWritten,
  entityTag,
  writeCondition,
} from "../http/preconditions.ts";
import { countedInboxSchema, inboxSchema, inboxShape, inboxView } from "../shapes/inbox.ts";
import { labelOf, labelParameter } from "../shapes/labels.ts";
import { pageRequest, pageView } from "../shapes/page-cursor.ts";
import { noParameters, pageParameters, queryReader } from "../shapes/query.ts";
import { deleteRoute, getRoute, listRoute, patchRoute, putRoute } from "../shapes/resource-routes.ts";
import { inboxParams } from "../shapes/schema-parts.ts";

export interface InboxPath {
  readonly inbox: string;
}

const path = "/v1/inboxes/:inbox";
const resource = {
  noun: "inbox",
  plural: "inboxes",
  tag: "inboxes",
  pathErrors: ["invalid_name", "inbox_not_found"],
  params: inboxParams,
  body: inboxShape.body,
  view: inboxSchema,
} as const;
const settingErrors = ["topic_not_found", "immutable_field"] as const;
const listQuery = Type.Object({ ...pageParameters, label: labelParameter }, { additionalProperties: false });

/** The inboxes themselves. Their messages pass through `inbox-gate.ts`. */
export function inboxRoutes(app: FastifyInstance, { inboxes }: { readonly inboxes: Inboxes }): void {
  const readListQuery = queryReader(listQuery);
  const readNoQuery = queryReader(noParameters);
  // The server waits for its requests to end when it closes, and a GET that waits for a message would take up to a
  // minute.
  app.addHook("preClose", (done) => {
    inboxes.stopWaiting();
    done();
  });

  app.put<{ Params: InboxPath }>(
    path,
    putRoute(resource, ["entry_limit", ...settingErrors]),
    async (request, reply) => {
      readNoQuery(request);
      const name = nameIn(request.params);
      const settings = inboxShape.read(optionalJson(request));
      const condition = await writeCondition(request, () => inboxes.get(name));
      const { inbox, created } = await inboxes.put(name, settings, condition);
      return send(reply.code(created ? 201 : 200), inbox);
    },
  );

  app.patch<{ Params: InboxPath }>(
    path,
    patchRoute(resource, inboxShape.patch, settingErrors),
    async (request, reply) => {
      readNoQuery(request);
      const name = nameIn(request.params);
      const patch = inboxShape.readPatch(mergePatchJson(request));
      const inbox = await patchUntilWritten(request, async () => {
        const before = found(name, await inboxes.get(name));
        assertPreconditions(request, before);
        const settings = inboxShape.patched(before, patch);
        return (await inboxes.put(name, settings, before)).inbox;
      });
      return send(reply, inbox);
    },
  );

  const get = getRoute(resource, countedInboxSchema, "Get an inbox, with the number of messages in it");
  app.get<{ Params: InboxPath }>(path, get, async (request, reply) => {
    readNoQuery(request);
    const name = nameIn(request.params);
    const inbox = found(name, await inboxes.get(name));
    const view = { ...inboxView(inbox), waiting: await inboxes.waitingCount(inbox) };
    return reply.header("etag", entityTag(inbox)).send(view);
  });

  const deleteDescription = "A topic that it publishes into stays, with its messages.";
  const deletion = deleteRoute(resource, "Delete an inbox with the messages in it", deleteDescription);
  app.delete<{ Params: InboxPath }>(path, deletion, async (request, reply) => {
    readNoQuery(request);
    const name = nameIn(request.params);
    const condition = conditionOf(request, found(name, await inboxes.get(name)));
    if (!(await inboxes.delete(name, condition))) throw noInbox(name);
    return reply.code(204).send();
  });

  app.get("/v1/inboxes", listRoute(resource, listQuery), async (request) => {
    const { label, ...query } = readListQuery(request);
    const listing = `inboxes ${label ?? ""}`;
    return pageView(listing, await inboxes.list(pageRequest(listing, query), labelOf(label)), inboxView);
  });
}

export function noInbox(name: string): RingbackError {
  return new RingbackError("inbox_not_found", `There is no inbox "${name}".`);
}

function nameIn({ inbox }: InboxPath): string {
  assertName("inbox", inbox);
  return inbox;
}

function found(name: string, inbox: InboxDetails | null): InboxDetails {
  if (inbox === null) throw noInbox(name);
  return inbox;
}

function send(reply: FastifyReply, inbox: InboxDetails): FastifyReply {
  return reply.header("etag", entityTag(inbox)).send(inboxView(inbox));
}
