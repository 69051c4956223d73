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
  /** False: the inbox keeps messages only while somebody polls it, and nobody does. */
  readonly kept: boolean;
  /** null: stored nowhere. A message that was not kept may still be stored in the inbox's topic. */
  readonly id: MessageId | null;
}

/**
 * Buffers that clients fetch from: a log and a subscription that is not pushed. Callers have checked the names' form.
 */
export interface Inboxes {
  /** Creates or replaces. Throws `immutable_field`, `topic_not_found`, `entry_limit` and `precondition_failed`. */
  put(
    name: string,
    settings: InboxSettings,
    condition?: WriteCondition,
  ): Promise<{ readonly inbox: InboxDetails; readonly created: boolean }>;
  get(name: string): Promise<InboxDetails | null>;
  /** Sorted by name; only those with the label, if one is given. */
  list(page: PageRequest, label?: Label): Promise<Page<InboxDetails>>;
  /** Messages in the inbox, including those that are on their way to a client. */
  waitingCount(inbox: InboxDetails): Promise<number>;
  /**
   * Deletes the inbox and its own log; a topic that it reads from stays. False: no such inbox. Throws
   * `precondition_failed`.
   */
  delete(name: string, condition?: WriteCondition): Promise<boolean>;
  /** Durable when it resolves. Throws `inbox_not_found`, `inbox_full`, `body_too_large`, `topic_not_found`. */
  keep(name: string, message: ArrivingMessage): Promise<Arrived>;
  /**
   * The oldest message, leased to this caller until `done`. null: none came within `waitMs`, or `gone` was aborted
   * because the client left. Throws `inbox_not_found`, `topic_not_found` and `too_many_waiters`.
   */
  take(name: string, want: { readonly waitMs: number; readonly gone: AbortSignal }): Promise<LeasedMessage | null>;
  /** Ends every waiting `take` with null, and lets none wait from now on. */
  stopWaiting(): void;
}
