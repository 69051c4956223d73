import { expect, test } from "vitest";
import { EndpointHealth } from "./endpoint-health.ts";
import { engineLimits } from "../engine-limits.ts";

function after(windowMax: number, history: string): EndpointHealth {
  const health = new EndpointHealth(windowMax);
  for (const outcome of history) {
    if (outcome === "+") health.succeeded(1);
    else health.failed(1, { startedAtMs: 1, isOverload: false });
  }
  return health;
}

test("single failures among successes change nothing", () => {
  const health = after(16, "+".repeat(20) + "-------+".repeat(20));
  expect(health.isFailing).toBe(false);
  expect(health.window).toBe(16);
});

test("after failingAfter failures in a row each failure halves the window, down to windowMin", () => {
  expect(after(64, "+".repeat(64) + "-".repeat(engineLimits.failingAfter - 1)).window).toBe(64);
  expect(after(64, "+".repeat(64) + "-".repeat(engineLimits.failingAfter)).window).toBe(32);
  expect(after(64, "+".repeat(64) + "-".repeat(100)).window).toBe(engineLimits.windowMin);
  expect(after(1, "-".repeat(100)).window).toBe(1);
});

test("one success ends the failing state, and the window grows by one", () => {
  const health = after(64, "-".repeat(100) + "+");
  expect(health.isFailing).toBe(false);
  expect(health.window).toBe(engineLimits.windowMin + 1);
});

test("an endpoint is unproven until its first success", () => {
  expect(after(8, "").isUnproven).toBe(true);
  expect(after(8, "--").isUnproven).toBe(true);
  expect(after(8, "-+-").isUnproven).toBe(false);
});

test("an endpoint is stalled when no reply came and no POST started within stalledAfterMs", () => {
  const health = new EndpointHealth(8);
  health.succeeded(1_000);
  const late = 1_000 + engineLimits.stalledAfterMs + 1;
  expect(health.isStalled(late, 900)).toBe(true);
  expect(health.isStalled(late - 1, 900)).toBe(false);
  expect(health.isStalled(late, 1_500)).toBe(false);
});

test("an endpoint with replies that are too long gets one POST at a time, with pauses, until a reply is short", () => {
  const health = after(64, "+".repeat(64));
  health.succeeded(1, true);
  expect(health.window).toBe(1);
  health.started(100);
  expect(health.nextStartAtMs).toBe(100 + engineLimits.longReplyPaceMs);
  health.succeeded(110, false);
  expect(health.window).toBe(64);
  expect(health.nextStartAtMs).toBeLessThan(110);
});
