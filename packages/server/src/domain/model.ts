/** The nouns of Ringback as plain data. See docs/ARCHITECTURE.md for the words. */

declare const brand: unique symbol;
type Branded<T, B extends string> = T & { readonly [brand]: B };

export type AccountId = Branded<number, "AccountId">;
export type TopicId = Branded<number, "TopicId">;
export type SubscriptionId = Branded<number, "SubscriptionId">;
/** Position of a message in its topic's log; dense, starts at 1. */
export type Seq = number;
/** Unsigned 64-bit integer as a decimal string. */
export type MessageId = Branded<string, "MessageId">;

/** Unix time in milliseconds. */
export type TimeMs = number;

export interface Account {
  readonly id: AccountId;
  readonly name: string;
  /** Number by which receivers know the account. */
  readonly appId: number;
}

/** The store keeps every member of a topic's settings, also one that is not listed here. */
export interface TopicSettings {
  /** How long a message is kept, delivered or not. */
  readonly retentionMs: number;
  /** The largest message body. */
  readonly bodyBytesMax: number;
}

export interface Topic {
  readonly id: TopicId;
  readonly accountId: AccountId;
  readonly name: string;
  readonly settings: TopicSettings;
  /** 1 for a new topic; each change of the settings adds 1. */
  readonly version: number;
  readonly createdAtMs: TimeMs;
  readonly updatedAtMs: TimeMs;
}

/** Which messages a subscription gets. Every condition that is given must hold. */
export interface Filter {
  /** The message has at least one of these tags. Empty: any message. */
  readonly tags: readonly string[];
  /** The message's type matches at least one of these patterns. Empty: any message. */
  readonly types: readonly string[];
}

export type Jitter = "none" | "full" | "equal";

/** When to try again; `domain/retry.ts` turns it into delays. */
export type RetryPolicy =
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
 * `none`: deliveries run side by side. `key`: one in flight per ordering key, and a failing one holds its successors
 * of that key. `strict`: one in flight at all.
 */
export type Order = "none" | "key" | "strict";

export interface PushSettings {
  readonly url: string;
  readonly protocol: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly connection: "keep-alive" | "close";
  readonly timeoutMs: number;
  /** Names of the keys that a signing protocol signs with, each of them; empty for every other. */
  readonly keys: readonly string[];
}

/** How whoever asks takes from a subscription: what is handed out is hidden from the others until its receiver answers for it. */
export interface PullSettings {
  /** How long a message that was handed out is hidden; then it is there again. */
  readonly visibilityMs: number;
  /** A message that was handed out so often and never acknowledged becomes a dead letter; null: it never does. */
  readonly receivesMax: number | null;
}

export interface SubscriptionSettings {
  /** null: nothing is sent; whoever holds the subscription takes from it. */
  readonly push: PushSettings | null;
  /** Only without `push`. Absent without `push`: the server itself takes from it, as an inbox does. */
  readonly pull?: PullSettings;
  readonly filter: Filter;
  readonly retry: RetryPolicy;
  readonly order: Order;
  readonly maxInFlight: number;
}

/** Of a subscription that is pushed. */
export interface PushedSettings extends SubscriptionSettings {
  readonly push: PushSettings;
}

/** Where a new subscription begins to read its topic. */
export type Start =
  | "now"
  | "oldest"
  /** The first message it gets is this one, or the next that still exists. */
  | { readonly seq: Seq }
  /** The first message published at or after this time. */
  | { readonly atMs: TimeMs };

/** `disabled`: its endpoint has answered 410 Gone. Like `paused`, until somebody resumes it. */
export type SubscriptionState = "active" | "paused" | "disabled";

export interface Subscription {
  readonly id: SubscriptionId;
  readonly accountId: AccountId;
  readonly topicId: TopicId;
  readonly topic: string;
  readonly name: string;
  readonly state: SubscriptionState;
  readonly settings: SubscriptionSettings;
  /** 1 for a new subscription; each change of the settings or of the state adds 1. */
  readonly version: number;
  readonly createdAtMs: TimeMs;
  readonly updatedAtMs: TimeMs;
}

/** What a publisher says about one message. */
export interface NewMessage {
  readonly body: Uint8Array;
  readonly contentType: string | null;
  readonly tags: readonly string[];
  readonly type: string | null;
  readonly orderingKey: string | null;
  readonly attributes: Readonly<Record<string, string>>;
  /** 0: at once. */
  readonly delayMs: number;
}

export interface Message extends Omit<NewMessage, "delayMs"> {
  readonly topicId: TopicId;
  readonly seq: Seq;
  readonly publishedAtMs: TimeMs;
  /** Not before this time; null: at once. */
  readonly deliverAtMs: TimeMs | null;
}

/** How one POST ended. `accepted` and `failed` come from the dialect, `error` from the transport. */
export type AttemptVerdict = "accepted" | "failed" | "error";

export interface Attempt {
  /** 1 for the first POST of a delivery. */
  readonly attempt: number;
  readonly startedAtMs: TimeMs;
  readonly durationMs: number;
  readonly verdict: AttemptVerdict;
  /** HTTP status; null when no reply came. */
  readonly status: number | null;
  /** Why it failed: a transport code (`timeout`, `connect_refused` …) or a dialect code (`http_status` …). */
  readonly errorCode: string | null;
  /** The reply's first bytes, at most `limits.replyKeptBytes`. */
  readonly reply: Uint8Array | null;
}

/** Why a delivery was given up. */
export type DeadReason = "retries_exhausted" | "receives_exhausted" | "expired" | "unencodable";

/** What an entry is, such as "hook" or "inbox". Each owner of entries chooses its own kind; the store never reads the value. */
export type EntryKind = string;

export interface Entry<T = unknown> {
  readonly kind: EntryKind;
  readonly name: string;
  /** A JSON value; the same object until the entry is put again. */
  readonly value: T;
  /** 1 for a new entry; each change of the value adds 1. */
  readonly version: number;
  readonly createdAtMs: TimeMs;
  readonly updatedAtMs: TimeMs;
}

/** What became of one message for one subscription. */
export type DeliveryState = "pending" | "in_flight" | "parked" | "delivered" | "dead" | "filtered" | "skipped";
