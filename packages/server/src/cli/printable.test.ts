import { assert, jsonValue, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonLine } from "./printable.ts";

describe("a line of JSON", () => {
  it("has no character that could change a terminal, and is the same for a program", () => {
    const evil = { "\u009b31m": "\u001b[2J\u202e\u007f\u2028" };
    expect(jsonLine(evil)).toBe(String.raw`{"\u009b31m":"\u001b[2J\u202e\u007f\u2028"}`);
    expect(JSON.parse(jsonLine(evil))).toEqual(evil);
    assert(
      property(jsonValue(), (value) => {
        expect(JSON.parse(jsonLine(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});
