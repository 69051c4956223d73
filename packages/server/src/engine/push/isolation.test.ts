import { describe, expect, test } from "vitest";
import { limits } from "../../domain/limits.ts";
import { engineLimits } from "../engine-limits.ts";
import { Simulation } from "../testing/simulation.ts";
import type { Script } from "../testing/scripted-transport.ts";

const inFlightMax = (simulation: Simulation): number =>
  Math.max(...simulation.posts.map((post) => post.inFlightBefore)) + 1;
const texts = (count: number): string[] => Array.from({ length: count }, () => "x");

describe("hanging endpoints", () => {
  test("use at most half of the slots, and a healthy one keeps its throughput", async () => {
    const simulation = await Simulation.started({ inFlightMax: 2_000 });
    const topic = await simulation.topic();
    for (let index = 0; index < 300; index++) await simulation.subscribe(topic, `hung${index}`, { script: "hang" });
    const well = await simulation.subscribe(topic, "well", { script: { status: 200, afterMs: 50 } });
    for (let batch = 0; batch < 20; batch++) await simulation.publish(topic, ...texts(1_000));
    let inFlightToWell = 0;
    let hungPeak = 0;
    const perSecond: number[] = [];
    let before = 0;
    for (let second = 0; second < 17; second++) {
      await simulation.time.advance(1_000);
      const posts = simulation.postsTo(well);
      perSecond.push(posts.length - before);
      before = posts.length;
      inFlightToWell = posts.filter((post) => post.endedAtMs === null).length;
      hungPeak = Math.max(hungPeak, simulation.inFlight - inFlightToWell);
    }
    // 64 POSTs at a time of 50 ms each are 1,280 POSTs per second. The window reaches its maximum within the first
    // second.
    expect(perSecond[0]).toBeGreaterThan(1_000);
    expect(Math.min(...perSecond.slice(1, 15))).toBe(1_280);
    // Each hung endpoint can have one more POST in flight. The failure of this POST shows that the endpoint is suspect.
    expect(hungPeak).toBeLessThanOrEqual(1_000 + 300);
    expect(simulation.inFlight - inFlightToWell).toBeLessThanOrEqual(1_000);
    expect(simulation.inFlightPeak).toBeLessThanOrEqual(2_000);
  });

  test("do not delay the retries of a failing endpoint", async () => {
    const simulation = await Simulation.started({ inFlightMax: 100 });
    const topic = await simulation.topic();
    const failing = await simulation.subscribe(topic, "failing", {
      retry: { delaysMs: [1_000, 1_000] },
      script: { status: 500, afterMs: 10 },
    });
    for (let index = 0; index < 20; index++) await simulation.subscribe(topic, `hung${index}`, { script: "hang" });
    await simulation.publish(topic, "one");
    await simulation.time.advance(5_000);
    expect(simulation.postsTo(failing)).toHaveLength(3);
  });
});

describe("the window of an endpoint", () => {
  test("starts small and grows with every success up to maxInFlight", async () => {
    const simulation = await Simulation.started();
    const topic = await simulation.topic();
    await simulation.subscribe(topic, "one", { maxInFlight: 40, script: { status: 200, afterMs: 100 } });
    await simulation.publish(topic, ...texts(1_000));
    await simulation.time.quiet();
    expect(simulation.inFlight).toBe(engineLimits.windowStart);
    await simulation.time.advance(100);
    expect(simulation.inFlight).toBe(2 * engineLimits.windowStart);
    await simulation.time.advance(1_000);
    expect(inFlightMax(simulation)).toBe(40);
  });

  test("never exceeds maxInFlight, even where that is less than windowStart", async () => {
    const simulation = await Simulation.started();
    const topic = await simulation.topic();
    await simulation.subscribe(topic, "one", { maxInFlight: 3 });
    await simulation.publish(topic, ...texts(100));
    await simulation.time.advance(1_000);
    expect(simulation.posts).toHaveLength(100);
    expect(inFlightMax(simulation)).toBe(3);
  });

  test("shrinks to windowMin while the endpoint only fails, and grows again when it succeeds", async () => {
    const simulation = await Simulation.started();
    const topic = await simulation.topic();
    await simulation.subscribe(topic, "one", { script: { status: 200, afterMs: 100 } });
    await simulation.publish(topic, ...texts(2_000));
    await simulation.time.advance(1_500);
    expect(simulation.inFlight).toBe(limits.maxInFlightDefault);
    simulation.script("http://one.test", { status: 500, afterMs: 100 });
    await simulation.time.advance(1_000);
    expect(simulation.inFlight).toBe(engineLimits.windowMin);
    simulation.script("http://one.test", { status: 200, afterMs: 100 });
    await simulation.time.advance(1_000);
    expect(simulation.inFlight).toBe(limits.maxInFlightDefault);
  });

  test("follows a change of maxInFlight", async () => {
    const simulation = await Simulation.started();
    const topic = await simulation.topic();
    await simulation.subscribe(topic, "one", { maxInFlight: 64, script: { status: 200, afterMs: 100 } });
    await simulation.publish(topic, ...texts(2_000));
    await simulation.time.advance(1_000);
    await simulation.subscribe(topic, "one", { maxInFlight: 4 });
    await simulation.time.advance(200);
    expect(simulation.inFlight).toBe(4);
  });
});

