import { expect, it } from "vitest";
import { changedMembers } from "./changed-members.ts";

it("names what differs, inside objects too, and nothing else", () => {
  const before = { same: [1], url: "a", push: { url: "x", keys: ["k"] }, gone: 1 };
  const after = { same: [1], url: "b", push: { url: "y", keys: ["k"] }, added: null };
  expect(changedMembers(before, after)).toEqual([
    { name: "url", before: '"a"', after: '"b"' },
    { name: "push.url", before: '"x"', after: '"y"' },
    { name: "gone", before: "1", after: null },
    { name: "added", before: null, after: "null" },
  ]);
});

it("shows a whole view that was created or deleted", () => {
  expect(changedMembers(null, { a: 1 })).toEqual([{ name: "a", before: null, after: "1" }]);
  expect(changedMembers({ a: 1 }, null)).toEqual([{ name: "a", before: "1", after: null }]);
});
