import type { IncomingMessage } from "node:http";
import type { FastifyRequest } from "fastify";

/** The listeners of a server. `main` serves everything, the others only the routes of {@link servesRoute}. */
export type ListenerName = "main" | OtherListener;
export type OtherListener = "ops" | "public";

const names = new WeakMap<IncomingMessage, ListenerName>();

/** Records the listener that a request arrived at. A request that is not recorded arrived at `main`. */
export function arrivedAt(listener: ListenerName, request: IncomingMessage): void {
  if (listener !== "main") names.set(request, listener);
}

export function listenerOf({ raw }: Pick<FastifyRequest, "raw">): ListenerName {
  return names.get(raw) ?? "main";
}

const routes: Readonly<Record<OtherListener, RegExp>> = {
  ops: /^\/(?:metrics|healthz|readyz)$/,
  public: /^\/(?:in\/[^/]+|\.well-known\/jwks\.json)$/,
};

/** Whether a listener serves the requests of a route. `pattern`: the path of the route, such as `/in/:inbox`. */
export function servesRoute(listener: ListenerName, pattern: string): boolean {
  return listener === "main" || routes[listener].test(pattern);
}
