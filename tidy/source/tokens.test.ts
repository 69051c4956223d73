import { expect, it } from "vitest";
import { readTokens } from "./tokens.ts";

const pieces = (text: string) => readTokens(text).map((token) => `${token.kind} ${token.text}`);

it("separates words, strings and comments", () => {
  expect(pieces(`const a = "b"; // c\n/* d */ e('f')`)).toEqual([
    "word const",
    "word a",
    'string "b"',
    "comment // c",
    "comment /* d */",
    "word e",
    "string 'f'",
  ]);
});

it("finds no comment inside a string, a template or a regular expression", () => {
  expect(pieces('f("// a", `/* b */`, /[/*]\\/\\*/g)')).toEqual([
    "word f",
    'string "// a"',
    "template `/* b */`",
    "regex /[/*]\\/\\*/g",
  ]);
});

it("distinguishes a division from a regular expression", () => {
  expect(pieces("a / b / c")).toEqual(["word a", "word b", "word c"]);
  expect(pieces("f(a) / b[0] / 2")).toEqual(["word f", "word a", "word b"]);
  expect(pieces("return /b/.test(a)")).toEqual(["word return", "regex /b/", "word test", "word a"]);
});

it("returns a template as one token, followed by the tokens of its expressions", () => {
  expect(pieces("`a ${b({ c: `d ${e}` })} f` + g")).toEqual([
    "template `a ${b({ c: `d ${e}` })} f`",
    "word b",
    "word c",
    "template `d ${e}`",
    "word e",
    "word g",
  ]);
});

it("reads an escaped quote, backtick and dollar sign as text", () => {
  expect(pieces("\"a\\\"b\" `c\\`d\\${e` 'f\\'g'")).toEqual([
    'string "a\\"b"',
    "template `c\\`d\\${e`",
    "string 'f\\'g'",
  ]);
});

it("gives the index of each piece", () => {
  expect(readTokens("a\n`b` c").map((token) => token.index)).toEqual([0, 2, 6]);
});
