import { beforeEach, describe, expect, it } from "vitest";
import { limits } from "../../domain/limits.ts";
import type { Subscription } from "../../domain/model.ts";
import { engineLimits } from "../engine-limits.ts";
import type { PulledMessage } from "./pulls.ts";
import { PullScene, textOf, visibilityMs } from "./testing/pull-scene.ts";

let scene: PullScene;
let subscription: Subscription;

beforeEach(async () => {
  scene = new PullScene();
  subscription = await scene.subscribe("workers");
});

async function one(): Promise<PulledMessage> {
  const [message] = await scene.pull(subscription);
  if (message === undefined) throw new Error("there was no message");
  return message;
}

describe("waiting requests", () => {
  it("get one message each, first come, first served, and make no other claim", async () => {
    const requested = Array.from({ length: 1_000 }, () => scene.request(subscription, { waitMs: 60_000 }));
    await scene.time.quiet();
    const before = scene.claims;
    await scene.publish("1");
    await scene.time.quiet();
    expect((await requested[0])?.map(textOf)).toEqual(["1"]);
    expect(scene.claims - before).toBeLessThanOrEqual(2);
    await scene.publish("2", "3");
    await scene.time.quiet();
    expect((await requested[2])?.map(textOf)).toEqual(["3"]);
    const quiet = scene.claims;
    await scene.time.advance(visibilityMs - 1);
    expect(scene.claims).toBe(quiet);
    await scene.time.advance(60_001 - visibilityMs);
    // Six requests got a message, because each of the three messages was delivered twice.
    expect((await Promise.all(requested)).filter((messages) => messages.length === 0)).toHaveLength(994);
  });

  it("get a message that becomes visible again, although nobody publishes", async () => {
    await scene.publish("1");
    const { visibleAtMs } = await one();
    const waiting = scene.request(subscription, { waitMs: 60_000 });
    await scene.time.quiet();
    await scene.time.until(() => scene.time.now() >= visibleAtMs, visibilityMs);
    expect(await scene.finished(waiting)).toMatchObject([{ receives: 2 }]);
    expect(scene.time.now()).toBe(visibleAtMs);
  });

  it("get a delayed message when its delay is over", async () => {
    const beginMs = scene.time.now();
    const waiting = scene.request(subscription, { waitMs: 60_000 });
    await scene.time.quiet();
    await scene.publish({ delayMs: 12_345 });
    expect(await scene.finished(waiting)).toMatchObject([{ receives: 1 }]);
    expect(scene.time.now()).toBe(beginMs + 12_345);
  });

  it("get a message on another node than the one where it was published or put back", async () => {
    const other = scene.addNode();
    const waiting = scene.request(subscription, { waitMs: 60_000 }, other);
    await scene.publish("1");
    const [message] = await scene.finished(waiting);
    const again = scene.request(subscription, { waitMs: 60_000 }, other);
    await scene.time.quiet();
    await scene.pulls.putBack(subscription, [message?.receiptHandle ?? ""], 5_000);
    const beginMs = scene.time.now();
    expect(await scene.finished(again)).toMatchObject([{ receives: 2 }]);
    expect(scene.time.now()).toBe(beginMs + 5_000);
  });

  it("get a message although its wake-up was lost", async () => {
    const waiting = scene.request(subscription, { waitMs: 60_000 });
    await scene.time.quiet();
    scene.store.wakeUpLoss = 1;
    await scene.publish("1");
    await scene.time.advance(engineLimits.findWorkMs);
    expect((await scene.finished(waiting)).map(textOf)).toEqual(["1"]);
    expect(scene.findings).toBe(1);
  });

  it("get nothing once their client has left, and the next request gets the message", async () => {
    const leaving = new AbortController();
    const left = scene.request(subscription, { waitMs: 60_000, gone: leaving.signal });
    const next = scene.request(subscription, { waitMs: 60_000 });
    await scene.time.quiet();
    leaving.abort();
    await scene.publish("1");
    await scene.time.quiet();
    expect(await left).toEqual([]);
    expect(await next).toMatchObject([{ receives: 1 }]);
    expect(await scene.pull(subscription, { gone: leaving.signal })).toEqual([]);
  });

  it("are bounded in number", async () => {
    const requested = Array.from({ length: limits.pullWaitersMax + 1 }, () =>
      scene.request(subscription, { waitMs: 1_000 }),
    );
    const settled = Promise.allSettled(requested);
    await scene.time.advance(1_000);
    const refused = (await settled).filter(({ status }) => status === "rejected");
    expect(refused).toMatchObject([{ reason: { code: "too_many_waiters" } }]);
    const again = scene.request(subscription, { waitMs: 1_000 });
    await scene.time.advance(1_000);
    expect(await again).toEqual([]);
  });

  it("get messages that are being written for them when their time is over", async () => {
    const waiting = scene.request(subscription, { waitMs: 5_000 });
    await scene.time.quiet();
    const letGo = scene.store.holdSettlements();
    await scene.publish("1");
    await scene.time.advance(6_000);
    letGo();
    expect(await scene.finished(waiting)).toMatchObject([{ receives: 1 }]);
  });

  it("fail when their subscription is removed, and end with nothing when it is paused", async () => {
    const paused = scene.request(subscription, { waitMs: 60_000 });
    await scene.time.quiet();
    await scene.store.catalog.setSubscriptionState(subscription.topicId, subscription.name, "paused");
    await scene.time.quiet();
    expect(await paused).toEqual([]);
    const later = scene.request(subscription, { waitMs: 60_000 });
    await scene.publish("1");
    await scene.time.advance(1_000);
    await scene.store.catalog.setSubscriptionState(subscription.topicId, subscription.name, "active");
    await scene.time.quiet();
    expect((await later).map(textOf)).toEqual(["1"]);
    const removed = scene.request(subscription, { waitMs: 60_000 });
    await scene.time.quiet();
    await scene.store.catalog.deleteSubscription(subscription.topicId, subscription.name);
    await expect(scene.finished(removed)).rejects.toMatchObject({ code: "subscription_not_found" });
  });

  it("end with nothing when the server stops, except those whose messages are being written", async () => {
    await scene.publish("1");
    const letGo = scene.store.holdSettlements();
    const requested = [1, 2].map(() => scene.request(subscription, { waitMs: 60_000 }));
    await scene.time.quiet();
    scene.pulls.stopWaiting();
    letGo();
    await scene.finished(scene.node.pullQueues.idle());
    expect((await scene.finished(Promise.all(requested))).map((messages) => messages.length)).toEqual([1, 0]);
    expect(await scene.pull(subscription, { waitMs: 60_000 })).toEqual([]);
    expect(scene.node.timers.waiting.size).toBe(0);
  });
});

