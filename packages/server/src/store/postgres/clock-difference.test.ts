import { expect, it } from "vitest";
import { ClockDifference } from "./clock-difference.ts";

it("follows the fastest answers, whatever a slow one takes", () => {
  const difference = new ClockDifference();
  expect(difference.between(1_000, 5_000, 5_010)).toBe(4_010);
  expect(difference.between(1_100, 5_101, 5_102)).toBe(4_002);
  expect(difference.between(1_200, 5_150, 5_600)).toBe(4_002);
});

it("is never less than an answer proves, as when the database's clock was set back", () => {
  const difference = new ClockDifference();
  difference.between(1_000, 5_000, 5_001);
  expect(difference.between(1_000, 7_000, 7_500)).toBe(6_000);
});

it("forgets old answers", () => {
  const difference = new ClockDifference();
  difference.between(1_000, 20_000, 20_001);
  for (const atMs of [31_000, 42_000]) difference.between(atMs - 18_995, atMs, atMs + 5);
  expect(difference.between(53_000 - 18_995, 53_000, 53_005)).toBe(19_000);
});
