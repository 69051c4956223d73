import { isUtf8 } from "node:buffer";

/** Makes untrusted text safe for a terminal. */

/** Control characters can move the cursor. Marks for the text direction can hide part of a text. */
// oxlint-disable-next-line no-control-regex -- these characters are to be escaped
const unsafe = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const unsafeInLine = new RegExp(`${unsafe.source}|[\\t\\n\\u2028\\u2029]`, "g");

const escaped = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** Escapes all unsafe characters except line breaks and tabs. */
export function printableText(text: string): string {
  return text.replaceAll("\r\n", "\n").replaceAll(unsafe, escaped);
}

export function printableLine(text: string): string {
  return text.replaceAll(unsafeInLine, escaped);
}

/** Writes JSON without raw characters that could change a terminal. The escaped ones are equal for programs. */
export function jsonLine(value: unknown): string {
  return printableLine(JSON.stringify(value));
}

/** Returns null if the bytes are not UTF-8. */
export function textOfBytes(bytes: Uint8Array): string | null {
  return isUtf8(bytes) ? Buffer.from(bytes).toString("utf8") : null;
}
