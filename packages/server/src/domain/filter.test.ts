import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { compileFilter, matches } from "./filter.ts";

const byTags = (wanted: readonly string[], tags: readonly string[]): boolean =>
  matches({ tags: wanted, types: [] }, { tags, type: null });

const byRoute = (types: readonly string[], type: string | null): boolean =>
  matches({ tags: [], types }, { tags: [], type });

describe("a filter by tag", () => {
  it.each([
    ["no tags wanted and none on the message", [], [], true],
    ["no tags wanted", [], ["a"], true],
    ["one wanted and present", ["a"], ["b", "a"], true],
    ["one wanted and absent", ["a"], ["b"], false],
    ["several wanted, one present", ["a", "b"], ["b", "c"], true],
    ["several wanted, none present", ["a", "b"], ["c"], false],
    ["tags wanted and none on the message", ["a"], [], false],
    ["another case", ["a"], ["A"], false],
  ])("with %s", (_, wanted, tags, expected) => {
    expect(byTags(wanted, tags)).toBe(expected);
  });

  it("and by type matches a message when both conditions hold", () => {
    const filter = { tags: ["a"], types: ["x"] };
    expect(matches(filter, { tags: ["a"], type: "x" })).toBe(true);
    expect(matches(filter, { tags: ["a"], type: "y" })).toBe(false);
    expect(matches(filter, { tags: ["b"], type: "x" })).toBe(false);
  });

  it("matches a message exactly when it has one of the filter's tags", () => {
    const tags = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 5 });
    fc.assert(
      fc.property(tags, tags, (wanted, present) => {
        const shared = present.filter((tag) => new Set(wanted).has(tag));
        expect(byTags(wanted, present)).toBe(wanted.length === 0 || shared.length > 0);
      }),
    );
  });
});

describe("a filter by type", () => {
  it.each([
    ["1.*.0", "1.any.0", true],
    ["1.*.0", "1.0", false],
    ["1.*.0", "1..0", false],
    ["1.*.0", "1.2.3.0", false],
    ["1.#.0", "1.2.3.4.4.2.2.0", true],
    ["1.#.0", "1.2.3.0", true],
    ["1.#.0", "1.0", true],
    ["1.#.0", "1.0.2", false],
    ["1.#.0", "1", false],
    ["#", "", true],
    ["#", "a", true],
    ["#", "a..b", true],
    ["*", "a", true],
    ["*", "", false],
    ["*", "a.b", false],
    ["*.*", "a.b", true],
    ["*.*", "a.", false],
    ["#.a", "a", true],
    ["#.a", "b.a.a", true],
    ["#.a", "a.b", false],
    ["a.#", "a", true],
    ["a.#", "a.", true],
    ["a.#", "ab", false],
    ["#.a.#.b.#", "x.a.y.b", true],
    ["#.a.#.b.#", "x.b.y.a", false],
    ["#.*", "", false],
    ["#.*.#", "a", true],
    ["a.b", "a.b", true],
    ["a.b", "A.b", false],
    ["a.b", "a", false],
    ["a..b", "a..b", true],
    ["a*", "ab", false],
    ["a*", "a*", true],
    ["a.+", "a.b", false],
  ])("with the pattern %j and the type %j", (typePattern, type, expected) => {
    expect(byRoute([typePattern], type)).toBe(expected);
  });

  it("matches every message without patterns", () => {
    expect(byRoute([], "a.b")).toBe(true);
    expect(byRoute([], null)).toBe(true);
  });

  it("matches when one of several patterns matches", () => {
    expect(byRoute(["x", "*.b", "y"], "a.b")).toBe(true);
    expect(byRoute(["x", "*.c", "y"], "a.b")).toBe(false);
  });

  it("does not match a message without a type", () => {
    expect(byRoute(["#"], null)).toBe(false);
    expect(byRoute(["#", "a"], null)).toBe(false);
  });

  it("agrees with a naive implementation of the definition", () => {
    const words = fc.array(fc.constantFrom("a", "b", ""), { maxLength: 7 });
    const pattern = fc.array(fc.constantFrom("a", "b", "*", "#", "#", ""), { maxLength: 6 });
    fc.assert(
      fc.property(pattern, words, (pattern, words) => {
        const typePattern = pattern.join(".");
        const type = words.join(".");
        expect(byRoute([typePattern], type)).toBe(naive(split(typePattern), split(type)));
      }),
      { numRuns: 5000 },
    );
  });

  it.each([
    ["the longest pattern of hashes", "#.#.#.#.#.#.#.#.#.#.#.#.#.#.#.a", Array(16).fill("b").join(".")],
    ["a pattern and a key far past every limit", `${"#.a.".repeat(2000)}b`, Array(2000).fill("a").join(".")],
  ])("ends quickly for %s", (_, typePattern, type) => {
    const fits = compileFilter({ tags: [], types: [typePattern] });
    expect(fits({ tags: [], type })).toBe(false);
  });
});

function split(key: string): readonly string[] {
  return key === "" ? [] : key.split(".");
}

function naive(pattern: readonly string[], words: readonly string[]): boolean {
  const [wanted, ...restOfPattern] = pattern;
  if (wanted === undefined) return words.length === 0;
  if (wanted === "#") return naive(restOfPattern, words) || (words.length > 0 && naive(pattern, words.slice(1)));
  const [word, ...restOfWords] = words;
  if (word === undefined || (wanted === "*" ? word === "" : word !== wanted)) return false;
  return naive(restOfPattern, restOfWords);
}