describe("limits", () => {
  it("bound the bytes on their way to slow receivers, of one subscription and of all", async () => {
    const body = Buffer.alloc(limits.bodyBytesMax);
    const other = await scene.subscribe("others");
    for (let at = 0; at < 20; at++) await scene.publish({ body });
    const arrived: (() => void)[] = [];
    const onDelivered = (done: () => void): void => void arrived.push(done);
    const pullUntilRefused = async (): Promise<unknown> => {
      for (;;) await scene.pull(subscription, { onDelivered });
    };
    await expect(pullUntilRefused()).rejects.toMatchObject({ code: "overloaded" });
    expect(arrived.length).toBeGreaterThan(10);
    expect(arrived.length * body.length).toBeLessThanOrEqual(engineLimits.pullUnreadBytesMax);
    expect(await scene.pull(other)).toHaveLength(1);
    arrived.forEach((done) => done());
    expect(await scene.pull(subscription)).toHaveLength(1);
  });

  it("let waiting requests wait on while other receivers read slowly", async () => {
    const waiting = scene.request(subscription, { waitMs: 60_000 });
    await scene.time.quiet();
    const arrived: (() => void)[] = [];
    const onDelivered = (done: () => void): void => void arrived.push(done);
    const slow = Array.from({ length: 20 }, () => scene.request(subscription, { waitMs: 20_000, onDelivered }));
    await scene.time.quiet();
    for (let at = 0; at < 24; at++) await scene.publish({ body: Buffer.alloc(limits.bodyBytesMax) });
    await scene.time.quiet();
    expect(await waiting).toHaveLength(1);
    expect(arrived.length).toBeLessThan(slow.length);
    while (arrived.length > 0) {
      arrived.splice(0).forEach((done) => done());
      await scene.time.quiet();
    }
    expect((await Promise.all(slow)).flat()).toHaveLength(20);
  });

  it("refuse new messages past a number of invisible ones, until one is acknowledged", async () => {
    await scene.publish("1", "2");
    const { receiptHandle } = await one();
    const counts = scene.store.records.unsettledCounts.bind(scene.store);
    const claim = scene.store.log.claim.bind(scene.store);
    let parked = limits.parkedMax;
    // The counts are faked, since that many real messages would take a minute.
    scene.store.records.unsettledCounts = async (id) => ({ ...(await counts(id)), parked });
    scene.store.log.claim = async (wants, leaseMs) =>
      (await claim(wants, leaseMs)).map((each) => ({ ...each, parkedCount: parked }));
    scene.node = scene.addNode();
    await expect(scene.pull(subscription)).rejects.toMatchObject({ code: "too_many_unacknowledged" });
    const waiting = scene.request(subscription, { waitMs: 20_000 });
    await scene.time.quiet();
    parked--;
    await scene.pulls.acknowledge(subscription, [receiptHandle]);
    await scene.time.quiet();
    expect((await waiting).map(textOf)).toEqual(["2"]);
  });

  it("drop the queue of a subscription that nobody pulls from any more, and its timer", async () => {
    await scene.pull(subscription);
    await scene.time.advance(engineLimits.senderIdleMs + 3 * engineLimits.findWorkMs);
    expect(scene.node.timers.waiting.size).toBe(0);
  });
});
