import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { JsonText, losslessJson as json, parsePayload } from "./lossless-json.ts";
import { anyText } from "./testing/any-text.ts";

const again = (text: string) => json.stringify(json.parse(text));

/**
 * The first generators produce JSON as any program may write it: all spellings of numbers, white space, escapes,
 * unusual names.
 */
const number = fc
  .tuple(
    fc.constantFrom("", "-"),
    fc.oneof(fc.constant("0"), fc.bigInt({ min: 1n, max: 10n ** 24n }).map(String)),
    fc.constantFrom("", ".0", ".10", ".123456789012345678"),
    fc.constantFrom("", "e5", "E+400", "e-07"),
  )
  .map((parts) => parts.join(""));
const string = fc.oneof(
  anyText().map((text) => JSON.stringify(text)),
  fc.constantFrom(String.raw`"\u0041\/\ud800"`, '"1.0"', '"\\"\\\\"', '"-0}],"'),
);
const space = fc.constantFrom("", " ", "\n\t ", "\r\n");
const { value } = fc.letrec<{ value: string; array: string; object: string }>((tie) => ({
  value: fc
    .tuple(
      space,
      fc.oneof({ maxDepth: 4 }, fc.constantFrom("true", "false", "null"), number, string, tie("array"), tie("object")),
      space,
    )
    .map((parts) => parts.join("")),
  array: fc.array(tie("value"), { maxLength: 5 }).map((items) => `[${items.length === 0 ? " " : items.join(",")}]`),
  object: fc
    .array(
      fc.tuple(space, fc.oneof(string, fc.constantFrom('"__proto__"', '"a"', '"toJSON"', '"0"')), space, tie("value")),
      {
        maxLength: 5,
      },
    )
    .map((members) => `{${members.map(([before, name, after, of]) => `${before}${name}${after}:${of}`).join(",")}}`),
}));

/**
 * Generates text as `JSON.stringify` writes it, except for numbers. Names that are array indexes are left out, because
 * JavaScript objects list such names first.
 */
const { compact } = fc.letrec<{ compact: string; array: string; object: string }>((tie) => ({
  compact: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom("true", "false", "null"),
    number,
    plainString(),
    tie("array"),
    tie("object"),
  ),
  array: fc.array(tie("compact"), { maxLength: 5 }).map((items) => `[${items.join(",")}]`),
  object: fc
    .uniqueArray(
      fc.tuple(
        plainString().filter((name) => !/^"\d+"$/.test(name)),
        tie("compact"),
      ),
      {
        maxLength: 5,
        selector: ([name]) => name,
      },
    )
    .map((members) => `{${members.map(([name, of]) => `${name}:${of}`).join(",")}}`),
}));

function plainString() {
  return anyText().map((text) => JSON.stringify(text));
}

/** The same value, without texts. */
function plain(value: unknown): unknown {
  if (value instanceof JsonText) return JSON.parse(value.toString());
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]));
}

describe("lossless JSON", () => {
  it.each([
    "12345678901234567890",
    "-9007199254740993",
    "1.0",
    "1e3",
    "-0",
    "0.10",
    "1E400",
    "100000000000000000000000",
    '{"msgSvrID":3475435642412345678,"b":[1.50,2]}',
    '{"__proto__":{"a":1.0},"constructor":1e0}',
    '{"toJSON":1,"id":12345678901234567890,"x":{"toJSON":null,"y":1.0}}',
  ])("writes %s unchanged", (text) => {
    expect(again(text)).toBe(text);
  });

  it("parses ordinary numbers as numbers", () => {
    expect(json.parse('{"a":[1,-2,0.5,9007199254740991,1.25]}')).toEqual({ a: [1, -2, 0.5, 9007199254740991, 1.25] });
  });

  it("keeps other numbers as text, which are neither plain objects nor numbers", () => {
    const { id } = json.parse('{"id":1.0}') as { id: unknown };
    expect(id).toBeInstanceOf(JsonText);
    expect({ ...(id as object) }).toEqual({});
  });

  it("does not change prototypes", () => {
    const read = json.parse('{"__proto__":{"polluted":1.0}}') as object;
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    expect(Object.hasOwn(read, "__proto__")).toBe(true);
    expect("polluted" in {}).toBe(false);
  });

  it("equals JSON.parse except for numbers", () => {
    fc.assert(
      fc.property(value, (text) => {
        expect(plain(json.parse(text))).toEqual(JSON.parse(text));
      }),
      { numRuns: 500 },
    );
  });

  it("writes a text without white space unchanged", () => {
    fc.assert(
      fc.property(compact, (text) => {
        expect(again(text)).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  it("keeps everything below the third level as one text, whatever is in it", () => {
    const deep = '[{"a":"]}\\\\\\"","b":[1.0,[],{}]}]';
    const parsed = json.parse(`{"a":{"b":{"c":${deep},"d":1.0}}}`) as { a: { b: { c: unknown; d: unknown } } };
    expect(parsed.a.b.c).toBeInstanceOf(JsonText);
    expect(String(parsed.a.b.c)).toBe(deep);
    expect(String(parsed.a.b.d)).toBe("1.0");
  });

  it("omits what JSON does not have, as JSON.stringify does", () => {
    const value = { a: undefined, b: [undefined, () => {}], c: new Date(0), d: null, toJSON: 1 };
    expect(json.stringify(value)).toBe(JSON.stringify(value));
  });
});

describe("the payload of a call", () => {
  it("is written as it was, whatever its length", () => {
    const long = "x\\n".repeat(2_000);
    for (const text of [
      `{"a":{"b":{"c":1.0},"d":"${long}"},"e":[1.0],"f":"${long}"}`,
      '{"a":1.0,"b":"\\n"}',
      `"${long}"`,
    ]) {
      expect(json.stringify(parsePayload(text))).toBe(text);
    }
  });

  it("keeps long strings and the third level as text, and everything else as values", () => {
    const long = "x".repeat(5_000);
    const payload = parsePayload(`{"a":{"b":{"c":1},"d":"e"},"f":"${long}"}`) as {
      a: { b: unknown; d: unknown };
      f: unknown;
    };
    expect(payload.a.d).toBe("e");
    expect(payload.a.b).toBeInstanceOf(JsonText);
    expect(payload.f).toBeInstanceOf(JsonText);
  });
});
