import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Static } from "typebox";
import { RingbackError } from "../domain/errors.ts";
import type { Caller } from "../engine/access/access.ts";
import { jsonBody } from "../http/json-body.ts";
import { isOfOwnPage, noSessionCookie, sessionCookie, sessionToken } from "../http/session-cookie.ts";
import { clientAddressOf } from "../http/trusted-proxies.ts";
import { bodyErrors, operation, problemResponses } from "../shapes/schema-parts.ts";
import { sessionBody, sessionSchema } from "../shapes/session.ts";
import { shapeReader } from "../shapes/shape-check.ts";
import { optionalTimeText } from "../shapes/time-text.ts";
import { accountNameOf, callerOfPublic, tokenOf } from "./access-gate.ts";
import type { ApiParts } from "./api-parts.ts";

const keyErrors = [
  "api_key_missing",
  "invalid_api_key",
  "too_many_failures",
  "forbidden",
  "account_not_found",
] as const;

const getSchema = {
  ...operation("session", "getSession", "Get who makes the request"),
  description: "Needs any valid API key, in the header `Authorization` or in the session cookie, whatever its role.",
  security: [{ apiKey: [] }, {}],
  response: { 200: sessionSchema, ...problemResponses("csrf_header_missing", ...keyErrors) },
};
const createSchema = {
  ...operation("session", "createSession", "Sign in with an API key"),
  description:
    "For web pages of this server. The answer sets a cookie that no script can read. Requests with the cookie act with the " +
    "rights of the API key, until the key is revoked or expires. Such requests must come from a page of this server, and " +
    "those other than GET need the header `Ringback-Csrf` with any value.",
  security: [{}],
  body: sessionBody,
  response: { 200: sessionSchema, ...problemResponses("csrf_header_missing", ...keyErrors, ...bodyErrors) },
};
const deleteSchema = {
  ...operation("session", "deleteSession", "Sign out"),
  security: [{}],
  response: {
    204: { type: "null", description: "The browser has no session cookie any more." },
    ...problemResponses("csrf_header_missing"),
  },
};

const config = { access: "public" } as const;

/** The session of a browser: a cookie with the token of an API key (ADR 44). */
export function sessionRoutes(app: FastifyInstance, { access }: ApiParts): void {
  const readBody = shapeReader(sessionBody);

  app.get("/v1/session", { schema: getSchema, config }, async (request, reply) => {
    reply.header("cache-control", "no-store");
    return sessionView(await callerOfPublic(access, request), viaOf(request));
  });

  app.post("/v1/session", { schema: createSchema, config }, async (request, reply) => {
    assertOwnPage(request);
    const { token, remember = false } = readBody(jsonBody(request));
    const identity = await access.authenticate(token.trim(), clientAddressOf(request));
    const caller = access.callerWith(identity, accountNameOf(request), true);
    reply.headers({
      "set-cookie": sessionCookie(request.protocol, token.trim(), remember),
      "cache-control": "no-store",
    });
    return sessionView(caller, "cookie");
  });

  app.delete("/v1/session", { schema: deleteSchema, config }, (request, reply) => {
    assertOwnPage(request);
    return reply.header("set-cookie", noSessionCookie(request.protocol)).code(204).send();
  });
}

/** Throws `csrf_header_missing`: another page must not sign a browser in or out. */
function assertOwnPage(request: FastifyRequest): void {
  if (!isOfOwnPage(request)) throw new RingbackError("csrf_header_missing");
}

function viaOf(request: FastifyRequest): "open" | "header" | "cookie" {
  if (tokenOf(request) !== null) return "header";
  return sessionToken(request) === null ? "open" : "cookie";
}

function sessionView(caller: Caller, via: "open" | "header" | "cookie"): Static<typeof sessionSchema> {
  const { account, role, name, keyId, topics, expiresAtMs, isPortal } = caller;
  return {
    account: account.name,
    role,
    name: keyId === null ? null : name,
    topics: topics && [...topics],
    expiresAt: optionalTimeText(expiresAtMs),
    portal: isPortal,
    via,
  };
}
