import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeCursor, encodeCursor } from "./page-cursor.ts";

const wellFormed = fc.string({ unit: "grapheme", minLength: 1 });

describe("a page cursor", () => {
  it("returns the store's position, for its own listing", () => {
    fc.assert(
      fc.property(fc.string(), wellFormed, (listing, next) => {
        expect(decodeCursor(listing, encodeCursor(listing, next))).toBe(next);
      }),
    );
  });

  it("is refused when one character of it was changed", () => {
    fc.assert(
      fc.property(
        wellFormed,
        fc.nat(),
        fc.constantFrom("A", "b", "0", "-", "_", "=", ".", " "),
        (next, at, character) => {
          const cursor = encodeCursor("topics", next);
          const index = at % cursor.length;
          fc.pre(cursor[index] !== character);
          const changed = cursor.slice(0, index) + character + cursor.slice(index + 1);
          expect(() => decodeCursor("topics", changed)).toThrow(expect.objectContaining({ code: "invalid_cursor" }));
        },
      ),
    );
  });

  it.each(["", "x", "AAAA", "AAAAAA", "не base64"])("is refused when it is made up: %j", (cursor) => {
    expect(() => decodeCursor("topics", cursor)).toThrow(expect.objectContaining({ code: "invalid_cursor" }));
  });

  it("is refused in another listing", () => {
    const cursor = encodeCursor("attempts 1 all", "17");
    expect(() => decodeCursor("attempts 2 all", cursor)).toThrow(expect.objectContaining({ code: "invalid_cursor" }));
  });
});
