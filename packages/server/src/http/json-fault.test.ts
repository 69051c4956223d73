import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findJsonFault } from "./json-fault.ts";

describe("the JSON fault finder", () => {
  it.each([
    ['{"a":1,}', 7, "a member name in double quotes"],
    ["{'a':1}", 1, 'a member name in double quotes or "}"'],
    ['{"a" 1}', 5, "a colon"],
    ['{"a":1 "b":2}', 7, 'a comma or "}"'],
    ["[1 2]", 3, 'a comma or "]"'],
    ["[1,]", 3, "a value"],
    ["[,]", 1, 'a value or "]"'],
    ["01", 1, "the end of the text"],
    ["nul", 0, "a value"],
    ['"abc', 4, "the closing quote of a string"],
    [String.raw`"a\x"`, 2, "a valid escape"],
    ['"a\nb"', 2, "no unescaped control character inside a string"],
    ['{"a":', 5, "a value"],
    ["{} x", 3, "the end of the text"],
  ])("%j", (text, index, expected) => {
    expect(findJsonFault(text)).toEqual({ index, expected });
  });

  it("takes any depth", () => {
    expect(findJsonFault("[".repeat(1_000_000))?.index).toBe(1_000_000);
    expect(findJsonFault("[".repeat(100_000) + "]".repeat(100_000))).toBeNull();
  });

  it("takes long strings", () => {
    expect(findJsonFault(`"${"x".repeat(2_000_000)}"`)).toBeNull();
  });

  it("finds a fault in a text exactly when JSON.parse does", () => {
    const jsonWithADent = fc
      .tuple(
        fc.json(),
        fc.nat(),
        fc.nat({ max: 2 }),
        fc.constantFrom("", ",", "}", "]", '"', "\\", "\u0001", "0", "-", "e", ":", " "),
      )
      .map(([text, at, cut, put]) => {
        const place = at % (text.length + 1);
        return text.slice(0, place) + put + text.slice(place + cut);
      });
    fc.assert(
      fc.property(fc.oneof(fc.json(), jsonWithADent, fc.string()), (text) => {
        expect(findJsonFault(text) === null).toBe(parses(text));
      }),
      { numRuns: 5_000 },
    );
  });
});

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
