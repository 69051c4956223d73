import { describe, expect, it } from "vitest";
import { CautiousClock, publishingTime } from "./clock-rules.ts";
import { limits } from "./limits.ts";
import type { Clock } from "./ports.ts";

const DAY_MS = 24 * 3600_000;

class SetClock implements Clock {
  nowMs = 1_700_000_000_000;
  aheadMs = 0;

  now(): number {
    return this.nowMs;
  }

  wall(steadyMs = this.nowMs): number {
    return steadyMs + this.aheadMs;
  }
}

describe("a publishing time", () => {
  it.each([
    ["follows the clock", 1_000, 500, 1_000],
    [
      "repeats the last one after a small step back",
      1_000,
      1_000 + limits.clockStepMsMax,
      1_000 + limits.clockStepMsMax,
    ],
    ["follows the clock after a large step back", 1_000, 1_001 + limits.clockStepMsMax, 1_000],
  ])("%s", (_what, wallMs, lastMs, expected) => {
    expect(publishingTime(wallMs, lastMs)).toBe(expected);
  });
});

describe("a cautious clock", () => {
  it("does not follow a clock that is ahead for less than the time to notice it", () => {
    const clock = new SetClock();
    const cautious = new CautiousClock(clock, null);
    clock.aheadMs = 2 * DAY_MS;
    expect(cautious.now()).toBe(clock.nowMs);
    clock.nowMs += limits.clockHoldMs - 1;
    expect(cautious.now()).toBe(clock.nowMs);
    clock.aheadMs = 0;
    expect(cautious.now()).toBe(clock.nowMs);
  });

  it("follows a clock that stays ahead, and one that is set back at once", () => {
    const clock = new SetClock();
    const cautious = new CautiousClock(clock, null);
    clock.aheadMs = 2 * DAY_MS;
    expect(cautious.now()).toBe(clock.nowMs);
    clock.nowMs += limits.clockHoldMs;
    expect(cautious.now()).toBe(clock.wall());
    clock.aheadMs = -DAY_MS;
    expect(cautious.now()).toBe(clock.wall());
  });

  it("does not know at a start how much of the time since the last stop has passed", () => {
    const clock = new SetClock();
    const lastWallMs = clock.wall() - 3 * DAY_MS;
    const cautious = new CautiousClock(clock, lastWallMs);
    expect(cautious.now()).toBe(lastWallMs);
    clock.nowMs += limits.clockHoldMs;
    expect(cautious.now()).toBe(clock.wall());
  });
});
