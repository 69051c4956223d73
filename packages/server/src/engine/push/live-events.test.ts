import { describe, expect, test } from "vitest";
import { RingbackError } from "../../domain/errors.ts";
import type { PushSettings } from "../../domain/model.ts";
import { createEventBus } from "../event-bus.ts";
import { engineLimits } from "../engine-limits.ts";
import type { AccountId } from "../../domain/model.ts";
import type { LiveEvent } from "../live-events.ts";
import { Simulation } from "../testing/simulation.ts";

const never = (): LiveEvent => {
  throw new Error("an event was made although nobody listens");
};

describe("events", () => {
  test("report a publish, each attempt with the time of the next one, and the dead letter", async () => {
    const simulation = await Simulation.started();
    const events: LiveEvent[] = [];
    simulation.events.subscribe((event) => events.push(event));
    const topic = await simulation.topic("orders");
    await simulation.subscribe(topic, "one", { retry: { delaysMs: [1_000] }, script: { status: 503, afterMs: 20 } });
    const at = simulation.nowMs;
    const { ids } = await simulation.publish(topic, "hello");
    await simulation.time.advance(60_000);
    const about = { accountId: topic.accountId, topic: "orders", subscription: "one", messageId: ids[0] };
    const failed = { verdict: "failed", status: 503, errorCode: "http_status", errorDetail: null, durationMs: 20 };
    expect(events).toEqual([
      { type: "message.published", accountId: topic.accountId, at, topic: "orders", ids },
      { type: "delivery.attempted", at: at + 20, ...about, attempt: 1, ...failed, nextAttemptAt: at + 1_020 },
      { type: "delivery.attempted", at: at + 1_040, ...about, attempt: 2, ...failed, nextAttemptAt: null },
      {
        type: "delivery.dead",
        at: at + 1_040,
        ...about,
        reason: "retries_exhausted",
        errorCode: "http_status",
        errorDetail: null,
      },
    ]);
  });

  test("are not created without listeners, and end when the listener is removed", async () => {
    const simulation = await Simulation.started();
    const topic = await simulation.topic();
    const events: LiveEvent[] = [];
    simulation.events.subscribe((event) => events.push(event))();
    simulation.events.emit = never;
    await simulation.subscribe(topic, "one");
    await simulation.publish(topic, "hello");
    await simulation.time.advance(1_000);
    expect(simulation.posts[0]?.result?.status).toBe(204);
    expect(events).toEqual([]);
    expect(simulation.failures).toEqual([]);
  });

  test("reach every listener even if one throws, and its error is reported", () => {
    const failures: unknown[] = [];
    const bus = createEventBus((error) => failures.push(error));
    const seen: LiveEvent[] = [];
    const fault = new Error("listener");
    bus.subscribe(() => {
      throw fault;
    });
    bus.subscribe((event) => seen.push(event));
    const event: LiveEvent = { type: "topic.changed", accountId: 1 as AccountId, at: 1, topic: "orders" };
    bus.emit(event);
    expect(seen).toEqual([event]);
    expect(failures).toEqual([fault]);
  });

  test("a listener that throws does not affect publishing and delivery", async () => {
    const simulation = await Simulation.started();
    const topic = await simulation.topic();
    const subscription = await simulation.subscribe(topic, "one", { order: "strict" });
    simulation.events.subscribe(() => {
      throw new Error("listener");
    });
    await simulation.publish(topic, "a", "b", "c");
    await simulation.time.advance(1_000);
    expect(simulation.postsTo(subscription)).toHaveLength(3);
    expect(await simulation.counts(subscription)).toMatchObject({ backlog: 0, inFlight: 0 });
  });
});

describe("the metrics", () => {
  test("count publishes, attempts with outcome and duration, latencies and dead letters", async () => {
    const simulation = await Simulation.started();
    const topic = await simulation.topic();
    await simulation.subscribe(topic, "well", { script: { status: 200, afterMs: 40 } });
    await simulation.subscribe(topic, "late", {
      retry: { delaysMs: [100] },
      script: (post) => ({ status: post.headers["ringback-attempt"] === "2" ? 200 : 500, afterMs: 10 }),
    });
    await simulation.subscribe(topic, "gone", { retry: "none", script: { error: "connect_refused", afterMs: 3 } });
    await simulation.publish(topic, "hello");
    await simulation.time.advance(1_000);
    const { observer } = simulation;
    expect(observer.publishedCount).toBe(1);
    expect(observer.attempts).toEqual([
      { outcome: "error", durationS: 0.003 },
      { outcome: "failed", durationS: 0.01 },
      { outcome: "accepted", durationS: 0.04 },
      { outcome: "accepted", durationS: 0.01 },
    ]);
    expect(observer.latenciesS).toEqual([0.04]);
    expect(observer.deaths).toEqual(["retries_exhausted"]);
  });
});

