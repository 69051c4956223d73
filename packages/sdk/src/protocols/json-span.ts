/**
 * Where a member's value stands in a JSON text, so that it can be taken over as it was written: parsing and printing
 * would change `12345678901234567890`, `1.0`, white space and escapes.
 *
 * Only for text that `JSON.parse` has accepted: nothing here checks JSON again. One pass without recursion, so depth
 * costs no stack.
 */

import { closingQuote } from "./json-string.ts";

export interface Span {
  readonly start: number;
  /** The first position after the value. */
  readonly end: number;
}

/** null when the text is no object or has no such member. Of several with this name the last counts, as in JSON.parse. */
export function topLevelMemberSpan(text: string, member: string): Span | null {
  const start = skipSpace(text, 0);
  return text.charCodeAt(start) === OPENING_BRACE ? scanObject(text, start, member).span : null;
}

/**
 * For each element of the array in `arrayMember` the span of the element's `member`; null for elements without one.
 * Empty when there is no such array.
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

/** `\u0061` is the longest way to write a character of a key. */
const CHARS_PER_ESCAPE_MAX = 6;

/** `start` is at the opening brace; `end` comes after the closing one. */
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

/** Whether the string from `start` to `end`, quotes included, spells `member`. */
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

/** Past the comma between two members or elements, if there is one, and the space around it. */
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

/** Past the closing quote. */
function skipString(text: string, start: number): number {
  const end = closingQuote(text, start);
  if (end === text.length) throw unparsed();
  return end + 1;
}

/** Brackets and braces match in valid JSON, so one count serves both. */
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

/** A number, `true`, `false` or `null`. */
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
