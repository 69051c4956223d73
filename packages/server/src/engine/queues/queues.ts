import type { NewMessage, TimeMs } from "../../domain/model.ts";

/** A queue is a log and the only subscription to that log, from which receivers pull. Both have one name. */
export interface QueueSettings {
  /** Maximum number of unsettled messages. A queue that has this number refuses further messages. */
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

export type QueueMessage = Pick<NewMessage, "body" | "delayMs" | "hops" | "trace">;
