import { parseMessageId } from "./message-id.ts";
import type { Attempt, MessageId, Seq, TimeMs } from "./model.ts";

/** Names an attempt among those of one subscription. */
export interface AttemptKey {
  readonly messageId: MessageId;
  /** Of the message. */
  readonly seq: Seq;
  readonly attempt: number;
  readonly startedAtMs: TimeMs;
}

const form = /^(?<messageId>[0-9]{1,20})-(?<attempt>[0-9]{1,15})-(?<startedAt>[0-9]{1,15})$/;

/** Returns the id, such as `1099511627777-2-1790000000000`: the message, the number of the attempt, and its start. */
export function attemptId(messageId: MessageId, { attempt, startedAtMs }: Pick<Attempt, "attempt" | "startedAtMs">) {
  return `${messageId}-${attempt}-${startedAtMs}`;
}

/** Returns null for a text of another form. */
export function parseAttemptId(id: string): AttemptKey | null {
  const { messageId, attempt, startedAt } = form.exec(id)?.groups ?? {};
  const position = messageId === undefined ? null : parseMessageId(messageId);
  if (position === null) return null;
  const { seq } = position;
  return { messageId: messageId as MessageId, seq, attempt: Number(attempt), startedAtMs: Number(startedAt) };
}
