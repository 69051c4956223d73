import { isUtf8 } from "node:buffer";

const COMMA = 0x2c;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const openings = new Set("[{".split("").map(codeOf));
const closings = new Set("]}".split("").map(codeOf));
const spaces = new Set(" \t\r\n".split("").map(codeOf));

/**
 * Parses JSON that may contain trailing commas and begin with a byte order mark. The examples of the original API
 * contain trailing commas. Returns null for any other text that is not valid JSON.
 */
export function parseLenientJson(bytes: Uint8Array): { readonly value: unknown } | null {
  if (!isUtf8(bytes)) return null;
  const text = Buffer.from(bytes)
    .toString("utf8")
    .replace(/^\uFEFF/, "");
  return parse(text) ?? parse(withoutTrailingCommas(text));
}

function parse(text: string): { readonly value: unknown } | null {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return null;
  }
}

/** Removes a trailing comma after the last value of a list or object. `[,]` and `[1,,]` stay invalid. */
function withoutTrailingCommas(text: string): string {
  const pieces: string[] = [];
  let taken = 0;
  /** The last character that is not white space, and its position. */
  let last = 0;
  let lastAt = -1;
  let beforeLast = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (spaces.has(code)) continue;
    if (closings.has(code) && last === COMMA && beforeLast !== COMMA && !openings.has(beforeLast)) {
      pieces.push(text.slice(taken, lastAt));
      taken = lastAt + 1;
    }
    [beforeLast, last, lastAt] = [last, code, at];
    if (code === QUOTE) at = closingQuote(text, at);
  }
  pieces.push(text.slice(taken));
  return pieces.join("");
}

/** Returns the position of the quote that ends the string, or the end of the text if there is none. */
function closingQuote(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at;
}

function codeOf(character: string): number {
  return character.charCodeAt(0);
}
