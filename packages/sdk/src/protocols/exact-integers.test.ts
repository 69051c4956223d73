import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { parseWithExactIntegers } from "./exact-integers.ts";

describe("JSON with exact integers", () => {
  it("returns the digits of an integer that a JS number cannot represent", () => {
    const text = '{"a": 1234567890123456789012, "b": [-9007199254740993, 9007199254740992], "c": 9007199254740991}';
    expect(parseWithExactIntegers(text)).toEqual({
      a: "1234567890123456789012",
      b: ["-9007199254740993", "9007199254740992"],
      c: Number.MAX_SAFE_INTEGER,
    });
  });

  it("keeps the digits of every integer, at every position", () => {
    const digits = fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n });
    fc.assert(
      fc.property(digits, fc.json({ maxDepth: 3 }), (integer, other) => {
        const isSafe = Number.isSafeInteger(Number(integer));
        expect(parseWithExactIntegers(`{"x":${integer},"y":[${other},${integer}]}`)).toEqual({
          x: isSafe ? Number(integer) : String(integer),
          y: [parseWithExactIntegers(other), isSafe ? Number(integer) : String(integer)],
        });
      }),
    );
  });

  it("agrees with JSON.parse on text without large integers", () => {
    const value = fc.jsonValue({ maxDepth: 4 });
    fc.assert(
      fc.property(value, (given) => {
        const text = JSON.stringify(given);
        fc.pre(!/\d{16}/.test(text.replaceAll(/"(?:[^"\\]|\\.)*"/g, "")));
        expect(parseWithExactIntegers(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each(["1e400", "12345678901234567890.5", "12345678901234567890e2", "0.12345678901234567890"])(
    "leaves what is no integer to JSON.parse: %s",
    (text) => {
      expect(parseWithExactIntegers(text)).toBe(JSON.parse(text));
    },
  );

  it("does not change digits inside strings, after any escape", () => {
    const text = String.raw`{"12345678901234567890":"12345678901234567890","\"":"\\","k\\":"\" 12345678901234567890"}`;
    expect(parseWithExactIntegers(text)).toEqual(JSON.parse(text));
  });

  it.each([
    "",
    "{12345678901234567890:1}",
    '{"a":1,12345678901234567890:1}',
    "01234567890123456789",
    "1234567890-1234567890",
    "[12345678901234567890,]",
    '"12345678901234567890',
  ])("refuses what JSON.parse refuses: %j", (text) => {
    expect(() => parseWithExactIntegers(text)).toThrow(SyntaxError);
  });

  it("treats a member called __proto__ like any other member", () => {
    const parsed = parseWithExactIntegers('{"__proto__":{"x":12345678901234567890}}');
    expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype);
    expect(Object.keys(parsed as object)).toEqual(["__proto__"]);
  });

  it("accepts megabytes of digits", () => {
    expect(parseWithExactIntegers(`[${"9".repeat(2_000_000)}]`)).toEqual(["9".repeat(2_000_000)]);
  });
});
