import { describe, expect, test } from "vitest";
import { limits } from "../../domain/limits.ts";
import type { Subscription } from "../../domain/model.ts";
import { whileFailing } from "../../domain/subscription-rules.ts";
import type { LiveEvent } from "../live-events.ts";
import type { Reaction } from "../testing/scripted-transport.ts";
import { Simulation, type Subscribing } from "../testing/simulation.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3600_000;
const DAY_MS = 24 * 3600_000;
const refused: Reaction = { error: "connect_refused", afterMs: 1 };
const well: Reaction = { status: 200, afterMs: 5 };
const texts = (count: number): string[] => Array.from({ length: count }, (_, index) => `m${index}`);

async function started() {
  const simulation = await Simulation.started();
  const topic = await simulation.topic();
  const events: LiveEvent["type"][] = [];
  simulation.events.subscribe(({ type }) => {
    if (/^(subscription|breaker)\./.test(type)) events.push(type);
  });
  const subscribe = (name: string, subscribing: Subscribing = {}) =>
    simulation.subscribe(topic, name, { ...whileFailing, ...subscribing });
  const read = async ({ id }: Subscription) => await simulation.store.catalog.getSubscriptionById(id);
  return { simulation, topic, events, subscribe, read };
}

test("a new URL has a window of its own, however small that of the old one has become", async () => {
  const { simulation, topic, subscribe } = await started();
  const one = await subscribe("one", { script: refused, breaker: null });
  await simulation.publish(topic, ...texts(200));
  await simulation.time.advance(MINUTE_MS);
  expect(simulation.engine.senderState(one.id)?.window).toBeLessThan(1);
  const { settings } = one;
  const push = { ...settings.push, url: "http://other.test/" } as NonNullable<typeof settings.push>;
  await simulation.store.catalog.putSubscription(topic.id, one.name, { ...settings, push }, "now");
  await simulation.time.advance(2_000);
  expect(simulation.posts.filter(({ endpoint }) => endpoint.origin === "http://other.test").length).toBeGreaterThan(50);
});

