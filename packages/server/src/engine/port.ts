/** What the API, the compatibility doors and the command line may ask of the engine. */

import type { Jwk, ProtocolKey } from "@ringback/sdk/protocols";
import type { HookErrorCode, Outcome } from "@ringback/sdk/hooks";
import type { HookSettings } from "../domain/hook-rules.ts";
import type { InboxSettings } from "../domain/inbox-rules.ts";
import type {
  Message,
  MessageId,
  NewMessage,
  Seq,
  Subscription,
  TimeMs,
  Topic,
  AttemptVerdict,
  DeadReason,
} from "../domain/model.ts";
import type { PutCondition } from "../store/condition.ts";
import type { Label } from "../store/label.ts";
import type { Page, PageRequest } from "../store/page.ts";
import type { PullCounts } from "../store/records.ts";
import type { TransportErrorCode } from "../transport/port.ts";

export interface PublishResult {
  readonly firstSeq: Seq;
  readonly ids: readonly MessageId[];
  readonly publishedAtMs: TimeMs;
  /** Answered from an earlier use of the same idempotency key. */
  readonly replayed: boolean;
}

export interface Publisher {
  /**
   * Checks the messages against the topic and the limits and appends them: all or nothing, durable when it resolves.
   * Throws `RingbackError`.
   */
  publish(
    topic: Topic,
    messages: readonly NewMessage[],
    idempotency: { readonly key: string; readonly fingerprint: string } | null,
  ): Promise<PublishResult>;
}

/** The account's keys, ready for use. */
export interface KeyRing {
  /** null: there is no such key, or it cannot be opened with the master keys at hand. The same object until it changes. */
  find(kid: string): Promise<ProtocolKey | null>;
}

/** What may be told about a key: nothing that it could be guessed from. */
export interface KeyDetails {
  readonly kid: string;
  readonly kty: "oct" | "OKP";
  readonly crv: "Ed25519" | null;
  readonly bits: number;
  /** One of the master keys at hand opens it. */
  readonly usable: boolean;
  readonly version: number;
  readonly createdAtMs: TimeMs;
  readonly updatedAtMs: TimeMs;
}

/** The account's keys, as whoever keeps them in order sees them. */
export interface Keys extends KeyRing {
  /** Creates or replaces; the same key again changes nothing. Throws `invalid_key`, `master_key_missing` and `precondition_failed`. */
  put(
    kid: string,
    jwk: Jwk,
    condition?: PutCondition,
  ): Promise<{ readonly key: KeyDetails; readonly created: boolean }>;
  get(kid: string): Promise<KeyDetails | null>;
  /** By name. */
  list(page: PageRequest): Promise<Page<KeyDetails>>;
  delete(kid: string): Promise<boolean>;
}

/** What a program signs its requests with, as with other clouds: the id goes with every request, the key with none. */
export interface ApiKeyPair {
  readonly secretId: string;
  readonly secretKey: string;
}

/** What may be told about a pair. */
export interface ApiKeyDetails {
  /** Its secretId: unique, and no secret. */
  readonly id: string;
  /** For people. */
  readonly name: string;
  /** One of the master keys at hand opens it. */
  readonly usable: boolean;
  readonly createdAtMs: TimeMs;
  readonly updatedAtMs: TimeMs;
}

/** The account's API keys. */
export interface ApiKeys {
  /**
   * Of `pair`, or of one that is made here (null). The same again changes nothing but the name. Throws `invalid_key`, `invalid_name`, `api_key_exists`,
   * `master_key_missing` and `entry_limit`.
   */
  create(
    name: string,
    pair: ApiKeyPair | null,
  ): Promise<{ readonly apiKey: ApiKeyDetails; readonly pair: ApiKeyPair; readonly created: boolean }>;
  /** The same, and replaces what was there under this secretId. */
  put(name: string, pair: ApiKeyPair): Promise<ApiKeyDetails>;
  get(id: string): Promise<ApiKeyDetails | null>;
  /** By id. */
  list(page: PageRequest): Promise<Page<ApiKeyDetails>>;
  /** Nothing that is signed with it counts from now on; on other nodes as soon as they have heard of it. */
  delete(id: string): Promise<boolean>;
  /**
   * The secretKey's bytes, as they key an HMAC; null: there is no such pair, or it cannot be opened with the master keys at hand.
   * Asked for with every signed request: kept at hand, whatever text is asked with. The same object until it changes.
   */
  secretOf(secretId: string): Promise<Uint8Array | null>;
}

