import { findPushProtocol, pushProtocols, type PushProtocol } from "@ringback/sdk/protocols";
import { Type, type Static } from "typebox";
import { verificationOf, verifyMethods } from "../domain/endpoint-verification.ts";
import { limits } from "../domain/limits.ts";
import {
  exchangeKeepings,
  type RateSettings,
  type Start,
  type Subscription,
  type SubscriptionSettings,
} from "../domain/model.ts";
import type { PushTransform } from "../domain/push-transform.ts";
import {
  assertPushedOrPulled,
  assertStaysPushedOrPulled,
  assertSubscription,
  unpushed,
  whileFailing,
} from "../domain/subscription-rules.ts";
import { assertExpressions } from "../expressions/assert-expressions.ts";
import type { PullCounts, SubscriptionCounts } from "../store/records.ts";
import { endpointAuth, endpointTls } from "./endpoint-access.ts";
import { description, labels } from "./labels.ts";
import { failureSettings, flow, flowView, healthMembers, healthView } from "./subscription-health.ts";
import { positionForms, positionOf, timeForms } from "./position.ts";
import { retryDefault, retryPolicy, withDelayMsMax } from "./retry-policy.ts";
import {
  about,
  bodyShape,
  changeTimes,
  changeTimesView,
  closedObject,
  describedShape,
  namedShape,
  nullable,
  secretHeaders,
  timeSchema,
  whole,
} from "./schema-parts.ts";
import { expression, transform } from "./expressions.ts";
import { complete, optional, settingsShape, viewMembers, viewOf } from "./settings.ts";
import type { SenderState } from "../engine/push/sender-state.ts";
import { optionalTimeText } from "./time-text.ts";

/** Descriptions of the URL schemes that only some protocols support. */
const furtherUrls = pushProtocols
  .filter(({ schemes }: PushProtocol) => schemes !== undefined)
  .map(
    ({ name }) =>
      `With protocol ${name} also ws, wss and tcp://host:port; add ?byteOrder=little where the receiver needs it.`,
  )
  .join(" ");

const push = describedShape(
  "PushSettings",
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
        "server makes a key for this subscription, and the response shows it in `secret`. The protocols dingtalk and " +
        "feishu sign only if a key is named.",
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
    transform: Type.Optional(Type.Unsafe<PushTransform | null>(nullable(transform))),
    keepExchanges: about(
      "Of which attempts the request and the reply are kept exactly, for as long as the topic keeps its messages. " +
        "`sampled`: of failed attempts up to one a second, and of accepted ones one in ten seconds. `all`: of every " +
        "attempt, as far as the server has room. `none`: of none. Secret headers are never kept.",
      optional(Type.Enum([...exchangeKeepings]), "sampled"),
    ),
  },
);

