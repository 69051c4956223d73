/**
 * Reads and writes JSON so that every value keeps its text: ids beyond 2^53 keep their digits, and `1.0` stays `1.0`.
 * A number that JavaScript would write differently becomes a {@link JsonText}, and so does everything that is nested
 * deeper than a program looks. So a payload of a million values costs little more than its text.
 */

import type { JsonCodec } from "@ringback/sdk/protocols";

/** The text of a JSON value. The codec writes this text unchanged. */
export class JsonText {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }

  /** For writers other than the codec, which may round numbers. */
  toJSON(): unknown {
    return JSON.parse(this.#text);
  }
}

/** Reads replies. `parse` takes only valid JSON within the limits of hooks. */
export const losslessJson: JsonCodec = {
  parse: (text) => new Reader(text, replyReading).read(0),
  parseExact: (text) => JSON.parse(text),
  stringify: (value) => written(value) ?? "null",
  // Everything was checked when it arrived, and merging does not nest it deeper.
  isLimited: true,
};

/** Parses the payload of a caller, which is passed on, so that its long strings are kept as text too. */
export function parsePayload(text: string, numbersAreExact = false): unknown {
  if (text.length > shortPayloadChars) return new Reader(text, payloadReading).read(0);
  return numbersAreExact ? JSON.parse(text) : losslessJson.parse(text);
}

/** Parses valid JSON at every depth. A number that JavaScript would write differently becomes a {@link JsonText}. */
export function parseExactNumbers(text: string): unknown {
  return new Reader(text, wholeReading).read(0);
}

const shortPayloadChars = 4096;

interface Reading {
  /** Objects and arrays with this many others around them are kept as text. */
  readonly keptDepth: number;
  /** Longer strings are kept as text. */
  readonly stringCharsMax: number;
}

/** The dialects of hooks read three levels of a reply, and every string. */
const replyReading: Reading = { keptDepth: 3, stringCharsMax: Number.POSITIVE_INFINITY };
/** Replies are merged into two levels of a payload. */
const payloadReading: Reading = { keptDepth: 2, stringCharsMax: 1024 };
const wholeReading: Reading = { keptDepth: Number.POSITIVE_INFINITY, stringCharsMax: Number.POSITIVE_INFINITY };

/** Returns undefined for a value that JSON does not have, like `JSON.stringify`. */
function written(value: unknown): string | undefined {
  if (value instanceof JsonText) return String(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  // A payload may have a member of this name, which is no method.
  if ("toJSON" in value && typeof value.toJSON === "function") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => written(item) ?? "null").join(",")}]`;
  const members: string[] = [];
  for (const [name, member] of Object.entries(value)) {
    const text = written(member);
    if (text !== undefined) members.push(`${JSON.stringify(name)}:${text}`);
  }
  return `{${members.join(",")}}`;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPENING_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;
const SPACE = 0x20;

/** Reads a text that is known to be valid JSON. */
class Reader {
  readonly #text: string;
  readonly #reading: Reading;
  #at = 0;

  constructor(text: string, reading: Reading) {
    this.#text = text;
    this.#reading = reading;
  }

  /** `depth` is the number of objects and arrays around the value. */
  read(depth: number): unknown {
    switch (this.#next()) {
      case OPENING_BRACE:
        return depth === this.#reading.keptDepth ? this.#kept() : this.#object(depth);
      case OPENING_BRACKET:
        return depth === this.#reading.keptDepth ? this.#kept() : this.#array(depth);
      case QUOTE:
        return this.#stringOrText();
      default:
        return this.#word();
    }
  }

  #object(depth: number): Record<string, unknown> {
    const members: Record<string, unknown> = {};
    this.#at++;
    while (this.#next() !== CLOSING_BRACE) {
      if (this.#text.charCodeAt(this.#at) === COMMA) {
        this.#at++;
        this.#next();
      }
      const name = this.#string(Number.POSITIVE_INFINITY) ?? "";
      this.#next();
      // Skips the colon.
      this.#at++;
      const value = this.read(depth + 1);
      // A plain assignment to `__proto__` would change the object's prototype.
      if (name === "__proto__") {
        Object.defineProperty(members, name, { value, writable: true, enumerable: true, configurable: true });
      } else members[name] = value;
    }
    this.#at++;
    return members;
  }

  #array(depth: number): unknown[] {
    const items: unknown[] = [];
    this.#at++;
    while (this.#next() !== CLOSING_BRACKET) {
      if (this.#text.charCodeAt(this.#at) === COMMA) this.#at++;
      items.push(this.read(depth + 1));
    }
    this.#at++;
    return items;
  }

  /** Reads an object or an array as text. */
  #kept(): JsonText {
    const start = this.#at;
    let depth = 0;
    do {
      const code = this.#text.charCodeAt(this.#at);
      if (code === QUOTE) this.#skipString();
      else {
        if (code === OPENING_BRACE || code === OPENING_BRACKET) depth++;
        if (code === CLOSING_BRACE || code === CLOSING_BRACKET) depth--;
        this.#at++;
      }
    } while (depth > 0);
    return new JsonText(this.#text.slice(start, this.#at));
  }

  #stringOrText(): string | JsonText {
    const start = this.#at;
    const string = this.#string(this.#reading.stringCharsMax);
    return string ?? new JsonText(this.#text.slice(start, this.#at));
  }

  /** Returns null for a string that is written with more characters than given. */
  #string(charsMax: number): string | null {
    const start = this.#at;
    const escaped = this.#skipString();
    if (this.#at - start > charsMax) return null;
    if (!escaped) return this.#text.slice(start + 1, this.#at - 1);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it begins and ends with a quote
    return JSON.parse(this.#text.slice(start, this.#at)) as string;
  }

  /** Returns whether the string contains an escape. */
  #skipString(): boolean {
    let escaped = false;
    let at = this.#at + 1;
    for (let code = this.#text.charCodeAt(at); code !== QUOTE; code = this.#text.charCodeAt(at)) {
      if (code === BACKSLASH) {
        escaped = true;
        at++;
      }
      at++;
    }
    this.#at = at + 1;
    return escaped;
  }

  /** Reads a number, true, false or null, up to the next bracket, comma or space. */
  #word(): unknown {
    const start = this.#at;
    while (this.#at < this.#text.length && !endsWord(this.#text.charCodeAt(this.#at))) this.#at++;
    const word = this.#text.slice(start, this.#at);
    if (word === "true") return true;
    if (word === "false") return false;
    if (word === "null") return null;
    const number = Number(word);
    return String(number) === word ? number : new JsonText(word);
  }

  /** Skips white space and returns the code of the next character. */
  #next(): number {
    while (this.#text.charCodeAt(this.#at) <= SPACE) this.#at++;
    return this.#text.charCodeAt(this.#at);
  }
}

function endsWord(code: number): boolean {
  return code <= SPACE || code === COMMA || code === CLOSING_BRACKET || code === CLOSING_BRACE;
}
