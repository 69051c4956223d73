import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import { assertName } from "../domain/names.ts";
import type { LiveEvent } from "../engine/live-events.ts";
import type { ApiContext } from "./dependencies.ts";
import { createEventHub } from "./event-hub.ts";
import { queryReader } from "../shapes/query.ts";
import { problemResponses } from "../shapes/schema-parts.ts";

const types = [
  "message.published",
  "delivery.attempted",
  "delivery.dead",
  "delivery.expired",
  "hook.called",
  "topic.changed",
  "topic.deleted",
  "subscription.changed",
  "subscription.paused",
  "subscription.resumed",
  "subscription.disabled",
  "subscription.deleted",
] as const satisfies readonly LiveEvent["type"][];

const query = Type.Object(
  {
    topic: Type.Optional(Type.String({ description: "Only this topic's events; those of hooks belong to none." })),
    type: Type.Optional(
      Type.Array(Type.Enum([...types]), { description: "Only these types; joined by commas, or repeated." }),
    ),
  },
  { additionalProperties: false },
);

export function eventRoutes(app: FastifyInstance, { events, config }: ApiContext): void {
  const readQuery = queryReader(query);
  const hub = createEventHub(events, config);
  // Before the server waits for its connections to end: these would never end by themselves.
  app.addHook("preClose", (done) => {
    hub.close();
    done();
  });

  app.get(
    "/v1/events",
    {
      // A HEAD would open a stream that carries nothing.
      exposeHeadRoute: false,
      schema: {
        tags: ["events"],
        operationId: "streamEvents",
        summary: "What is happening now, as Server-Sent Events",
        description:
          "Each event has an id, its type as `event`, and JSON as `data` with `type`, `at` and what belongs to the type. " +
          "A reader that is too slow gets an event `lagged` with how many were `dropped`. Nothing is replayed.",
        querystring: query,
        response: {
          200: { description: "The stream.", content: { "text/event-stream": { schema: { type: "string" } } } },
          ...problemResponses("invalid_name", "too_many_streams"),
        },
      },
    },
    (request, reply) => {
      const { topic = null, type = [] } = readQuery(request);
      // The log of an inbox can be watched, too.
      if (topic !== null) assertName("topic", topic.replace(/^inbox:/, ""));
      hub.open(reply.raw, { topic, types: type });
      reply.hijack();
    },
  );
}
