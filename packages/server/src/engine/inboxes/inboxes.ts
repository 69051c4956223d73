import type { InboxSettings } from "../../domain/inbox-rules.ts";
import type { EntryState, MessageId, NewMessage } from "../../domain/model.ts";
import type { WriteCondition } from "../../domain/write-condition.ts";
import type { Label } from "../../store/label.ts";
import type { Page, PageRequest } from "../../store/page.ts";
import type { LeasedMessage } from "../pull/leased-delivery.ts";

export interface InboxDetails extends InboxSettings, EntryState {}

/** A body that was POSTed to an inbox. */
export type ArrivingMessage = Pick<NewMessage, "body" | "contentType">;

export interface Arrived {
  /** False: the message was dropped, because the inbox keeps messages only while it is polled and no client polls. */
  readonly kept: boolean;
  /**
   * null: the message was not stored. A message that the inbox has dropped may still be stored in the inbox's topic.
   */
  readonly id: MessageId | null;
}

/**
 * Inboxes are buffers from which clients fetch messages. Each is a log and a subscription that is not pushed. Callers
 * must pass names of valid form.
 */
export interface Inboxes {
  /** Creates or replaces. Throws `immutable_field`, `topic_not_found`, `entry_limit` and `precondition_failed`. */
  put(
    name: string,
    settings: InboxSettings,
    condition?: WriteCondition,
  ): Promise<{ readonly inbox: InboxDetails; readonly created: boolean }>;
  get(name: string): Promise<InboxDetails | null>;
  /** Sorted by name. If `label` is given, only inboxes with this label are returned. */
  list(page: PageRequest, label?: Label): Promise<Page<InboxDetails>>;
  /** Returns the number of messages in the inbox, including messages that are being sent to a client. */
  waitingCount(inbox: InboxDetails): Promise<number>;
  /**
   * Deletes the inbox and its own log, but not a topic that it reads. Returns false if there is no such inbox. Throws
   * `precondition_failed`.
   */
  delete(name: string, condition?: WriteCondition): Promise<boolean>;
  /**
   * Puts a message into the inbox. The message is durable when the promise resolves. Throws `inbox_not_found`,
   * `inbox_full`, `body_too_large`, `topic_not_found`.
   */
  keep(name: string, message: ArrivingMessage): Promise<Arrived>;
  /**
   * Leases the oldest message to the caller, until the caller calls `done` of the message. null: no message came within
   * `waitMs`, or the client disconnected (`gone`). Throws `inbox_not_found`, `topic_not_found` and `too_many_waiters`.
   */
  take(name: string, want: { readonly waitMs: number; readonly gone: AbortSignal }): Promise<LeasedMessage | null>;
  /** Ends every waiting `take` with null. Later calls of `take` do not wait. */
  stopWaiting(): void;
}
