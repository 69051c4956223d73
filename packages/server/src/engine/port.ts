/** What the API, the compatibility doors and the command line may ask of the engine. */

import type { ProtocolKey } from "@ringback/sdk/protocols";
import type { MessageId, NewMessage, Seq, TimeMs, Topic, AttemptVerdict, DeadReason } from "../domain/model.ts";

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

/** What the engine tells the operator's metrics. Durations in seconds. */
export interface EngineObserver {
  published(messages: number): void;
  attempted(outcome: "accepted" | "failed" | "error", durationS: number): void;
  /** From acceptance by the log to acceptance by the receiver; first attempts only. */
  delivered(latencyS: number): void;
  dead(reason: DeadReason): void;
  expired(count: number): void;
}
