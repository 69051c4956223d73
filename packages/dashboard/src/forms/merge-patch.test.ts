import { assert, dictionary, integer, jsonValue, property, string } from "fast-check";
import { expect, it } from "vitest";
import { changesOf, mergedSettings, mergePatch } from "./merge-patch.ts";
import { isSettings, type Settings } from "./values.ts";

/** As RFC 7396 section 2 writes it. */
function apply(target: unknown, patch: unknown): unknown {
  if (!isSettings(patch)) return patch;
  const result: Record<string, unknown> = isSettings(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = apply(result[name], value);
  }
  return result;
}

const names = string({ minLength: 1, maxLength: 2, unit: "grapheme-ascii" }).filter((name) => name !== "__proto__");
const leaves = dictionary(names, dictionary(names, integer()));

it("makes a patch that turns the settings before into those after", () => {
  assert(
    property(leaves, leaves, (before, after) => {
      expect(apply(before, mergePatch(before, after))).toEqual({ ...after });
    }),
  );
});

it("makes an empty patch without changes", () => {
  assert(
    property(dictionary(names, jsonValue()), (settings) => {
      expect(mergePatch(settings, structuredClone(settings))).toEqual({});
    }),
  );
});

it("names only what has changed, and gives null to what is back at its default", () => {
  const before = { push: { url: "http://a", headers: { a: null } }, rate: { perSecond: 2, burst: 1 }, order: "key" };
  const after = { push: { url: "http://a", headers: { a: null, b: "x" } }, rate: null };
  expect(mergePatch(before, after)).toEqual({ push: { headers: { b: "x" } }, rate: null, order: null });
});

it("replaces a list as a whole", () => {
  expect(mergePatch({ tags: ["a", "b"] }, { tags: ["b"] })).toEqual({ tags: ["b"] });
});

const was: Settings = { description: "old", labels: { team: "a" }, maxInFlight: 4 };
const yours: Settings = { description: "mine", labels: { team: "a", city: "x" }, maxInFlight: 8 };
const theirs: Settings = { description: "theirs", labels: { team: "b" }, maxInFlight: 8 };

it("says who has changed each setting", () => {
  expect(changesOf(was, yours, theirs)).toEqual([
    { path: ["description"], was: "old", yours: "mine", theirs: "theirs", by: "both" },
    { path: ["labels", "team"], was: "a", yours: "a", theirs: "b", by: "them" },
    { path: ["labels", "city"], was: undefined, yours: "x", theirs: undefined, by: "you" },
  ]);
});

it("merges the changes of both, and takes the chosen value where both have changed a setting", () => {
  const changes = changesOf(was, yours, theirs);
  const mine = mergedSettings(changes, theirs, () => false);
  expect(mine).toEqual({ description: "mine", labels: { team: "b", city: "x" }, maxInFlight: 8 });
  const others = mergedSettings(changes, theirs, ({ by }) => by === "both");
  expect(others).toEqual({ description: "theirs", labels: { team: "b", city: "x" }, maxInFlight: 8 });
});

it("keeps the other writer's settings where the reader has changed nothing", () => {
  assert(
    property(leaves, leaves, (before, newest) => {
      expect(mergedSettings(changesOf(before, before, newest), newest, () => false)).toEqual(newest);
    }),
  );
});
