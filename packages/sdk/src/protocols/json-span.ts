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
 * Returns null when the text is not an object or has no such member. When several members have the same name, the last
 * is returned, as with `JSON.parse`.
 */
export function topLevelMemberSpan(text: string, member: string): Span | null {
  const start = skipSpace(text, 0);
  return text.charCodeAt(start) === OPENING_BRACE ? scanObject(text, start, member).span : null;
}

/**
 * Returns the span of `member` in each element of the array `arrayMember`. The span is null for an element without this
 * member. Returns an empty list when there is no such array.
 */
export function arrayMemberSpans(text: string, arrayMember: string, member: string): readonly (Span | null)[] {
  const array = topLevelMemberSpan(text, arrayMember);
  if (array === null || text.charCodeAt(array.start) !== OPENING_BRACKET) return [];
  const spans: (Span | null)[] = [];
  let at = skipSpace(text, array.start + 1);
  while (text.charCodeAt(at) !== CLOSING_BRACKET) {
    let span: Span | null = null;
    let end: number;
    if (text.charCodeAt(at) === OPENING_BRACE) ({ span, end } = scanObject(text, at, member));
    else end = separatorAfter(text, at);
    if (end === at) throw unparsed();
    spans.push(span);
    at = nextValue(text, separatorAfter(text, end));
  }
  return spans;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/** The length of the longest escape of a character in a key, such as `\u0061`. */
const CHARS_PER_ESCAPE_MAX = 6;

/**
 * Finds a member of the object. `start` is the index of the opening brace. The returned `end` is the index after the
 * closing brace.
 */
function scanObject(text: string, start: number, member: string): { span: Span | null; end: number } {
  let span: Span | null = null;
  let at = skipSpace(text, start + 1);
  while (text.charCodeAt(at) !== CLOSING_BRACE) {
    const keyEnd = closingQuote(text, at) + 1;
    const valueStart = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const separator = separatorAfter(text, valueStart);
    if (isKey(text, at, keyEnd, member)) span = { start: valueStart, end: spaceBefore(text, separator) };
    at = nextValue(text, separator);
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

/** Returns the index of the comma or of the closing brace or bracket that follows the value. */
function separatorAfter(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = closingQuote(text, at);
        break;
      case OPENING_BRACE:
      case OPENING_BRACKET:
        depth++;
        break;
      case CLOSING_BRACE:
      case CLOSING_BRACKET:
        if (depth-- === 0) return at;
        break;
      case COMMA:
        if (depth === 0) return at;
        break;
    }
  }
  throw unparsed();
}

function nextValue(text: string, separator: number): number {
  return text.charCodeAt(separator) === COMMA ? skipSpace(text, separator + 1) : separator;
}

function skipSpace(text: string, start: number): number {
  let at = start;
  while (isSpace(text.charCodeAt(at))) at++;
  return at;
}

/** Returns the index at which the white space before `end` begins, or `end` if there is none. */
function spaceBefore(text: string, end: number): number {
  let at = end;
  while (isSpace(text.charCodeAt(at - 1))) at--;
  return at;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

function unparsed(): Error {
  return new Error("json-span was given text that JSON.parse would refuse");
}
