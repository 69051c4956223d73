import type { FastifyInstance, FastifyRequest } from "fastify";
import { Type, type Static } from "typebox";
import { RingbackError } from "../domain/errors.ts";
import { isSecretId } from "../domain/api-key-rules.ts";
import { listKeys, removeExpiredLinks } from "../engine/access/portal-links.ts";
import { optionalJson } from "../http/json-body.ts";
import { pageOfList } from "../shapes/page-cursor.ts";
import { newPortalLinkSchema, portalLinkBody, portalLinkSchema, portalLinkView } from "../shapes/portal-link.ts";
import { portalBrandingSchema, portalBrandingView } from "../shapes/portal-link.ts";
import { queryReader } from "../shapes/query.ts";
import { listQuery } from "../shapes/resource-routes.ts";
import { bodyErrors, closedObject, operation, pageOf, problemResponses, writeErrors } from "../shapes/schema-parts.ts";
import { complete } from "../shapes/settings.ts";
import { shapeReader } from "../shapes/shape-check.ts";
import { accountIdOf } from "./access-gate.ts";
import type { ApiParts } from "./api-parts.ts";
import { noteChange } from "./audit-gate.ts";
import { portalOf } from "./portal-branding.ts";

const linkParams = closedObject({ id: Type.String({ description: "The id of the link." }) });
type LinkPath = Static<typeof linkParams>;

const createSchema = {
  ...operation("portal links", "createPortalLink", "Create a link to the page of the account"),
  description:
    "Whoever has the URL can look after the endpoints of the account until the link expires: see and change subscriptions, " +
    "see attempts and dead letters, send them again. Nothing else of the API accepts its key. Make a new link each time a " +
    "user of yours opens the page.",
  body: portalLinkBody,
  response: {
    201: newPortalLinkSchema,
    ...problemResponses("invalid_name", "master_key_missing", "entry_limit", ...bodyErrors, ...writeErrors),
  },
};
const listSchema = {
  ...operation("portal links", "listPortalLinks", "List the links, without their secrets"),
  description: "Links that expired more than a day ago are removed when a new one is made.",
  querystring: listQuery,
  response: { 200: pageOf(portalLinkSchema, "A page of links."), ...problemResponses("invalid_cursor") },
};
const deleteSchema = {
  ...operation("portal links", "deletePortalLink", "Revoke a link"),
  params: linkParams,
  response: {
    204: { type: "null", description: "The link is no longer valid." },
    ...problemResponses("portal_link_not_found", ...writeErrors),
  },
};
const brandingSchema = {
  ...operation("portal links", "getPortalBranding", "Get the branding of the page that a link opens"),
  description: "Needs no API key, so that a page whose link has expired can say so in the customer's colours.",
  params: linkParams,
  security: [{}],
  response: { 200: portalBrandingSchema, ...problemResponses("portal_link_not_found") },
};

const [see, change] = [{ access: "read" }, { access: "admin" }] as const;

/** The short-lived keys of portal links. Each is an API key that only the routes of `portal-access.ts` accept. */
export function portalLinkRoutes(app: FastifyInstance, parts: ApiParts): void {
  const { servicesOf, clock } = parts;
  const readBody = shapeReader(portalLinkBody);
  const readListQuery = queryReader(listQuery);
  const keysOf = (request: FastifyRequest) => servicesOf(accountIdOf(request)).apiKeys;

  app.post(
    "/v1/portal-links",
    { schema: createSchema, config: { ...change, isBodyOptional: true } },
    async (request, reply) => {
      const { role, expiresInS, topics, name } = complete(portalLinkBody, readBody(optionalJson(request)));
      const nowMs = clock.wall();
      const keys = keysOf(request);
      await removeExpiredLinks(keys, nowMs);
      const settings = { name, role, topics, allAccounts: false, expiresAtMs: nowMs + expiresInS * 1_000 };
      const { apiKey, token } = await keys.create({ ...settings, isPortal: true }, null);
      const view = portalLinkView(apiKey);
      noteChange(request, { target: `portal-links/${apiKey.id}`, after: view });
      reply.code(201).header("cache-control", "no-store");
      return { ...view, url: `${request.protocol}://${request.host}/ui/portal/${apiKey.id}#token=${token ?? ""}` };
    },
  );

  app.get("/v1/portal-links", { schema: listSchema, config: see }, async (request) => {
    const keys = keysOf(request);
    return pageOfList("portal-links", readListQuery(request), (page) => listKeys(keys, true, page), portalLinkView);
  });

  const path = "/v1/portal-links/:id";
  app.delete<{ Params: LinkPath }>(path, { schema: deleteSchema, config: change }, async (request, reply) => {
    const { id } = request.params;
    const before = await keysOf(request).get(id);
    if (before?.isPortal !== true || !(await keysOf(request).delete(id))) throw notFound(id);
    noteChange(request, { before: portalLinkView(before) });
    return reply.code(204).send();
  });

  const config = { access: "public" } as const;
  app.get<{ Params: LinkPath }>(`${path}/branding`, { schema: brandingSchema, config }, async (request) => {
    const found = await portalOf(parts, request.params.id);
    if (found === null) throw notFound(request.params.id);
    return portalBrandingView(found.account, found.portal);
  });
}

function notFound(id: string): RingbackError {
  return new RingbackError("portal_link_not_found", isSecretId(id) ? `There is no portal link "${id}".` : undefined);
}
