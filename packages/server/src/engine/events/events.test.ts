import { expect, test } from "vitest";
import { RingbackError } from "../../domain/errors.ts";
import type { MessageId } from "../../domain/model.ts";
import type { EventProducers } from "./event-producers.ts";
import { expiryCheck } from "./key-expiring.ts";
import { EventsScene } from "./testing/events-scene.ts";

const dayMs = 24 * 3600_000;
const failing = { script: { status: 500, afterMs: 5 }, retry: "none" } as const;

test("Dead letters are reported soon, and then at most once a minute with their count and reasons.", async () => {
  const scene = await EventsScene.started();
  const { simulation } = scene;
  scene.node();
  const orders = await simulation.topic("orders");
  await simulation.subscribe(orders, "shop", failing);
  const { ids } = await simulation.publish(orders, "a", "b");
  await simulation.time.advance(2_000);
  for (let second = 0; second < 50; second++) {
    await simulation.publish(orders, "more");
    await simulation.time.advance(1_000);
  }
  const about = { type: "dead_letters.added", account: "default", topic: "orders", subscription: "shop" };
  const at = expect.stringMatching(/^2026-01-31T08:0/);
  const first = { ...about, at, count: 2, reasons: { retries_exhausted: 2 }, messageId: ids[0] };
  const deadLetters = async () => (await scene.published()).filter(({ type }) => type === "dead_letters.added");
  expect(await deadLetters()).toEqual([first]);
  await simulation.time.advance(20_000);
  const second = { ...about, at, count: 50, reasons: { retries_exhausted: 50 }, messageId: expect.any(String) };
  expect(await deadLetters()).toEqual([first, second]);
  await simulation.time.advance(600_000);
  expect(await deadLetters()).toHaveLength(2);
});

test("A receiver of events that fails leads to no further event.", async () => {
  const scene = await EventsScene.started();
  const { simulation } = scene;
  scene.node();
  await simulation.subscribe(await scene.topic(), "alarm", failing);
  await simulation.subscribe(await scene.topic(), "gone", { script: { status: 410, afterMs: 5 } });
  const orders = await simulation.topic("orders");
  await simulation.subscribe(orders, "shop", failing);
  await simulation.publish(orders, "a");
  await simulation.time.advance(3_600_000);
  expect(await scene.types()).toEqual(["dead_letters.added"]);
  expect(scene.logged).toEqual(["subscription.disabled unpublished", "dead_letters.added unpublished"]);
});

test("A delivery that succeeds makes no event, because no producer wants it.", async () => {
  const scene = await EventsScene.started();
  const { simulation } = scene;
  scene.node();
  const made: string[] = [];
  simulation.events.emit = ({ type }) => void made.push(type);
  const orders = await simulation.topic("orders");
  const shop = await simulation.subscribe(orders, "shop");
  await simulation.publish(orders, "a");
  await simulation.time.advance(1_000);
  expect([simulation.postsTo(shop).length, made]).toEqual([1, []]);
});

test("A queue that gets events leads to no event about its own dead letters.", async () => {
  const scene = await EventsScene.started();
  const { simulation, accountId } = scene;
  scene.node();
  await simulation.subscribe(await scene.topic(), "to-queue", { push: { url: "queue:Alarms" } });
  const dead = { type: "delivery.dead", accountId, at: simulation.nowMs, reason: "receives_exhausted" } as const;
  const about = { subscription: "x", messageId: "1" as MessageId, errorCode: null, errorDetail: null };
  simulation.events.emit({ ...dead, ...about, topic: "queue:alarms" });
  simulation.events.emit({ ...dead, ...about, topic: "queue:others" });
  await simulation.time.advance(60_000);
  expect((await scene.published()).map(({ topic }) => topic)).toEqual(["queue:others"]);
  expect(scene.logged).toEqual(["dead_letters.added unpublished"]);
});

test("An account has at most 60 events of a type a minute, and one event with the number of the others.", async () => {
  const scene = await EventsScene.started();
  const { simulation, accountId } = scene;
  scene.node();
  for (let count = 0; count < 100; count++) {
    const expired = { type: "delivery.expired", accountId, at: simulation.nowMs, count: 1 } as const;
    simulation.events.emit({ ...expired, topic: `topic-${count}`, subscription: "s" });
  }
  const common = { accountId, at: simulation.nowMs, topic: "t", subscription: "s", attempt: 1 };
  simulation.events.emit({ type: "subscription.disabled", reason: "gone", messageId: "1" as MessageId, ...common });
  await simulation.time.advance(90_000);
  const types = await scene.types();
  expect(types).toContain("subscription.disabled");
  expect(types.filter((type) => type === "messages.expired")).toHaveLength(60);
  expect((await scene.published()).at(-1)).toMatchObject({ type: "events.suppressed", count: 40 });
  expect(scene.logged).toEqual(["40 suppressed"]);
  const later = { accountId, at: simulation.nowMs, count: 3, topic: "later", subscription: "s" };
  simulation.events.emit({ type: "delivery.expired", ...later });
  await simulation.time.advance(2_000);
  expect((await scene.published()).at(-1)).toMatchObject({ type: "messages.expired", topic: "later", count: 3 });
});

