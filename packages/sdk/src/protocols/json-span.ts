/**
 * Finds the position of a member's value in a JSON text, so that the value can be copied unchanged. Parsing and
 * printing would change `12345678901234567890`, `1.0`, white space and escapes.
 *
 * The text must be valid JSON; nothing here checks it again. The scan is one pass without recursion, so nesting needs
 * no stack.
 */

import { closingQuote } from "./json-string.ts";

export interface Span {
  readonly start: number;
  /** The index after the last character of the value. */
  readonly end: number;
}

/**
 * Returns null when the text is not an object or has no such member. Of several members with the same name the last
 * counts, as with `JSON.parse`.
 */
export function topLevelMemberSpan(text: string, member: string): Span | null {
  const start = skipSpace(text, 0);
  return text.charCodeAt(start) === OPENING_BRACE ? scanObject(text, start, member).span : null;
}

/**
 * Returns, for each element of the array in `arrayMember`, the span of the element's `member`, or null for an element
 * without it. Returns an empty list when there is no such array.
 */
export function arrayMemberSpans(text: string, arrayMember: string, member: string): readonly (Span | null)[] {
  const array = topLevelMemberSpan(text, arrayMember);
  if (array === null || text.charCodeAt(array.start) !== OPENING_BRACKET) return [];
  const spans: (Span | null)[] = [];
  let at = skipSpace(text, array.start + 1);
  while (text.charCodeAt(at) !== CLOSING_BRACKET) {
    let span: Span | null = null;
    if (text.charCodeAt(at) === OPENING_BRACE) ({ span, end: at } = scanObject(text, at, member));
    else at = skipValue(text, at);
    spans.push(span);
    at = skipSeparator(text, at);
  }
  return spans;
}

const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/** The longest escape of a character in a key is `\u0061`. */
const CHARS_PER_ESCAPE_MAX = 6;

/** `start` is the index of the opening brace; the returned `end` is the index after the closing brace. */
function scanObject(text: string, start: number, member: string): { span: Span | null; end: number } {
  let span: Span | null = null;
  let at = skipSpace(text, start + 1);
  while (text.charCodeAt(at) !== CLOSING_BRACE) {
    const keyEnd = skipString(text, at);
    const valueStart = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const valueEnd = skipValue(text, valueStart);
    if (isKey(text, at, keyEnd, member)) span = { start: valueStart, end: valueEnd };
    at = skipSeparator(text, valueEnd);
  }
  return { span, end: at + 1 };
}

/** Whether the string from `start` to `end`, including its quotes, equals `member`. */
function isKey(text: string, start: number, end: number, member: string): boolean {
  const length = end - start - 2;
  if (length === member.length && text.startsWith(member, start + 1)) return !member.includes("\\");
  if (length <= member.length || length > member.length * CHARS_PER_ESCAPE_MAX) return false;
  const written = text.slice(start, end);
  return written.includes("\\") && JSON.parse(written) === member;
}

function skipSpace(text: string, start: number): number {
  let at = start;
  while (isSpace(text.charCodeAt(at))) at++;
  return at;
}

/** Returns the index after an optional comma and the white space around it. */
function skipSeparator(text: string, start: number): number {
  const at = skipSpace(text, start);
  return text.charCodeAt(at) === COMMA ? skipSpace(text, at + 1) : at;
}

function skipValue(text: string, start: number): number {
  switch (text.charCodeAt(start)) {
    case QUOTE:
      return skipString(text, start);
    case OPENING_BRACE:
    case OPENING_BRACKET:
      return skipNested(text, start);
    default:
      return skipScalar(text, start);
  }
}

/** Returns the index after the closing quote. */
function skipString(text: string, start: number): number {
  const end = closingQuote(text, start);
  if (end === text.length) throw unparsed();
  return end + 1;
}

/** Counts braces and brackets together, since they match in valid JSON. */
function skipNested(text: string, start: number): number {
  let depth = 0;
  let at = start;
  do {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = skipString(text, at);
        continue;
      case OPENING_BRACE:
      case OPENING_BRACKET:
        depth++;
        break;
      case CLOSING_BRACE:
      case CLOSING_BRACKET:
        depth--;
        break;
      default:
        if (at >= text.length) throw unparsed();
    }
    at++;
  } while (depth > 0);
  return at;
}

/** Skips a number, `true`, `false` or `null`. */
function skipScalar(text: string, start: number): number {
  let at = start;
  while (at < text.length && !endsScalar(text.charCodeAt(at))) at++;
  if (at === start) throw unparsed();
  return at;
}

function endsScalar(code: number): boolean {
  return code === COMMA || code === CLOSING_BRACE || code === CLOSING_BRACKET || isSpace(code);
}

function isSpace(code: number): boolean {
  return code === SPACE || code === LINE_FEED || code === CARRIAGE_RETURN || code === TAB;
}

function unparsed(): Error {
  return new Error("json-span was given text that JSON.parse would refuse");
}
