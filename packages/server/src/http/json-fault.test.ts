import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonFault } from "./json-fault.ts";

/** Returns the fault of a text; null when the text is JSON. */
function faultOf(text: string): string | null {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return jsonFault(text, error);
  }
}

describe("the fault of a text that is not JSON", () => {
  it.each([
    ['{"a":1,}', "line 1, column 8: expected double-quoted property name."],
    ["{'a':1}", "line 1, column 2: expected property name or '}'."],
    ['{"a" 1}', "line 1, column 6: expected ':' after property name."],
    ['{"a":1 "b":2}', "line 1, column 8: expected ',' or '}' after property value."],
    ["[1 2]", "line 1, column 4: expected ',' or ']' after array element."],
    ["[1,]", 'line 1, column 4: unexpected "]".'],
    ["[,]", 'line 1, column 2: unexpected ",".'],
    ["[[], {}, [}]", 'line 1, column 11: unexpected "}".'],
    ['{"a": [1, "b\\\\\\"]", -2.5e+3, true], "c":\n  x}', 'line 2, column 3: unexpected "x".'],
    ["😀", 'line 1, column 1: unexpected "😀".'],
    ["[1, trUe]", 'line 1, column 5: unexpected "t".'],
    ["01", "line 1, column 2: unexpected number."],
    ["nul", "line 1, column 4: the text ends too early."],
    ['"abc', "line 1, column 5: unterminated string."],
    [String.raw`"a\x"`, "line 1, column 4: bad escaped character."],
    ['"a\nb"', "line 1, column 3: bad control character in string literal."],
    ['{"a":', "line 1, column 6: the text ends too early."],
    ["{} x", "line 1, column 4: unexpected non-whitespace character after JSON."],
    ["x in JSON at position 7", 'line 1, column 1: unexpected "x".'],
  ])("%j is named with its line and column", (text, sentence) => {
    expect(faultOf(text)).toBe(`Not valid JSON at ${sentence}`);
  });

  it("is found at any depth and behind any string", () => {
    expect(faultOf("[".repeat(1_000_000))).toContain("column 1000001: the text ends too early");
    expect(faultOf(`["${"x\\\\".repeat(1_000_000)}", ?]`)).toContain('column 3000006: unexpected "?"');
  });

  it("is reported with its line for every text, and the text before it is valid", () => {
    const jsonWithADent = fc
      .tuple(
        fc.json(),
        fc.nat(),
        fc.nat({ max: 2 }),
        fc.constantFrom("", ",", "}", "]", '"', "\\", "\u0001", "0", "-", "e", ":", " "),
      )
      .map(([text, at, cut, put]) => {
        const index = at % (text.length + 1);
        return text.slice(0, index) + put + text.slice(index + cut);
      });
    fc.assert(
      fc.property(fc.oneof(jsonWithADent, fc.string()), (text) => {
        const fault = faultOf(text);
        if (fault === null) return;
        const [, line, column, kind] = /^Not valid JSON at line (\d+), column (\d+): (\w+ "|)/.exec(fault) ?? [];
        expect(Number(line)).toBeLessThanOrEqual(text.split("\n").length);
        // When `kind` is empty, the position comes from V8 and is not checked.
        if (kind === "") return;
        const lines = text.split("\n").slice(0, Number(line));
        const before = [...lines.slice(0, -1), lines.at(-1)?.slice(0, Number(column) - 1)].join("\n");
        expect(faultOf(before) ?? "").not.toMatch(/expected/);
      }),
      { numRuns: 5_000 },
    );
  });
});
