import type { IncomingMessage, ServerResponse } from "node:http";
import type { FastifyInstance } from "fastify";
import { type CallerRules, createCallerCheck } from "./caller-rules.ts";

/** How long a browser may remember the answer to a preflight request. */
const preflightMaxAgeS = 600;

/**
 * Returns a function that throws a `RingbackError` for a request that the rules refuse. The function returns false if
 * it has answered the request itself. For pages of allowed origins it sets the headers of the CORS protocol
 * (https://fetch.spec.whatwg.org/#http-cors-protocol).
 */
export function createCallerGate(rules: CallerRules): (request: IncomingMessage, response: ServerResponse) => boolean {
  const check = createCallerCheck(rules);
  return (request, response) => {
    const origin = check(request);
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

/** Applies the rules to every route, and to requests that match no route. Must be called before routes are added. */
export function guardCallers(app: FastifyInstance, rules: CallerRules): void {
  const admits = createCallerGate(rules);
  app.addHook("onRequest", (request, reply, done) => {
    if (admits(request.raw, reply.raw)) done();
    else reply.hijack();
  });
}
