import type { InboxSettings } from "../../domain/inbox-rules.ts";
import type { Message, MessageId, NewMessage, TimeMs } from "../../domain/model.ts";
import type { Page, PageRequest } from "../../store/page.ts";

export interface InboxDetails extends InboxSettings {
  readonly name: string;
  readonly createdAtMs: TimeMs;
  readonly updatedAtMs: TimeMs;
}

/** A body that was POSTed to an inbox. */
export type ArrivingMessage = Pick<NewMessage, "body" | "contentType">;

export interface Arrived {
  /** False: the inbox keeps messages only while somebody polls it, and nobody does. */
  readonly kept: boolean;
  /** null: stored nowhere. A message that was not kept may still be stored in the inbox's topic. */
  readonly id: MessageId | null;
}

export interface TakenMessage {
  readonly id: MessageId;
  readonly message: Message;
  /** Must be called once, soon. False: the client did not receive the message, so the next client gets it, in its old position. */
  readonly done: (delivered: boolean) => void;
}

/** Buffers that clients fetch from: a log and a subscription that is not pushed. Callers have checked the names' form. */
export interface Inboxes {
  /** Creates or changes. Throws `immutable_field`, `topic_not_found`, `filter_type_mismatch` and `entry_limit`. */
  put(name: string, settings: InboxSettings): Promise<{ readonly inbox: InboxDetails; readonly created: boolean }>;
  get(name: string): Promise<InboxDetails | null>;
  /** Sorted by name. */
  list(page: PageRequest): Promise<Page<InboxDetails>>;
  /** Messages in the inbox, including those that are on their way to a client. */
  waitingCount(inbox: InboxDetails): Promise<number>;
  /** Deletes the inbox and its own log; a topic that it reads from stays. False: no such inbox. */
  delete(name: string): Promise<boolean>;
  /** Durable when it resolves. Throws `inbox_not_found`, `inbox_full`, `body_too_large`, `topic_not_found`. */
  keep(name: string, message: ArrivingMessage): Promise<Arrived>;
  /**
   * The oldest message, leased to this caller until `done`. null: none came within `waitMs`, or `gone` was aborted because the
   * client left. Throws `inbox_not_found`, `topic_not_found` and `too_many_waiters`.
   */
  take(name: string, want: { readonly waitMs: number; readonly gone: AbortSignal }): Promise<TakenMessage | null>;
  /** Ends every waiting `take` with null, and lets none wait from now on. */
  stopWaiting(): void;
}
