import type { FastifyInstance } from "fastify";
import { RingbackError } from "../domain/errors.ts";
import { sendProblem } from "./problem.ts";

/**
 * Answers 404 for an unknown path, and 405 with Allow for a known path with a wrong method. Must be called before the
 * routes are added, because it collects each route when the route is added.
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
      void sendProblem(reply, new RingbackError("route_not_found", "There is no resource at this path."));
      return;
    }
    const allow = [...new Set(allowed)].sort().join(", ");
    const error = new RingbackError("method_not_allowed", `This resource supports ${allow}.`);
    void sendProblem(reply, error, { allow });
  });
}

function matches(pattern: string, path: string): boolean {
  const wanted = pattern.split("/");
  const given = path.split("/");
  return (
    wanted.length === given.length && wanted.every((segment, i) => segment.startsWith(":") || segment === given[i])
  );
}