export interface InboxDetails extends InboxSettings {
  readonly name: string;
  readonly version: number;
  readonly createdAtMs: TimeMs;
  readonly updatedAtMs: TimeMs;
}

/** What somebody has POSTed to an inbox. */
export type ArrivingMessage = Pick<NewMessage, "body" | "contentType">;

export interface Arrived {
  /** False: nobody polls this inbox, which keeps only while somebody does. */
  readonly kept: boolean;
  /** null when the message is nowhere; one that was not kept may still be in the inbox's topic. */
  readonly id: MessageId | null;
}

export interface TakenMessage {
  readonly id: MessageId;
  readonly message: Message;
  /** Must be called once, soon. False: the client has not got it, and the next one gets it, in its place. */
  readonly done: (delivered: boolean) => void;
}

/** Buffers that somebody fetches from: a log and a subscription that is not pushed. Names have been checked. */
export interface Inboxes {
  /** Creates or replaces. Throws `immutable_field`, `topic_not_found`, `entry_limit` and `precondition_failed`. */
  put(
    name: string,
    settings: InboxSettings,
    condition?: PutCondition,
  ): Promise<{ readonly inbox: InboxDetails; readonly created: boolean }>;
  get(name: string): Promise<InboxDetails | null>;
  /** By name. */
  list(page: PageRequest, label?: Label): Promise<Page<InboxDetails>>;
  /** Messages that are there to be taken, with those that are being handed out. */
  waitingCount(inbox: InboxDetails): Promise<number>;
  /** With the log that it has to itself; a topic stays. */
  delete(name: string): Promise<boolean>;
  /** Durable when it resolves. Throws `inbox_not_found`, `inbox_full`, `body_too_large`, `topic_not_found`. */
  keep(name: string, message: ArrivingMessage): Promise<Arrived>;
  /**
   * The oldest message, leased to the caller alone until `done`; null when there is none within `waitMs`, or when `gone`
   * says that nobody wants it any more. Throws `inbox_not_found`, `topic_not_found` and `too_many_waiters`.
   */
  take(name: string, want: { readonly waitMs: number; readonly gone: AbortSignal }): Promise<TakenMessage | null>;
  /** Nobody waits from now on: who does gets nothing. */
  stopWaiting(): void;
}

/** A message in a receiver's hands: hidden from the others until `visibleAtMs`. */
export interface PulledMessage {
  readonly id: MessageId;
  readonly message: Message;
  /** Names this handing out, for the answer; of letters, digits and hyphens. */
  readonly receiptHandle: string;
  /** How often it has been handed out, this time included. */
  readonly receives: number;
  readonly firstReceivedAtMs: TimeMs;
  readonly visibleAtMs: TimeMs;
}

export interface PullOptions {
  /** 1 to `limits.pullMessagesMax`. */
  readonly messagesMax: number;
  /** How long to wait when nothing is there; 0: not at all. */
  readonly waitMs: number;
  /** null: as the subscription says. */
  readonly visibilityMs: number | null;
  /** Nobody wants the answer any more. */
  readonly gone: AbortSignal;
  /**
   * For a receiver that may read slowly: called when messages are handed out, with what must be called once when they have arrived
   * or never will. Until then their bytes count, and past a bound nothing more is handed out. Left out: they are not counted.
   */
  readonly handedOut?: (arrived: () => void) => void;
}

/** What became of one receipt handle. `malformed`: none that was ever given out here. `ended`: its time is over, or it was answered for before. */
export type AcknowledgeResult = "done" | "malformed" | "ended";

