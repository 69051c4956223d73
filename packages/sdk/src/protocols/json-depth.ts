/**
 * How deep arrays and objects lie in each other in a JSON text, found before anything parses it: `JSON.parse` itself
 * takes any depth, and whatever walks through its result afterwards runs out of stack. One pass without recursion, which
 * ends at the first bracket too deep. It does not check the JSON; what is no JSON the parser refuses.
 */

import { closingQuote } from "./json-string.ts";

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/** A text without brackets has depth 0, `[]` has depth 1. */
export function jsonDepthWithin(text: string, depthMax: number): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = closingQuote(text, at);
        break;
      case OPENING_BRACKET:
      case OPENING_BRACE:
        if (++depth > depthMax) return false;
        break;
      case CLOSING_BRACKET:
      case CLOSING_BRACE:
        depth--;
        break;
    }
  }
  return true;
}

/** As {@link jsonDepthWithin}, and no more than `valuesMax` members and elements in all: each takes many bytes once parsed. */
export function jsonWithin(text: string, depthMax: number, valuesMax: number): boolean {
  return jsonDepthWithin(text, depthMax) && jsonValuesWithin(text, valuesMax);
}

/** The first value of an object or array follows its opening bracket, every other value follows a comma. */
function jsonValuesWithin(text: string, valuesMax: number): boolean {
  let values = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = closingQuote(text, at);
        break;
      case COMMA:
      case OPENING_BRACKET:
      case OPENING_BRACE:
        if (++values > valuesMax) return false;
        break;
    }
  }
  return true;
}
