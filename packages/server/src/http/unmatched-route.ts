import type { FastifyInstance } from "fastify";
import { RingbackError } from "../domain/errors.ts";
import { problemOf, sendProblem } from "./problem.ts";

/**
 * Tells an unknown path (404) from a known one asked with a wrong method (405 with Allow). Call it before the routes
 * are added: it learns them as they come.
 */
export function answerUnmatchedRoutes(app: FastifyInstance): void {
  const methodsByPattern = new Map<string, Set<string>>();
  app.addHook("onRoute", (route) => {
    const methods = methodsByPattern.get(route.url) ?? new Set();
    for (const method of [route.method].flat()) methods.add(method);
    methodsByPattern.set(route.url, methods);
  });

  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split("?", 1)[0] ?? "";
    const allowed = [...methodsByPattern].flatMap(([pattern, methods]) => (matches(pattern, path) ? [...methods] : []));
    if (allowed.length === 0) {
      void sendProblem(reply, problemOf(new RingbackError("route_not_found", "No resource has this path.")));
      return;
    }
    const allow = [...new Set(allowed)].sort().join(", ");
    const error = new RingbackError("method_not_allowed", `This resource answers to ${allow}.`);
    void sendProblem(reply, problemOf(error), { allow });
  });
}

function matches(pattern: string, path: string): boolean {
  const wanted = pattern.split("/");
  const given = path.split("/");
  return (
    wanted.length === given.length && wanted.every((segment, i) => segment.startsWith(":") || segment === given[i])
  );
}
