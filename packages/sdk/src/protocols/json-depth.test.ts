import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { jsonDepthWithin, jsonWithin } from "./json-depth.ts";

/** The depth of a parsed value. */
function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

/** The number of members and elements in a parsed value. */
function valuesOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return Object.values(value).reduce((sum: number, member) => sum + 1 + valuesOf(member), 0);
}

function emptyOnesOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const members = Object.values(value) as unknown[];
  return members.length === 0 ? 1 : members.reduce((sum: number, member) => sum + emptyOnesOf(member), 0);
}

describe("the size of JSON before it is parsed", () => {
  it("is the number of parsed values, plus one for each empty list or object", () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue({ maxDepth: 4 })), (value) => {
        const text = JSON.stringify(value);
        const values = valuesOf(value);
        expect(jsonWithin(text, 100, values + emptyOnesOf(value))).toBe(true);
        expect(jsonWithin(text, 100, values + emptyOnesOf(value) - 1)).toBe(false);
      }),
    );
  });

  it("ignores the content of strings", () => {
    expect(jsonWithin('{"a":"[,,,{,"}', 1, 1)).toBe(true);
    expect(jsonWithin('["a","b"]', 1, 1)).toBe(false);
  });
});

describe("the depth of JSON before it is parsed", () => {
  it("agrees with the depth after parsing, whatever the text", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (text) => {
        const depth = depthOf(JSON.parse(text));
        expect(jsonDepthWithin(text, depth)).toBe(true);
        expect(jsonDepthWithin(text, depth - 1)).toBe(depth === 0);
      }),
    );
  });

  it.each(['"[[[["', '"\\"[[[["', '"\\\\\\"{{{"', '{"[[[[":"}{{{{"}'])(
    "counts no bracket inside a string: %s",
    (text) => {
      expect(jsonDepthWithin(text, depthOf(JSON.parse(text)))).toBe(true);
    },
  );

  it("continues to count after a string that ends with an escaped backslash", () => {
    expect(jsonDepthWithin('["\\\\",[[]]]', 2)).toBe(false);
  });

  it("measures the depth of values, not their number", () => {
    expect(jsonDepthWithin(`[${"[],".repeat(1000)}{}]`, 2)).toBe(true);
  });

  it.each(["[", "{", '{"a":', '["x",'])("refuses a million times %j", (piece) => {
    expect(jsonDepthWithin(piece.repeat(1_000_000), 64)).toBe(false);
  });

  it.each(['"', '"[[', '"\\', "]]]", ""])("ends with text that is not JSON: %j", (text) => {
    expect(jsonDepthWithin(text, 0)).toBe(true);
  });
});