/** Taking from subscriptions with `pull` settings, and answering for what was taken. The same on every node. */
export interface Pulls {
  /**
   * Oldest first, first asked first served; empty: nothing came within `waitMs`.
   * Throws `overloaded`, `too_many_waiters`, `too_many_unacknowledged`, `not_pulled`, `subscription_not_found`, and what the store does.
   */
  pull(subscription: Subscription, want: PullOptions): Promise<readonly PulledMessage[]>;
  /** They have been dealt with, and do not come again. */
  acknowledge(subscription: Subscription, receiptHandles: readonly string[]): Promise<readonly AcknowledgeResult[]>;
  /** There again after `delayMs`: 0, give them to somebody else at once; more, the receiver needs longer. */
  putBack(
    subscription: Subscription,
    receiptHandles: readonly string[],
    delayMs: number,
  ): Promise<readonly AcknowledgeResult[]>;
  /** Nobody waits from now on: who does gets nothing. */
  stopWaiting(): void;
}

/** A queue: a log of its own and the one subscription that is pulled from it, under one name. */
export interface QueueSettings {
  /** Messages that are not settled; past it sending is refused. */
  readonly messagesMax: number;
  /** What a receive that does not say otherwise waits. */
  readonly waitMs: number;
  readonly visibilityMs: number;
  readonly bodyBytesMax: number;
  readonly retentionMs: number;
  /** How far back it may be rewound; at most `retentionMs`. */
  readonly rewindMs: number;
  /** Where messages go that nobody has acknowledged; null: they are handed out until their retention is over. */
  readonly deadLetters: DeadLetterPolicy | null;
}

export type DeadLetterPolicy =
  | { readonly queue: string; readonly after: "receives"; readonly receivesMax: number }
  /** Counted from the first time that it was handed out. */
  | { readonly queue: string; readonly after: "time"; readonly ttlMs: number };

export interface QueueDetails extends QueueSettings {
  readonly name: string;
  /** Of its subscription: unique, and never given again. */
  readonly id: number;
  readonly createdAtMs: TimeMs;
  readonly updatedAtMs: TimeMs;
}

export interface QueueMessage {
  readonly body: Uint8Array;
  readonly delayMs: number;
}

/** Names have been checked for their form. They are the same name if they differ in case alone. */
export interface Queues {
  /** Throws `queue_exists`, `entry_limit` and `queue_not_found` (of its dead letters). */
  create(name: string, settings: QueueSettings): Promise<QueueDetails>;
  /** Throws `queue_not_found`. */
  change(name: string, change: Partial<QueueSettings>): Promise<QueueDetails>;
  get(name: string): Promise<QueueDetails | null>;
  /** By name. */
  list(page: PageRequest): Promise<Page<QueueDetails>>;
  /** With everything in it. */
  delete(name: string): Promise<boolean>;
  /** All or nothing, durable when it resolves. Throws `queue_not_found`, `queue_full` and `body_too_large`. */
  send(name: string, messages: readonly QueueMessage[]): Promise<readonly MessageId[]>;
  /** `waitMs` null: as the queue says. */
  receive(
    name: string,
    want: Omit<PullOptions, "waitMs"> & { readonly waitMs: number | null },
  ): Promise<readonly PulledMessage[]>;
  acknowledge(name: string, receiptHandles: readonly string[]): Promise<readonly AcknowledgeResult[]>;
  counts(name: string): Promise<PullCounts>;
  /** Throws `invalid_request` when the time lies further back than `rewindMs`. */
  rewind(name: string, atMs: TimeMs): Promise<void>;
}

export interface HookDetails extends HookSettings {
  readonly name: string;
  readonly version: number;
  readonly createdAtMs: TimeMs;
  readonly updatedAtMs: TimeMs;
}

/** What a hook is called with. */
export interface HookPayload {
  /** Of its text. */
  readonly bytes: number;
  /**
   * The JSON value, read without losing digits; called once, when there is room for what it makes of the text. What it
   * throws, the call throws.
   */
  readonly read: () => unknown;
}

