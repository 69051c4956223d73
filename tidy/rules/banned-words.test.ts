import { expect, it } from "vitest";
import { formatFinding } from "../rule.ts";
import { makeTree } from "../source/tree.ts";
import { houseWords } from "../house-words.ts";
import { bannedWords } from "./banned-words.ts";

const find = (path: string, text: string) =>
  bannedWords(houseWords)
    .find(makeTree({ [path]: text }))
    .map(formatFinding);

it("reports a word in a comment, a string, a template and a document", () => {
  const better = "better: subscription sender, or connection pool";
  expect(find("a.ts", '// A lane.\nf("two Lanes");\n`one\nlane ${x}`;')).toEqual([
    `a.ts:1: "lane"; ${better}`,
    `a.ts:2: "Lanes"; ${better}`,
    `a.ts:4: "lane"; ${better}`,
  ]);
  expect(find("a.md", "one\n`lane`")).toEqual([`a.md:2: "lane"; ${better}`]);
  expect(find("a.sql", "-- Handed out.")).toHaveLength(1);
});

it("reports a phrase across a line break once, and a word at the end of a line once", () => {
  expect(find("a.ts", "/**\n * What is given\n * back.\n */")).toEqual(['a.ts:2: "given back"; better: release']);
  expect(find("a.ts", "// A lane\n// is long.")).toHaveLength(1);
});

it("allows similar words, and words of ordinary English", () => {
  expect(find("a.md", "A plane. Indoors. By hand. An audience. Told in place. Handed over. A hint.")).toEqual([]);
});

it("ignores names and generated documents", () => {
  expect(find("a.ts", "openLane(lane);")).toEqual([]);
  expect(find("docs/reference/errors.md", "lane")).toEqual([]);
});
