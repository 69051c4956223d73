import type { MessageId, TimeMs } from "../../domain/model.ts";
import type { Page, PageRequest } from "../../store/page.ts";
import type { PullCounts } from "../../store/records.ts";
import type { AcknowledgeResult, PulledMessage, PullOptions } from "../pull/pulls.ts";

/** A queue is a log and the only subscription to that log, from which receivers pull. Both have one name. */
export interface QueueSettings {
  /** The most unsettled messages. When the queue has this number, sending is refused. */
  readonly messagesMax: number;
  /** How long a receive waits for a message if the request gives no time. */
  readonly waitMs: number;
  readonly visibilityMs: number;
  readonly bodyBytesMax: number;
  readonly retentionMs: number;
  /** The longest time by which the queue may be rewound; at most `retentionMs`. */
  readonly rewindMs: number;
  /**
   * The queue to which unacknowledged messages are moved. null: they are delivered again until their retention ends.
   */
  readonly deadLetters: DeadLetterPolicy | null;
}

export type DeadLetterPolicy =
  | { readonly queue: string; readonly after: "receives"; readonly receivesMax: number }
  /** `ttlMs` is counted from the first delivery. */
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

/** The account's queues. Callers must pass names of valid form. Names that differ only in case are the same name. */
export interface Queues {
  /** Throws `queue_exists`, `entry_limit`, and `queue_not_found` for a missing dead-letter queue. */
  create(name: string, settings: QueueSettings): Promise<QueueDetails>;
  /** Throws `queue_not_found`. */
  change(name: string, change: Partial<QueueSettings>): Promise<QueueDetails>;
  get(name: string): Promise<QueueDetails | null>;
  /** Sorted by name. */
  list(page: PageRequest): Promise<Page<QueueDetails>>;
  /** Deletes the queue and its messages. Returns false if there is no such queue. */
  delete(name: string): Promise<boolean>;
  /**
   * Appends all messages or none. They are durable when the promise resolves. Throws `queue_not_found`, `queue_full`
   * and `body_too_large`.
   */
  send(name: string, messages: readonly QueueMessage[]): Promise<readonly MessageId[]>;
  /** `waitMs`: null for the queue's setting. */
  receive(
    name: string,
    want: Omit<PullOptions, "waitMs"> & { readonly waitMs: number | null },
  ): Promise<readonly PulledMessage[]>;
  acknowledge(name: string, receiptHandles: readonly string[]): Promise<readonly AcknowledgeResult[]>;
  counts(name: string): Promise<PullCounts>;
  /** Throws `invalid_request` when `atMs` is more than `rewindMs` in the past. */
  rewind(name: string, atMs: TimeMs): Promise<void>;
}
