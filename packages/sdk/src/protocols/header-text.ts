/**
 * Text in HTTP header values. Headers carry bytes, which programs represent as a string with one character per byte
 * (RFC 9110 section 5.5, the "isomorphic encode" of Fetch). Text that is not ASCII is sent as its UTF-8 bytes.
 */

import { type IncomingRequest, UndecodableError, UnencodableError } from "./protocol.ts";
import { incomingUtf8 } from "./text-bytes.ts";

/**
 * The longest header value that is read. Ringback never sends a value this long, so a longer value is an attack or a
 * mistake.
 */
export const headerValueCharsMax = 8192;

/** Printable ASCII without spaces at the ends. Such values are sent unchanged; nearly all values match. */
const plainValue = /^(?:[!-~](?:[ -~]*[!-~])?)?$/;
const controlCharacter = /\p{Cc}/u;

const encoder = new TextEncoder();

/**
 * Returns the header value for the text. Throws {@link UnencodableError}, naming `part`, when the text would be changed
 * on its way.
 */
export function toHeaderValue(part: string, text: string): string {
  if (plainValue.test(text)) return text;
  if (controlCharacter.test(text)) throw new UnencodableError(`${part}: a header cannot carry control characters`);
  if (text.startsWith(" ") || text.endsWith(" ")) {
    throw new UnencodableError(`${part}: a header loses the spaces at the ends of its value`);
  }
  if (!text.isWellFormed()) throw new UnencodableError(`${part}: half a surrogate pair has no bytes in UTF-8`);
  let value = "";
  for (const byte of encoder.encode(text)) value += String.fromCharCode(byte);
  return value;
}

/** The inverse of {@link toHeaderValue}. Throws {@link UndecodableError}, naming `part`. */
export function fromHeaderValue(part: string, value: string): string {
  if (value.length > headerValueCharsMax) {
    throw new UndecodableError(`${part}: longer than ${headerValueCharsMax} characters`);
  }
  if (plainValue.test(value)) return value;
  const text = incomingUtf8(part, headerBytes(part, value));
  if (controlCharacter.test(text)) throw new UndecodableError(`${part}: contains control characters`);
  return text;
}

/** The text of a header; null when the header is missing. */
export function headerText({ headers }: Pick<IncomingRequest, "headers">, name: string): string | null {
  const value = headers[name];
  return value === undefined ? null : fromHeaderValue(name, value);
}

/** Returns one byte per character. Throws {@link UndecodableError}, naming `part`, for other characters. */
export function headerBytes(part: string, value: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(value.length);
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at);
    if (code > 0xff) throw new UndecodableError(`${part}: contains characters that are not bytes`);
    bytes[at] = code;
  }
  return bytes;
}
