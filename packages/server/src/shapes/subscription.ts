import { pushProtocols, type PushProtocol } from "@ringback/sdk/protocols";
import { Type, type Static } from "typebox";
import { verificationOf, verifyMethods } from "../domain/endpoint-verification.ts";
import { limits } from "../domain/limits.ts";
import type { Start, Subscription, SubscriptionHealth, SubscriptionSettings } from "../domain/model.ts";
import {
  assertPushedOrPulled,
  assertStaysPushedOrPulled,
  assertSubscription,
  unpushed,
  whileFailing,
} from "../domain/subscription-rules.ts";
import type { PullCounts, SubscriptionCounts } from "../store/records.ts";
import { endpointAuth, endpointTls } from "./endpoint-access.ts";
import { description, labels } from "./labels.ts";
import { retryPolicy, withDelayMsMax } from "./retry-policy.ts";
import {
  about,
  bodyObject,
  changeTimes,
  changeTimesView,
  closedObject,
  describedObject,
  nullable,
  secretHeaders,
  timeSchema,
  whole,
} from "./schema-parts.ts";
import { complete, optional, settingsShape, viewMembers, viewOf } from "./settings.ts";
import { valueFault } from "./shape-check.ts";
import { optionalTimeText, parseTime, timeText } from "./time-text.ts";

/** Descriptions of the URL schemes that only some protocols support. */
const furtherUrls = pushProtocols
  .filter(({ schemes }: PushProtocol) => schemes !== undefined)
  .map(
    ({ name }) =>
      `With protocol ${name} also ws, wss and tcp://host:port; add ?byteOrder=little where the receiver needs it.`,
  )
  .join(" ");

const push = describedObject(
  "Ringback POSTs the messages to a URL. Exactly one of `push` and `pull` is set, for good.",
  {
    url: about(
      `Where the POSTs go: http or https, at most ${limits.urlCharsMax} characters. With protocol raw also \`queue:NAME\`, ` +
        `which appends to a queue of the account. ${furtherUrls}`,
      Type.String({ examples: ["https://example.com/callback"] }),
    ),
    protocol: about(
      `The format of the POST and the meaning of the reply: ${pushProtocols.map(({ name }) => name).join(", ")}.`,
      optional(Type.String({ examples: ["cloudevents"] }), "raw"),
    ),
    headers: optional(
      secretHeaders(
        `Headers of every POST, for http and https only; at most ${limits.pushHeadersMax}, ${limits.pushHeaderBytesMax} bytes together. ` +
          "The values are stored encrypted with the server's master key and are never shown: a response has null for each of them. " +
          "A PATCH keeps the headers that it does not name, and removes those to which it gives null.",
      ),
      {},
    ),
    auth: endpointAuth,
    tls: endpointTls,
    connection: about(
      "`keep-alive` reuses connections; `close` opens a new one for every POST.",
      optional(Type.Enum(["keep-alive", "close"]), "keep-alive"),
    ),
    timeoutMs: about(
      "How long one attempt may take, from the name lookup to the end of the reply, in milliseconds.",
      optional(whole(limits.attemptTimeoutMsMin, limits.attemptTimeoutMsMax), limits.attemptTimeoutMsDefault),
    ),
    keys: about(
      "The names of the keys that a signing protocol signs with; several while one replaces another. Without a name the " +
        "server makes a key for this subscription, and the response shows it in `secret`.",
      optional(Type.Array(Type.String(), { maxItems: limits.pushKeysMax }), []),
    ),
    verify: about(
      "How a URL with a new origin or path is verified before it gets messages, which wait in the log until then. " +
        '`challenge`: the endpoint answers the POST `{"type": "ringback.verification", "challenge": "…"}` with 2xx and the ' +
        "challenge, as text or as the JSON member `challenge`. `cloudevents`: the endpoint answers OPTIONS with the " +
        "headers of the CloudEvents webhook specification; `WebHook-Allowed-Rate` limits the deliveries per minute. null: not " +
        "at all, unless the server requires it. For http and https only.",
      optional(nullable(Type.Enum(verifyMethods)), null),
    ),
  },
);

const pull = describedObject(
  "Receivers fetch the messages with `…/pull`. Exactly one of `push` and `pull` is set, for good. `retry`, `maxInFlight`, `breaker` and `disableAfterMs` are refused beside it.",
  {
    visibilityMs: about(
      "How long a pulled message is invisible to other receivers, in milliseconds.",
      optional(whole(limits.visibilityMsMin, limits.visibilityMsMax), limits.visibilityMsDefault),
    ),
    receivesMax: about(
      "A message that was pulled this often without an acknowledgement becomes a dead letter; null: never.",
      optional(nullable(whole(1, limits.receivesMax)), null),
    ),
  },
);

