import { expect, it } from "vitest";
import { formatFinding } from "../rule.ts";
import { makeTree } from "../source/tree.ts";
import { lineWidth } from "./line-width.ts";

const find = (path: string, text: string) => lineWidth.find(makeTree({ [path]: text })).map(formatFinding);
const wide = (begin: string, columns: number, fill = "x") => begin + fill.repeat(columns - begin.length);

it("allows comments to end at column 120, and reports column 121", () => {
  expect(find("a.ts", `${wide("// ", 120)}\n/**\n${wide(" * ", 121)}\n */`)).toEqual([
    "a.ts:3: the comment ends at column 121; at most 120 are allowed",
  ]);
  expect(find("a.sql", wide("SELECT 1; -- ", 121))).toHaveLength(1);
});

it("measures prose, but neither tables nor code blocks", () => {
  const code = `\`\`\`\n${wide("", 130)}\n\`\`\`\n`;
  expect(find("a.md", `${wide("", 121)}\n${wide("| a |", 130)}\n${code}`)).toEqual([
    "a.md:1: the prose ends at column 121; at most 120 are allowed",
  ]);
});

it("leaves code, URLs and generated documents alone", () => {
  expect(find("a.ts", `const a = "${wide("", 130)}";\n// https://example.com/${wide("", 120)}`)).toEqual([]);
  expect(find("docs/reference/errors.md", wide("", 130))).toEqual([]);
});