const broken: Script = () => ({ status: 500, afterMs: 1 });

describe("a backlog on an endpoint that fails", () => {
  test("stays in the log: at most parkedFailingMax deliveries are parked", async () => {
    const simulation = await Simulation.started();
    const topic = await simulation.topic();
    const subscription = await simulation.subscribe(topic, "one", { retry: { delaysMs: [3_600_000] }, script: broken });
    for (let batch = 0; batch < 5; batch++) await simulation.publish(topic, ...texts(1_000));
    await simulation.time.advance(600_000);
    const counts = await simulation.counts(subscription);
    expect(counts.parked).toBeGreaterThanOrEqual(limits.parkedFailingMax);
    expect(counts.parked).toBeLessThan(limits.parkedFailingMax + 2 * limits.maxInFlightDefault);
    expect(counts.backlog + counts.parked).toBe(5_000);
    expect(simulation.posts.length).toBe(counts.parked);
  });

  test("is sent at once after the first success", async () => {
    const simulation = await Simulation.started();
    const topic = await simulation.topic();
    const subscription = await simulation.subscribe(topic, "one", {
      retry: { delaysMs: [3_600_000, 3_600_000] },
      script: broken,
    });
    for (let batch = 0; batch < 3; batch++) await simulation.publish(topic, ...texts(1_000));
    await simulation.time.advance(600_000);
    simulation.store.findsNothing = true;
    simulation.script("http://one.test", { status: 200, afterMs: 10 });
    const failed = simulation.posts.length;
    await simulation.time.until(() => simulation.posts.length > failed, 3_600_000);
    await simulation.time.advance(2_000);
    expect((await simulation.counts(subscription)).backlog).toBe(0);
  });

  test("is claimed again when the parked deliveries have become dead letters", async () => {
    const simulation = await Simulation.started();
    simulation.store.findsNothing = true;
    const topic = await simulation.topic();
    const subscription = await simulation.subscribe(topic, "one", { retry: { delaysMs: [60_000] }, script: broken });
    for (let batch = 0; batch < 3; batch++) await simulation.publish(topic, ...texts(1_000));
    await simulation.time.advance(1_200_000);
    expect(await simulation.counts(subscription)).toMatchObject({ backlog: 0, parked: 0, deadLetters: 3_000 });
  });
});

describe("memory", () => {
  test("has at most claimedBytesMax and one claim of message bytes, for any number of subscriptions", async () => {
    const simulation = new Simulation({ inFlightMax: 10_000 });
    const topic = await simulation.topic();
    for (let index = 0; index < 100; index++) {
      await simulation.subscribe(topic, `s${index}`, { script: { status: 200, afterMs: 5 } });
    }
    await simulation.start();
    await simulation.stop(0);
    const body = new Uint8Array(limits.bodyBytesMax);
    for (let count = 0; count < 4; count++) await simulation.publish(topic, { body });
    await simulation.start();
    await simulation.time.advance(60_000);
    expect(simulation.posts).toHaveLength(400);
    const bytesMax = engineLimits.claimedBytesMax + engineLimits.claimReservedBytes;
    expect(simulation.store.openMax * body.byteLength).toBeLessThanOrEqual(bytesMax);
  });

  test("claiming stops while settlements cannot be written, and continues afterwards", async () => {
    const simulation = await Simulation.started();
    const topic = await simulation.topic();
    for (let index = 0; index < 30; index++) {
      await simulation.subscribe(topic, `s${index}`, { script: { status: 200, afterMs: 1 } });
    }
    const letGo = simulation.store.holdSettlements();
    await simulation.publish(topic, ...texts(1_000));
    await simulation.time.advance(20_000);
    const posted = simulation.posts.length;
    expect(posted).toBeGreaterThanOrEqual(engineLimits.unsettledMax);
    // Deliveries that were claimed before are still sent. Each subscription can have claimed at most two windows of
    // deliveries.
    expect(posted).toBeLessThanOrEqual(engineLimits.unsettledMax + 30 * 2 * limits.maxInFlightDefault);
    await simulation.time.advance(20_000);
    expect(simulation.posts.length).toBe(posted);
    letGo();
    await simulation.time.advance(5_000);
    expect(simulation.posts).toHaveLength(30_000);
  });
});
