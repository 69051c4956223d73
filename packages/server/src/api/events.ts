import type { FastifyInstance, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { isTopicGranted } from "../domain/access-rules.ts";
import { eventsTopicName } from "../domain/internal-names.ts";
import type { AccountId } from "../domain/model.ts";
import { assertName } from "../domain/names.ts";
import { engineLimits } from "../engine/engine-limits.ts";
import { eventTypes, type PublishedLiveEvent } from "../engine/events/event-table.ts";
import type { EventStart, EventTail } from "../engine/events/event-tail.ts";
import { type LiveEvent, shownMember } from "../engine/live-events.ts";
import { createEventStreams } from "../http/event-streams.ts";
import { queryReader } from "../shapes/query.ts";
import { about, closedObject, operation, problemResponses } from "../shapes/schema-parts.ts";
import { callerOf } from "./access-gate.ts";
import type { ApiParts } from "./api-parts.ts";

/** Events that are shown when they happen, and not stored. */
const liveTypes = [
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
  "subscription.deleted",
  "replay.started",
  "replay.ended",
] as const satisfies readonly Exclude<LiveEvent["type"], PublishedLiveEvent["type"]>[];

const query = closedObject({
  topic: about("Only the events of this topic; a hook's events belong to none.", Type.Optional(Type.String())),
  type: about(
    "Only events of these types; joined by commas, or repeated.",
    Type.Optional(Type.Array(Type.Enum([...liveTypes, ...eventTypes]))),
  ),
  after: about(
    `The id of an event, to get first the events after it. \`0\`: all that are still kept. At most ${engineLimits.eventsReplayedMax}.`,
    Type.Optional(Type.String({ maxLength: 20 })),
  ),
});

const schema = {
  ...operation("events", "streamEvents", "Watch what happens, as Server-Sent Events"),
  description:
    "Each event has its type as `event`, and JSON as `data` with `type`, `at` and the members of its type. " +
    `The events on the topic \`${eventsTopicName}\` (${eventTypes.map((type) => `\`${type}\``).join(", ")}) have an id: ` +
    "that of the message. A reader that connects again with the last id in the header `Last-Event-ID`, as an " +
    "EventSource does by itself, or in `after`, first gets the events after that one, in order, and then those that " +
    "happen. The ids are valid on every node and after restarts. The stream begins with an id without an event, from " +
    "which a reader can go on that has got no event. All other events have no id and are not sent again. They are " +
    "shown by the node where they happen, and their order among the events with ids can differ. " +
    "A reader that is too slow, or asks for events that are no longer kept, gets an event `lagged` with the number of " +
    "`dropped` events.",
  querystring: query,
  headers: {
    type: "object",
    properties: {
      "Last-Event-ID": {
        type: "string",
        description: "Has the meaning of `after`. If both are given, the header counts.",
      },
    },
  },
  response: {
    200: { description: "The stream.", content: { "text/event-stream": { schema: { type: "string" } } } },
    ...problemResponses("invalid_name", "too_many_streams"),
  },
};

export function eventRoutes(app: FastifyInstance, { events, eventTail, config, accounts, access }: ApiParts): void {
  const readQuery = queryReader(query);
  const streams = createEventStreams({ subscribe: (deliver) => events.subscribe(deliver, liveTypes), view }, config);
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
    { exposeHeadRoute: false, schema, config: { access: "read", omitsOtherTopics: true, waits: true } },
    async (request, reply) => {
      const caller = callerOf(request);
      const { account, topics } = caller;
      const { topic = null, type = [], after } = readQuery(request);
      // `inbox:NAME`, the log of an inbox, can be watched too.
      if (topic !== null) assertName("topic", topic.replace(/^inbox:/, ""));
      const isShown = (event: Shown): boolean =>
        isTopicGranted(topics, topicOf(event) ?? "") &&
        (topic === null || topicOf(event) === topic) &&
        isOneOf(type, event);
      const isOfReader = (event: LiveEvent): boolean => event.accountId === account.id && isShown(event);
      const start = await startOf(eventTail, account.id, request, after);
      // The client may have disconnected in the meantime.
      if (reply.raw.destroyed) return reply.hijack();
      const stream = streams.open(reply.raw, account.id, start.id, isOfReader);
      if (start.missed > 0) stream.lag(start.missed);
      const unfollow = eventTail.follow(account.id, start, {
        deliver(event) {
          if (isShown(JSON.parse(event.text) as Shown)) stream.send(event);
        },
        ready: stream.drained,
        failed: stream.end,
      });
      const unwatch = access.keyWatch.whenInvalid(caller, stream.end);
      reply.raw.once("close", () => {
        unfollow();
        unwatch();
      });
      return reply.hijack();
    },
  );
}

/** Throws `invalid_request` for an id that no event of the account has. */
function startOf(
  tail: EventTail,
  accountId: AccountId,
  { headers }: FastifyRequest,
  after: string | undefined,
): Promise<EventStart> {
  const last = headers["last-event-id"];
  if (last !== undefined && last !== "") return tail.startAfter(accountId, "Last-Event-ID", String(last));
  return after === undefined ? tail.startNow(accountId) : tail.startAfter(accountId, "after", after);
}

/** The members of an event that decide whether a reader gets it. */
interface Shown {
  readonly type: string;
  readonly topic?: string | null;
}

function topicOf({ topic = null }: Shown): string | null {
  return topic;
}

/** An empty list of types matches every event. */
function isOneOf(types: readonly string[], { type }: Shown): boolean {
  return types.length === 0 || types.includes(type);
}

function view({ accountId: _accountId, ...event }: LiveEvent) {
  const shown = Object.entries(event).map(([name, value]: [string, unknown]) => [name, shownMember(name, value)]);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the members are those of the event.
  return Object.fromEntries(shown) as { readonly type: LiveEvent["type"] };
}
