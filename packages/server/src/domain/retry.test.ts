import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { limits } from "./limits.ts";
import type { RetryPolicy } from "./model.ts";
import { systemRandom } from "./ports.ts";
import { nextRetry } from "./retry.ts";
import { scheduleMs } from "./retry-rules.ts";

const DAY_MS = 24 * 3600_000;
const always = (value: number) => ({ next: () => value });
const almostOne = 1 - 2 ** -53;

/** The delays of a delivery whose attempts all fail, each after `attemptMs`. */
function delaysOf(policy: RetryPolicy, random = systemRandom, attemptMs = 0): number[] {
  const delays: number[] = [];
  let nowMs = attemptMs;
  for (;;) {
    const retry = nextRetry(policy, { retriesMade: delays.length, firstAttemptAtMs: 0, nowMs }, random);
    if (retry === null) return delays;
    delays.push(retry.delayMs);
    nowMs += retry.delayMs + attemptMs;
  }
}

/** The latest time of a retry, from the first attempt. */
function totalOf(policy: RetryPolicy): number {
  if (policy === "webhook") return Infinity;
  if (typeof policy === "string") return DAY_MS;
  return "delaysMs" in policy ? Infinity : policy.totalMsMax;
}

const sum = (delays: readonly number[]): number => delays.reduce((total, delay) => total + delay, 0);

const chance = fc.oneof(fc.constantFrom(0, almostOne), fc.double({ min: 0, max: almostOne, noNaN: true })).map(always);
const growing = fc.record({
  baseMs: fc.integer({ min: 1, max: 100_000 }),
  factor: fc.double({ min: 1, max: 100, noNaN: true }),
  delayMsMax: fc.integer({ min: 1, max: DAY_MS }),
  retriesMax: fc.integer({ min: 0, max: 200 }),
  totalMsMax: fc.integer({ min: 0, max: DAY_MS }),
  jitter: fc.constantFrom("none", "full", "equal"),
});
const anyPolicy: fc.Arbitrary<RetryPolicy> = fc.oneof(
  fc.constantFrom("webhook", "EXPONENTIAL_DECAY_RETRY", "BACKOFF_RETRY", "none"),
  fc.record({ delaysMs: fc.array(fc.integer({ min: 0, max: DAY_MS }), { maxLength: 50 }) }),
  growing,
);

describe("webhook", () => {
  const schedule = [5_000, 300_000, 1_800_000, ...[2, 5, 10, 14, 20, 24].map((hours) => hours * 3600_000)];

  it("retries on the schedule of Standard Webhooks, 75 h 35 min 5 s in total", () => {
    expect(delaysOf("webhook", always(0))).toEqual(schedule);
    expect(sum(schedule)).toBe(((75 * 60 + 35) * 60 + 5) * 1000);
  });

  it("lets no delay shrink, and lets each grow by at most a tenth", () => {
    fc.assert(
      fc.property(chance, (random) => {
        const delays = delaysOf("webhook", random, 15_000);
        expect(delays).toHaveLength(schedule.length);
        const outside = delays.filter((delayMs, retry) => {
          const scheduledMs = schedule[retry] ?? 0;
          return delayMs < scheduledMs || delayMs > 1.1 * scheduledMs;
        });
        expect(outside).toEqual([]);
        expect(sum(delays)).toBeLessThanOrEqual(scheduleMs("webhook"));
      }),
    );
    expect(sum(delaysOf("webhook", always(almostOne)))).toBe(scheduleMs("webhook"));
  });

  it("fits into the default retention of a topic", () => {
    expect(scheduleMs("webhook")).toBeLessThan(limits.retentionMsDefault);
  });
});

describe("EXPONENTIAL_DECAY_RETRY", () => {
  it("retries after 1, 2, 4 … 256 s and then 167 times after 512 s, 86,015 s in total", () => {
    const delays = delaysOf("EXPONENTIAL_DECAY_RETRY");
    const doubling = [1, 2, 4, 8, 16, 32, 64, 128, 256].map((seconds) => seconds * 1000);
    expect(delays).toEqual([...doubling, ...Array<number>(167).fill(512_000)]);
    expect(delays).toHaveLength(176);
    expect(sum(delays)).toBe(86_015_000);
  });

  it("ends a day after the first attempt even when attempts are slow", () => {
    const delays = delaysOf("EXPONENTIAL_DECAY_RETRY", systemRandom, 15_000);
    expect(delays.length).toBeLessThan(176);
    expect(sum(delays) + delays.length * 15_000).toBeLessThanOrEqual(DAY_MS);
    expect(sum(delays) + delays.length * 15_000 + 15_000 + 512_000).toBeGreaterThan(DAY_MS);
  });
});

describe("BACKOFF_RETRY", () => {
  it("retries three times, each after 10 to 20 s", () => {
    fc.assert(
      fc.property(chance, (random) => {
        const delays = delaysOf("BACKOFF_RETRY", random);
        expect(delays).toHaveLength(3);
        expect(Math.min(...delays)).toBeGreaterThanOrEqual(10_000);
        expect(Math.max(...delays)).toBeLessThanOrEqual(20_000);
      }),
    );
  });

  it("reaches both ends of that range", () => {
    expect(delaysOf("BACKOFF_RETRY", always(0))).toEqual([10_000, 10_000, 10_000]);
    expect(delaysOf("BACKOFF_RETRY", always(almostOne))).toEqual([20_000, 20_000, 20_000]);
  });
});

