import type { InboxSettings } from "../../domain/inbox-rules.ts";
import type { EntryState, MessageId, NewMessage } from "../../domain/model.ts";
import type { ReceivePath } from "./receive-paths.ts";

export interface InboxDetails extends InboxSettings, EntryState {
  /** null: the inbox was stored before paths existed. The next change of the inbox makes one. */
  readonly path: ReceivePath | null;
}

/** A body that was POSTed to an inbox, with the request that brought it. */
export type ArrivingMessage = Pick<NewMessage, "body" | "contentType" | "request" | "hops" | "trace">;

export interface Arrived {
  /** False: the message was dropped, because the inbox keeps messages only while it is polled and no client polls. */
  readonly kept: boolean;
  /**
   * null: the message was not stored. A message that the inbox has dropped may still be stored in the inbox's topic.
   */
  readonly id: MessageId | null;
}
