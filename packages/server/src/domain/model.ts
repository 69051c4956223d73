/** Ringback's data types. docs/ARCHITECTURE.md explains the terms. */

import type { Accepts } from "./accepted-messages.ts";
import type { EndpointAccess, Secret } from "./endpoint-access.ts";
import type { PushTransform } from "./push-transform.ts";
import type { ReceivedRequest } from "./received-request.ts";
import type { TraceContext } from "./trace-context.ts";

declare const brand: unique symbol;
type Branded<T, B extends string> = T & { readonly [brand]: B };

export type AccountId = Branded<number, "AccountId">;
export type TopicId = Branded<number, "TopicId">;
export type SubscriptionId = Branded<number, "SubscriptionId">;
/**
 * Position of a message in its topic's log, without gaps. The first position is 1, unless a deleted topic had the same
 * number (`domain/topic-number.ts`).
 */
export type Seq = number;
/** Unsigned 64-bit integer as a decimal string. */
export type MessageId = Branded<string, "MessageId">;

/**
 * Milliseconds since 1970. On the steady scale of `Clock.now`: times of waits (`dueAtMs`, `deliverAtMs`, deadlines,
 * `leaseUntilMs`, `firstAttemptAtMs`, `nowMs`). On the scale of `Clock.wall`: times of records (`publishedAtMs`,
 * `startedAtMs` of an attempt, `diedAtMs`, `createdAtMs`, `updatedAtMs`, `wallMs`).
 */
export type TimeMs = number;

export interface Account {
  readonly id: AccountId;
  readonly name: string;
  /** Some dialects send this number to receivers, to identify the account. */
  readonly appId: number;
}

/** The store keeps every member of a topic's settings, even members that are not listed here. */
export interface TopicSettings {
  /** How long a message is kept, whether or not it was delivered. */
  readonly retentionMs: number;
  /** The largest message body. */
  readonly bodyBytesMax: number;
  /** Absent: as `acceptsDefault`. */
  readonly accepts?: Accepts;
}

export interface Topic extends EntryState {
  readonly id: TopicId;
  readonly accountId: AccountId;
  readonly settings: TopicSettings;
}

/** The conditions for the messages that a subscription receives. A message must meet both. */
export interface Filter {
  /** The message has at least one of these tags. Empty: any message. */
  readonly tags: readonly string[];
  /** The message's type matches at least one of these patterns. Empty: any message. */
  readonly types: readonly string[];
  /**
   * A CEL expression that is true for the message. Left out or null: any message. The store applies `tags` and `types`;
   * the engine applies `where` to what it has claimed.
   */
  readonly where?: string | null;
}

export type Jitter = "none" | "full" | "equal";

/** When failed attempts are retried. `domain/retry.ts` computes the delays. */
export type RetryPolicy =
  | "webhook"
  | "EXPONENTIAL_DECAY_RETRY"
  | "BACKOFF_RETRY"
  | "none"
  | { readonly delaysMs: readonly number[] }
  | {
      readonly baseMs: number;
      readonly factor: number;
      readonly delayMsMax: number;
      readonly retriesMax: number;
      readonly totalMsMax: number;
      readonly jitter: Jitter;
    };

/**
 * `none`: deliveries run concurrently. `key`: one delivery in flight per ordering key. Later messages of that key wait
 * until the delivery has succeeded or is dead. `strict`: one delivery in flight per subscription.
 */
export type Order = "none" | "key" | "strict";

export interface PushSettings extends EndpointAccess {
  readonly url: string;
  readonly protocol: string;
  readonly headers: Readonly<Record<string, Secret>>;
  readonly connection: "keep-alive" | "close";
  readonly timeoutMs: number;
  /** Names of the keys. A protocol that signs uses each of them. Empty for other protocols. */
  readonly keys: readonly string[];
  /** How the endpoint is verified before it gets messages; null: it is not. */
  readonly verify?: "challenge" | "cloudevents" | null;
  readonly transform?: PushTransform | null;
  /**
   * Of which attempts the request and the reply are kept as they were: of none, of samples, or of all. Left out:
   * samples.
   */
  readonly keepExchanges?: ExchangeKeeping;
}

export const exchangeKeepings = ["none", "sampled", "all"] as const;
export type ExchangeKeeping = (typeof exchangeKeepings)[number];

