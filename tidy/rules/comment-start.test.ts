import { expect, it } from "vitest";
import { makeTree } from "../source/tree.ts";
import { commentStart } from "./comment-start.ts";

const count = (path: string, text: string) => commentStart.find(makeTree({ [path]: text })).length;

it.each([
  "It is closed by the caller.",
  "Its rows.",
  "They go out together.",
  "What a subscription costs.",
  "Whoever waits for it.",
  "Nobody waits.",
  "That claim has ended.",
  "This is the largest one.",
  "This one is closed.",
  "These are positions.",
  "One that is closed.",
  "The one that is closed.",
  "All of them in order.",
])("reports “%s”", (text) => {
  expect(count("a.ts", `/** ${text} */`)).toBe(1);
});

it.each([
  "Closes the store.",
  "One row per claim.",
  "This file is generated.",
  "These two statuses never have a body.",
  "Itself a claim.",
  "Whether the key is known.",
  "All positions in order.",
  "Italic text.",
])("allows “%s”", (text) => {
  expect(count("a.ts", `/** ${text} */`)).toBe(0);
});

it("names the line and the word", () => {
  expect(commentStart.find(makeTree({ "a.ts": "\n/**\n * They are closed.\n */" }))).toEqual([
    { path: "a.ts", line: 3, sentence: 'the comment begins with "They"; name the thing that it stands for' },
  ]);
});

it("reads SQL, and only the first line of each comment", () => {
  expect(count("a.sql", "-- It is closed.\n-- They are closed.\nSELECT 1; -- What is closed.")).toBe(2);
  expect(count("a.ts", "// Rows of claims.\n// They are closed.")).toBe(0);
});

it("leaves strings and prose alone", () => {
  expect(count("a.ts", 'f("// It is");')).toBe(0);
  expect(count("a.md", "It is a document.")).toBe(0);
});
