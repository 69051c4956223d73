import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { headerTextFault, isLongerThanBytes } from "./text-rules.ts";
import { anyText } from "./testing/any-text.ts";

const someText = fc.oneof(fc.string(), anyText(), fc.constantFrom("\ud800", "a\udc00", " a", "a "));

describe("a text that a header can carry", () => {
  it.each(["a", "a b", "标签", "😀", "é", "~!#,"])("may be %j", (text) => {
    expect(headerTextFault(text)).toBeNull();
  });

  it("is valid Unicode, not empty, and has no control characters and no spaces at its ends", () => {
    fc.assert(
      fc.property(someText, (text) => {
        const wrong = text === "" || /\p{Cc}|^ | $/u.test(text) || !text.isWellFormed();
        expect(headerTextFault(text) !== null).toBe(wrong);
      }),
    );
  });

  it("is measured in bytes of UTF-8", () => {
    fc.assert(
      fc.property(anyText({ maxLength: 20 }), fc.nat({ max: 60 }), (text, bytesMax) => {
        expect(isLongerThanBytes(text, bytesMax)).toBe(new TextEncoder().encode(text).length > bytesMax);
      }),
    );
  });
});