const filter = closedObject({
  tags: about(
    "Only messages that have at least one of these tags. Empty: every message.",
    optional(Type.Array(Type.String()), []),
  ),
  types: about(
    "Only messages whose type matches one of these patterns: * is one word, # any number of words. Empty: every message.",
    optional(Type.Array(Type.String()), []),
  ),
});

/** The schema of all settings of a subscription. */
const settings = closedObject({
  push: Type.Optional(push),
  pull: Type.Optional(pull),
  filter: optional(filter, {}),
  retry: optional(retryPolicy, "EXPONENTIAL_DECAY_RETRY"),
  order: about(
    "`key`: one delivery at a time per ordering key, in order. `strict`: one delivery at a time.",
    optional(Type.Enum(["none", "key", "strict"]), "none"),
  ),
  maxInFlight: about(
    "How many deliveries may run at once.",
    optional(whole(1, limits.maxInFlightMax), limits.maxInFlightDefault),
  ),
  breaker: about(
    "Stops sending to an endpoint that fails. Opens after `failures` failed attempts in a row, over at least " +
      `${limits.breakerFailingMsMin / 1000} seconds and at least ${limits.breakerMessagesMin} messages. Then messages wait in the log, and one ` +
      "attempt after `probeMs` probes the endpoint; further probes come at growing intervals. The first success closes " +
      "the breaker. Probes use up no retries. null: no breaker. Refused beside `pull`.",
    optional(
      nullable(
        closedObject({
          failures: optional(whole(1, limits.breakerFailuresMax), limits.breakerFailuresDefault),
          probeMs: optional(whole(limits.breakerProbeMsMin, limits.breakerProbeMsMax), limits.breakerProbeMsDefault),
        }),
      ),
      whileFailing.breaker,
    ),
  ),
  disableAfterMs: about(
    "The subscription is disabled when all attempts have failed for this many milliseconds, five days by default; null: " +
      `never. At least ${limits.disableAttemptsMin} attempts must have failed, and a pause of more than an hour between two attempts counts as one hour. ` +
      "Refused beside `pull`.",
    optional(nullable(whole(limits.disableAfterMsMin, limits.disableAfterMsMax)), limits.disableAfterMsDefault),
  ),
  backlog: about(
    "An event `backlog.growing` reports a backlog above these limits, once until it has fallen below half of them, and " +
      "always when its oldest message has used three quarters of the topic's retention. Nothing is dropped.",
    optional(
      closedObject({
        messagesMax: about(
          "Messages that wait; null: no limit.",
          optional(nullable(whole(1, Number.MAX_SAFE_INTEGER)), limits.backlogDefault.messagesMax),
        ),
        ageMsMax: about(
          "The age of the oldest message in milliseconds; null: no limit.",
          optional(nullable(whole(limits.backlogAgeMsMin, limits.retentionMsMax)), limits.backlogDefault.ageMsMax),
        ),
      }),
      {},
    ),
  ),
  description,
  labels,
});

/** Refuses Unix seconds and microseconds, which would silently mean a time in 1970 or in the far future. */
const unixMs = Type.Integer({
  minimum: limits.timeMsMin,
  maximum: limits.timeMsMax,
  [valueFault]:
    "must be Unix milliseconds from the year 2000 to the year 9999; Unix seconds times 1000 are milliseconds",
});

const positionForms = [
  closedObject({
    seq: Type.Integer({
      minimum: 1,
      description:
        "From this message on, or from the next that still exists; at most the position of the topic's next message.",
    }),
  }),
  closedObject({
    at: Type.Union([Type.String({ format: "date-time" }), unixMs], {
      description:
        "From the first message published at or after this time: ISO 8601 with an offset or Z, or Unix milliseconds.",
    }),
  }),
] as const;

const body = bodyObject(
  [
    { push: { url: "https://example.com/callback", protocol: "cloudevents" } },
    {
      push: { url: "https://example.com/callback" },
      filter: { tags: ["important"] },
      retry: { delaysMs: [1000, 5000] },
      start: "oldest",
    },
    { pull: { visibilityMs: 60_000, receivesMax: 5 } },
  ],
  {
    ...settings.properties,
    start: optional(
      Type.Union([Type.Enum(["now", "oldest"]), ...positionForms], {
        description: "Where a new subscription begins to read. Has no effect on an existing one.",
      }),
      "now",
    ),
  },
);