describe("a breaker", () => {
  test("opens after sustained failure, probes at growing intervals, and closes with nothing lost", async () => {
    const { simulation, topic, events, subscribe, read } = await started();
    const one = await subscribe("one", { script: refused });
    await simulation.publish(topic, ...texts(500));
    await simulation.time.advance(5 * MINUTE_MS);
    expect(await read(one)).toMatchObject({
      health: { state: "open", scope: "subscription", error: { code: "connect_refused" } },
    });
    expect(events).toEqual(["subscription.failing", "breaker.opened"]);
    expect(simulation.engine.openBreakers()).toEqual({ subscription: 1, origin: 0 });
    const opened = simulation.posts.length;
    await simulation.time.advance(2 * 3600_000);
    const probes = simulation.posts.slice(opened);
    // One probe in five minutes, with jitter.
    expect(probes.length).toBeGreaterThanOrEqual(18);
    expect(probes.length).toBeLessThanOrEqual(32);
    expect(Math.max(...probes.map(({ inFlightBefore }) => inFlightBefore))).toBe(0);
    expect(await simulation.counts(one)).toMatchObject({ deadLetters: 0 });

    simulation.script("http://one.test", well);
    await simulation.time.advance(7 * MINUTE_MS);
    expect(await simulation.counts(one)).toMatchObject({ backlog: 0, parked: 0, deadLetters: 0 });
    expect(await read(one)).toMatchObject({ health: null });
    expect(events.slice(2)).toEqual(["breaker.closed", "subscription.recovered"]);
    expect(simulation.engine.openBreakers()).toEqual({ subscription: 0, origin: 0 });
    expect(simulation.failures).toEqual([]);
  });

  test("does not open for a burst of failures", async () => {
    const { simulation, topic, events, subscribe } = await started();
    const one = await subscribe("one", { script: well });
    await simulation.publish(topic, ...texts(1_000));
    await simulation.time.advance(1_000);
    simulation.script("http://one.test", { status: 502, afterMs: 1 });
    await simulation.publish(topic, ...texts(1_000));
    await simulation.time.advance(4_000);
    simulation.script("http://one.test", well);
    await simulation.time.advance(2 * MINUTE_MS);
    expect(events.filter((type) => type.startsWith("breaker"))).toEqual([]);
    expect(await simulation.counts(one)).toMatchObject({ backlog: 0, parked: 0 });
  });

  test("spends no retries: a delivery that waits for hours behind it has its whole policy afterwards", async () => {
    const { simulation, topic, subscribe } = await started();
    const retry = {
      baseMs: 1_000,
      factor: 2,
      delayMsMax: 8_000,
      retriesMax: 100,
      totalMsMax: 600_000,
      jitter: "none",
    } as const;
    const one = await subscribe("one", { script: refused, retry, disableAfterMs: null });
    await simulation.publish(topic, ...texts(30));
    await simulation.time.advance(DAY_MS / 2);
    expect(await simulation.counts(one)).toMatchObject({ deadLetters: 0 });
    let failuresLeft = 10;
    // The probe succeeds. Then a few single messages fail again, and get their retries.
    simulation.script("http://one.test", ({ headers }) =>
      Number(headers["ringback-message-id"]) % 3 === 0 && failuresLeft-- > 0 ? { status: 500, afterMs: 1 } : well,
    );
    await simulation.time.advance(10 * MINUTE_MS);
    expect(await simulation.counts(one)).toMatchObject({ backlog: 0, parked: 0, deadLetters: 0 });
  });

  test("never opens for one message that fails, which keeps the schedule of its policy", async () => {
    const { simulation, topic, events, subscribe } = await started();
    const one = await subscribe("one", { script: refused });
    await simulation.publish(topic, "hello");
    await simulation.time.advance(DAY_MS);
    expect(simulation.posts).toHaveLength(177);
    expect(await simulation.counts(one)).toMatchObject({ deadLetters: 1 });
    expect(events).toEqual(["subscription.failing"]);
  });

  test("spends no retries either when its own notice of a probe arrives while the probe is in flight", async () => {
    const { simulation, topic, subscribe } = await started();
    simulation.store.latencyMsMax = 30;
    const push = { timeoutMs: 1_000 };
    const one = await subscribe("one", { push, script: "hang", order: "none", retry: { delaysMs: [60_000] } });
    await simulation.publish(topic, ...texts(30));
    await simulation.time.advance(2 * HOUR_MS);
    expect(await simulation.counts(one)).toMatchObject({ deadLetters: 0 });
  });

  test("spends no retry on a probe that fails while the server stops", async () => {
    const { simulation, topic, events, subscribe } = await started();
    const push = { timeoutMs: 1_000 };
    const one = await subscribe("one", { push, script: "hang", order: "none", retry: { delaysMs: [1_000] } });
    await simulation.publish(topic, ...texts(30));
    await simulation.time.until(() => events.includes("breaker.opened"), HOUR_MS);
    await simulation.time.advance(5_000);
    const { deadLetters } = await simulation.counts(one);
    for (let restart = 0; restart < 5; restart++) {
      const { length } = simulation.posts;
      await simulation.time.until(() => simulation.posts.length > length, HOUR_MS);
      await simulation.stop(5_000);
      await simulation.start();
    }
    expect(await simulation.counts(one)).toMatchObject({ deadLetters });
  });

  test("stays open over a restart, and probes when that is due", async () => {
    const { simulation, topic, subscribe, read } = await started();
    const one = await subscribe("one", { script: refused });
    await simulation.publish(topic, ...texts(100));
    await simulation.time.advance(MINUTE_MS);
    const health = (await read(one))?.health;
    expect(health?.state).toBe("open");
    await simulation.stop(0);
    const before = simulation.posts.length;
    await simulation.start();
    await simulation.time.advance(Math.max(0, Number(health?.probeAtMs) - simulation.nowMs - 10));
    expect(simulation.posts).toHaveLength(before);
    simulation.script("http://one.test", well);
    await simulation.time.advance(5_000);
    expect(await simulation.counts(one)).toMatchObject({ backlog: 0, parked: 0, deadLetters: 0 });
  });

  test("is off with breaker: null, and closes when it is turned off", async () => {
    const { simulation, topic, subscribe, read } = await started();
    const one = await subscribe("one", { script: { status: 500, afterMs: 1 } });
    await simulation.publish(topic, ...texts(100));
    await simulation.time.advance(MINUTE_MS);
    expect(await read(one)).toMatchObject({ health: { state: "open" } });
    await subscribe("one", { breaker: null });
    await simulation.time.advance(1_000);
    expect(await read(one)).toMatchObject({ health: { state: "failing" } });
    await simulation.time.advance(10 * MINUTE_MS);
    expect((await simulation.counts(one)).backlog).toBe(0);
  });

  test("keeps the order of each key", async () => {
    const { simulation, topic, subscribe } = await started();
    const one = await subscribe("one", { script: refused, order: "key" });
    const keys = Array.from({ length: 300 }, (_, index) => ({ orderingKey: `k${index % 12}` }));
    await simulation.publish(topic, ...keys);
    await simulation.time.advance(3600_000);
    const accepted = simulation.posts.length;
    simulation.script("http://one.test", well);
    await simulation.time.advance(10 * MINUTE_MS);
    expect(await simulation.counts(one)).toMatchObject({ backlog: 0, parked: 0, deadLetters: 0 });
    const last = new Map<string, bigint>();
    for (const { headers } of simulation.posts.slice(accepted).filter(({ result }) => result?.status === 200)) {
      const key = String(headers["ringback-ordering-key"]);
      const id = BigInt(String(headers["ringback-message-id"]));
      expect(id > (last.get(key) ?? 0n)).toBe(true);
      last.set(key, id);
    }
    expect(last.size).toBe(12);
  });
});

