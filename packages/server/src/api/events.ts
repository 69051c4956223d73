import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import { isTopicGranted } from "../domain/access-rules.ts";
import { assertName } from "../domain/names.ts";
import type { LiveEvent } from "../engine/live-events.ts";
import { createEventStreams } from "../http/event-streams.ts";
import { queryReader } from "../shapes/query.ts";
import { about, closedObject, operation, problemResponses } from "../shapes/schema-parts.ts";
import { timeText } from "../shapes/time-text.ts";
import { callerOf } from "./access-gate.ts";
import type { ApiParts } from "./api-parts.ts";

const types = [
  "message.published",
  "delivery.attempted",
  "delivery.dead",
  "delivery.expired",
  "hook.called",
  "loop.detected",
  "topic.changed",
  "topic.deleted",
  "subscription.changed",
  "subscription.paused",
  "subscription.resumed",
  "subscription.disabled",
  "subscription.deleted",
  "subscription.failing",
  "subscription.recovered",
  "breaker.opened",
  "breaker.closed",
  "backlog.growing",
] as const satisfies readonly LiveEvent["type"][];

const query = closedObject({
  topic: about("Only the events of this topic; a hook's events belong to none.", Type.Optional(Type.String())),
  type: about(
    "Only events of these types; joined by commas, or repeated.",
    Type.Optional(Type.Array(Type.Enum([...types]))),
  ),
});

const schema = {
  ...operation("events", "streamEvents", "Watch what happens, as Server-Sent Events"),
  description:
    "Each event has an id, its type as `event`, and JSON as `data` with `type`, `at` and the members of its type. A " +
    "reader that is too slow gets an event `lagged` with the number of `dropped` events. Past events are not sent again.",
  querystring: query,
  response: {
    200: { description: "The stream.", content: { "text/event-stream": { schema: { type: "string" } } } },
    ...problemResponses("invalid_name", "too_many_streams"),
  },
};

export function eventRoutes(app: FastifyInstance, { events, config, accounts, access }: ApiParts): void {
  const readQuery = queryReader(query);
  const streams = createEventStreams({ subscribe: (deliver) => events.subscribe(deliver), view }, config);
  accounts.onGone((accountId) => streams.closeOf(accountId));
  // A closing server waits until its connections have ended. Event streams never end by themselves, so they are ended
  // here.
  app.addHook("preClose", (done) => {
    streams.close();
    done();
  });

  // A HEAD request would open a stream without events.
  app.get(
    "/v1/events",
    { exposeHeadRoute: false, schema, config: { access: "read", omitsOtherTopics: true } },
    (request, reply) => {
      const caller = callerOf(request);
      const { account, topics } = caller;
      const { topic = null, type = [] } = readQuery(request);
      // `inbox:NAME`, the log of an inbox, can be watched too.
      if (topic !== null) assertName("topic", topic.replace(/^inbox:/, ""));
      const isVisible = (event: LiveEvent): boolean =>
        event.accountId === account.id &&
        isTopicGranted(topics, topicOf(event) ?? "") &&
        (topic === null || topicOf(event) === topic) &&
        isOneOf(type, event);
      const end = streams.open(reply.raw, account.id, isVisible);
      reply.raw.once("close", access.keyWatch.whenInvalid(caller, end));
      reply.hijack();
    },
  );
}

function topicOf(event: LiveEvent): string | null {
  return "topic" in event ? event.topic : null;
}

/** An empty list of types matches every event. */
function isOneOf(types: readonly string[], { type }: LiveEvent): boolean {
  return types.length === 0 || types.includes(type);
}

const times = ["at", "nextAttemptAt", "failingSince", "openedAt", "oldestAt", "expiresAt"];

/** Converts the times of an event to text, the form that the whole API uses. */
function view({ accountId: _accountId, ...event }: LiveEvent) {
  const shown = Object.entries(event).map(([name, value]: [string, unknown]) =>
    times.includes(name) && typeof value === "number" ? [name, timeText(value)] : [name, value],
  );
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the members are those of the event.
  return Object.fromEntries(shown) as { readonly type: LiveEvent["type"] };
}
