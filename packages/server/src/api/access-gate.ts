import type { FastifyInstance, FastifyRequest } from "fastify";
import type { AccessNeed } from "../domain/access-rules.ts";
import { RingbackError } from "../domain/errors.ts";
import { isOfOwnPage, sessionToken } from "../http/session-cookie.ts";
import { clientAddressOf } from "../http/trusted-proxies.ts";
import { assertMay, assertTopicGranted, type Access, type Caller } from "../engine/access/access.ts";
import { assertOfPortal } from "./portal-access.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The access that a request to the route needs. */
    access?: AccessNeed;
    /**
     * True: the route itself leaves out what belongs to topics that the caller's key is not valid for. Otherwise such a
     * key is valid only for routes with a topic in their path.
     */
    omitsOtherTopics?: boolean;
  }
  interface FastifyRequest {
    /** Set for every route except public ones. */
    caller: Caller | null;
  }
}

/** Names the account on which a request acts. */
export const accountHeader = "ringback-account";

/**
 * Checks every request before its body is read. Must be called before routes are added: a route without a declared
 * access then throws at the start of the server.
 */
export function guardAccess(app: FastifyInstance, access: Access): void {
  app.decorateRequest("caller", null);
  app.addHook("onRoute", ({ url, method, config }) => {
    if (config?.access === undefined) throw new Error(`the route ${String(method)} ${url} does not declare its access`);
  });
  app.addHook("onRequest", (request, _reply, done) => {
    const { access: need = "operator", omitsOtherTopics = false } = request.routeOptions.config;
    // A path without a route is answered without a key, because the documentation shows all paths.
    if (need === "public" || request.is404) return done();
    const admit = (caller: Caller): void => {
      assertMay(caller, need);
      if (!omitsOtherTopics) assertTopicGranted(caller, topicOf(request));
      request.caller = caller;
    };
    const admitted = (): void => done();
    const token = tokenOf(request) ?? cookieTokenOf(request);
    const recent = token === null ? null : access.recent(token, accountNameOf(request));
    if (recent?.isPortal === true) assertOfPortal(request);
    if (recent !== null) {
      admit(recent);
      return done();
    }
    void findCaller(access, request, token).then(admit).then(admitted, done);
  });
}

/** Throws `api_key_missing`, and the errors of `Access`. */
async function findCaller(access: Access, request: FastifyRequest, token: string | null): Promise<Caller> {
  const accountName = accountNameOf(request);
  if (token !== null) {
    const caller = access.callerWith(await access.authenticate(token, clientAddressOf(request)), accountName, true);
    if (caller.isPortal) assertOfPortal(request);
    return caller;
  }
  if (await access.isOpen()) {
    if (!isForwarded(request)) return access.openCaller(accountName);
    const sentence = "The server is open to programs of this machine only, and the request came through a proxy.";
    throw new RingbackError("api_key_missing", sentence);
  }
  throw new RingbackError("api_key_missing");
}

/**
 * For a public route: the caller of a request with an API key, or of a request from this machine to an open server.
 * null: neither. The Authorization header may contain a token that belongs to another system; such a token is ignored.
 * Throws `invalid_api_key` and the other errors of `Access`.
 */
export async function callerIfKnown(access: Access, request: FastifyRequest): Promise<Caller | null> {
  const { authorization = "" } = request.headers;
  const token = /^Bearer +(\S+) *$/i.exec(authorization)?.[1] ?? null;
  if (token !== null && access.isOwnToken(token)) return findCaller(access, request, token);
  return (await isOpenTo(access, request)) ? access.openCaller(accountNameOf(request)) : null;
}

/** True: the server serves the request without a key, because it is open and no proxy has sent the request. */
export async function isOpenTo(access: Access, request: FastifyRequest): Promise<boolean> {
  return !isForwarded(request) && (await access.isOpen());
}

/** True: a proxy has sent the request, maybe for a client on another machine. */
function isForwarded({ headers }: FastifyRequest): boolean {
  return ["forwarded", "via", "x-forwarded-for", "x-real-ip"].some((name) => headers[name] !== undefined);
}

/** Returns the token of `Authorization: Bearer`; null: the request has no such header. Throws `invalid_api_key`. */
export function tokenOf({ headers }: Pick<FastifyRequest, "headers">): string | null {
  const { authorization } = headers;
  if (authorization === undefined) return null;
  if (authorization.slice(0, 7).toLowerCase() === "bearer ") return authorization.slice(7).trim();
  throw new RingbackError("invalid_api_key");
}

/** Returns the token in the session cookie; null: there is none. Throws `csrf_header_missing`. */
function cookieTokenOf(request: FastifyRequest): string | null {
  const token = sessionToken(request);
  if (token !== null && !isOfOwnPage(request)) throw new RingbackError("csrf_header_missing");
  return token;
}

/** The caller of a request to a public route, found as for any other. Throws `api_key_missing` and errors of keys. */
export async function callerOfPublic(access: Access, request: FastifyRequest): Promise<Caller> {
  return findCaller(access, request, tokenOf(request) ?? cookieTokenOf(request));
}

/** The account that the request names; null: it names none. */
export function accountNameOf({ headers }: FastifyRequest): string | null {
  const name = headers[accountHeader];
  return name === undefined ? null : String(name);
}

function topicOf({ params }: FastifyRequest): string | null {
  const topic = (params as { readonly topic?: unknown } | undefined)?.topic;
  return typeof topic === "string" ? topic : null;
}

export type Called = Pick<FastifyRequest, "caller">;

/** A request to a path with these parameters. */
export interface RequestTo<P> extends Called {
  readonly params: P;
}

/** The caller of a request to a route that is not public. */
export function callerOf(request: Called): Caller {
  if (request.caller === null) throw new Error("the route is public, so that its requests have no caller");
  return request.caller;
}

export function accountIdOf(request: Called): Caller["account"]["id"] {
  return callerOf(request).account.id;
}