const url = (path: string): Subscribing => ({ push: { url: `http://shared.test/${path}` } });

describe("subscriptions of one origin", () => {
  test("share a breaker and its probes when the origin is dead, and start together when it is back", async () => {
    const { simulation, topic, events, subscribe, read } = await started();
    simulation.script("http://shared.test", refused);
    const all: Subscription[] = [];
    for (let index = 0; index < 100; index++) all.push(await subscribe(`s${index}`, url(`${index}`)));
    await simulation.publish(topic, ...texts(5));
    await simulation.time.advance(5 * MINUTE_MS);
    const opened = simulation.posts.length;
    await simulation.time.advance(2 * 3600_000);
    expect(simulation.posts.length - opened).toBeLessThanOrEqual(32);
    expect(await read(all[99] as Subscription)).toMatchObject({ health: { state: "open", scope: "origin" } });
    simulation.script("http://shared.test", well);
    await simulation.time.advance(10 * MINUTE_MS);
    for (const one of all) {
      expect(await simulation.counts(one)).toMatchObject({ backlog: 0, parked: 0, deadLetters: 0 });
      expect(await read(one)).toMatchObject({ health: null });
    }
    expect(events.filter((type) => type === "breaker.opened")).toHaveLength(100);
    expect(events.filter((type) => type === "breaker.closed")).toHaveLength(100);
    expect(simulation.failures).toEqual([]);
  });

  test("spend no retry on the probe that opens the breaker of the origin", async () => {
    const { simulation, topic, events, subscribe, read } = await started();
    const settings = { order: "none", retry: { delaysMs: [] } } as const;
    const one = await subscribe("one", { ...settings, breaker: { failures: 3, probeMs: 300 }, script: refused });
    for (let second = 0; second < 12; second += 2) {
      await simulation.publish(topic, "x");
      await simulation.time.advance(2_000);
    }
    expect(events).toContain("breaker.opened");
    await subscribe("two", { ...settings, breaker: null, push: { url: "http://one.test/two" }, script: refused });
    await simulation.publish(topic, ...texts(3));
    const { deadLetters } = await simulation.counts(one);
    await simulation.time.advance(2 * HOUR_MS);
    expect(await read(one)).toMatchObject({ health: { state: "open", scope: "origin" } });
    expect(await simulation.counts(one)).toMatchObject({ deadLetters });
  });

  test("spend no retry on a probe that is in flight when the breaker of the origin opens", async () => {
    const { simulation, topic, subscribe, read } = await started();
    const retry = { delaysMs: [] };
    const [breaker, push] = [
      { failures: 3, probeMs: 60_000 },
      { url: "http://one.test/one", timeoutMs: 1_000 },
    ];
    const one = await subscribe("one", { order: "none", retry, breaker, push });
    simulation.script("http://one.test", ({ endpoint }) => (endpoint.path === "/one" ? "hang" : refused));
    for (let second = 0; second < 14; second += 2) {
      await simulation.publish(topic, "x");
      await simulation.time.advance(2_000);
    }
    expect(await read(one)).toMatchObject({ health: { state: "open", scope: "subscription" } });
    await subscribe("two", { order: "none", retry, push: { url: "http://one.test/two" } });
    const { length } = simulation.posts;
    await simulation.publish(topic, "probe");
    await simulation.time.until(() => simulation.postsTo(one).length > length, HOUR_MS);
    const { deadLetters } = await simulation.counts(one);
    await simulation.publish(topic, ...texts(30));
    await simulation.time.advance(10_000);
    expect(await read(one)).toMatchObject({ health: { state: "open", scope: "origin" } });
    expect(await simulation.counts(one)).toMatchObject({ deadLetters });
  });

  test("are not affected by a path that replies 500 or 404", async () => {
    const { simulation, topic, subscribe, read } = await started();
    const bad = await subscribe("bad", url("bad"));
    const good = await subscribe("good", url("good"));
    simulation.script("http://shared.test", ({ endpoint }) =>
      endpoint.path === "/bad" ? { status: 500, afterMs: 1 } : well,
    );
    for (let minute = 0; minute < 5; minute++) {
      await simulation.publish(topic, ...texts(100));
      await simulation.time.advance(MINUTE_MS);
      expect(await simulation.counts(good)).toMatchObject({ backlog: 0, parked: 0 });
    }
    expect(await read(bad)).toMatchObject({ health: { state: "open", scope: "subscription" } });
    expect(await read(good)).toMatchObject({ health: null });
  });
});

