import { pushProtocols } from "@ringback/sdk/protocols";
import { Type } from "typebox";
import type { Static } from "typebox";
import { RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { Start, Subscription } from "../domain/model.ts";
import type { PullCounts, SubscriptionCounts } from "../store/records.ts";
import { nullable, textMap, timeText as timeSchema } from "./schema-parts.ts";
import { optionalTimeText, timeText } from "./time-text.ts";

const closed = { additionalProperties: false };

const push = {
  url: Type.String({
    description: `Where the POSTs go: http or https, at most ${limits.urlCharsMax} characters. With protocol wechat also ws, wss or tcp://host:port, with ?byteOrder=little where the length is written so.`,
    examples: ["https://example.com/callback"],
  }),
  protocol: Type.String({
    description: `How a message looks on the wire: ${pushProtocols.map(({ name }) => name).join(", ")}.`,
    default: "raw",
    examples: ["cmq-json"],
  }),
  headers: textMap(
    `Sent with every POST, http and https only; at most ${limits.pushHeadersMax}, ${limits.pushHeaderBytesMax} bytes together.`,
  ),
  connection: Type.Enum(["keep-alive", "close"], {
    default: "keep-alive",
    description: "close: a connection of its own for every POST.",
  }),
  keys: Type.Array(Type.String(), {
    description: `Names of the keys that a signing protocol signs with; at most ${limits.pushKeysMax}. Several while one is being changed.`,
  }),
  timeoutMs: Type.Integer({
    minimum: limits.attemptTimeoutMsMin,
    maximum: limits.attemptTimeoutMsMax,
    default: limits.attemptTimeoutMsDefault,
    description: "For one attempt, from the name lookup to the end of the reply.",
  }),
};

const pull = {
  visibilityMs: Type.Integer({
    minimum: limits.visibilityMsMin,
    maximum: limits.visibilityMsMax,
    default: limits.visibilityMsDefault,
    description: "How long a message that was handed out is hidden from other receivers; then it is there again.",
  }),
  receivesMax: Type.Union([Type.Integer({ minimum: 1, maximum: limits.receivesMax }), Type.Null()], {
    default: null,
    description:
      "A message that was handed out so often and never acknowledged becomes a dead letter; null: it never does.",
  }),
};

const filter = {
  tags: Type.Array(Type.String(), {
    description: "Only messages that have at least one of these tags. Empty: all messages.",
  }),
  types: Type.Array(Type.String(), {
    description:
      "Only messages whose type matches one of these patterns: * is one word, # any number of words. Empty: all messages.",
  }),
};

const retryNames = Type.Enum(["EXPONENTIAL_DECAY_RETRY", "BACKOFF_RETRY", "none"]);
const retryDelays = Type.Object(
  {
    delaysMs: Type.Array(Type.Integer(), {
      description: "One wait per retry, in milliseconds.",
      examples: [[1000, 5000]],
    }),
  },
  closed,
);
const growing = {
  baseMs: Type.Integer({ description: "The first wait." }),
  factor: Type.Number({ description: "Each wait is so many times the one before." }),
  delayMsMax: Type.Integer({ description: "No wait is longer." }),
  retriesMax: Type.Integer({ description: "How many retries." }),
  totalMsMax: Type.Integer({ description: "No retry later than this after the first attempt." }),
  jitter: Type.Enum(["none", "full", "equal"], { description: "How much of a wait is left to chance." }),
};
const retryDescription =
  "EXPONENTIAL_DECAY_RETRY: 176 retries after 1, 2, 4 … 256 s and then 512 s. BACKOFF_RETRY: 3, each after 10 to 20 s.";
const retry = Type.Union([retryNames, retryDelays, Type.Object(growing, closed)], { description: retryDescription });
const retryInput = Type.Union(
  [
    retryNames,
    retryDelays,
    Type.Object(
      {
        baseMs: growing.baseMs,
        factor: Type.Optional(growing.factor),
        delayMsMax: Type.Optional(growing.delayMsMax),
        retriesMax: Type.Optional(growing.retriesMax),
        totalMsMax: Type.Optional(growing.totalMsMax),
        jitter: Type.Optional(growing.jitter),
      },
      closed,
    ),
  ],
  { default: "EXPONENTIAL_DECAY_RETRY", description: retryDescription },
);

const order = Type.Enum(["none", "key", "strict"], {
  default: "none",
  description: "key: one delivery at a time per ordering key, in order. strict: one at a time at all.",
});
const maxInFlightDescription = "How many deliveries may be under way at once.";
const maxInFlight = Type.Integer({
  minimum: 1,
  maximum: limits.maxInFlightMax,
  default: limits.maxInFlightDefault,
  description: maxInFlightDescription,
});

const placeMembers = [
  Type.Object(
    { seq: Type.Integer({ minimum: 1, description: "This message first, or the next that still exists." }) },
    closed,
  ),
  Type.Object(
    {
      at: Type.Union([Type.String({ format: "date-time" }), Type.Integer({ minimum: 0 })], {
        description:
          "The first message published at or after this time: ISO 8601 with an offset or Z, or Unix milliseconds.",
      }),
    },
    closed,
  ),
] as const;

export const subscriptionBody = Type.Object(
  {
    push: Type.Optional(
      Type.Object(
        {
          url: push.url,
          protocol: Type.Optional(push.protocol),
          headers: Type.Optional(push.headers),
          connection: Type.Optional(push.connection),
          timeoutMs: Type.Optional(push.timeoutMs),
          keys: Type.Optional(push.keys),
        },
        { ...closed, description: "Messages are POSTed there. Either this or `pull`, and always the same." },
      ),
    ),
    pull: Type.Optional(
      Type.Object(
        {
          visibilityMs: Type.Optional(pull.visibilityMs),
          receivesMax: Type.Optional(pull.receivesMax),
        },
        {
          ...closed,
          description:
            "Receivers fetch the messages by `…/pull`. Either this or `push`, and always the same. `retry` and `maxInFlight` mean nothing here and are refused.",
        },
      ),
    ),
    filter: Type.Optional(
      Type.Object({ tags: Type.Optional(filter.tags), types: Type.Optional(filter.types) }, closed),
    ),
    retry: Type.Optional(retryInput),
    order: Type.Optional(order),
    maxInFlight: Type.Optional(maxInFlight),
    start: Type.Optional(
      Type.Union([Type.Enum(["now", "oldest"]), ...placeMembers], {
        default: "now",
        description: "Where a new subscription begins to read. Means nothing for one that exists.",
      }),
    ),
  },
  {
    ...closed,
    examples: [
      { push: { url: "https://example.com/callback", protocol: "cmq-json" } },
      {
        push: { url: "https://example.com/callback" },
        filter: { tags: ["important"] },
        retry: { delaysMs: [1000, 5000] },
        start: "oldest",
      },
      { pull: { visibilityMs: 60_000, receivesMax: 5 } },
    ],
  },
);

export type SubscriptionBody = Static<typeof subscriptionBody>;

export const rewindBody = Type.Object(
  {
    to: Type.Union([Type.Enum(["oldest"]), ...placeMembers], {
      description: "Every matching message from here on that is still kept is delivered or handed out once more.",
    }),
  },
  { ...closed, examples: [{ to: { at: "2026-01-31T08:00:00Z" } }, { to: "oldest" }] },
);

const members = {
  name: Type.String({ examples: ["billing"] }),
  topic: Type.String({ examples: ["orders"] }),
  state: Type.Enum(["active", "paused", "disabled"], {
    description: "disabled: the endpoint has answered 410 Gone; resume it when it is back.",
  }),
  push: nullable(Type.Object(push, { ...closed, description: "null: it is pulled from." })),
  pull: nullable(Type.Object(pull, { ...closed, description: "null: it is pushed." })),
  filter: Type.Object(filter, closed),
  retry: Type.Union([retry, Type.Null()], { description: `${retryDescription} null where it is pulled from.` }),
  order,
  maxInFlight: nullable(
    Type.Integer({
      minimum: 1,
      maximum: limits.maxInFlightMax,
      description: `${maxInFlightDescription} null where it is pulled from.`,
    }),
  ),
  createdAt: timeSchema("When it was made."),
  updatedAt: timeSchema("When it was last changed."),
};

const countsSchema = Type.Object(
  {
    backlog: Type.Integer({ description: "Messages that wait in the log; with a filter an upper bound." }),
    parked: Type.Integer({ description: "Deliveries that wait for their next attempt." }),
    deadLetters: Type.Integer({ description: "Deliveries that were given up and are kept." }),
    expired: Type.Integer({ description: "Deliveries whose message ran out of its retention time first." }),
    inFlight: Type.Integer({ description: "Deliveries under way." }),
  },
  closed,
);

const pullCountsSchema = Type.Object(
  {
    visible: Type.Integer({ description: "Messages that are there to be taken; with a filter an upper bound." }),
    invisible: Type.Integer({ description: "Handed out and not answered for, or put off by a receiver." }),
    delayed: Type.Integer({ description: "Never handed out, and not before their time." }),
    oldestAt: nullable(timeSchema("When the oldest of all these was published; null: there is none.")),
  },
  { ...closed, description: "The same in the words of those who pull; null where it is pushed." },
);

export const subscriptionSchema = Type.Object(members, { ...closed, description: "The subscription." });
export const countedSubscriptionSchema = Type.Object(
  { ...members, counts: countsSchema, pullCounts: nullable(pullCountsSchema) },
  { ...closed, description: "The subscription and what it has to do." },
);

export function subscriptionView({ name, topic, state, settings, createdAtMs, updatedAtMs }: Subscription) {
  const isPulled = settings.pull !== undefined;
  return {
    name,
    topic,
    state,
    push: settings.push,
    pull: settings.pull ?? null,
    filter: settings.filter,
    retry: isPulled ? null : settings.retry,
    order: settings.order,
    maxInFlight: isPulled ? null : settings.maxInFlight,
    createdAt: timeText(createdAtMs),
    updatedAt: timeText(updatedAtMs),
  };
}

export function countedSubscriptionView(
  subscription: Subscription,
  { backlog, parked, deadLetters, expired, inFlight }: SubscriptionCounts,
  pullCounts: PullCounts | null,
) {
  return {
    ...subscriptionView(subscription),
    counts: { backlog, parked, deadLetters, expired, inFlight },
    pullCounts: pullCounts && pullCountsView(pullCounts),
  };
}

function pullCountsView({ visible, invisible, delayed, oldestAtMs }: PullCounts) {
  return { visible, invisible, delayed, oldestAt: optionalTimeText(oldestAtMs) };
}

export function startOf(start: SubscriptionBody["start"]): Start {
  if (start === undefined) return "now";
  return typeof start === "string" ? start : placeOf("start", start);
}

export function rewindTo({ to }: Static<typeof rewindBody>): Exclude<Start, "now"> {
  return to === "oldest" ? to : placeOf("to", to);
}

function placeOf(field: string, place: Static<(typeof placeMembers)[number]>): Exclude<Start, string> {
  if ("seq" in place) return place;
  return { atMs: typeof place.at === "number" ? place.at : parseTime(`${field}.at`, place.at) };
}

/** A date with its time of day and an offset: without one it would mean the server's own time zone. */
const timeForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)$/;

function parseTime(field: string, text: string): number {
  const ms = timeForm.test(text) && isDay(text.slice(0, 10)) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms) || ms < 0) {
    throw RingbackError.at(
      "invalid_request",
      field,
      'must be a time such as "2026-01-31T08:15:30Z", or Unix milliseconds',
    );
  }
  return ms;
}

/** Date.parse takes 30 February for 2 March. */
function isDay(date: string): boolean {
  const ms = Date.parse(`${date}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(date);
}
