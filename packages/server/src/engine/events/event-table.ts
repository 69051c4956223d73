import type { LiveEvent } from "../live-events.ts";

interface EventDescription {
  /** When the event happens. */
  readonly when: string;
  /** The members besides `type`, `at` and `account`, with their meanings. */
  readonly members: Readonly<Record<string, string>>;
}

const subscription = {
  topic: "Name of the topic.",
  subscription: "Name of the subscription.",
} as const;

const failure = {
  failingSince: "When the first attempt failed that no success has followed.",
  status: "HTTP status of the last failure; `null` if no reply came.",
  errorCode: "Error code of the last failure, such as `connect_refused`.",
  errorDetail: "Its exact cause in words, or `null`.",
} as const;

const scope = {
  scope: "`subscription`, or `origin`: the whole origin of the URL is unreachable or overloaded.",
} as const;

/**
 * Every event that is a message on the topic `ringback.events`. `docs/guide/events.md` has the same table, which a test
 * compares with this one.
 */
export const eventTable = {
  "subscription.failing": {
    when: "Several attempts in a row have failed.",
    members: { ...subscription, ...failure },
  },
  "subscription.recovered": {
    when: "An attempt was accepted after `subscription.failing`.",
    members: { ...subscription, failingSince: "When the first attempt failed." },
  },
  "breaker.opened": {
    when: "The circuit breaker has opened: messages wait in the log, and only probes are sent.",
    members: { ...subscription, ...failure, ...scope },
  },
  "breaker.closed": {
    when: "A probe was accepted, so the circuit breaker has closed.",
    members: { ...subscription, ...scope, openedAt: "When the breaker had opened." },
  },
  "backlog.growing": {
    when: "A backlog has exceeded a limit of the subscription, or its oldest message will expire soon. Once until it has shrunk.",
    members: {
      ...subscription,
      limit: "`messages`, `age`, or `retention`: the oldest message will expire soon.",
      count: "Messages that wait.",
      oldestAt: "When the oldest of them was published.",
      expiresAt: "When that message expires.",
    },
  },
  "subscription.disabled": {
    when: "The server has disabled a subscription: its endpoint gets no more messages until somebody resumes it.",
    members: {
      ...subscription,
      reason: "Why: `gone`, the endpoint replied 410 Gone; `failing`, all attempts failed for too long.",
      messageId: "The message whose attempt disabled the subscription.",
      attempt: "Number of that attempt.",
    },
  },
  "dead_letters.added": {
    when: "Deliveries of a subscription were given up. At most one event per subscription and minute.",
    members: {
      ...subscription,
      count: "How many.",
      reasons: 'How many for each reason, such as `{"retries_exhausted": 3}`.',
      messageId: "The message of one of them.",
    },
  },
  "messages.expired": {
    when: "Messages of a subscription have expired before they were delivered. At most one event per subscription and minute.",
    members: { ...subscription, count: "How many." },
  },
  "account.limit_reached": {
    when: "Something was refused because of a limit of the account. At most one event per limit in five minutes.",
    members: {
      limit: "The limit, such as `publishesPerSecondMax`.",
      max: "Its value.",
      count: "How often the limit has refused something since the last event.",
    },
  },
  "key.expiring": {
    when: "An API key, the client certificate of an endpoint, or a replaced signing key expires: 14 days before, 3 days before, and when it has expired.",
    members: {
      kind: "`api-key`, `certificate` or `signing-key`.",
      id: "Id of the API key, fingerprint of the certificate, or name of the signing key.",
      name: "Name of the API key, or subject of the certificate; `null` for a signing key.",
      topic: "For a certificate: the topic of the subscription; otherwise `null`.",
      subscription: "For a certificate: the subscription that uses it; otherwise `null`.",
      expiresAt: "When it expires.",
      daysLeft: "14, 3, or 0 if it has expired.",
    },
  },
  "disk.nearly_full": {
    when: "The database, or the disk with the data folder, is 80 or 95 percent full. In the default account.",
    members: {
      what: "`database` (its size against `databaseBytesMax`) or `disk`.",
      percent: "80 or 95.",
      usedBytes: "Bytes in use.",
      bytesMax: "The largest number of bytes that it can have.",
    },
  },
  "node.gone": {
    when: "A server of the cluster has stopped without saying so. In the default account.",
    members: {
      node: "Number of the node.",
      name: "Name of its host.",
      version: "Its version of Ringback.",
      startedAt: "When it started.",
      lastSeenAt: "Time of its last heartbeat.",
    },
  },
  "events.suppressed": {
    when: "There were more than 60 events of one type in a minute on one node.",
    members: { count: "How many events are missing." },
  },
} as const satisfies Readonly<Record<string, EventDescription>>;

export type EventType = keyof typeof eventTable;
export const eventTypes: readonly string[] = Object.keys(eventTable);

export type EventMembers<T extends EventType> = Readonly<Record<keyof (typeof eventTable)[T]["members"], unknown>>;

/** Live events that are published as messages. Their members in the table are members of the live event. */
export const publishedLiveEvents = [
  "subscription.failing",
  "subscription.recovered",
  "breaker.opened",
  "breaker.closed",
  "backlog.growing",
  "subscription.disabled",
] as const satisfies readonly (EventType & LiveEvent["type"])[];
export type PublishedLiveEvent = Extract<LiveEvent, { readonly type: (typeof publishedLiveEvents)[number] }>;
