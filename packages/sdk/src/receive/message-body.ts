import type { IncomingMessage } from "../protocols/protocol.ts";

/** Returns the message as text. Throws `TypeError` when the bytes are not UTF-8. */
export function messageText(message: Pick<IncomingMessage, "body">): string {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(message.body);
}

/**
 * Returns the message as a JSON value. Throws `SyntaxError` when the text is not JSON, and `TypeError` when the bytes
 * are not UTF-8. Integers beyond 2^53 are rounded, as with every `JSON.parse`; {@link messageText} has all digits.
 */
export function messageJson(message: Pick<IncomingMessage, "body">): unknown {
  return JSON.parse(messageText(message));
}