test("A limit is reported once in five minutes, with how often it has refused something.", async () => {
  const scene = await EventsScene.started();
  const { limitsReached } = scene.node();
  scene.limits = { ...scene.limits, topicsMax: 3 };
  for (let minute = 0; minute < 5; minute++) {
    for (let count = 0; count < 10; count++) limitsReached.refused(scene.accountId, "topicsMax");
    await scene.simulation.time.advance(60_000);
  }
  await scene.simulation.time.advance(60_000);
  expect(await scene.published()).toMatchObject([
    { type: "account.limit_reached", limit: "topicsMax", max: 3, count: 10 },
    { type: "account.limit_reached", limit: "topicsMax", max: 3, count: 40 },
  ]);
});

test("A key that expires is reported 14 days before, 3 days before and then, once over nodes and restarts.", async () => {
  const scene = await EventsScene.started();
  const { simulation } = scene;
  const expiresAtMs = simulation.nowMs + 20 * dayMs;
  scene.apiKeys.push({ id: "AKID1", name: "shop", expiresAtMs });
  scene.apiKeys.push({ id: "AKID2", name: "old", expiresAtMs: simulation.nowMs - 30 * dayMs });
  const seen = async () => (await scene.published()).map(({ id, daysLeft }) => `${String(id)} ${String(daysLeft)}`);
  const { store, clock, time } = simulation;
  const checkOf = ({ messages }: EventProducers) => expiryCheck({ store, clock, messages, ...scene.accounts() });
  const [one, other] = [checkOf(scene.node()), checkOf(scene.node())];
  const checked = async (...checks: (typeof one)[]) => {
    const [waitMs] = await simulation.finished(Promise.all(checks.map((check) => check())));
    await time.advance(1);
    return waitMs;
  };
  expect(await checked(one, other)).toBe(6 * dayMs);
  expect(await seen()).toEqual([]);
  time.jump(6 * dayMs);
  expect(await checked(one, other)).toBe(11 * dayMs - 1);
  expect(await seen()).toEqual(["AKID1 14"]);
  await checked(other);
  time.jump(12 * dayMs);
  // A node that has just started.
  const restarted = checkOf(scene.node());
  await checked(restarted, one);
  expect(await seen()).toEqual(["AKID1 14", "AKID1 3"]);
  time.jump(3 * dayMs);
  expect(await checked(restarted)).toBe(Infinity);
  await checked(one);
  expect(await seen()).toEqual(["AKID1 14", "AKID1 3", "AKID1 0"]);
  expect((await store.entries.list(scene.accountId, "expiry-notice", { after: null, limit: 10 })).items).toHaveLength(
    1,
  );
  scene.apiKeys.shift();
  await checked(one);
  expect((await store.entries.list(scene.accountId, "expiry-notice", { after: null, limit: 10 })).items).toEqual([]);
  expect((await scene.published())[0]).toEqual({
    type: "key.expiring",
    at: expect.any(String),
    account: "default",
    kind: "api-key",
    id: "AKID1",
    name: "shop",
    topic: null,
    subscription: null,
    daysLeft: 14,
    expiresAt: new Date(expiresAtMs).toISOString(),
  });
  expect(simulation.failures).toEqual([]);
});

test("A disk is reported at 80 and at 95 percent, each when it is reached.", async () => {
  const scene = await EventsScene.started();
  const percents: unknown[] = [];
  scene.node().start();
  for (const usedBytes of [10, 79, 80, 85, 95, 100, 10, 96, 82]) {
    scene.disk.splice(0, 1, { what: "disk", usedBytes, bytesMax: 100 });
    await scene.simulation.time.advance(60_000);
  }
  for (const { type, percent } of await scene.published()) percents.push(type === "disk.nearly_full" && percent);
  // The second rise to 95 percent is within the same hour.
  expect(percents).toEqual([80, 95]);
});

test("Events wait while the store refuses them, in their order, and a bounded number of them.", async () => {
  const scene = await EventsScene.started();
  const { simulation, accountId } = scene;
  const { messages } = scene.node();
  await scene.topic();
  simulation.store.failing.set("append", new RingbackError("storage_full"));
  const at = simulation.nowMs;
  for (let count = 0; count < 3; count++)
    messages.add({ type: "events.suppressed", accountId, at, members: { count } });
  await simulation.time.advance(60_000);
  expect(await scene.published()).toEqual([]);
  simulation.store.failing.clear();
  await simulation.time.advance(10_000);
  expect((await scene.published()).map(({ count }) => count)).toEqual([0, 1, 2]);
  expect(scene.logged).toEqual([]);
});
