import { expect, it } from "vitest";
import { formatFinding } from "../rule.ts";
import { makeTree } from "../source/tree.ts";
import { fileLength } from "./file-length.ts";

const lines = (count: number) => "x;\n".repeat(count);
const find = (texts: Record<string, string>, ...excused: string[]) =>
  fileLength(excused.map((name) => ({ name, because: "one table" })))
    .find(makeTree(texts))
    .map(formatFinding);

it("allows 400 lines of code, and reports 401", () => {
  expect(find({ "a.ts": lines(400), "b.test.ts": lines(401), "c.sql": lines(402) })).toEqual([
    "b.test.ts:401: has 401 lines; at most 400 are allowed",
    "c.sql:401: has 402 lines; at most 400 are allowed",
  ]);
});

it("does not count the lines of documents", () => {
  expect(find({ "a.md": lines(500), "b.json": lines(500) })).toEqual([]);
});

it("accepts an excused long file, and reports an excuse that is not needed", () => {
  expect(find({ "a.ts": lines(401) }, "a.ts")).toEqual([]);
  expect(find({ "a.ts": lines(400) }, "a.ts", "gone.ts")).toEqual([
    "tidy/excuses.ts:1: a.ts needs no excuse any more",
    "tidy/excuses.ts:1: gone.ts needs no excuse any more",
  ]);
});

it("allows eight excuses, and reports the ninth", () => {
  const paths = Array.from({ length: 9 }, (_, index) => `${index}.ts`);
  const texts = Object.fromEntries(paths.map((path) => [path, lines(401)]));
  expect(find(texts, ...paths)).toEqual(["tidy/excuses.ts:1: 8.ts is an excuse too many; at most 8 are allowed"]);
});
