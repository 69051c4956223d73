import type { MessageId, TimeMs } from "../../domain/model.ts";
import type { Page, PageRequest } from "../../store/page.ts";
import type { PullCounts } from "../../store/records.ts";
import type { AcknowledgeResult, PulledMessage, PullOptions } from "../pull/pulls.ts";

/** A queue is a log and its only subscription, which is pulled from, under one name. */
export interface QueueSettings {
  /** Limit of messages that are not settled. Past it sending is refused. */
  readonly messagesMax: number;
  /** Wait of a receive that names none. */
  readonly waitMs: number;
  readonly visibilityMs: number;
  readonly bodyBytesMax: number;
  readonly retentionMs: number;
  /** How far back the queue may be rewound; at most `retentionMs`. */
  readonly rewindMs: number;
  /** Where unacknowledged messages move. null: they are delivered again until their retention ends. */
  readonly deadLetters: DeadLetterPolicy | null;
}

export type DeadLetterPolicy =
  | { readonly queue: string; readonly after: "receives"; readonly receivesMax: number }
  /** Counted from the first delivery. */
  | { readonly queue: string; readonly after: "time"; readonly ttlMs: number };

export interface QueueDetails extends QueueSettings {
  readonly name: string;
  /** The id of the queue's subscription: unique, and never used again. */
  readonly id: number;
  readonly createdAtMs: TimeMs;
  readonly updatedAtMs: TimeMs;
}

export interface QueueMessage {
  readonly body: Uint8Array;
  readonly delayMs: number;
}

/** The account's queues. Callers have checked the names' form. Names that differ only in case are the same name. */
export interface Queues {
  /** Throws `queue_exists`, `entry_limit`, and `queue_not_found` for a missing dead-letter queue. */
  create(name: string, settings: QueueSettings): Promise<QueueDetails>;
  /** Throws `queue_not_found`. */
  change(name: string, change: Partial<QueueSettings>): Promise<QueueDetails>;
  get(name: string): Promise<QueueDetails | null>;
  /** Sorted by name. */
  list(page: PageRequest): Promise<Page<QueueDetails>>;
  /** Deletes the queue and its messages. False: no such queue. */
  delete(name: string): Promise<boolean>;
  /** All or nothing; durable when it resolves. Throws `queue_not_found`, `queue_full` and `body_too_large`. */
  send(name: string, messages: readonly QueueMessage[]): Promise<readonly MessageId[]>;
  /** `waitMs` null: the queue's setting. */
  receive(
    name: string,
    want: Omit<PullOptions, "waitMs"> & { readonly waitMs: number | null },
  ): Promise<readonly PulledMessage[]>;
  acknowledge(name: string, receiptHandles: readonly string[]): Promise<readonly AcknowledgeResult[]>;
  counts(name: string): Promise<PullCounts>;
  /** Throws `invalid_request` when `atMs` lies further back than `rewindMs`. */
  rewind(name: string, atMs: TimeMs): Promise<void>;
}
