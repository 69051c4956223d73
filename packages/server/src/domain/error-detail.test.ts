import { expect, test } from "vitest";
import { errorDetail } from "./error-detail.ts";
import { limits } from "./limits.ts";

test("an error's detail is one line without control characters", () => {
  expect(errorDetail(" a\u0000b\r\n\u2028c\u001b[31md\t ")).toBe("a b c [31md");
});

test("an error's detail is cut, and stays well-formed where the cut divides a character", () => {
  const { errorDetailCharsMax: max } = limits;
  expect(errorDetail("x".repeat(10 * max))).toBe("x".repeat(max));
  expect(errorDetail(`${"x".repeat(max - 1)}\u{1f600}`)).toBe(`${"x".repeat(max - 1)}\ufffd`);
});
