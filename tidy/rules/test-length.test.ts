import { expect, it } from "vitest";
import { formatFinding } from "../rule.ts";
import { makeTree } from "../source/tree.ts";
import { testLength } from "./test-length.ts";

const find = (path: string, text: string) => testLength.find(makeTree({ [path]: text })).map(formatFinding);
const body = (lines: number) => "  call();\n".repeat(lines);

it("allows tests of 70 lines, and reports 71", () => {
  expect(find("a.test.ts", `it("a", () => {\n${body(68)}});\n`)).toEqual([]);
  expect(find("a.test.ts", `const b = 1;\nit("a", () => {\n${body(69)}});\n`)).toEqual([
    "a.test.ts:2: a block of 71 lines; at most 70 are allowed",
  ]);
});

it("measures tests with a table of cases, and functions", () => {
  expect(find("a.test.ts", `test.each([\n  [1],\n])("a", (one) => {\n${body(67)}});\n`)).toHaveLength(1);
  expect(find("a.test.ts", `async function a(\n  b: number,\n): Promise<void> {\n${body(67)}}\n`)).toHaveLength(1);
  expect(find("store/a.contract.ts", `  promise(\n    "a",\n    () => {\n${body(70)}    },\n  );\n`)).toHaveLength(1);
});

it("does not measure blocks that contain tests", () => {
  const suite = `  it("a", () => {\n${body(40)}  });\n  it("b", () => {\n${body(40)}  });\n`;
  expect(find("a.test.ts", `describe("a", () => {\n${suite}});\n`)).toEqual([]);
  expect(find("a.contract.ts", `export function aContract() {\n${suite}}\n`)).toEqual([]);
});

it("ignores files that the linter checks", () => {
  expect(find("a.ts", `function a() {\n${body(69)}}\n`)).toEqual([]);
});