/** The state of an endpoint's verification. */
export interface EndpointVerification {
  readonly method: "challenge" | "cloudevents";
  /** Origin and path of the endpoint. The state has no meaning for another endpoint. */
  readonly target: string;
  readonly state: "pending" | "verified" | "failed";
  /** When the last attempt ended. */
  readonly atMs?: TimeMs;
  /** Why the last attempt failed. */
  readonly error: string | null;
  /** Failed attempts. */
  readonly attempts: number;
  readonly firstAttemptAtMs?: TimeMs;
  /** The times are on the scale of `Clock.wall`. 0: at once. */
  readonly nextAttemptAtMs: TimeMs;
  /** The most deliveries per minute that the endpoint has allowed; null: no limit. */
  readonly ratePerMinute: number | null;
}

/** How many POSTs of a subscription may start, first attempts and retries together, on all nodes together. */
export interface RateSettings {
  /** May be a fraction. */
  readonly perSecond: number;
  /** How many POSTs may start at once after a time without any. */
  readonly burst: number;
}

/** Settings of a subscription that receivers pull from. */
export interface PullSettings {
  /** Visibility timeout: how long a delivered message is invisible to other receivers unless it is acknowledged. */
  readonly visibilityMs: number;
  /** A message that was delivered this many times without an acknowledgement becomes a dead letter; null: never. */
  readonly receivesMax: number | null;
}

/** The settings of the circuit breaker, which stops sending to a failing endpoint. */
export interface BreakerSettings {
  /** Failures in a row. */
  readonly failures: number;
  /** The pause before the first probe. */
  readonly probeMs: number;
}

/** Limits above which a backlog is reported; null: none. */
export interface BacklogLimits {
  readonly messagesMax: number | null;
  readonly ageMsMax: number | null;
}

export interface SubscriptionSettings {
  /** null: the subscription is not pushed. */
  readonly push: PushSettings | null;
  /** Set only when `push` is null. A subscription without `push` and `pull` is internal: an inbox reads from it. */
  readonly pull?: PullSettings;
  readonly filter: Filter;
  readonly retry: RetryPolicy;
  readonly order: Order;
  readonly maxInFlight: number;
  /** null: no limit. Settings that were stored before the member existed lack it. */
  readonly rate?: RateSettings | null;
  /** null: the subscription has no circuit breaker. */
  readonly breaker: BreakerSettings | null;
  /** The subscription is disabled when all attempts have failed for this time; null: never. */
  readonly disableAfterMs: number | null;
  /** Absent: `limits.backlogDefault`. */
  readonly backlog?: BacklogLimits;
  /** Absent until the first attempt to verify the endpoint has ended. */
  readonly verification?: EndpointVerification;
}

/** The point at which a new subscription starts to read its topic. */
export type Start =
  | "now"
  | "oldest"
  /** At the message with this position, or at the next message that still exists. */
  | { readonly seq: Seq }
  /** At the first message published at or after this time. */
  | { readonly atMs: TimeMs };

/**
 * `disabled`: the endpoint replied 410 Gone, or nothing but failures came from it for too long. Both `paused` and
 * `disabled` last until a caller resumes the subscription.
 */
export type SubscriptionState = "active" | "paused" | "disabled";

/** Why and when a subscription was disabled. */
export interface Disablement {
  readonly atMs: TimeMs;
  /** `gone`: the endpoint replied 410 Gone. `failing`: all attempts failed for as long as the subscription allows. */
  readonly reason: "gone" | "failing";
  /** The attempt because of which the subscription was disabled. */
  readonly messageId: MessageId;
  readonly attempt: number;
}

/** Describes an endpoint that accepts nothing at present. Times are on the scale of `Clock.wall`, unless noted. */
export interface SubscriptionHealth {
  /** `failing`: attempts fail, and go on. `open`: the breaker is open, so only probes are sent. */
  readonly state: "failing" | "open";
  /** When the subscription entered this state. */
  readonly sinceMs: TimeMs;
  /** When the first failure happened that no success has followed. */
  readonly failingSinceMs: TimeMs;
  /** The failure that led to this state. */
  readonly error: {
    /** HTTP status; null: no reply came. */
    readonly status: number | null;
    readonly code: string | null;
    readonly detail: string | null;
  };
  /** `origin`: the whole origin of the endpoint is unreachable. One probe is enough for all its subscriptions. */
  readonly scope: "subscription" | "origin";
  /** When the next probe may be sent; null while the breaker is closed. */
  readonly probeAtMs: TimeMs | null;
  /** Failed probes since the breaker opened. */
  readonly probes: number;
  /** When the breaker opened, in steady time; null while it is closed. */
  readonly openedAtMs: TimeMs | null;
  /** The number of failed attempts in a row. A process adds its own attempts when it writes the health. */
  readonly failures: number;
  /** When the last of these attempts failed, in steady time. */
  readonly failedAtMs: TimeMs;
  /** How long attempts have failed. A pause between two attempts counts up to a limit only. */
  readonly failedMs: number;
}

