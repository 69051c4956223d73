/**
 * Limits the nesting of a JSON text before the text is parsed. `JSON.parse` accepts any depth, and a recursive function
 * over its result then overflows the stack. One pass without recursion, which ends at the first bracket that is too
 * deep. The text is not checked otherwise; the parser rejects invalid JSON.
 */

import { closingQuote } from "./json-string.ts";

// Imported constants would make these loops half as slow again (measured on Node 26).
const QUOTE = 0x22;
const COMMA = 0x2c;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/** A text without brackets has depth 0, `[]` has depth 1. */
export function jsonDepthWithin(text: string, depthMax: number): boolean {
  return jsonWithin(text, depthMax, Number.POSITIVE_INFINITY);
}

/**
 * As {@link jsonDepthWithin}, and with at most `valuesMax` members and elements in total, since each takes many bytes
 * after parsing. Counts brackets and commas: the first value of an object or array follows a bracket, every other value
 * a comma.
 */
export function jsonWithin(text: string, depthMax: number, valuesMax: number): boolean {
  let depth = 0;
  let values = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = closingQuote(text, at);
        break;
      case OPENING_BRACKET:
      case OPENING_BRACE:
        if (++depth > depthMax || ++values > valuesMax) return false;
        break;
      case COMMA:
        if (++values > valuesMax) return false;
        break;
      case CLOSING_BRACKET:
      case CLOSING_BRACE:
        depth--;
        break;
    }
  }
  return true;
}
