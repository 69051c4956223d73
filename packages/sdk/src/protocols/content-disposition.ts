/**
 * The file name in a `Content-Disposition` header (RFC 6266), in both of its forms: `filename`, and `filename*` with a
 * character set (RFC 8187), which goes first where it can be read.
 */

import { safeFileName } from "./file-name.ts";
import { headerValueCharsMax } from "./header-text.ts";
import { utf8Text } from "./text-bytes.ts";

/** One parameter, its value in quotes or bare; or a semicolon that begins none. */
const parameters = /;[ \t]*([^\s;="]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\[^])*)"|([^;]*))|;/g;
const extendedValue = /^(utf-8|iso-8859-1)'[^']*'((?:%[\da-f]{2}|[\w!#$&+.^`|~-])*)$/i;
/** RFC 8187's attr-char. */
const needsNoPercent = /^[\w!#$&+.^`|~-]$/;

const encoder = new TextEncoder();

/** A safe name, or null when the header is missing, names none, or names one of which nothing safe is left. */
export function fileNameOf(header: string | undefined): string | null {
  if (header === undefined || header.length > headerValueCharsMax) return null;
  let plain: string | null = null;
  let extended: string | null = null;
  for (const [, name, quoted, bare] of header.matchAll(parameters)) {
    const value = quoted === undefined ? (bare ?? "").trim() : quoted.replaceAll(/\\([^])/g, "$1");
    if (name?.toLowerCase() === "filename") plain ??= safeFileName(textOfBytes(value));
    if (name?.toLowerCase() === "filename*") extended ??= safeFileName(textOfExtended(value));
  }
  return extended ?? plain;
}

/** The header that names this file, a safe name or none, such that {@link fileNameOf} gives it back. */
export function attachmentNamed(filename: string | null): string {
  if (filename === null) return "attachment";
  const ascii = filename.replaceAll(/[^ -~]/gu, "_");
  // Some readers decode a percent sign in the plain form too, so the other form says that it is one.
  if (ascii === filename && !filename.includes("%")) return `attachment; filename="${filename}"`;
  return `attachment; filename="${ascii.replaceAll("%", "_")}"; filename*=UTF-8''${percentEncoded(filename)}`;
}

/** Many senders put UTF-8 in the plain form; the rest means ISO 8859-1, which is what the characters already are. */
function textOfBytes(value: string): string {
  return utf8OrNull(value) ?? value;
}

function textOfExtended(value: string): string {
  const [, charset, encoded] = extendedValue.exec(value) ?? [];
  if (charset === undefined || encoded === undefined) return "";
  const bytes = encoded.replaceAll(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return charset.toLowerCase() === "utf-8" ? (utf8OrNull(bytes) ?? "") : bytes;
}

function utf8OrNull(oneBytePerCharacter: string): string | null {
  return utf8Text(Uint8Array.from(oneBytePerCharacter, (character) => character.charCodeAt(0)));
}

function percentEncoded(text: string): string {
  let encoded = "";
  for (const byte of encoder.encode(text)) {
    const character = String.fromCharCode(byte);
    encoded += needsNoPercent.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}
