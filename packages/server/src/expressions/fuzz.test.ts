import { expect, it } from "vitest";
import { countFuzz } from "./testing/fuzz.ts";

it("random expressions and messages throw nothing but an ExpressionError", () => {
  const counts = countFuzz(500, { isTimed: false });
  expect(counts.compiled).toBeGreaterThan(100);
});
