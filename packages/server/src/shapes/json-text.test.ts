import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyText } from "../domain/testing/any-text.ts";
import { unescaped } from "./json-text.ts";

const escape = (text: string, escapesAll: boolean): string =>
  escapesAll
    ? `"${text.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)}"`
    : JSON.stringify(text);

describe("the bytes of a JSON string", () => {
  it("are the UTF-8 of what JSON.parse reads", () => {
    fc.assert(
      fc.property(anyText(), fc.boolean(), (text, escapesAll) => {
        const written = Buffer.from(escape(text, escapesAll));
        const parsed = JSON.parse(written.toString()) as string;
        const bytes = unescaped(written, 1_000_000);
        expect(bytes).toEqual(parsed.isWellFormed() ? Buffer.from(parsed) : "half a pair");
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([String.raw`"\"\\\/\b\f\n\r\t"`, String.raw`"\uD83D\ude00\u00E4"`, '""'])("are right for %s", (text) => {
    expect(unescaped(Buffer.from(text), 100)).toEqual(Buffer.from(JSON.parse(text) as string));
  });

  it.each([String.raw`"\ud800"`, String.raw`"\udc00\ud800"`, String.raw`"\ud800\ud800"`, String.raw`"\ud800x\udc00"`])(
    "do not exist for %s",
    (text) => {
      expect(unescaped(Buffer.from(text), 100)).toBe("half a pair");
    },
  );

  it("may be as many as the limit, and no more are made", () => {
    expect(unescaped(Buffer.from(String.raw`"a\u4f60"`), 4)).toEqual(Buffer.from("a你"));
    expect(unescaped(Buffer.from(String.raw`"a\u4f60b"`), 4)).toBe("too long");
    // The text after the limit is not read: this is not even JSON.
    expect(unescaped(Buffer.from(`"${"\\n".repeat(10)}\\ud800"`), 5)).toBe("too long");
  });
});
