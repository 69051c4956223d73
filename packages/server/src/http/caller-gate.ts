import type { IncomingMessage, ServerResponse } from "node:http";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { RingbackError } from "../domain/errors.ts";
import { type CallerRules, createCallerCheck } from "./caller-rules.ts";
import { type ListenerName, listenerOf, servesRoute } from "./listener.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Whether a request to the route is for a page. Other sites may have links to pages, and to nothing else. */
    isPage?: (request: FastifyRequest) => boolean;
  }
}

/** How long a browser may remember the answer to a preflight request. */
const preflightMaxAgeS = 600;

/**
 * Returns a function that throws a `RingbackError` for a request that the rules refuse. The function returns false if
 * it has answered the request itself. For pages of allowed origins it sets the headers of the CORS protocol
 * (https://fetch.spec.whatwg.org/#http-cors-protocol).
 */
export function createCallerGate(rules: CallerRules) {
  const check = createCallerCheck(rules);
  /** `forwardedHost`: the host that a trusted proxy was asked for. `isPage`: the request is for a page. */
  return (request: IncomingMessage, response: ServerResponse, forwardedHost?: string, isPage = false): boolean => {
    const origin = check(request, forwardedHost, isPage);
    if (origin === null) return true;
    response.setHeader("access-control-allow-origin", origin);
    response.setHeader("access-control-expose-headers", "*");
    response.setHeader("vary", "Origin");
    const method = request.headers["access-control-request-method"];
    if (request.method !== "OPTIONS" || method === undefined) return true;
    // Whether the method and the headers are allowed is a question for the request itself.
    response.setHeader("access-control-allow-methods", method);
    const headers = request.headers["access-control-request-headers"];
    if (headers !== undefined) response.setHeader("access-control-allow-headers", headers);
    response.setHeader("access-control-max-age", preflightMaxAgeS);
    response.writeHead(204).end();
    return false;
  };
}

/**
 * Applies the rules to every route, and to requests that match no route. Requests for routes that their listener does
 * not serve are refused. Must be called before routes are added.
 */
export function guardCallers(app: FastifyInstance, rulesOf: (listener: ListenerName) => CallerRules): void {
  const gates = {
    main: createCallerGate(rulesOf("main")),
    ops: createCallerGate(rulesOf("ops")),
    public: createCallerGate(rulesOf("public")),
  };
  app.addHook("onRequest", (request, reply, done) => {
    const listener = listenerOf(request);
    // Fastify returns a host of the header X-Forwarded-Host only if a trusted proxy has sent the request.
    const { host } = request;
    const forwardedHost = host === (request.headers.host ?? "") ? undefined : host;
    const isPage = request.routeOptions.config.isPage?.(request);
    if (!gates[listener](request.raw, reply.raw, forwardedHost, isPage)) reply.hijack();
    else if (listener !== "main" && !servesRoute(listener, patternOf(request)))
      throw new RingbackError("route_not_found");
    else done();
  });
}

/** Returns the path of the route, or of the request if no route matches. */
function patternOf({ routeOptions, url }: FastifyRequest): string {
  return routeOptions.url ?? url.split("?", 1)[0] ?? "";
}