describe("Retry-After", () => {
  test("of a 429 or 503 holds everything to the origin until then, within a limit", async () => {
    for (const [status, seconds, expectedMs] of [
      [429, 30, 30_000],
      [503, 36_000, limits.retryAfterHoldMsMax],
    ] as const) {
      const { simulation, topic, subscribe } = await started();
      const one = await subscribe("one", { push: { url: "http://shared.test/1" } });
      const other = await subscribe("other", { push: { url: "http://shared.test/2" } });
      let isBusy = true;
      simulation.script("http://shared.test", () =>
        isBusy ? { status, afterMs: 5, headers: { "retry-after": String(seconds) } } : well,
      );
      await simulation.publish(topic, "a");
      await simulation.time.advance(1_000);
      const heldAtMs = Number(simulation.posts[0]?.endedAtMs);
      isBusy = false;
      const before = simulation.posts.length;
      await simulation.publish(topic, "b", "c");
      await simulation.time.advance(expectedMs - 2_000);
      expect(simulation.posts).toHaveLength(before);
      const pausedUntil = () => [one, other].map(({ id }) => simulation.engine.senderState(id)?.pausedUntilMs);
      const untilMs = simulation.time.wall(heldAtMs + expectedMs);
      expect(pausedUntil()).toEqual([untilMs, untilMs]);
      await simulation.time.advance(3_000);
      expect(pausedUntil()).toEqual([null, null]);
      expect(simulation.posts[before]?.startedAtMs).toBeGreaterThanOrEqual(heldAtMs + expectedMs);
      await simulation.time.advance(3600_000);
      for (const each of [one, other]) expect(await simulation.counts(each)).toMatchObject({ backlog: 0, parked: 0 });
    }
  });
});

describe("disabling", () => {
  test("disables a subscription after disableAfterMs of nothing but failure, also over restarts", async () => {
    const { simulation, topic, events, subscribe, read } = await started();
    const one = await subscribe("one", { script: refused, disableAfterMs: 5 * HOUR_MS });
    await simulation.publish(topic, ...texts(50));
    for (let hour = 0; hour < 4; hour++) {
      await simulation.time.advance(HOUR_MS);
      await simulation.stop(0);
      await simulation.start();
    }
    expect((await read(one))?.state).toBe("active");
    await simulation.time.advance(1.3 * HOUR_MS);
    expect(await read(one)).toMatchObject({ state: "disabled", disabled: { reason: "failing" }, health: null });
    expect(events.filter((type) => type === "subscription.disabled")).toHaveLength(1);
    const posts = simulation.posts.length;
    await simulation.time.advance(HOUR_MS);
    expect(simulation.posts).toHaveLength(posts);
    simulation.script("http://one.test", well);
    await simulation.store.catalog.setSubscriptionState(topic.id, "one", "active");
    await simulation.time.advance(MINUTE_MS);
    expect(await simulation.counts(one)).toMatchObject({ backlog: 0, parked: 0, deadLetters: 0 });
  });

  test("does not count a time in which nothing was sent", async () => {
    const { simulation, topic, subscribe, read } = await started();
    const one = await subscribe("one", {
      script: { status: 500, afterMs: 1 },
      retry: "none",
      disableAfterMs: 2 * HOUR_MS,
    });
    for (let count = 0; count < 8; count++) await simulation.publish(topic, "x");
    await simulation.time.advance(6 * HOUR_MS);
    await simulation.publish(topic, "x");
    await simulation.time.advance(MINUTE_MS);
    expect(await read(one)).toMatchObject({ state: "active" });
  });

  test("never happens with disableAfterMs: null, nor while anything succeeds", async () => {
    const { simulation, topic, subscribe, read } = await started();
    const never = await subscribe("never", { script: refused, disableAfterMs: null });
    let count = 0;
    const sometimes = await subscribe("sometimes", {
      script: () => (count++ % 20 === 0 ? well : refused),
      disableAfterMs: 8 * HOUR_MS,
    });
    for (let hour = 0; hour < 16; hour++) {
      await simulation.publish(topic, ...texts(20));
      await simulation.time.advance(HOUR_MS);
    }
    expect(await read(never)).toMatchObject({ state: "active", health: { state: "open" } });
    expect(await read(sometimes)).toMatchObject({ state: "active" });
  });
});