/** A change of a subscription's state. A subscription is disabled for a reason, and paused or active without one. */
export type StateChange = "active" | "paused" | Disablement;

export interface Subscription extends EntryState {
  readonly id: SubscriptionId;
  readonly accountId: AccountId;
  readonly topicId: TopicId;
  readonly topic: string;
  readonly state: SubscriptionState;
  /** Set while the state is `disabled`. */
  readonly disabled: Disablement | null;
  /** null: healthy. A change of the health does not change `version`. */
  readonly health: SubscriptionHealth | null;
  readonly settings: SubscriptionSettings;
}

/** A message as its publisher sent it. */
export interface NewMessage {
  readonly body: Uint8Array;
  readonly contentType: string | null;
  readonly tags: readonly string[];
  readonly type: string | null;
  readonly orderingKey: string | null;
  readonly attributes: Readonly<Record<string, string>>;
  /** 0: deliver at once. */
  readonly delayMs: number;
  /** The request that brought the message to an inbox. */
  readonly request?: ReceivedRequest | null;
  /** How many pushes and hook calls in a row have brought the message here. Left out: none. */
  readonly hops?: number;
  /** Left out: the message belongs to no trace. */
  readonly trace?: TraceContext | null;
}

export interface Message extends Omit<NewMessage, "delayMs" | "request" | "hops" | "trace"> {
  /** null: the message did not come through an inbox. */
  readonly request: ReceivedRequest | null;
  readonly hops: number;
  readonly trace: TraceContext | null;
  readonly topicId: TopicId;
  readonly seq: Seq;
  readonly publishedAtMs: TimeMs;
  /** Not delivered before this time; null: no delay. */
  readonly deliverAtMs: TimeMs | null;
}

/**
 * The outcome of one attempt. `accepted` or `failed`: how the dialect interprets the reply. `error`: no complete reply
 * came, or no POST was made.
 */
export type AttemptVerdict = "accepted" | "failed" | "error";

export interface Attempt {
  /** 1 for the first attempt of a delivery. */
  readonly attempt: number;
  readonly startedAtMs: TimeMs;
  readonly durationMs: number;
  readonly verdict: AttemptVerdict;
  /** HTTP status; null: no reply came. */
  readonly status: number | null;
  /**
   * Why the attempt failed: a code of the transport (`timeout`, `connect_refused` …) or of the dialect (`http_status`
   * …).
   */
  readonly errorCode: string | null;
  /**
   * The exact cause in words, at most `limits.errorDetailCharsMax` characters: for example the reason of OpenSSL, the
   * address that refused the connection, or the dialect's sentence about the message. null: nothing is known besides
   * the code.
   */
  readonly errorDetail: string | null;
  /** The reply's first bytes, at most `limits.replyKeptBytes`. */
  readonly reply: Uint8Array | null;
}

/**
 * The reasons why a delivery becomes a dead letter. `unencodable`: the dialect cannot carry the message.
 * `filter_failed`: `filter.where` could not tell whether the message matches. `transform_failed`: `push.transform`
 * could not make the request. `address_denied`: the endpoint's host has an address to which the configuration allows no
 * connection. `loop_detected`: a Ringback server refused the message, because it had come through too many pushes in a
 * row. `cancelled`: a caller has given up the delivery.
 */
export const deadReasons = [
  "retries_exhausted",
  "receives_exhausted",
  "expired",
  "unencodable",
  "filter_failed",
  "transform_failed",
  "address_denied",
  "loop_detected",
  "cancelled",
] as const;
export type DeadReason = (typeof deadReasons)[number];

/**
 * Kind of an entry, such as "hook" or "inbox". Each feature uses kinds of its own; the store never reads an entry's
 * value.
 */
export type EntryKind = string;

/** Members that topics, subscriptions and entries have in common. */
export interface EntryState {
  readonly name: string;
  /** Distinguishes the resource from an earlier, deleted one of the same name. The id of an entry is random. */
  readonly id: number;
  /** 1 for a new resource; each change of its settings, state or value adds 1. */
  readonly version: number;
  readonly createdAtMs: TimeMs;
  readonly updatedAtMs: TimeMs;
}

export interface Entry<T = unknown> extends EntryState {
  readonly kind: EntryKind;
  /** A JSON value. The same object is returned until the entry changes. */
  readonly value: T;
}

/** The state of one message in one subscription. */
export type DeliveryState = "pending" | "in_flight" | "parked" | "delivered" | "dead" | "filtered" | "skipped";
