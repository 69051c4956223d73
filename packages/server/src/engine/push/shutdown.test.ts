import { describe, expect, test } from "vitest";
import { engineLimits } from "../engine-limits.ts";
import { Simulation, bodyOf } from "../testing/simulation.ts";

const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index));

describe("stop", () => {
  test("lets POSTs in flight finish within the grace period, starts none, and leaves no timer", async () => {
    const simulation = await Simulation.started();
    const topic = await simulation.topic();
    const subscription = await simulation.subscribe(topic, "one", {
      maxInFlight: 4,
      script: { status: 200, afterMs: 300 },
    });
    await simulation.publish(topic, ...numbers(20));
    await simulation.time.advance(100);
    const stoppedAtMs = simulation.nowMs;
    await simulation.stop(10_000);
    expect(simulation.nowMs - stoppedAtMs).toBeLessThan(250);
    expect(simulation.posts.map((post) => post.result?.status)).toEqual([200, 200, 200, 200]);
    expect(simulation.timersWaiting).toBe(0);
    expect(await simulation.counts(subscription)).toMatchObject({ backlog: 16, inFlight: 0 });
    await simulation.time.advance(600_000);
    expect(simulation.posts).toHaveLength(4);
  });

  test("aborts POSTs after the grace period, and the next start sends them with the same attempt number", async () => {
    const simulation = await Simulation.started();
    const topic = await simulation.topic();
    const subscription = await simulation.subscribe(topic, "one", { maxInFlight: 2, script: "hang" });
    await simulation.publish(topic, "a", "b", "c");
    await simulation.time.advance(100);
    const stoppedAtMs = simulation.nowMs;
    await simulation.stop(5_000);
    expect(simulation.nowMs - stoppedAtMs).toBeLessThanOrEqual(5_001);
    expect(simulation.posts.map((post) => post.result?.error)).toEqual(["aborted", "aborted"]);
    expect(await simulation.counts(subscription)).toMatchObject({ backlog: 3, parked: 0, inFlight: 0 });
    simulation.script("http://one.test", { status: 200, afterMs: 5 });
    await simulation.start();
    await simulation.time.advance(1_000);
    expect(simulation.posts.map((post) => [bodyOf(post), post.headers["ringback-attempt"]])).toEqual([
      ["a", "1"],
      ["b", "1"],
      ["a", "1"],
      ["b", "1"],
      ["c", "1"],
    ]);
    const { items } = await simulation.store.records.listAttempts(subscription.id, { after: null, limit: 10 });
    expect(items.map(({ verdict }) => verdict)).toEqual(["accepted", "accepted", "accepted"]);
  });

  test("waits until outcomes are written, so that no settled delivery is sent again", async () => {
    const simulation = await Simulation.started();
    const topic = await simulation.topic();
    const subscription = await simulation.subscribe(topic, "one");
    const letGo = simulation.store.holdSettlements();
    await simulation.publish(topic, "hello");
    await simulation.time.advance(100);
    let isStopped = false;
    const stopping = simulation.engine.stop(1_000).then(() => (isStopped = true));
    await simulation.time.advance(10_000);
    expect(isStopped).toBe(false);
    letGo();
    await simulation.finished(stopping);
    expect(await simulation.counts(subscription)).toMatchObject({ backlog: 0, inFlight: 0 });
  });

  test("releases the deliveries of a claim that arrives after the stop", async () => {
    const simulation = await Simulation.started();
    const topic = await simulation.topic();
    const subscription = await simulation.subscribe(topic, "one");
    await simulation.time.quiet();
    simulation.store.latencyMsMax = 500;
    await simulation.publish(topic, "hello");
    await simulation.time.quiet();
    await simulation.stop(0);
    expect(await simulation.counts(subscription)).toMatchObject({ backlog: 1, inFlight: 0 });
    expect(simulation.posts).toHaveLength(0);
  });
});

