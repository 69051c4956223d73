import { expect, it } from "vitest";
import { comparedLines } from "./differences.ts";

const marks = (one: string, other: string): string[] =>
  comparedLines(one, other).map((lines) => lines.map(({ text, isOther }) => (isOther ? `(${text})` : text)).join(" "));

it.each([
  ["a\nb", "a\nb", "a b", "a b"],
  ["a\nb\nc", "a\nx\nc", "a (b) c", "a (x) c"],
  ["a\nb", "new\na\nb", "a b", "(new) a b"],
  ["a\nb\na", "b\na", "(a) b a", "b a"],
  ["", "a", "()", "(a)"],
])("%j and %j differ in the marked lines", (one, other, left, right) => {
  expect(marks(one, other)).toEqual([left, right]);
});

it("Long texts are compared place by place.", () => {
  const lines = Array.from({ length: 1_500 }, (_, index) => String(index));
  const [left] = comparedLines(lines.join("\n"), lines.with(700, "x").join("\n"));
  expect(left.flatMap(({ text, isOther }) => (isOther ? [text] : []))).toEqual(["700"]);
});