const pull = describedShape(
  "PullSettings",
  "Receivers fetch the messages with `…/pull`. Exactly one of `push` and `pull` is set, for good. `retry`, `maxInFlight`, `rate`, `breaker` and `disableAfterMs` are refused beside it.",
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

const filter = namedShape("FilterSettings", {
  tags: about(
    "Only messages that have at least one of these tags. Empty: every message.",
    optional(Type.Array(Type.String()), []),
  ),
  types: about(
    "Only messages whose type matches one of these patterns: * is one word, # any number of words. Empty: every message.",
    optional(Type.Array(Type.String()), []),
  ),
  where: about(
    "A CEL expression over the message: only messages for which it is true. Its variables are `type`, `tags`, " +
      "`attributes`, `data` (the body as JSON; null for other bodies), `id` and `time`. A message for which it fails, for " +
      "example because a member is missing, becomes a dead letter. null: every message.",
    Type.Optional(nullable(expression("data.amount > 100 && type.startsWith('invoice.')"))),
  ),
});

const rate = describedShape(
  "RateSettings",
  "The most POSTs that start, first attempts and retries alike, over all nodes together. null: no limit.",
  {
    perSecond: about(
      "How many POSTs start per second, in equal distances; 0.1 is one every ten seconds.",
      Type.Number({ minimum: limits.ratePerSecondMin, maximum: limits.ratePerSecondMax, examples: [20] }),
    ),
    burst: about(
      "How many POSTs may start at once after a time without any.",
      optional(whole(1, limits.rateBurstMax), 1),
    ),
  },
);

/** The schema of all settings of a subscription. */
const settings = closedObject({
  push: Type.Optional(push),
  pull: Type.Optional(pull),
  filter: optional(filter, {}),
  retry: Type.Optional(retryPolicy),
  order: about(
    "`key`: one delivery at a time per ordering key, in order. `strict`: one delivery at a time.",
    optional(Type.Enum(["none", "key", "strict"]), "none"),
  ),
  maxInFlight: about(
    "How many deliveries may run at once.",
    optional(whole(1, limits.maxInFlightMax), limits.maxInFlightDefault),
  ),
  rate: optional(Type.Unsafe<RateSettings | null>(nullable(rate)), null),
  ...failureSettings,
  description,
  labels,
});

const positions = positionForms(
  "From this message on, or from the next that still exists; at most the position of the topic's next message.",
  `From the first message published at or after this time: ${timeForms}`,
);

const body = bodyShape(
  "SubscriptionSettings",
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
      Type.Union([Type.Enum(["now", "oldest"]), ...positions], {
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
    const policy = given.retry === undefined ? {} : { retry: withDelayMsMax(given.retry) };
    const { start, push, breaker: givenBreaker, retry, ...others } = complete(body, { ...given, ...policy });
    const breaker = givenBreaker === null ? null : { ...whileFailing.breaker, ...givenBreaker };
    const settings =
      push === undefined
        ? { ...others, ...unpushed }
        : { push, ...others, retry: retry ?? retryDefault(push.protocol), breaker };
    assertSubscription(settings);
    assertExpressions(settings);
    return { settings, start: startOf(start) };
  },
});

/**
 * Converts the settings to the PUT body that would set them. Members of the other kind of subscription, pushed or
 * pulled, are omitted.
 */
export function bodyOf(settings: SubscriptionSettings): object {
  const { push, pull, retry, maxInFlight, rate = null, breaker, disableAfterMs, verification: _, ...others } = settings;
  return push === null ? { pull, ...others } : { push, retry, maxInFlight, rate, breaker, disableAfterMs, ...others };
}

export const rewindBody = bodyShape("Rewind", [{ to: { at: "2026-01-31T08:00:00Z" } }, { to: "oldest" }], {
  to: Type.Union([Type.Enum(["oldest"]), ...positions], {
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
    describedShape("DisablingAttempt", "The attempt that disabled the subscription; null while it is not disabled.", {
      messageId: Type.String({ examples: ["1099511627777"] }),
      attempt: about("The number of the attempt.", Type.Integer({ minimum: 1 })),
    }),
  ),
  ...healthMembers,
  verification: nullable(
    describedShape("EndpointVerification", "The verification of the endpoint; null without `push.verify`.", {
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
  maxInFlight: nullable(shown.maxInFlight),
  disableAfterMs: nullable(shown.disableAfterMs),
  ...changeTimes,
};

const counts = namedShape("SubscriptionCounts", {
  backlog: about("Messages that wait in the log; with a filter an upper bound.", Type.Integer()),
  parked: about("Deliveries that wait for their next attempt.", Type.Integer()),
  deadLetters: about("Deliveries that were given up and are kept as dead letters.", Type.Integer()),
  expired: about("Deliveries that were given up because the message's retention time was over.", Type.Integer()),
  inFlight: about("Deliveries that are running.", Type.Integer()),
});

const pullCounts = describedShape(
  "PullCounts",
  "Numbers of messages by state, for a pulled subscription; null for a pushed one.",
  {
    visible: about("Messages that can be pulled now; with a filter an upper bound.", Type.Integer()),
    invisible: about("Messages that were pulled and not yet acknowledged, or put back with a delay.", Type.Integer()),
    delayed: about("Messages that were never pulled and whose delay is not over.", Type.Integer()),
    oldestAt: nullable(
      timeSchema("When the oldest message that these counts include was published; null when they include none."),
    ),
  },
);

export const subscriptionSchema = describedShape("Subscription", "The subscription.", {
  ...members,
  secret: Type.Optional(
    about(
      "Only in the response to the request for which the server has made a key: the key, for the receiver.",
      Type.String({ examples: ["whsec_…"] }),
    ),
  ),
});
export const countedSubscriptionSchema = describedShape(
  "CountedSubscription",
  "The subscription, with how many deliveries it has in each state.",
  { ...members, counts, pullCounts: nullable(pullCounts), flow: nullable(flow) },
);

/** A subscription in a list that can show counts. */
export const listedSubscriptionSchema = describedShape("ListedSubscription", "A subscription.", {
  ...members,
  counts: Type.Optional(counts),
});

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
    ...healthView(health),
    verification: verificationView(stored),
    ...viewOf(settings, bodyOf(stored)),
    ...(isPulled && { retry: null, maxInFlight: null, breaker: null, disableAfterMs: null }),
    ...changeTimesView(times),
  };
}

/** The view in the record of a change. Of a URL that is a secret, only the origin is shown. */
export function recordedSubscriptionView(subscription: Subscription): object {
  const view = subscriptionView(subscription) as { readonly push?: object | null };
  const { push } = subscription.settings;
  if (push === null || findPushProtocol(push.protocol)?.isUrlSecret !== true) return view;
  return { ...view, push: { ...view.push, url: `${URL.parse(push.url)?.origin ?? ""}/[hidden]` } };
}

function verificationView(settings: SubscriptionSettings): object | null {
  const verification = verificationOf(settings);
  if (verification === null) return null;
  const { state, method, atMs = null, error, ratePerMinute } = verification;
  return { state, method, at: optionalTimeText(atMs), error, ratePerMinute };
}

export function countedSubscriptionView(
  subscription: Subscription,
  counted: SubscriptionCounts,
  pulled: PullCounts | null,
  sender: SenderState | null,
): object {
  return {
    ...listedSubscriptionView(subscription, counted),
    pullCounts: pulled && pullCountsView(pulled),
    flow: sender && flowView(sender),
  };
}

/** `counted` null: the list shows no counts. */
export function listedSubscriptionView(subscription: Subscription, counted: SubscriptionCounts | null): object {
  if (counted === null) return subscriptionView(subscription);
  const { backlog, parked, deadLetters, expired, inFlight } = counted;
  return { ...subscriptionView(subscription), counts: { backlog, parked, deadLetters, expired, inFlight } };
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
