/** Values of `ce-` headers (CloudEvents 1.0.2, HTTP binding, section 3.1.3.2): UTF-8, percent-encoded. */

import { headerValueCharsMax } from "./header-text.ts";
import { UndecodableError } from "./protocol.ts";
import { utf8Text } from "./text-bytes.ts";

/** Percent-encoding writes each byte as three characters. */
const encodedCharsMax = 3 * headerValueCharsMax;

/** Matches all characters except printable ASCII without the space, the double quote and the percent sign. */
const toEncode = /[^!#$&-~]/gu;
const ending = /["\\]/g;

/** Encodes well-formed text. Throws URIError for half a surrogate pair. */
export function toEventHeader(text: string): string {
  return text.replace(toEncode, encodeURIComponent);
}

/**
 * Throws {@link UndecodableError}, naming `part`. Some senders do not encode at all, so a percent sign without two
 * hexadecimal digits is read as itself, and bytes above 127 are read as UTF-8.
 */
export function fromEventHeader(part: string, value: string): string {
  if (value.length > encodedCharsMax) throw new UndecodableError(`${part}: longer than ${encodedCharsMax} characters`);
  const encoded = value.startsWith('"') ? unquoted(part, value) : value;
  const bytes = new Uint8Array(encoded.length);
  let length = 0;
  for (let at = 0; at < encoded.length; at++) {
    let code = encoded.charCodeAt(at);
    if (code > 0xff) throw new UndecodableError(`${part}: contains characters that are not bytes`);
    if (code === PERCENT) {
      const byte = hexByte(encoded, at + 1);
      if (byte !== null) {
        code = byte;
        at += 2;
      }
    }
    bytes[length++] = code;
  }
  const text = utf8Text(bytes.subarray(0, length));
  if (text === null) throw new UndecodableError(`${part}: not UTF-8`);
  return text;
}

const PERCENT = 0x25;
const twoHexDigits = /[\da-fA-F]{2}/y;

function hexByte(text: string, at: number): number | null {
  twoHexDigits.lastIndex = at;
  return twoHexDigits.test(text) ? Number.parseInt(text.slice(at, at + 2), 16) : null;
}

/** Reads a quoted string (RFC 9110 section 5.6.4), which older versions of the binding used. */
function unquoted(part: string, value: string): string {
  let text = "";
  let from = 1;
  for (;;) {
    ending.lastIndex = from;
    const at = ending.exec(value)?.index;
    if (at === undefined) throw new UndecodableError(`${part}: a quoted string without a closing quote`);
    text += value.slice(from, at);
    if (value[at] === '"') {
      if (at !== value.length - 1) throw new UndecodableError(`${part}: text after a quoted string`);
      return text;
    }
    if (at + 1 === value.length) throw new UndecodableError(`${part}: a quoted string without a closing quote`);
    text += value[at + 1];
    from = at + 2;
  }
}