describe("none", () => {
  it("never retries", () => {
    expect(delaysOf("none")).toEqual([]);
  });
});

describe("a list of delays", () => {
  it("is followed to its end", () => {
    expect(delaysOf({ delaysMs: [5, 0, 7_000] })).toEqual([5, 0, 7_000]);
    expect(delaysOf({ delaysMs: [] })).toEqual([]);
  });

  it("is followed to its end over several days, even when attempts are slow", () => {
    const delaysMs = [5, 10, 14, 20, 24, 720].map((hours) => hours * 3600_000);
    expect(delaysOf({ delaysMs }, systemRandom, 15_000)).toEqual(delaysMs);
  });
});

describe("a growing delay", () => {
  const policy = {
    baseMs: 100,
    factor: 3,
    delayMsMax: 1_000,
    retriesMax: 5,
    totalMsMax: 60_000,
    jitter: "none",
  } as const;

  it("grows by its factor up to its maximum", () => {
    expect(delaysOf(policy)).toEqual([100, 300, 900, 1_000, 1_000]);
  });

  it("stops at its own total", () => {
    expect(delaysOf({ ...policy, totalMsMax: 1_300 })).toEqual([100, 300, 900]);
    expect(delaysOf({ ...policy, totalMsMax: 1_299 })).toEqual([100, 300]);
  });

  it("is between 0 and 100 % of the delay with full jitter", () => {
    expect(delaysOf({ ...policy, jitter: "full" }, always(0))).toEqual([0, 0, 0, 0, 0]);
    expect(delaysOf({ ...policy, jitter: "full" }, always(almostOne))).toEqual([100, 300, 900, 1_000, 1_000]);
  });

  it("is between 50 and 100 % of the delay with equal jitter", () => {
    expect(delaysOf({ ...policy, jitter: "equal" }, always(0))).toEqual([50, 150, 450, 500, 500]);
    expect(delaysOf({ ...policy, jitter: "equal" }, always(almostOne))).toEqual([100, 300, 900, 1_000, 1_000]);
  });

  it("lasts several days if its total does", () => {
    const hourly = { ...policy, baseMs: 3600_000, delayMsMax: 3600_000, retriesMax: 1000, totalMsMax: 10 * DAY_MS };
    expect(delaysOf(hourly)).toHaveLength(240);
  });

  it("uses its maximum when the factor overflows", () => {
    expect(delaysOf({ ...policy, factor: 1e300, retriesMax: 4 })).toEqual([100, 1_000, 1_000, 1_000]);
  });

  it("stays within the policy's limits, for every policy and every random number", () => {
    const share = { none: 1, equal: 0.5, full: 0 };
    fc.assert(
      fc.property(growing, chance, (policy, random) => {
        const delays = delaysOf(policy, random);
        const outside = delays.filter((delay, retry) => {
          const whole = Math.min(policy.baseMs * policy.factor ** retry, policy.delayMsMax);
          return delay > Math.round(whole) || delay < Math.floor(whole * share[policy.jitter]);
        });
        expect(outside).toEqual([]);
        expect(sum(delays)).toBeLessThanOrEqual(scheduleMs(policy));
        expect(delays.length).toBeLessThanOrEqual(policy.retriesMax);
        expect(sum(delays)).toBeLessThanOrEqual(policy.totalMsMax);
      }),
    );
  });

  it("never shrinks from one retry to the next without jitter", () => {
    fc.assert(
      fc.property(growing, (policy) => {
        const delays = delaysOf({ ...policy, jitter: "none" });
        expect(delays).toEqual(delays.toSorted((a, b) => a - b));
      }),
    );
  });
});

describe("every policy", () => {
  const state = fc.record({
    retriesMade: fc.nat({ max: 2000 }),
    firstAttemptAtMs: fc.integer({ min: 0, max: 2e12 }),
    nowMs: fc.integer({ min: 0, max: 2e12 }),
  });

  it("returns delays in whole milliseconds, and none that ends after the total of the policy", () => {
    fc.assert(
      fc.property(anyPolicy, state, fc.nat({ max: DAY_MS }), chance, (policy, base, elapsedMs, random) => {
        const nowMs = base.firstAttemptAtMs + elapsedMs;
        const delayMs = nextRetry(policy, { ...base, nowMs }, random)?.delayMs ?? 0;
        expect(Number.isSafeInteger(delayMs)).toBe(true);
        expect(delayMs).toBeGreaterThanOrEqual(0);
        expect(delayMs === 0 ? 0 : elapsedMs + delayMs).toBeLessThanOrEqual(totalOf(policy));
      }),
    );
  });

  it("gives up when its total is over", () => {
    fc.assert(
      fc.property(anyPolicy, fc.integer({ min: DAY_MS + 1, max: 2 * DAY_MS }), chance, (policy, nowMs, random) => {
        fc.pre(totalOf(policy) <= DAY_MS);
        expect(nextRetry(policy, { retriesMade: 0, firstAttemptAtMs: 0, nowMs }, random)).toBeNull();
      }),
    );
  });

  it("does not wait longer because the clock was set back", () => {
    fc.assert(
      fc.property(anyPolicy, state, chance, (policy, state, random) => {
        const back = { ...state, nowMs: Math.min(state.nowMs, state.firstAttemptAtMs) };
        const still = { ...state, nowMs: state.firstAttemptAtMs };
        expect(nextRetry(policy, back, random)).toEqual(nextRetry(policy, still, random));
      }),
    );
  });
});
