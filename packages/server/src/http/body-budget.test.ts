import { beforeEach, describe, expect, it } from "vitest";
import { type ArrivingBody, BodyBudget } from "./body-budget.ts";

const MIB = 1024 * 1024;

// Real: the budget. Faked: the clock, and the requests that are refused.
describe("the memory for arriving bodies", () => {
  let now: number;
  let refused: string[];
  let budget: BodyBudget;
  beforeEach(() => {
    now = 0;
    refused = [];
    const limits = {
      requestBytesArrivingMax: 16 * MIB,
      requestBodyPauseMsMax: 1_000,
      requestBytesPerSecondMin: 100_000,
    };
    budget = new BodyBudget(limits, () => now);
  });

  const begin = (name: string): ArrivingBody => budget.begin(() => refused.push(name));
  function beginWith(name: string, bytes: number): ArrivingBody {
    const body = begin(name);
    expect(budget.take(body, bytes)).toBe(true);
    return body;
  }

  it("is refused to a new piece while the bodies under way are not slow", () => {
    beginWith("a", 10 * MIB);
    now = 999;
    expect(budget.take(begin("b"), 6 * MIB)).toBe(false);
    expect(refused).toEqual([]);
    expect(budget.take(begin("c"), 5 * MIB)).toBe(true);
  });

  it("is taken from the body that has stalled for longest, and from no more bodies than necessary", () => {
    beginWith("a", 5 * MIB);
    now = 100;
    beginWith("b", 5 * MIB);
    now = 200;
    beginWith("c", 5 * MIB);
    now = 2_000;
    beginWith("d", 8 * MIB);
    expect(refused).toEqual(["a", "b"]);
  });

  it("is taken from a body that trickles, however often a byte comes", () => {
    const trickling = beginWith("trickling", 15 * MIB - 1_000);
    for (; now < 1_500; now += 10) budget.take(trickling, 1);
    beginWith("other", 1 * MIB);
    expect(refused).toEqual(["trickling"]);
  });

  it("is kept by a body that moves at the least speed, and lost by one that moves at half of it", () => {
    const fair = beginWith("fair", 7 * MIB);
    const slow = beginWith("slow", 7 * MIB);
    for (let piece = 0; piece < 20; piece++) {
      now += 200;
      budget.take(fair, 20_000);
      budget.take(slow, 10_000);
    }
    now += 150;
    beginWith("other", 2 * MIB);
    expect(refused).toEqual(["slow"]);
  });

  it("can be used by a slow body as long as nobody else needs it", () => {
    const slow = beginWith("slow", 1 * MIB);
    now = 50_000;
    beginWith("other", 13 * MIB);
    expect(budget.take(slow, 1)).toBe(true);
    expect(refused).toEqual([]);
  });

  it("has a reserve of a sixteenth that only bodies of up to 64 KiB use", () => {
    beginWith("large", 15 * MIB);
    expect(budget.take(begin("larger"), 64 * 1024 + 1)).toBe(false);
    for (let small = 0; small < 16; small++) beginWith("small", 64 * 1024);
    expect(budget.take(begin("late"), 1)).toBe(false);
    now = 1_001;
    expect(budget.take(begin("later"), 1)).toBe(true);
  });

  it("is whole again after the bodies have ended, whichever way they ended", () => {
    for (let round = 0; round < 3; round++) {
      const whole = beginWith("whole", 15 * MIB);
      budget.end(whole);
      budget.end(whole);
      const stalled = beginWith("stalled", 15 * MIB);
      now += 2_000;
      const last = beginWith("last", 15 * MIB);
      budget.end(stalled);
      expect(budget.take(last, 1 * MIB)).toBe(false);
      budget.end(last);
    }
  });
});
