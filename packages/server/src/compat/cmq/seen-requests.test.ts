import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { FingerprintSet } from "./fingerprint-set.ts";
import { SeenRequests } from "./seen-requests.ts";

const windowMs = 300_000;
const signature = (text: string | number) => createHash("sha1").update(String(text)).digest();

it("recognises a request while its timestamp is within the window", () => {
  const seen = new SeenRequests(100);
  expect(seen.add(signature("a"), 1_000_000, 1_000_000, windowMs)).toBe(true);
  expect(seen.add(signature("b"), 1_000_000, 1_000_000, windowMs)).toBe(true);
  expect(seen.add(signature("a"), 1_000_000, 1_000_000 + windowMs, windowMs)).toBe(false);
});

it("forgets requests whose timestamps are too old to be accepted", () => {
  const seen = new SeenRequests(1000);
  for (let s = 0; s < 3000; s++) seen.add(signature(s), s * 1000, s * 1000, windowMs);
  expect(seen.size).toBeGreaterThanOrEqual(300);
  expect(seen.size).toBeLessThan(330);
});

it("refuses requests while its memory is full", () => {
  const seen = new SeenRequests(3);
  for (const text of ["a", "b", "c"]) seen.add(signature(text), 0, 0, windowMs);
  expect(() => seen.add(signature("d"), 0, 0, windowMs)).toThrow(expect.objectContaining({ key: "throttled" }));
  expect(seen.add(signature("a"), 0, 0, windowMs)).toBe(false);
  expect(seen.add(signature("d"), 400_000, 400_000, windowMs)).toBe(true);
});

it("FingerprintSet has the same members as a Set", () => {
  const numbers = fc.integer({ min: 1, max: 2 ** 53 - 1 });
  fc.assert(
    fc.property(fc.array(fc.oneof(numbers, fc.integer({ min: 1, max: 300 })), { maxLength: 2000 }), (added) => {
      const set = new FingerprintSet();
      for (const value of added) set.add(value);
      expect(set.size).toBe(new Set(added).size);
      expect(added.every((value) => set.has(value))).toBe(true);
      for (const value of [301, 302, 2 ** 40 + 1]) expect(set.has(value)).toBe(added.includes(value));
    }),
    { numRuns: 50 },
  );
});
