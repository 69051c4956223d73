import { describe, expect, test } from "vitest";
import { limits } from "../../domain/limits.ts";
import type { RetryPolicy } from "../../domain/model.ts";
import { Simulation, pausesMs } from "../testing/simulation.ts";
import type { Reaction } from "../testing/scripted-transport.ts";

const DAY_MS = 24 * 3_600_000;

/** All attempts of one message to an endpoint that never accepts it. */
async function run(retry: RetryPolicy, seed = 1, reaction: Reaction = { status: 500, afterMs: 20 }) {
  const simulation = await Simulation.started({ seed });
  const topic = await simulation.topic();
  const subscription = await simulation.subscribe(topic, "one", { retry, script: reaction });
  await simulation.publish(topic, "hello");
  const publishedAtMs = simulation.nowMs;
  await simulation.time.until(() => simulation.observer.deaths.length > 0, DAY_MS);
  const diedAtMs = simulation.nowMs;
  await simulation.time.advance(1_000_000);
  const letters = await simulation.store.records.listDeadLetters(subscription.id, { after: null, limit: 10 });
  return { simulation, pauses: pausesMs(simulation.posts), letters: letters.items, tookMs: diedAtMs - publishedAtMs };
}

test("EXPONENTIAL_DECAY_RETRY waits 1, 2, 4 … 256 s, then 512 s, 176 times, and gives up within a day", async () => {
  const { simulation, pauses, letters, tookMs } = await run("EXPONENTIAL_DECAY_RETRY");
  const doubling = Array.from({ length: 9 }, (_, index) => 1_000 * 2 ** index);
  expect(pauses).toEqual([...doubling, ...Array.from({ length: 167 }, () => 512_000)]);
  expect(simulation.posts).toHaveLength(177);
  expect(letters).toMatchObject([{ reason: "retries_exhausted", attemptsMade: 177, lastStatus: 500 }]);
  expect(tookMs).toBe(86_015_000 + 177 * 20);
  expect(tookMs).toBeLessThan(DAY_MS);
});

test("BACKOFF_RETRY retries three times, each after 10 to 20 s", async () => {
  const seen: number[] = [];
  for (let seed = 1; seed <= 15; seed++) {
    const { pauses, letters } = await run("BACKOFF_RETRY", seed);
    expect(pauses).toHaveLength(3);
    expect(letters).toMatchObject([{ attemptsMade: 4 }]);
    seen.push(...pauses);
  }
  expect(Math.min(...seen)).toBeGreaterThanOrEqual(10_000);
  expect(Math.max(...seen)).toBeLessThanOrEqual(20_000);
  expect(Math.max(...seen) - Math.min(...seen)).toBeGreaterThan(8_000);
});

test("a list of delays is followed to the millisecond", async () => {
  const delaysMs = [1, 77, 1_000, 12_345, 3_600_001];
  const { pauses, letters } = await run({ delaysMs });
  expect(pauses).toEqual(delaysMs);
  expect(letters).toMatchObject([{ attemptsMade: 6 }]);
});

test("a list without delays, and the policy none, give up after the first attempt", async () => {
  for (const retry of [{ delaysMs: [] }, "none"] as const) {
    const { simulation, letters } = await run(retry);
    expect(simulation.posts).toHaveLength(1);
    expect(letters).toMatchObject([{ reason: "retries_exhausted", attemptsMade: 1 }]);
  }
});

describe("a growing delay", () => {
  const totalMsMax = limits.retryTotalMsMax;
  const retry = { baseMs: 100, factor: 3, delayMsMax: 2_000, retriesMax: 5, totalMsMax, jitter: "none" } as const;

  test("grows by its factor up to its maximum", async () => {
    const { pauses } = await run(retry);
    expect(pauses).toEqual([100, 300, 900, 2_000, 2_000]);
  });

  test("is between 50 and 100 % with equal jitter, and between 0 and 100 % with full jitter", async () => {
    const whole = [100, 300, 900, 2_000, 2_000];
    for (let seed = 1; seed <= 15; seed++) {
      const equal = (await run({ ...retry, jitter: "equal" }, seed)).pauses;
      const full = (await run({ ...retry, jitter: "full" }, seed)).pauses;
      expect([equal.length, full.length]).toEqual([5, 5]);
      equal.forEach((pause, index) => {
        expect(pause).toBeGreaterThanOrEqual((whole[index] ?? 0) / 2);
        expect(pause).toBeLessThanOrEqual(whole[index] ?? 0);
      });
      full.forEach((pause, index) => expect(pause).toBeLessThanOrEqual(whole[index] ?? 0));
    }
  });

  test("ends when the next retry would come after totalMsMax", async () => {
    const { pauses, letters } = await run({ ...retry, totalMsMax: 1_500 });
    expect(pauses).toEqual([100, 300, 900]);
    expect(letters).toMatchObject([{ attemptsMade: 4 }]);
  });
});

test("an endpoint that never replies is an error at its timeout, and the delay starts then", async () => {
  const { simulation, pauses, letters } = await run({ delaysMs: [500, 500] }, 1, "hang");
  expect(simulation.posts.map((post) => Number(post.endedAtMs) - post.startedAtMs)).toEqual([15_000, 15_000, 15_000]);
  expect(pauses).toEqual([500, 500]);
  expect(letters).toMatchObject([{ lastErrorCode: "timeout", lastStatus: null }]);
});

test("the schedule survives a restart: overdue deliveries are sent at once, the others on time", async () => {
  const simulation = await Simulation.started();
  const topic = await simulation.topic();
  await simulation.subscribe(topic, "one", {
    retry: { delaysMs: [10_000, 60_000] },
    script: { status: 500, afterMs: 20 },
  });
  await simulation.publish(topic, "hello");
  await simulation.time.advance(1_000);
  await simulation.stop(0);
  await simulation.time.advance(29_000);
  await simulation.start();
  const startedAtMs = simulation.nowMs;
  await simulation.time.advance(10_000);
  expect(simulation.posts.at(-1)?.startedAtMs).toBe(startedAtMs);
  await simulation.stop(0);
  await simulation.time.advance(1_000);
  await simulation.start();
  await simulation.time.advance(100_000);
  expect(simulation.posts.map((post) => post.headers["ringback-attempt"])).toEqual(["1", "2", "3"]);
  expect(pausesMs(simulation.posts)[1]).toBe(60_000);
});
