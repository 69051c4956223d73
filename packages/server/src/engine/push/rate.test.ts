import { describe, expect, test } from "vitest";
import type { RateSettings, Subscription } from "../../domain/model.ts";
import type { Post } from "../testing/scripted-transport.ts";
import { Simulation, type Subscribing } from "../testing/simulation.ts";

// Real: the engine, with the store in memory. Faked: time, and endpoints that react as a script says.

const fast = { status: 204, afterMs: 5 };

interface Scene {
  readonly simulation: Simulation;
  readonly one: Subscription;
  /** Replaces the settings of the subscription. */
  readonly change: (settings: Subscribing) => Promise<Subscription>;
  readonly publish: (count: number) => Promise<void>;
}

/** One subscription, whose endpoint answers within 5 ms. */
async function scene(settings: Subscribing): Promise<Scene> {
  const simulation = await Simulation.started();
  const topic = await simulation.topic();
  const change = (changed: Subscribing) => simulation.subscribe(topic, "one", changed);
  return {
    simulation,
    one: await change({ script: fast, ...settings }),
    change,
    publish: async (count) => void (await simulation.publish(topic, ...Array.from({ length: count }, () => "x"))),
  };
}

const startsOf = (posts: readonly Post[]): number[] => posts.map(({ startedAtMs }) => startedAtMs);

/** The most starts in any time of this length. */
function mostWithin(spanMs: number, starts: readonly number[]): number {
  let [most, first] = [0, 0];
  for (const [index, at] of starts.entries()) {
    while (at - Number(starts[first]) >= spanMs) first++;
    most = Math.max(most, index - first + 1);
  }
  return most;
}

function countBetween(starts: readonly number[], fromMs: number, toMs: number): number {
  return starts.filter((at) => at >= fromMs && at < toMs).length;
}

describe("a subscription with a rate", () => {
  test.each<[RateSettings, number]>([
    [{ perSecond: 20, burst: 1 }, 300],
    [{ perSecond: 200, burst: 1 }, 3_000],
    [{ perSecond: 1_000, burst: 1 }, 15_000],
    [{ perSecond: 3.3, burst: 1 }, 60],
    [{ perSecond: 50, burst: 25 }, 900],
  ])("of %j gets that many POSTs in ten seconds, within 2 %", async (rate, backlog) => {
    const { simulation, publish } = await scene({ rate });
    const fromMs = simulation.nowMs;
    for (let left = backlog; left > 0; left -= 1_000) await publish(Math.min(left, 1_000));
    await simulation.time.advance(11_000);
    const starts = startsOf(simulation.posts);
    const expected = rate.perSecond * 10;
    // After the burst.
    const count = countBetween(starts, fromMs + 1_000, fromMs + 11_000);
    expect(Math.abs(count - expected)).toBeLessThanOrEqual(Math.max(1, expected * 0.02));
    expect(mostWithin(10_000, starts)).toBeLessThanOrEqual(expected * 1.005 + rate.burst);
    expect(simulation.failures).toEqual([]);
  });

  test("gets POSTs in equal distances, and after silence a burst", async () => {
    const { simulation, publish } = await scene({ rate: { perSecond: 10, burst: 4 } });
    await publish(7);
    await simulation.time.advance(5_000);
    await publish(6);
    await simulation.time.advance(5_000);
    const starts = startsOf(simulation.posts);
    const distances = starts.slice(1).map((at, index) => at - Number(starts[index]));
    const rounded = distances.map((ms) => Math.round(ms / 10) * 10);
    expect(rounded.toSpliced(6, 1)).toEqual([0, 0, 0, 100, 100, 100, 0, 0, 0, 100, 100]);
  });

  test("counts retries as first attempts", async () => {
    const { simulation, publish } = await scene({
      rate: { perSecond: 10, burst: 1 },
      retry: { delaysMs: [1, 1, 1] },
      script: { status: 500, afterMs: 1 },
    });
    await publish(10);
    await simulation.time.advance(10_000);
    const starts = startsOf(simulation.posts);
    expect(starts).toHaveLength(40);
    expect(mostWithin(1_000, starts)).toBeLessThanOrEqual(11);
    expect(Number(starts.at(-1)) - Number(starts[0])).toBeLessThan(4_100);
  });

  test("gets POSTs at a changed rate at once: faster, slower and without one", async () => {
    const { simulation, change, publish } = await scene({ rate: { perSecond: 0.01, burst: 1 } });
    await publish(500);
    await simulation.time.advance(30_000);
    expect(simulation.posts).toHaveLength(1);

    let fromMs = simulation.nowMs;
    await change({ rate: { perSecond: 20, burst: 1 } });
    await simulation.time.advance(10_000);
    expect(countBetween(startsOf(simulation.posts), fromMs, fromMs + 10_000)).toBeGreaterThanOrEqual(196);
    expect(countBetween(startsOf(simulation.posts), fromMs, fromMs + 10_000)).toBeLessThanOrEqual(201);

    fromMs = simulation.nowMs;
    await change({ rate: { perSecond: 1, burst: 1 } });
    await simulation.time.advance(10_000);
    const slow = countBetween(startsOf(simulation.posts), fromMs, fromMs + 10_000);
    expect([slow >= 9, slow <= 11]).toEqual([true, true]);

    await change({ rate: null });
    await simulation.time.advance(1_000);
    expect(simulation.posts).toHaveLength(500);
    expect(simulation.failures).toEqual([]);
  });

  test("and an allowed rate of its endpoint keeps to the slower of both", async () => {
    const headers = { "webhook-allowed-origin": "*", "webhook-allowed-rate": "120" };
    const push = { verify: "cloudevents" } as const;
    const { simulation, change, publish } = await scene({
      push,
      rate: { perSecond: 10, burst: 5 },
      script: { status: 200, afterMs: 5, headers },
    });
    await publish(100);
    await simulation.time.advance(11_000);
    const sent = () => startsOf(simulation.posts.filter(({ body }) => body.byteLength > 0));
    expect([sent().length >= 21, sent().length <= 23]).toEqual([true, true]);
    const fromMs = simulation.nowMs;
    await change({ push, rate: { perSecond: 1, burst: 5 } });
    await simulation.time.advance(10_000);
    const count = countBetween(sent(), fromMs, fromMs + 10_000);
    expect([count >= 9, count <= 11]).toEqual([true, true]);
  });
});