describe("retention", () => {
  test("removes expired messages step by step, and counts and reports those that were not delivered", async () => {
    const simulation = await Simulation.started();
    const events: LiveEvent[] = [];
    simulation.events.subscribe((event) => events.push(event));
    const topic = await simulation.topic("orders", { retentionMs: 60_000 });
    await simulation.subscribe(topic, "one");
    await simulation.store.catalog.setSubscriptionState(topic.id, "one", "paused");
    for (let batch = 0; batch < 3; batch++) {
      await simulation.publish(topic, ...Array.from({ length: 1_000 }, () => "x"));
    }
    await simulation.time.advance(60_000 + engineLimits.retentionStepMs + 10 * engineLimits.retentionBusyMs);
    expect((await simulation.store.records.statistics()).backlog).toBe(0);
    expect(simulation.observer.expiredCount).toBe(3_000);
    const expired = events.filter((event) => event.type === "delivery.expired");
    expect(expired.length).toBeGreaterThan(1);
    expect(expired[0]).toMatchObject({ topic: "orders", subscription: "one", count: 500 });
    expect(expired.reduce((total, { count }) => total + count, 0)).toBe(3_000);
  });

  test("continues after an error of the store", async () => {
    const simulation = await Simulation.started();
    const topic = await simulation.topic("orders", { retentionMs: 60_000 });
    await simulation.subscribe(topic, "one");
    await simulation.publish(topic, "hello");
    const fault = new RingbackError("storage_unavailable");
    simulation.store.failing.set("retain", fault);
    await simulation.time.advance(120_000);
    expect(simulation.failures.at(-1)).toEqual({ during: "retention", error: fault });
    simulation.store.failing.clear();
    const before = simulation.failures.length;
    await simulation.time.advance(2 * engineLimits.retentionStepMs);
    expect(simulation.failures).toHaveLength(before);
    expect((await simulation.store.log.retain()).messages).toBe(0);
  });
});

describe("a store that fails", () => {
  const fault = new RingbackError("storage_unavailable");

  test.each(["claim", "renew", "findReady", "getSubscriptionById"] as const)(
    "at %s is reported, and the engine continues when the store works again",
    async (call) => {
      const simulation = await Simulation.started();
      const topic = await simulation.topic();
      await simulation.time.advance(1_000);
      simulation.store.failing.set(call, fault);
      const slow = await simulation.subscribe(topic, "slow", {
        script: { status: 200, afterMs: 14_000 },
        maxInFlight: 1,
      });
      await simulation.publish(topic, "a", "b", "c", "d", "e");
      await simulation.time.advance(50_000);
      expect(simulation.failures).toContainEqual({ during: "dispatch", error: fault });
      simulation.store.failing.clear();
      await simulation.time.advance(engineLimits.findWorkMs + 5 * 14_000);
      expect((await simulation.counts(slow)).backlog).toBe(0);
      expect(simulation.postsTo(slow)).toHaveLength(5);
    },
  );

  test("at settle is reported, and the lost deliveries are sent again after their lease has expired", async () => {
    const simulation = await Simulation.started();
    const topic = await simulation.topic();
    const subscription = await simulation.subscribe(topic, "one", { order: "key" });
    simulation.store.failing.set("settle", fault);
    await simulation.publish(topic, { orderingKey: "k" }, { orderingKey: "k" });
    await simulation.time.advance(1_000);
    expect(simulation.failures).toContainEqual({ during: "settle", error: fault });
    simulation.store.failing.clear();
    await simulation.time.advance(engineLimits.claimLeaseMs + engineLimits.findWorkMs);
    expect(await simulation.counts(subscription)).toMatchObject({ backlog: 0, inFlight: 0 });
    expect(simulation.posts).toHaveLength(4);
  });

  test("at append fails that publish only", async () => {
    const simulation = await Simulation.started();
    const topic = await simulation.topic();
    await simulation.subscribe(topic, "one");
    await simulation.store.catalog.deleteTopic(topic.accountId, topic.name);
    await expect(simulation.publish(topic, "hello")).rejects.toMatchObject({ code: "topic_not_found" });
    expect(simulation.observer.publishedCount).toBe(0);
  });
});

test("a subscription with an unknown protocol is reported and does not affect other subscriptions", async () => {
  const simulation = await Simulation.started();
  const topic = await simulation.topic();
  const { settings } = await simulation.subscribe(topic, "well");
  const push = settings.push as PushSettings;
  await simulation.store.catalog.putSubscription(
    topic.id,
    "odd",
    { ...settings, push: { ...push, protocol: "of tomorrow" } },
    "now",
  );
  await simulation.store.catalog.putSubscription(topic.id, "also", settings, "now");
  await simulation.publish(topic, "hello");
  await simulation.time.quiet();
  expect(new Set(simulation.posts.map((post) => post.headers["ringback-subscription"]))).toEqual(
    new Set(["also", "well"]),
  );
  expect(simulation.failures).toHaveLength(1);
  expect(String(simulation.failures[0]?.error)).toContain("of tomorrow");
});
