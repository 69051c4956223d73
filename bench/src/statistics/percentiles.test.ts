import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { median, percentile, spread } from "./percentiles.ts";

const samples = fc.array(fc.double({ min: 0, max: 1e5, noNaN: true }), { minLength: 1, maxLength: 300 });

describe("percentile", () => {
  it("returns the sample of the nearest rank", () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(percentile(hundred, 0.5)).toBe(50);
    expect(percentile(hundred, 0.99)).toBe(99);
    expect(percentile(hundred, 1)).toBe(100);
    expect(percentile([7], 0.01)).toBe(7);
  });

  it("sorts as numbers", () => {
    expect(percentile([9, 10, 100], 0.5)).toBe(10);
  });

  it("is NaN without samples", () => {
    expect(percentile([], 0.5)).toBeNaN();
    expect(median([])).toBeNaN();
  });

  it("is the smallest sample that the given share of samples does not exceed", () => {
    fc.assert(
      fc.property(samples, fc.double({ min: 0.001, max: 1, noNaN: true }), (values, share) => {
        const found = percentile(values, share);
        const wanted = Math.ceil(share * values.length);
        expect(values).toContain(found);
        expect(values.filter((value) => value <= found).length).toBeGreaterThanOrEqual(wanted);
        expect(values.filter((value) => value < found).length).toBeLessThan(wanted);
      }),
    );
  });
});

describe("median", () => {
  it("is the middle sample, or the mean of the middle two", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });
});

describe("spread", () => {
  it("counts every sample in exactly one bucket", () => {
    fc.assert(
      fc.property(samples, (values) => {
        const { histogram, count } = spread(values);
        expect(count).toBe(values.length);
        let above = -1;
        for (const bucket of histogram) {
          const held = values.filter((value) => value > above && value <= bucket.atMost);
          expect(bucket.count).toBe(held.length);
          above = bucket.atMost;
        }
        expect(histogram.reduce((sum, bucket) => sum + bucket.count, 0)).toBe(values.length);
      }),
    );
  });
});