describe("three engines on one store", () => {
  test.each([
    { perSecond: 20, latencyMsMax: 0 },
    { perSecond: 80, latencyMsMax: 20 },
  ])("keep to a rate of $perSecond together, within 2 %, through changes", async ({ perSecond, latencyMsMax }) => {
    const { simulation, change, publish } = await scene({ rate: { perSecond, burst: 1 }, maxInFlight: 200 });
    const engines = [simulation.engine];
    for (let more = 2; more > 0; more--) {
      await simulation.start();
      engines.push(simulation.engine);
    }
    simulation.store.latencyMsMax = latencyMsMax;
    for (let left = perSecond * 40; left > 0; left -= 1_000) await publish(Math.min(left, 1_000));
    for (const now of [perSecond, perSecond / 2, perSecond * 1.5]) {
      await change({ rate: { perSecond: now, burst: 1 }, maxInFlight: 200 });
      await simulation.time.advance(1_000);
      const fromMs = simulation.nowMs;
      await simulation.time.advance(10_000);
      const count = countBetween(startsOf(simulation.posts), fromMs, fromMs + 10_000);
      expect(Math.abs(count - now * 10)).toBeLessThanOrEqual(now * 10 * 0.02);
    }
    expect(simulation.failures).toEqual([]);
    for (const engine of engines) await simulation.finished(engine.stop(0));
  });
});

