/**
 * Parses JSON without rounding integers. `JSON.parse` rounds integers beyond 2^53, such as 64-bit ids. Here such an
 * integer becomes a string of its digits; every other value is the same as from `JSON.parse`. (The `context.source`
 * argument of `JSON.parse` is not available in Node 20.)
 */

import { closingQuote } from "./json-string.ts";

/**
 * Matches the beginning of a string, or an integer that may be inexact: `Number.MAX_SAFE_INTEGER` has 16 digits. The
 * digits of a fraction or of an exponent are not matched.
 */
const stringOrInteger = /"|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g;

/** Throws `SyntaxError` for exactly the texts for which `JSON.parse` does. */
export function parseWithExactIntegers(text: string): unknown {
  const plain: unknown = JSON.parse(text);
  const quoted = withLargeIntegersQuoted(text);
  return quoted === null ? plain : JSON.parse(quoted);
}

/**
 * Puts large integers into quotes. Requires valid JSON: in invalid JSON a number can be in the place of a member name,
 * and quotes would make the text valid. Returns null when no integer needs quotes.
 */
function withLargeIntegersQuoted(text: string): string | null {
  const pieces: string[] = [];
  let copiedTo = 0;
  stringOrInteger.lastIndex = 0;
  for (let found = stringOrInteger.exec(text); found !== null; found = stringOrInteger.exec(text)) {
    const { 0: written, index } = found;
    if (written === '"') stringOrInteger.lastIndex = closingQuote(text, index) + 1;
    else if (!Number.isSafeInteger(Number(written))) {
      pieces.push(text.slice(copiedTo, index), `"${written}"`);
      copiedTo = index + written.length;
    }
  }
  if (pieces.length === 0) return null;
  pieces.push(text.slice(copiedTo));
  return pieces.join("");
}
