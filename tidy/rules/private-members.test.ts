import { expect, it } from "vitest";
import { makeTree } from "../source/tree.ts";
import { privateMembers } from "./private-members.ts";

const lines = (text: string) => privateMembers.find(makeTree({ "a.ts": text })).map(({ line }) => line);

it("reports members that are private only for the compiler", () => {
  expect(
    lines("class A {\n  private a = 1;\n  private readonly b = 2;\n  private c() {}\n  private [d] = 4;\n}"),
  ).toEqual([2, 3, 4, 5]);
});

it("reports no member with #, no constructor, no property of that name and no text", () => {
  expect(
    lines(
      "class A {\n  #a = 1;\n  private constructor() {}\n}\nconst b = { private: true };\nb.private = 1;\n// private key\nf('private x');",
    ),
  ).toEqual([]);
});
