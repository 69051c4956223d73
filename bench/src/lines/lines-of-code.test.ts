import { expect, it } from "vitest";
import { linesOfCode } from "./lines-of-code.ts";

it.each([
  ["code with a comment behind it", "ts", "a(); // why\n b(); /* why */", 2],
  ["neither blank lines nor comments", "ts", "\n// why\n  \n/** Why. */\n", 0],
  ["no line of a block comment", "ts", "/*\n * why\n\n a();\n */\na();", 1],
  ["code behind the end of a block comment", "ts", "/* why\n */ a();\n/* why */ b();", 2],
  ["every line of a statement", "ts", "const a = [\n  1,\n];", 3],
  ["SQL without its comments", "sql", "-- why\nSELECT 1 -- why\n/* why */\nFROM t;", 2],
] as const)("counts %s", (_what, language, text, lines) => {
  expect(linesOfCode(text, language)).toBe(lines);
});
