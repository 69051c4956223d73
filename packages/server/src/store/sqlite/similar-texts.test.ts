import { array, assert, property, string, tuple } from "fast-check";
import { describe, expect, it } from "vitest";
import { SimilarTexts, wholeText } from "./similar-texts.ts";

const settingsOf = (url: string) => JSON.stringify({ push: { url, headers: {} }, retry: "backoff", order: "none" });

describe("similar texts", () => {
  it("are shortened to the part that differs", () => {
    const texts = new SimilarTexts();
    texts.shorten(settingsOf("http://a.test/"));
    const short = texts.shorten(settingsOf("http://b.test/"));
    expect(short.middle).toBe("b");
    expect(wholeText(short)).toBe(settingsOf("http://b.test/"));
  });

  it("are whole again, whatever they hold", () => {
    const part = string({ unit: "binary", maxLength: 40 });
    assert(
      property(array(tuple(part, part, part), { maxLength: 20 }), string(), (parts, common) => {
        const texts = new SimilarTexts();
        const all = parts.flatMap(([before, middle, after]) => [
          before + middle + after,
          common + middle + common,
          common + common,
          middle.slice(0, 1) + after,
        ]);
        expect(all.map((text) => texts.shorten(text)).map(wholeText)).toEqual(all);
      }),
    );
  });
});