export type SubscriptionBody = Static<typeof body>;

export const subscriptionShape = settingsShape(body, {
  codes: { retry: "invalid_retry_policy" },
  assertFixed: (before, { push = null, pull = null }) => {
    if (push !== null || pull !== null) assertStaysPushedOrPulled({ push: before.push ?? null }, { push });
  },
  settle: (given) => {
    assertPushedOrPulled(given);
    const { retry } = given;
    const policy = retry === undefined ? {} : { retry: withDelayMsMax(retry) };
    const { start, push, breaker: givenBreaker, ...others } = complete(body, { ...given, ...policy });
    const breaker = givenBreaker === null ? null : { ...whileFailing.breaker, ...givenBreaker };
    const settings = push === undefined ? { ...others, ...unpushed } : { push, ...others, breaker };
    assertSubscription(settings);
    return { settings, start: startOf(start) };
  },
});

/**
 * Converts the settings to the PUT body that would set them. Members of the other kind of subscription, pushed or
 * pulled, are omitted.
 */
export function bodyOf(settings: SubscriptionSettings): object {
  const { push, pull, retry, maxInFlight, breaker, disableAfterMs, verification: _, ...others } = settings;
  return push === null ? { pull, ...others } : { push, retry, maxInFlight, breaker, disableAfterMs, ...others };
}

export const rewindBody = bodyObject([{ to: { at: "2026-01-31T08:00:00Z" } }, { to: "oldest" }], {
  to: Type.Union([Type.Enum(["oldest"]), ...positionForms], {
    description: "Every matching message from here on that still exists is delivered, or can be pulled, once more.",
  }),
});

const shown = viewMembers(settings);
const members = {
  name: Type.String({ examples: ["billing"] }),
  topic: Type.String({ examples: ["orders"] }),
  state: about(
    "disabled: see `disabledReason`; resume the subscription when the endpoint is back.",
    Type.Enum(["active", "paused", "disabled"]),
  ),
  disabledAt: nullable(timeSchema("When the subscription was disabled; null while it is not.")),
  disabledReason: about(
    "Why the subscription was disabled. gone: the endpoint answered 410 Gone. failing: all attempts failed for " +
      "`disableAfterMs`. null while it is not disabled.",
    nullable(Type.Enum(["gone", "failing"])),
  ),
  disabledBy: nullable(
    describedObject("The attempt that disabled the subscription; null while it is not disabled.", {
      messageId: Type.String({ examples: ["1099511627777"] }),
      attempt: about("The number of the attempt.", Type.Integer({ minimum: 1 })),
    }),
  ),
  health: about(
    "healthy: the last attempts were accepted, or there were none. failing: several attempts in a row have failed. " +
      "open: the breaker is open, so messages wait in the log, and only probes are sent.",
    Type.Enum(["healthy", "failing", "open"]),
  ),
  failing: nullable(
    describedObject("Since when and why the endpoint fails; null while it is healthy.", {
      since: timeSchema("When the subscription entered this state."),
      failingSince: timeSchema("When the first attempt failed that no success has followed."),
      scope: about(
        "origin: the whole origin of the URL is unreachable or overloaded, and its subscriptions share the probes.",
        Type.Enum(["subscription", "origin"]),
      ),
      status: about("The HTTP status of the failure that led to this state.", nullable(Type.Integer())),
      error: about("The error code of that failure.", nullable(Type.String({ examples: ["connect_refused"] }))),
      errorDetail: about("The exact cause of that failure, in words.", nullable(Type.String())),
      nextProbeAt: nullable(timeSchema("When the next probe may be sent; null while the breaker is closed.")),
    }),
  ),
  verification: nullable(
    describedObject("The verification of the endpoint; null without `push.verify`.", {
      state: about(
        "pending: attempts are being made. failed: they were given up, until `…/verify` or another URL.",
        Type.Enum(["pending", "verified", "failed"]),
      ),
      method: Type.Enum(verifyMethods),
      at: nullable(timeSchema("When the last attempt ended; null before that.")),
      error: about("Why the last attempt failed; null if it did not.", nullable(Type.String())),
      ratePerMinute: about(
        "The most deliveries per minute that the endpoint has allowed; null: no limit.",
        nullable(Type.Integer({ minimum: 1 })),
      ),
    }),
  ),
  ...shown,
  retry: nullable(shown.retry),
  maxInFlight: nullable(shown.maxInFlight),
  disableAfterMs: nullable(shown.disableAfterMs),
  ...changeTimes,
};

