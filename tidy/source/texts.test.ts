import { expect, it } from "vitest";
import { SourceFile } from "./source-file.ts";

const texts = (path: string, text: string) =>
  new SourceFile(path, text).texts.map(({ line, kind, isFirst, text: read }) =>
    [line, kind, isFirst ? "first" : "later", read].join(" | "),
  );

it("reads block comments line by line, without their marks", () => {
  expect(texts("a.ts", "/**\n * One\n *\n * two. */\nconst a = 1; /* three */")).toEqual([
    "2 | comment | first | One",
    "4 | comment | later | two.",
    "5 | comment | first | three",
  ]);
});

it("treats consecutive line comments as one comment", () => {
  expect(texts("a.ts", "// One\n// two.\n\n// Three.\ncall(); // Four.\n// Five.")).toEqual([
    "1 | comment | first | One",
    "2 | comment | later | two.",
    "4 | comment | first | Three.",
    "5 | comment | first | Four.",
    "6 | comment | first | Five.",
  ]);
});

it("reads the comments of SQL and of scripts", () => {
  expect(texts("a.sql", "-- One\n-- two\nSELECT 1; -- Three")).toEqual([
    "1 | comment | first | One",
    "2 | comment | later | two",
    "3 | comment | first | Three",
  ]);
  expect(texts("a.yaml", "#!x\n# One\na: b#c # Two")).toEqual([
    "2 | comment | first | One",
    "3 | comment | first | Two",
  ]);
});

it("separates prose from code blocks in Markdown", () => {
  expect(texts("a.md", "One\n```sh\ntwo\n```\nthree")).toEqual([
    "1 | prose | later | One",
    "3 | code block | later | two",
    "5 | prose | later | three",
  ]);
});

it("reads no text from other files and from generated files", () => {
  expect(texts("docs/reference/errors.md", "One")).toEqual([]);
  expect(texts("LICENSE", "// One")).toEqual([]);
});
