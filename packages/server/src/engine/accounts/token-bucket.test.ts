import { expect, test } from "vitest";
import { TokenBucket } from "./token-bucket.ts";

test("A full bucket has the tokens of one second, and then gets one for each fraction of a second.", () => {
  const bucket = new TokenBucket();
  for (let count = 0; count < 4; count++) expect(bucket.take(1, 4, 1_000)).toBe(0);
  expect(bucket.take(1, 4, 1_000)).toBe(250);
  expect(bucket.take(1, 4, 1_200)).toBeCloseTo(50);
  expect(bucket.take(1, 4, 1_250)).toBe(0);
  expect(bucket.take(4, 4, 60_000)).toBe(0);
  expect(bucket.take(1, 4, 60_000)).toBe(250);
});

test("A batch that is larger than the bucket is allowed, and delays what comes later.", () => {
  const bucket = new TokenBucket();
  expect(bucket.take(100, 10, 0)).toBe(0);
  expect(bucket.take(1, 10, 0)).toBe(9_100);
  expect(bucket.take(1, 10, 9_100)).toBe(0);
});

test("A rate below one token per second allows one at a time.", () => {
  const bucket = new TokenBucket();
  expect(bucket.take(1, 0.5, 0)).toBe(0);
  expect(bucket.take(1, 0.5, 0)).toBe(2_000);
  expect(bucket.take(1, 0.5, 2_000)).toBe(0);
});