const counts = closedObject({
  backlog: about("Messages that wait in the log; with a filter an upper bound.", Type.Integer()),
  parked: about("Deliveries that wait for their next attempt.", Type.Integer()),
  deadLetters: about("Deliveries that were given up and are kept as dead letters.", Type.Integer()),
  expired: about("Deliveries that were given up because the message's retention time was over.", Type.Integer()),
  inFlight: about("Deliveries that are running.", Type.Integer()),
});

const pullCounts = describedObject("Numbers of messages by state, for a pulled subscription; null for a pushed one.", {
  visible: about("Messages that can be pulled now; with a filter an upper bound.", Type.Integer()),
  invisible: about("Messages that were pulled and not yet acknowledged, or put back with a delay.", Type.Integer()),
  delayed: about("Messages that were never pulled and whose delay is not over.", Type.Integer()),
  oldestAt: nullable(
    timeSchema("When the oldest message that these counts include was published; null when they include none."),
  ),
});

export const subscriptionSchema = describedObject("The subscription.", {
  ...members,
  secret: Type.Optional(
    about(
      "Only in the response to the request for which the server has made a key: the key, for the receiver.",
      Type.String({ examples: ["whsec_…"] }),
    ),
  ),
});
const flow = describedObject(
  "How the node that answers sends to the endpoint at present; null if it does not. Other nodes have windows of their own.",
  {
    window: about(
      "How many deliveries may run at once. Falls when the endpoint is overloaded or unreachable (429, 502, 503, 504, " +
        "time-outs, failed connections) and recovers with successes. Below 1: one at a time, with pauses.",
      Type.Number(),
    ),
  },
);

export const countedSubscriptionSchema = describedObject(
  "The subscription, with how many deliveries it has in each state.",
  { ...members, counts, pullCounts: nullable(pullCounts), flow: nullable(flow) },
);

export function subscriptionView({ settings: stored, ...subscription }: Subscription): object {
  const { name, topic, state, disabled, health, ...times } = subscription;
  const isPulled = stored.push === null;
  return {
    name,
    topic,
    state,
    disabledAt: optionalTimeText(disabled?.atMs ?? null),
    disabledReason: disabled?.reason ?? null,
    disabledBy: disabled && { messageId: disabled.messageId, attempt: disabled.attempt },
    health: health?.state ?? "healthy",
    failing: health && failingView(health),
    verification: verificationView(stored),
    ...viewOf(settings, bodyOf(stored)),
    ...(isPulled && { retry: null, maxInFlight: null, breaker: null, disableAfterMs: null }),
    ...changeTimesView(times),
  };
}

function failingView({ sinceMs, failingSinceMs, scope, error, probeAtMs }: SubscriptionHealth): object {
  return {
    since: timeText(sinceMs),
    failingSince: timeText(failingSinceMs),
    scope,
    status: error.status,
    error: error.code,
    errorDetail: error.detail,
    nextProbeAt: optionalTimeText(probeAtMs),
  };
}

function verificationView(settings: SubscriptionSettings): object | null {
  const verification = verificationOf(settings);
  if (verification === null) return null;
  const { state, method, atMs = null, error, ratePerMinute } = verification;
  return { state, method, at: optionalTimeText(atMs), error, ratePerMinute };
}

export function countedSubscriptionView(
  subscription: Subscription,
  { backlog, parked, deadLetters, expired, inFlight }: SubscriptionCounts,
  pulled: PullCounts | null,
  window: number | null,
): object {
  return {
    ...subscriptionView(subscription),
    counts: { backlog, parked, deadLetters, expired, inFlight },
    pullCounts: pulled && pullCountsView(pulled),
    flow: window === null ? null : { window },
  };
}

function pullCountsView({ visible, invisible, delayed, oldestAtMs }: PullCounts): Static<typeof pullCounts> {
  return { visible, invisible, delayed, oldestAt: optionalTimeText(oldestAtMs) };
}

export function rewindTo({ to }: Static<typeof rewindBody>): Exclude<Start, "now"> {
  return to === "oldest" ? to : positionOf(to);
}

function startOf(start: NonNullable<SubscriptionBody["start"]>): Start {
  return typeof start === "string" ? start : positionOf(start);
}

function positionOf(position: Static<(typeof positionForms)[number]>): Exclude<Start, string> {
  if ("seq" in position) return position;
  const { at } = position;
  // The schema has checked that the text is a valid time.
  return { atMs: typeof at === "number" ? at : (parseTime(at) ?? 0) };
}
