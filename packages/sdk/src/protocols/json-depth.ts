/**
 * Limits the nesting of a JSON text before the text is parsed. `JSON.parse` accepts any depth, and a recursive function
 * over its result then overflows the stack. The check is one pass without recursion and ends at the first bracket that
 * is too deep. Invalid JSON is left to the parser.
 */

import { closingQuote } from "./json-string.ts";

// Constants of this file: with imported ones the loops below were 1.5 times as slow (measured on Node 26).
const QUOTE = 0x22;
const COMMA = 0x2c;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/** Whether the nesting is at most `depthMax`. A text without brackets has depth 0, `[]` has depth 1. */
export function jsonDepthWithin(text: string, depthMax: number): boolean {
  return jsonWithin(text, depthMax, Number.POSITIVE_INFINITY);
}

/**
 * Checks the depth as {@link jsonDepthWithin} does, and that the text has at most `valuesMax` members and elements.
 * Each of these takes many bytes after parsing. Brackets and commas are counted: the first value of an object or array
 * follows a bracket, every other value follows a comma.
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
