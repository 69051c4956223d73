/**
 * How deep arrays and objects lie in each other in a JSON text, found before anything parses it: `JSON.parse` itself
 * takes any depth, and whatever walks through its result afterwards runs out of stack. One pass without recursion, which
 * ends at the first bracket too deep. It does not check the JSON; what is no JSON the parser refuses.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
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
        at = endOfString(text, at + 1);
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

/** Where the closing quote stands; the end of the text when there is none. */
function endOfString(text: string, start: number): number {
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code === BACKSLASH) at++;
  }
  return text.length;
}
