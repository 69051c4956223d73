import type { IncomingMessage } from "../protocols/protocol.ts";

/** The message as text. Throws `TypeError` when its bytes are not UTF-8. */
export function messageText(message: Pick<IncomingMessage, "body">): string {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(message.body);
}

/**
 * The message as a JSON value. Throws `SyntaxError` when it is none, `TypeError` when it is not even text. Integers
 * beyond 2^53 lose digits, as with every `JSON.parse`; whoever needs them reads {@link messageText}.
 */
export function messageJson(message: Pick<IncomingMessage, "body">): unknown {
  return JSON.parse(messageText(message));
}
