/** Values of `ce-` headers (CloudEvents 1.0.2, HTTP binding, section 3.1.3.2): UTF-8, percent-encoded. */

import { headerBytes, headerValueCharsMax } from "./header-text.ts";
import { UndecodableError } from "./protocol.ts";
import { incomingUtf8 } from "./text-bytes.ts";

/** Percent-encoding writes each byte as three characters. */
const encodedCharsMax = 3 * headerValueCharsMax;

/** Matches all characters except printable ASCII without the space, the double quote and the percent sign. */
const toEncode = /[^!#$&-~]/gu;
const encodedByte = /%([\da-f]{2})/gi;
/** A quoted string (RFC 9110 section 5.6.4), which older versions of the binding used. */
const quotedString = /"((?:[^"\\]|\\[^])*)"/y;

/** Encodes well-formed text. Throws URIError for half a surrogate pair. */
export function toEventHeader(text: string): string {
  return text.replace(toEncode, encodeURIComponent);
}

/**
 * Decodes the value. Throws {@link UndecodableError}, naming `part`. Some senders do not encode at all. A percent sign
 * without two hexadecimal digits is read as itself, and bytes above 127 are read as UTF-8.
 */
export function fromEventHeader(part: string, value: string): string {
  if (value.length > encodedCharsMax) throw new UndecodableError(`${part}: longer than ${encodedCharsMax} characters`);
  const encoded = value.startsWith('"') ? unquoted(part, value) : value;
  const decoded = encoded.replace(encodedByte, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return incomingUtf8(part, headerBytes(part, decoded));
}

function unquoted(part: string, value: string): string {
  quotedString.lastIndex = 0;
  const content = quotedString.exec(value)?.[1];
  if (content === undefined) throw new UndecodableError(`${part}: a quoted string without a closing quote`);
  if (quotedString.lastIndex < value.length) throw new UndecodableError(`${part}: text after a quoted string`);
  return content.replace(/\\([^])/g, "$1");
}
