import { describe, expect, it } from "vitest";
import { mergePatch } from "./merge-patch.ts";
import { anyCase } from "./shape-check.ts";

describe("a merge patch", () => {
  // RFC 7396, appendix A.
  it.each<[unknown, unknown, unknown]>([
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b" }, { a: null }, {}],
    [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
    [
      ["a", "b"],
      ["c", "d"],
      ["c", "d"],
    ],
    [{ a: "b" }, ["c"], ["c"]],
    [{ a: "foo" }, null, null],
    [{ a: "foo" }, "bar", "bar"],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: "b", c: null }, { a: "b" }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])("makes of %j and %j: %j", (target, patch, result) => {
    const before = structuredClone([target, patch]);
    expect(mergePatch(target, patch)).toEqual(result);
    expect([target, patch]).toEqual(before);
  });

  it.each<[object, object, object]>([
    [{ Authorization: "a", B: "b" }, { AUTHORIZATION: null }, { B: "b" }],
    [{ Authorization: "a", B: "b" }, { authorization: "c" }, { B: "b", authorization: "c" }],
    [
      { A: "a", B: "b" },
      { a: null, A: "c" },
      { A: "c", B: "b" },
    ],
    [{ A: "a" }, { A: null, a: "c" }, { a: "c" }],
    [{ A: "a" }, { a: "c", A: "d" }, { A: "d", a: "c" }],
    [{ A: "a", B: "b" }, {}, { A: "a", B: "b" }],
  ])("matches names without case where the schema says so: %j and %j: %j", (target, patch, result) => {
    const schema = { properties: { headers: { [anyCase]: true } } };
    const merged = mergePatch({ headers: target, ...target }, { headers: patch }, schema) as { headers: object };
    expect(merged).toEqual({ headers: result, ...target });
    expect(Object.keys(merged.headers)).toEqual(Object.keys(result));
  });

  it("changes a member called __proto__ like any other", () => {
    const patch: unknown = JSON.parse('{"headers":{"__proto__":{"a":"b"}}}');
    const result = mergePatch({ headers: { c: "d" } }, patch) as { headers: object };
    expect(Object.entries(result.headers)).toEqual([
      ["c", "d"],
      ["__proto__", { a: "b" }],
    ]);
  });
});
