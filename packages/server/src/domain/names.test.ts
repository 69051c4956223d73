import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { assertName, isName } from "./names.ts";

describe("a name", () => {
  it.each(["a", "Z", "orders", "my-topic_2", "a".repeat(64)])("may be %j", (text) => {
    expect(isName(text)).toBe(true);
    expect(() => assertName("topic", text)).not.toThrow();
  });

  it.each(["", "1a", "-a", "_a", "a b", "a.b", "a\n", "é", "aé", "a/b", "a".repeat(65)])("may not be %j", (text) => {
    expect(isName(text)).toBe(false);
    expect(() => assertName("topic", text)).toThrow(
      expect.objectContaining({ code: "invalid_name", details: [expect.objectContaining({ field: "topic" })] }),
    );
  });

  it("has the form that CMQ's own clients check", () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[a-zA-Z\d_-]{60,68}$/));
    fc.assert(
      fc.property(text, (text) => {
        expect(isName(text)).toBe(/^[a-zA-Z][a-zA-Z\d_-]{0,63}$/.test(text));
      }),
    );
  });
});
