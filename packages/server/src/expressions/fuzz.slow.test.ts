/** Real: the parser and the evaluation. The time is the CPU time of this thread. */
import { describe, it } from "vitest";
import { countFuzz } from "./testing/fuzz.ts";

describe("100,000 random expressions and messages", () => {
  it("never throw anything but an ExpressionError, and never take longer than a millisecond", () => {
    countFuzz(100_000, { isTimed: true });
  });
});
