/**
 * The file name in a `Content-Disposition` header (RFC 6266). The parameter `filename*` contains a character set (RFC
 * 8187). When `filename*` is readable, `filename` is ignored.
 */

import { safeFileName } from "./file-name.ts";
import { headerValueCharsMax } from "./header-text.ts";
import { utf8Text } from "./text-bytes.ts";

/** Matches a parameter with a quoted or an unquoted value, or a semicolon without a parameter. */
const parameters = /;[ \t]*([^\s;="]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\[^])*)"|([^;]*))|;/g;
const extendedValue = /^(utf-8|iso-8859-1)'[^']*'((?:%[\da-f]{2}|[\w!#$&+.^`|~-])*)$/i;
/** All characters except attr-char of RFC 8187. */
const needsPercent = /[^\w!#$&+.^`|~-]/gu;

/**
 * Returns a safe file name. Returns null when the header is missing, gives no file name, or gives a name without any
 * safe character.
 */
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

/** Returns a header value for which {@link fileNameOf} returns `filename`. `filename` must be a safe name or null. */
export function attachmentNamed(filename: string | null): string {
  if (filename === null) return "attachment";
  const ascii = filename.replaceAll(/[^ -~]/gu, "_");
  // Some readers decode a percent sign in `filename` as well, so a name with a percent sign is sent in `filename*`.
  if (ascii === filename && !filename.includes("%")) return `attachment; filename="${filename}"`;
  return `attachment; filename="${ascii.replaceAll("%", "_")}"; filename*=UTF-8''${percentEncoded(filename)}`;
}

/**
 * Decodes the value. Many senders write UTF-8 in `filename`. Other values are ISO 8859-1, in which each byte is one
 * character.
 */
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
  const encoded = text.replaceAll(needsPercent, (character) => encodeURIComponent(character));
  // `encodeURIComponent` does not encode these four characters.
  return encoded.replaceAll(/['()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