describe("a subscription with a low rate", () => {
  test("holds no deliveries for long, and keeps to its rate", async () => {
    const { simulation, one, publish } = await scene({ rate: { perSecond: 0.05, burst: 1 } });
    await publish(10);
    await simulation.time.advance(10_000);
    expect(simulation.posts).toHaveLength(1);
    expect(await simulation.counts(one)).toMatchObject({ inFlight: 0, backlog: 9 });
    await simulation.time.advance(171_000);
    const starts = startsOf(simulation.posts);
    expect(starts).toHaveLength(10);
    const distances = starts.slice(1).map((at, index) => at - Number(starts[index]));
    expect(Math.min(...distances)).toBeGreaterThanOrEqual(19_999);
    expect(Math.max(...distances)).toBeLessThanOrEqual(20_010);
    await simulation.stop(0);
    expect([simulation.timersWaiting, simulation.failures]).toEqual([0, []]);
  });

  test("keeps the order of its messages while deliveries are claimed and released", async () => {
    for (const order of ["key", "strict"] as const) {
      const { simulation } = await scene({ rate: { perSecond: 0.1, burst: 2 }, order });
      const topic = await simulation.topic();
      for (const text of ["1", "2", "3", "4", "5", "6"]) await simulation.publish(topic, text);
      await simulation.time.advance(60_000);
      expect(simulation.posts.map(({ body }) => new TextDecoder().decode(body))).toEqual([
        "1",
        "2",
        "3",
        "4",
        "5",
        "6",
      ]);
    }
  });

  test("is paused at once, and resumed with its rate", async () => {
    const { simulation, one, publish } = await scene({ rate: { perSecond: 2, burst: 1 } });
    await publish(20);
    await simulation.time.advance(2_100);
    const { catalog } = simulation.store;
    await catalog.setSubscriptionState(one.topicId, "one", "paused");
    await simulation.time.advance(100);
    expect(await simulation.counts(one)).toMatchObject({ inFlight: 0 });
    const before = simulation.posts.length;
    await simulation.time.advance(5_000);
    expect(simulation.posts).toHaveLength(before);
    const fromMs = simulation.nowMs;
    await catalog.setSubscriptionState(one.topicId, "one", "active");
    await simulation.time.advance(5_000);
    const count = countBetween(startsOf(simulation.posts), fromMs, fromMs + 5_000);
    expect([count >= 9, count <= 11]).toEqual([true, true]);
  });
});

describe("a store that reserves starts", () => {
  test("slowly does not slow the flow", async () => {
    const { simulation, publish } = await scene({ rate: { perSecond: 100, burst: 1 } });
    simulation.store.latencyMsMax = 100;
    for (let batch = 0; batch < 2; batch++) await publish(1_000);
    await simulation.time.advance(2_000);
    const fromMs = simulation.nowMs;
    await simulation.time.advance(10_000);
    const count = countBetween(startsOf(simulation.posts), fromMs, fromMs + 10_000);
    expect([count >= 980, count <= 1_020]).toEqual([true, true]);
  });

  test("and fails for a time stops the flow when the reserved starts are used, and causes no burst afterwards", async () => {
    const { simulation, publish } = await scene({ rate: { perSecond: 100, burst: 1 } });
    await publish(1_000);
    await simulation.time.advance(2_000);
    simulation.store.failing.set("reserveStarts", new Error("away"));
    await simulation.time.advance(3_000);
    const during = simulation.posts.length;
    expect([during >= 200, during <= 230]).toEqual([true, true]);
    expect(simulation.failures).toHaveLength(1);
    simulation.store.failing.clear();
    await simulation.time.advance(3_000);
    const starts = startsOf(simulation.posts);
    expect(starts.length).toBeGreaterThanOrEqual(during + 240);
    expect(mostWithin(100, starts)).toBeLessThanOrEqual(11);
    expect(simulation.failures).toHaveLength(1);
  });

  test("is not called for a subscription without a rate", async () => {
    const { simulation, publish } = await scene({});
    let calls = 0;
    const { log } = simulation.store;
    const reserveStarts = log.reserveStarts.bind(log);
    log.reserveStarts = (...request) => {
      calls++;
      return reserveStarts(...request);
    };
    await publish(100);
    await simulation.time.advance(1_000);
    expect([simulation.posts.length, calls]).toEqual([100, 0]);
  });
});

test("a stall makes the flow slower, and never faster afterwards than a tenth of a second allows", async () => {
  const { simulation, publish } = await scene({ rate: { perSecond: 100, burst: 1 }, maxInFlight: 1_000 });
  let isStalled = false;
  simulation.script("http://one.test", () => (isStalled ? { status: 204, afterMs: 2_000 } : fast));
  await publish(1_000);
  await simulation.time.advance(2_000);
  // The window of the endpoint is full for a time, as after a stall of the process.
  isStalled = true;
  await simulation.time.advance(4_000);
  isStalled = false;
  await simulation.time.advance(8_000);
  const starts = startsOf(simulation.posts);
  expect(starts).toHaveLength(1_000);
  expect(mostWithin(1_000, starts)).toBeLessThanOrEqual(111);
});
