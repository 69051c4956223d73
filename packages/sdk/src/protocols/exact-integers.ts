/**
 * Parses JSON without rounding integers. `JSON.parse` rounds integers beyond 2^53, such as 64-bit ids. Here such an
 * integer becomes a string of its digits; every other value is the same as from `JSON.parse`. (The `context.source`
 * argument of `JSON.parse` is not available in Node 20.)
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

/** `Number.MAX_SAFE_INTEGER` has 16 digits, so every shorter integer is exact. */
const UNSAFE_DIGITS_MIN = 16;

/** Throws `SyntaxError` for exactly the texts for which `JSON.parse` does. */
export function parseWithExactIntegers(text: string): unknown {
  const plain: unknown = JSON.parse(text);
  const quoted = withLargeIntegersQuoted(text);
  return quoted === null ? plain : JSON.parse(quoted);
}

/**
 * Requires valid JSON, because quotes would turn a number into a member name. Returns null when no integer needs
 * quotes.
 */
function withLargeIntegersQuoted(text: string): string | null {
  const pieces: string[] = [];
  let copiedTo = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = closingQuote(text, at);
    else if (code === MINUS || isDigit(code)) {
      const end = numberEnd(text, at);
      if (isLargeInteger(text, at, end)) {
        pieces.push(text.slice(copiedTo, at), `"${text.slice(at, end)}"`);
        copiedTo = end;
      }
      at = end - 1;
    }
  }
  if (pieces.length === 0) return null;
  pieces.push(text.slice(copiedTo));
  return pieces.join("");
}

/** Returns the index after the number: digits, point, exponent and signs, in the order that JSON allows. */
function numberEnd(text: string, start: number): number {
  let at = start + 1;
  for (let code = text.charCodeAt(at); isDigit(code) || isPartOfNumber(code); code = text.charCodeAt(at)) at++;
  return at;
}

function isPartOfNumber(code: number): boolean {
  return code === POINT || code === LOWER_E || code === UPPER_E || code === PLUS || code === MINUS;
}

function isLargeInteger(text: string, start: number, end: number): boolean {
  if (end - start < UNSAFE_DIGITS_MIN) return false;
  const written = text.slice(start, end);
  return /^-?\d+$/.test(written) && !Number.isSafeInteger(Number(written));
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}
