import { describe, expect, it } from "vitest";

import { assertName, isName } from "./names.ts";

describe("a name", () => {
  it.each(["a", "Z", "orders", "my-topic_2", "1a", "a.b", "0b8c0e2e-6a0f-4c1c-9d6e-5f3a1b2c3d4e", "a".repeat(128)])(
    "may be %j",
    (text) => {
      expect(isName(text)).toBe(true);
      expect(() => assertName("topic", text)).not.toThrow();
    },
  );

  it.each(["", "-a", "_a", ".a", "..", "a b", "a\n", "é", "aé", "a/b", "a:b", "a".repeat(129)])(
    "may not be %j",
    (text) => {
      expect(isName(text)).toBe(false);
      expect(() => assertName("topic", text)).toThrow(
        expect.objectContaining({ code: "invalid_name", details: [expect.objectContaining({ field: "topic" })] }),
      );
    },
  );
});
