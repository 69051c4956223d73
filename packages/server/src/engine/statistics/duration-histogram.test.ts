import { assert, array, double, property } from "fast-check";
import { expect, it } from "vitest";
import { classOf, DurationHistogram } from "./duration-histogram.ts";

it("has no quantile without values", () => {
  expect(new DurationHistogram().quantile(0.5)).toBeNull();
});

it("gives quantiles that are exact to 5 %, also when it is put together from parts", () => {
  const durations = array(double({ min: 0.2, max: 3_000_000_000, noNaN: true }), { minLength: 1, maxLength: 50 });
  assert(
    property(durations, (values) => {
      const [one, other, whole] = [new DurationHistogram(), new DurationHistogram(), new DurationHistogram()];
      for (const [index, value] of values.entries()) (index % 2 === 0 ? one : other).add(classOf(value));
      for (const part of [one, other])
        whole.addAll(JSON.parse(JSON.stringify(part.counts())) as Record<string, number>);
      const sorted = values.toSorted((a, b) => a - b);
      for (const share of [0.5, 0.99]) {
        const exact = sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
        const found = whole.quantile(share) ?? 0;
        expect(Math.abs(found - exact) / exact).toBeLessThan(0.055);
      }
    }),
  );
});
