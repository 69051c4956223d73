import type { FastifyRequest } from "fastify";
import { RingbackError } from "../domain/errors.ts";
import { portalRefusal } from "../engine/access/access.ts";

const subscription = "/v1/topics/:topic/subscriptions/:subscription";

/**
 * The routes that the key of a portal link is valid for, as far as its role goes: those that a customer needs to look
 * after its endpoints. A new route is not among them until it is added here.
 */
export const portalRoutes: ReadonlySet<string> = new Set([
  ...["GET", "POST", "DELETE"].map((method) => `${method} /v1/session`),
  "GET /v1/topics",
  "GET /v1/topics/:topic",
  "GET /v1/topics/:topic/messages",
  "GET /v1/topics/:topic/subscriptions",
  "GET /v1/subscriptions",
  ...["GET", "PUT", "PATCH", "DELETE"].map((method) => `${method} ${subscription}`),
  ...["pause", "resume", "verify", "test", "replays", "dead-letters/redrive"].map(
    (verb) => `POST ${subscription}/${verb}`,
  ),
  `GET ${subscription}/attempts`,
  `GET ${subscription}/attempts/:id`,
  `GET ${subscription}/dead-letters`,
  `GET ${subscription}/dead-letters/:id`,
  `POST ${subscription}/dead-letters/:id/redrive`,
  "GET /v1/dead-letters",
  "GET /v1/messages/:id",
  "POST /v1/messages/:id/deliveries/:subscription/retry",
  "POST /v1/messages/:id/deliveries/:subscription/cancel",
  "GET /v1/replays",
  "GET /v1/replays/:id",
  "PATCH /v1/replays/:id",
  "DELETE /v1/replays/:id",
  "GET /v1/event-types",
  "GET /v1/event-types/:type",
  "GET /v1/keys/:kid",
  "POST /v1/keys/:kid/rotate",
  "GET /v1/statistics",
  "GET /v1/events",
]);

/** Throws `forbidden`. */
export function assertOfPortal({ routeOptions }: FastifyRequest): void {
  const { method, url } = routeOptions;
  // Fastify answers HEAD with the route of GET.
  const methods = [method].flat().map((name) => (name === "HEAD" ? "GET" : name));
  if (methods.some((name) => portalRoutes.has(`${name} ${url}`))) return;
  throw new RingbackError("forbidden", portalRefusal);
}
