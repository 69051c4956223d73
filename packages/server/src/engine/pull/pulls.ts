import type { Message, MessageId, TimeMs } from "../../domain/model.ts";
import type { PulledDelivery } from "../../store/log.ts";

/** A message that was delivered to one receiver and is invisible to all others until `visibleAtMs`. */
export interface PulledMessage {
  readonly id: MessageId;
  readonly message: Message;
  /** Identifies this delivery in an acknowledgement. Consists of letters, digits and hyphens. */
  readonly receiptHandle: string;
  /** How often the message has been delivered, this time included. */
  readonly receives: number;
  /** Unix time, like `visibleAtMs` and the times of `message`. */
  readonly firstReceivedAtMs: TimeMs;
  readonly visibleAtMs: TimeMs;
  /** The delivery as the store knows it. */
  readonly pulled: PulledDelivery;
}

export interface PullOptions {
  /** 1 to `limits.pullMessagesMax`. */
  readonly messagesMax: number;
  /** How long the pull waits if there is no message; 0: the pull returns at once. */
  readonly waitMs: number;
  /** null: the setting of the subscription applies. */
  readonly visibilityMs: number | null;
  /** Aborted when the client left. */
  readonly gone: AbortSignal;
  /**
   * For clients that may read slowly. Called when messages are delivered; `read` must be called when the client has
   * read them or has disconnected. Until then their bytes count against a limit. At the limit no further messages are
   * delivered. Without this callback the bytes do not count.
   */
  readonly onDelivered?: (read: () => void) => void;
}

export type WaitOptions = Pick<PullOptions, "waitMs" | "gone">;

/**
 * Result for one receipt handle. `malformed`: not a handle of this subscription. `ended`: the visibility timeout is
 * over, or the handle was used before.
 */
export type AcknowledgeResult = "done" | "malformed" | "ended";
