/** Real: the recorder, the reader, the store in memory. Faked: the clock, the timers, outcomes of deliveries. */

import { beforeEach, describe, expect, it } from "vitest";
import type { Subscription, Topic } from "../../domain/model.ts";
import { clockAt } from "../../domain/testing/clock-at.ts";
import { MemoryStore } from "../../store/memory/memory-store.ts";
import { systemTimers } from "../../domain/ports.ts";
import { tallySteps } from "../../store/tallies.ts";
import type { DeliveryOutcome } from "../delivery-outcome.ts";
import { engineLimits } from "../engine-limits.ts";
import { StatisticsRecorder } from "./recorder.ts";
import { AccountStatistics } from "./statistics.ts";

const { minute, hour } = tallySteps;
const startMs = Date.UTC(2026, 0, 31, 8, 0, 0);
const owner = { accountId: 1 as never, topicId: null, subscriptionId: null };

let nowMs: number;
let store: MemoryStore;
const clock = clockAt(() => nowMs);

const measure = () => Promise.resolve({ backlog: 7, deadLetters: 2 });

function failed(error: unknown): void {
  throw error;
}

function createParts(writer = "one") {
  const recorder = new StatisticsRecorder({
    tallies: store.tallies,
    clock,
    timers: systemTimers,
    writer,
    measure,
    failed,
  });
  return { recorder, statistics: new AccountStatistics({ store, clock, recorder }) };
}

function topic(id = 1, name = "orders"): Topic {
  return { id, accountId: 1, name, settings: {} } as unknown as Topic;
}

function outcome(given: { verdict?: "accepted" | "failed"; dead?: boolean; latencyMs?: number; id?: number } = {}) {
  const { verdict = "accepted", dead = false, latencyMs = 50, id = 5 } = given;
  const subscription = { id, accountId: 1, topicId: 1, topic: "orders" } as unknown as Subscription;
  return {
    subscription,
    message: { seq: 1, publishedAtMs: nowMs - latencyMs },
    attempt: { verdict, attempt: 1 },
    durationMs: 10,
    settled: dead ? { kind: "dead", reason: "retries_exhausted" } : { kind: "delivered" },
    atMs: nowMs,
  } as unknown as DeliveryOutcome;
}

beforeEach(() => {
  nowMs = startMs;
  store = new MemoryStore({
    clock,
    account: { name: "default", appId: 1 },
  });
});

const lastHour = () => ({ fromMs: nowMs - hour, toMs: nowMs + minute, pointsMax: 300 });

describe("what has been counted", () => {
  it("is shown at once, and once only after it was written", async () => {
    const { recorder, statistics } = createParts();
    recorder.published(topic(), 3);
    recorder.settled(outcome());
    recorder.settled(outcome({ verdict: "failed", dead: true }));
    const expected = { published: 3, accepted: 1, failed: 1, errors: 0, dead: 1 };
    expect((await statistics.read(owner, lastHour())).total).toMatchObject(expected);
    await recorder.flush();
    expect((await statistics.read(owner, lastHour())).total).toMatchObject(expected);
    nowMs += minute;
    await recorder.flush();
    const { total, points } = await statistics.read(owner, lastHour());
    expect(total).toMatchObject(expected);
    expect(total.latency.quantile(0.5)).toBeCloseTo(50, -1);
    expect(points.filter(({ tally }) => tally.events > 0)).toMatchObject([{ atMs: startMs, tally: { backlog: 7 } }]);
  });

  it("is added up over processes, topics and subscriptions, and is the same in minutes and hours", async () => {
    const one = createParts("one");
    const two = createParts("two");
    for (let i = 0; i < 150; i++) {
      one.recorder.settled(outcome({ id: 5 + (i % 2) }));
      two.recorder.published(topic(), 1);
      nowMs += minute;
      await Promise.all([one.recorder.flush(), two.recorder.flush()]);
    }
    await Promise.all([one.recorder.stop(), two.recorder.stop()]);
    const range = { fromMs: startMs, toMs: nowMs + hour };
    for (const pointsMax of [300, 3]) {
      const { total } = await createParts("three").statistics.read(owner, { ...range, pointsMax });
      expect(total).toMatchObject({ accepted: 150, published: 150 });
    }
    const subscription = { ...owner, topicId: 1 as never, subscriptionId: 6 as never };
    const { total } = await one.statistics.read(subscription, { ...range, pointsMax: 300 });
    expect(total).toMatchObject({ accepted: 75, published: 0 });
  });

  it("has points without holes, of whole steps", async () => {
    const { statistics } = createParts();
    const { points, stepMs, fromMs, toMs } = await statistics.read(owner, {
      fromMs: startMs - 90 * minute - 1,
      toMs: startMs,
      pointsMax: 60,
    });
    expect(stepMs).toBe(2 * minute);
    expect(points).toHaveLength((toMs - fromMs) / stepMs);
    expect(points.every(({ atMs }, index) => atMs === fromMs + index * stepMs)).toBe(true);
  });

  it("is kept for two days in minutes, and longer in hours", async () => {
    const { recorder, statistics } = createParts();
    recorder.settled(outcome());
    await recorder.flush();
    nowMs += engineLimits.minutesKeptMs + hour;
    await recorder.flush();
    const range = { fromMs: startMs - hour, toMs: startMs + hour, pointsMax: 100 };
    const { total, stepMs } = await statistics.read(owner, range);
    expect([total.accepted, stepMs]).toEqual([1, hour]);
    nowMs += engineLimits.hoursKeptMs;
    await recorder.flush();
    expect((await statistics.read(owner, range)).total.accepted).toBe(0);
  });

  it("leaves out the logs of inboxes and queues", async () => {
    const { recorder, statistics } = createParts();
    recorder.published(topic(9, "inbox:support"), 1);
    expect((await statistics.read(owner, lastHour())).total.published).toBe(0);
  });

  it("has a row for the busiest only", async () => {
    const { recorder, statistics } = createParts();
    const count = engineLimits.talliesWrittenMax + 10;
    for (let id = 1; id <= count; id++) recorder.settled(outcome({ id }));
    recorder.settled(outcome({ id: count }));
    nowMs += hour;
    await recorder.flush();
    const busiest = { ...owner, topicId: 1 as never, subscriptionId: count as never };
    const range = { fromMs: startMs, toMs: startMs + hour, pointsMax: 300 };
    expect((await statistics.read(busiest, range)).total.accepted).toBe(2);
    expect((await statistics.read(owner, range)).total.accepted).toBe(count + 1);
  });
});
