/**
 * JSON whose integers arrive with all their digits. A JS number has 53 bits, so `JSON.parse` bends an id of 64; here an
 * integer that does not fit comes out as a string of its digits. Everything else is as `JSON.parse` has it. (Its
 * `context.source`, which tells the digits too, came after Node 20.)
 */

import { closingQuote } from "./json-string.ts";

const QUOTE = 0x22;
const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const UPPER_E = 0x45;
const LOWER_E = 0x65;

/** `Number.MAX_SAFE_INTEGER` has 16 digits: whatever is shorter fits. */
const DIGITS_IN_QUESTION = 16;

/** Throws `SyntaxError` for exactly what `JSON.parse` refuses. */
export function parseWithExactIntegers(text: string): unknown {
  const plain: unknown = JSON.parse(text);
  const quoted = withLargeIntegersQuoted(text);
  return quoted === null ? plain : JSON.parse(quoted);
}

/** Only for text that is JSON: quotes would make a member name of a number. null when there is nothing to quote. */
function withLargeIntegersQuoted(text: string): string | null {
  const pieces: string[] = [];
  let taken = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = closingQuote(text, at);
    else if (code === MINUS || isDigit(code)) {
      const end = numberEnd(text, at);
      if (isLargeInteger(text, at, end)) {
        pieces.push(text.slice(taken, at), `"${text.slice(at, end)}"`);
        taken = end;
      }
      at = end - 1;
    }
  }
  if (pieces.length === 0) return null;
  pieces.push(text.slice(taken));
  return pieces.join("");
}

/** Past its digits, point, exponent and signs, in whatever order JSON allows. */
function numberEnd(text: string, start: number): number {
  let at = start + 1;
  for (let code = text.charCodeAt(at); isDigit(code) || isPartOfNumber(code); code = text.charCodeAt(at)) at++;
  return at;
}

function isPartOfNumber(code: number): boolean {
  return code === POINT || code === LOWER_E || code === UPPER_E || code === PLUS || code === MINUS;
}

function isLargeInteger(text: string, start: number, end: number): boolean {
  if (end - start < DIGITS_IN_QUESTION) return false;
  const written = text.slice(start, end);
  return /^-?\d+$/.test(written) && !Number.isSafeInteger(Number(written));
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}