describe("a lease", () => {
  test("is renewed while its deliveries wait, so that a long queue is sent once", async () => {
    const simulation = await Simulation.started();
    const topic = await simulation.topic();
    await simulation.subscribe(topic, "one", { order: "strict", script: { status: 200, afterMs: 14_000 } });
    await simulation.publish(topic, ...numbers(30));
    await simulation.time.advance(30 * 14_000 + 1_000);
    expect(30 * 14_000).toBeGreaterThan(3 * engineLimits.claimLeaseMs);
    expect(simulation.posts.map(bodyOf)).toEqual(numbers(30));
  });

  test("is checked before sending goes on, if the process was suspended and others may have claimed", async () => {
    const simulation = await Simulation.started();
    const topic = await simulation.topic();
    const { store } = simulation;
    await simulation.subscribe(topic, "one", { maxInFlight: 2, script: { status: 200, afterMs: 1_000 } });
    await simulation.publish(topic, ...numbers(4));
    await simulation.time.advance(100);
    expect(simulation.posts.map(bodyOf)).toEqual(["0", "1"]);
    store.touched = null;
    await simulation.time.advance(5_000);
    expect(simulation.posts).toHaveLength(2);
    // Another node claims the remaining deliveries.
    store.expireLeases();
    const [subscriptionId] = (await store.log.findReady()).subscriptionIds;
    const want = { subscriptionId: subscriptionId as never, deliveriesMax: 4, bytesMax: 1_000, fromLog: true };
    const [taken] = await store.log.claim([want], 100_000);
    expect(taken?.deliveries).toHaveLength(2);
    // The process continues, but no longer owns the deliveries in its queue.
    store.touched = 1;
    await simulation.time.advance(5_000);
    expect(simulation.posts).toHaveLength(2);
    await simulation.publish(topic, "new");
    await simulation.time.advance(5_000);
    expect(simulation.posts.map(bodyOf)).toEqual(["0", "1", "new"]);
  });

  test("that is lost drops the deliveries that have not started; only the new claim sends them", async () => {
    for (const order of ["none", "key"] as const) {
      const simulation = await Simulation.started();
      const topic = await simulation.topic();
      const subscription = await simulation.subscribe(topic, "one", {
        order,
        maxInFlight: 2,
        push: { timeoutMs: 60_000 },
        script: { status: 200, afterMs: 50_000 },
      });
      await simulation.publish(topic, ...numbers(4).map((text) => ({ body: Buffer.from(text), orderingKey: "k" })));
      await simulation.time.advance(1_000);
      const started = simulation.posts.map(bodyOf);
      simulation.store.expireLeases();
      await simulation.time.advance(10 * engineLimits.claimRenewMs);
      // The leases of the POSTs in flight had expired when the POSTs ended, so these messages are sent twice.
      expect(simulation.posts.map(bodyOf).toSorted()).toEqual([...started, ...numbers(4)].toSorted());
      expect(await simulation.counts(subscription)).toMatchObject({ backlog: 0, inFlight: 0 });
    }
  });
});

test("after a kill only unsettled deliveries are sent again, with the same message id", async () => {
  const simulation = await Simulation.started();
  const topic = await simulation.topic();
  await simulation.subscribe(topic, "one", { maxInFlight: 2, script: { status: 200, afterMs: 100 } });
  await simulation.publish(topic, ...numbers(6));
  await simulation.time.advance(250);
  simulation.kill();
  const before = simulation.posts.length;
  const unsettled = simulation.posts.filter((post) => post.result === null);
  expect(unsettled).toHaveLength(2);
  await simulation.start();
  await simulation.time.advance(10_000);
  const again = simulation.posts.slice(before).map((post) => post.headers["ringback-message-id"]);
  const settled = simulation.posts.slice(0, before).filter((post) => post.result !== null);
  expect(new Set(again).size).toBe(again.length);
  expect(again).toEqual(expect.arrayContaining(unsettled.map((post) => post.headers["ringback-message-id"])));
  for (const post of settled) expect(again).not.toContain(post.headers["ringback-message-id"]);
  expect(again.length + settled.length).toBe(6);
});
