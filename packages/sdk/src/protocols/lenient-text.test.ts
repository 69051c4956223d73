import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { lenientText } from "./lenient-text.ts";
import { anyText } from "./testing/any-text.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("the text of arbitrary bytes", () => {
  it("is the text of UTF-8 bytes", () => {
    expect(lenientText(bytes("你已被拉黑!"), 100)).toBe("你已被拉黑!");
  });

  it("has a replacement character for bytes that are not UTF-8", () => {
    expect(lenientText(Uint8Array.of(0x61, 0xff, 0x62, 0xe4, 0xbd), 100)).toBe("a\ufffdb\ufffd");
  });

  it("begins after a byte order mark", () => {
    expect(lenientText(bytes("\ufeffno"), 100)).toBe("no");
  });

  it("ends before a character that would be cut in two", () => {
    expect(lenientText(bytes("ab😀"), 3)).toBe("ab");
  });

  it("is the beginning of the whole text, however it is cut", () => {
    fc.assert(
      fc.property(
        fc.oneof(anyText().map(bytes), fc.uint8Array({ maxLength: 40 })),
        fc.nat({ max: 12 }),
        (body, charsMax) => {
          const all = new TextDecoder().decode(body);
          const text = lenientText(body, charsMax);
          expect(all.startsWith(text)).toBe(true);
          expect(text.length).toBeLessThanOrEqual(charsMax);
          expect(text.length).toBeGreaterThanOrEqual(Math.min(all.length, charsMax) - 1);
          expect(text.isWellFormed()).toBe(true);
        },
      ),
    );
  });
});
