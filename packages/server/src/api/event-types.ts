import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Static } from "typebox";
import { RingbackError } from "../domain/errors.ts";
import type { EventType, EventTypeSettings } from "../domain/event-type-rules.ts";
import { assertType } from "../domain/type-rules.ts";
import { eventTypeSchema, eventTypeShape, eventTypeView } from "../shapes/event-type.ts";
import { eventTypeParams } from "../shapes/schema-parts.ts";
import { accountIdOf } from "./access-gate.ts";
import type { ApiParts } from "./api-parts.ts";
import { labelledListRoute, resourceRoutes, type Resource } from "./resource.ts";

type EventTypePath = Static<typeof eventTypeParams>;

export function eventTypeRoutes(app: FastifyInstance, { servicesOf }: ApiParts): void {
  const typesOf = (request: FastifyRequest) => servicesOf(accountIdOf(request)).eventTypes;
  const resource: Resource<"event type", EventTypePath, EventType, EventTypeSettings> = {
    path: "/v1/event-types/:type",
    noun: "event type",
    plural: "event types",
    pathErrors: ["invalid_type", "event_type_not_found"],
    putErrors: ["entry_limit", "invalid_type"],
    settingErrors: ["invalid_schema"],
    params: eventTypeParams,
    view: eventTypeSchema,
    texts: { delete: { summary: "Delete an event type from the catalogue" } },
    shape: eventTypeShape,
    isBodyOptional: true,
    assertName: ({ type }) => assertType("type", type),
    at: ({ type }, request) => ({
      get: () => typesOf(request).get(type),
      put: (settings, condition) => typesOf(request).put(type, settings, condition),
      delete: (condition) => typesOf(request).delete(type, condition),
    }),
    notFound: ({ type }) => new RingbackError("event_type_not_found", `There is no event type "${type}".`),
    bodyOf: ({ settings }) => settings,
    viewOf: eventTypeView,
  };
  resourceRoutes(app, resource);
  labelledListRoute(app, resource, (request, page, label) => typesOf(request).list(page, label));
}
