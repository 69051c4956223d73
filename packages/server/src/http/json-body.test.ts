import { describe, expect, it } from "vitest";
import { limits } from "../domain/limits.ts";
import { assertJson, parseJson, readJson, readJsonAround } from "./json-body.ts";

/** Returns the sentence about a text; null when the text is JSON. */
function faultOf(text: string): string | null {
  try {
    parseJson(Buffer.from(text));
    return null;
  } catch (error) {
    return (error as Error).message;
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
    ['["ä😀"\n, "ä😀" x]', "line 2, column 9: expected ',' or ']' after array element."],
    [`[\n${" ".repeat(100_000)}x]`, 'line 2, column 100001: unexpected "x".'],
  ])("%j is named with its line and column", (text, sentence) => {
    expect(faultOf(text)).toBe(`Not valid JSON at ${sentence}`);
  });

  it.each([
    [String.raw`{"bod\x":1}`, "line 1, column 7: bad escaped character."],
    [String.raw`{"bod\u12":1}`, "line 1, column 10: bad Unicode escape."],
    [String.raw`{"body":"a\x"}`, "line 1, column 12: bad escaped character."],
  ])("%j is named beside members that are not parsed", async (text, sentence) => {
    const read = readJsonAround(Buffer.from(text), { depth: 1, names: ["body"] });
    await expect(read).rejects.toMatchObject({ code: "malformed_json", message: `Not valid JSON at ${sentence}` });
  });

  it("is that there is nothing, or a byte order mark", () => {
    expect(faultOf("")).toContain("is empty");
    expect(faultOf(" \n")).toContain("is empty");
    expect(faultOf("\uFEFF{}")).toContain("byte order mark");
  });
});

const deep = (levels: number) => "[".repeat(levels) + "]".repeat(levels);

describe("JSON within limits", () => {
  it("has a limit of depth, also where its values are not parsed", async () => {
    expect(faultOf(deep(limits.jsonDepthMax))).toBeNull();
    expect(faultOf(deep(limits.jsonDepthMax + 1))).toBe("The request body is JSON deeper than 500 levels.");
    await expect(assertJson(Buffer.from("[".repeat(4_000_000)))).rejects.toMatchObject({ code: "json_too_complex" });
  });

  it("has a limit of values, except where they are not parsed", async () => {
    const wide = Buffer.from(`[${"1,".repeat(limits.jsonValuesMax)}1]`);
    expect(() => parseJson(wide)).toThrow(expect.objectContaining({ code: "json_too_complex" }));
    await assertJson(wide);
  });

  it("is read in steps, between which other work is done", async () => {
    let turns = 0;
    const count = () => void (turns++, (next = setImmediate(count)));
    let next = setImmediate(count);
    const bytes = Buffer.from(`[${"1.0,".repeat(1_000_000)}1.0]`);
    await readJson(bytes, { depthMax: 1, valuesMax: Infinity }, () => null);
    clearImmediate(next);
    expect(turns).toBeGreaterThanOrEqual(bytes.length / (256 * 1024) - 1);
  });
});
