import * as fc from "fast-check";
import { expect, it } from "vitest";
import { permuted } from "./permutation.ts";

const keys = fc.uint8Array({ minLength: 16, maxLength: 16 });

it("gives each number from 1 to any maximum exactly once", () => {
  fc.assert(
    fc.property(keys, fc.integer({ min: 1, max: 100 }), (key, max) => {
      const numbers = Array.from({ length: max }, (_, index) => permuted(key, index + 1, max));
      expect(numbers.toSorted((one, other) => one - other)).toEqual(Array.from({ length: max }, (_, i) => i + 1));
    }),
    { numRuns: 30 },
  );
});

it("gives numbers of the whole range from the first one on, in another order for another key", () => {
  const max = 2 ** 23 - 1;
  const ofKey = (byte: number) =>
    Array.from({ length: 200 }, (_, index) => permuted(new Uint8Array(16).fill(byte), index + 1, max));
  const numbers = ofKey(1);
  expect(new Set(numbers).size).toBe(200);
  expect(ofKey(1)).toEqual(numbers);
  expect(ofKey(2)).not.toEqual(numbers);
  for (let part = 0; part < 4; part++) {
    expect(numbers.filter((number) => Math.floor((number * 4) / max) === part).length).toBeGreaterThan(20);
  }
});
