/** What the API, the compatibility doors and the command line may ask of the engine. */

import type { Jwk, ProtocolKey } from "@ringback/sdk/protocols";
import type { HookErrorCode, Outcome } from "@ringback/sdk/hooks";
import type { HookInput, HookSettings } from "../domain/hook-rules.ts";
import type { InboxSettings } from "../domain/inbox-rules.ts";
import type {
  Message,
  MessageId,
  NewMessage,
  Seq,
  TimeMs,
  Topic,
  AttemptVerdict,
  DeadReason,
} from "../domain/model.ts";
import type { Page, PageRequest } from "../store/port.ts";
import type { TransportErrorCode } from "../transport/port.ts";

export interface PublishReceipt {
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
  ): Promise<PublishReceipt>;
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
  readonly createdAtMs: TimeMs;
  readonly updatedAtMs: TimeMs;
}

/** The account's keys, as whoever keeps them in order sees them. */
export interface Keys extends KeyRing {
  /** Creates or replaces; the same key again changes nothing. Throws `invalid_key` and `master_key_missing`. */
  put(kid: string, jwk: Jwk): Promise<{ readonly key: KeyDetails; readonly created: boolean }>;
  get(kid: string): Promise<KeyDetails | null>;
  /** By name. */
  list(page: PageRequest): Promise<Page<KeyDetails>>;
  delete(kid: string): Promise<boolean>;
}

export interface InboxDetails extends InboxSettings {
  readonly name: string;
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
  /** Creates or changes. Throws `immutable_field`, `topic_not_found`, `filter_type_mismatch` and `entry_limit`. */
  put(name: string, settings: InboxSettings): Promise<{ readonly inbox: InboxDetails; readonly created: boolean }>;
  get(name: string): Promise<InboxDetails | null>;
  /** By name. */
  list(page: PageRequest): Promise<Page<InboxDetails>>;
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

export interface HookDetails extends HookSettings {
  readonly name: string;
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
   * Creates or replaces. Throws what `normaliseHook` does, `key_not_found`, `key_unavailable`, `invalid_key` and
   * `entry_limit`.
   */
  put(name: string, input: HookInput): Promise<{ readonly hook: HookDetails; readonly created: boolean }>;
  get(name: string): Promise<HookDetails | null>;
  /** By name. */
  list(page: PageRequest): Promise<Page<HookDetails>>;
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