export interface CalledHook {
  readonly outcome: Outcome;
  /** Gives back what the outcome holds of the bound on all calls' memory. Must be called once, when it has been sent. */
  readonly release: () => void;
}

/** Programs that are asked now, and whose answer means something. Names have been checked. */
export interface Hooks {
  /**
   * Creates or replaces. Throws `key_not_found`, `key_unavailable`, `invalid_key`, `entry_limit` and `precondition_failed`.
   */
  put(
    name: string,
    settings: HookSettings,
    condition?: PutCondition,
  ): Promise<{ readonly hook: HookDetails; readonly created: boolean }>;
  get(name: string): Promise<HookDetails | null>;
  /** By name. */
  list(page: PageRequest, label?: Label): Promise<Page<HookDetails>>;
  delete(name: string): Promise<boolean>;
  /**
   * POSTs and tells what the replies mean. Whatever the called programs do ends in an outcome; it throws `hook_not_found`,
   * `key_not_found`, `key_unavailable`, `overloaded` and `shutting_down`.
   */
  call(name: string, payload: HookPayload): Promise<CalledHook>;
}

/** What is happening now; `GET /v1/events` and `ringback tail` show it. */
export type LiveEvent =
  | {
      readonly type: "message.published";
      readonly at: TimeMs;
      readonly topic: string;
      readonly ids: readonly MessageId[];
    }
  | {
      readonly type: "delivery.attempted";
      readonly at: TimeMs;
      readonly topic: string;
      readonly subscription: string;
      readonly messageId: MessageId;
      readonly attempt: number;
      readonly verdict: AttemptVerdict;
      readonly status: number | null;
      readonly errorCode: string | null;
      readonly durationMs: number;
      /** Unix ms of the next attempt; null when there is none. */
      readonly nextAttemptAt: TimeMs | null;
    }
  | {
      readonly type: "delivery.dead";
      readonly at: TimeMs;
      readonly topic: string;
      readonly subscription: string;
      readonly messageId: MessageId;
      readonly reason: DeadReason;
    }
  | {
      readonly type: "delivery.expired";
      readonly at: TimeMs;
      readonly topic: string;
      readonly subscription: string;
      readonly count: number;
    }
  | {
      readonly type: "hook.called";
      readonly at: TimeMs;
      readonly hook: string;
      readonly action: "continue" | "reject";
      readonly httpStatus: number | null;
      readonly error: HookErrorCode | null;
      /** The first failure below HTTP: for the operator, who may know what the caller may not. */
      readonly transportError: TransportErrorCode | null;
      readonly durationMs: number;
    }
  | {
      readonly type: "topic.changed" | "topic.deleted";
      readonly at: TimeMs;
      readonly topic: string;
    }
  | {
      readonly type:
        | "subscription.changed"
        | "subscription.paused"
        | "subscription.resumed"
        | "subscription.disabled"
        | "subscription.deleted";
      readonly at: TimeMs;
      readonly topic: string;
      readonly subscription: string;
    };

/** Fan-out of live events to whoever listens. Emitting costs nothing while nobody does. */
export interface EventBus {
  readonly listening: boolean;
  emit(event: LiveEvent): void;
  /** Returns the function that ends the subscription. */
  subscribe(listener: (event: LiveEvent) => void): () => void;
}

/** `failed`: something went wrong on the way, whatever the hook's `onError` has made of it. Duration in seconds. */
export interface HookObserver {
  hookCalled(outcome: "continue" | "reject" | "failed", durationS: number): void;
}

/** What the engine tells the operator's metrics. Durations in seconds. */
export interface EngineObserver {
  published(messages: number): void;
  attempted(outcome: "accepted" | "failed" | "error", durationS: number): void;
  /** From acceptance by the log to acceptance by the receiver; first attempts only. */
  delivered(latencyS: number): void;
  dead(reason: DeadReason): void;
  expired(count: number): void;
}
