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

describe("a pull", () => {
  it("returns the oldest messages, as many as requested, with the time and number of their receives", async () => {
    await scene.publish("1", "2", "3");
    const nowMs = scene.time.now();
    const messages = await scene.pull(subscription, { messagesMax: 2 });
    expect(messages.map(textOf)).toEqual(["1", "2"]);
    expect(messages[0]).toMatchObject({ receives: 1, firstReceivedAtMs: nowMs, visibleAtMs: nowMs + visibilityMs });
    expect(await scene.texts(subscription)).toEqual(["3"]);
  });

  it("leaves no message invisible to everybody when a write may have failed", async () => {
    await scene.publish("1", "2");
    const settle = scene.store.log.settle.bind(scene.store);
    scene.store.log.settle = async (batch) => {
      scene.store.log.settle = settle;
      // The database applies the write, but its answer is lost. The repeated write finds nothing left to settle.
      await settle(batch);
      return settle(batch);
    };
    const beginMs = scene.time.now();
    const messages = await scene.pull(subscription, { messagesMax: 2, waitMs: 20_000, visibilityMs: 12 * 3600_000 });
    expect(messages.map(textOf)).toEqual(["1", "2"]);
    expect(scene.time.now() - beginMs).toBeLessThan(1_000);
  });

  it("returns nothing at once when there is no message and no wait", async () => {
    expect(await scene.pull(subscription)).toEqual([]);
    expect(scene.claims).toBe(1);
  });

  it("makes a message invisible for its visibility timeout, and returns it again afterwards", async () => {
    await scene.publish("1");
    const first = await one();
    await scene.time.advance(visibilityMs - 1);
    expect(await scene.pull(subscription)).toEqual([]);
    await scene.time.advance(1);
    const again = await one();
    expect(again).toMatchObject({ id: first.id, receives: 2, firstReceivedAtMs: first.firstReceivedAtMs });
    expect(again.receiptHandle).not.toBe(first.receiptHandle);
  });

  it("makes a message invisible for as long as the request says", async () => {
    await scene.publish("1");
    await scene.pull(subscription, { visibilityMs: 2_000 });
    await scene.time.advance(1_999);
    expect(await scene.texts(subscription)).toEqual([]);
    await scene.time.advance(1);
    expect(await scene.texts(subscription)).toEqual(["1"]);
  });

  it("serves all requests of one moment with one claim and one settlement, first come, first served", async () => {
    await scene.publish("1", "2", "3", "4");
    let settlements = 0;
    const settle = scene.store.log.settle.bind(scene.store);
    scene.store.log.settle = (batch) => {
      settlements++;
      return settle(batch);
    };
    const requested = [
      scene.request(subscription, { messagesMax: 2 }),
      scene.request(subscription),
      scene.request(subscription),
    ];
    const answers = await scene.finished(Promise.all(requested));
    expect(answers.map((messages) => messages.map(textOf))).toEqual([["1", "2"], ["3"], ["4"]]);
    expect({ claims: scene.claims, settlements }).toEqual({ claims: 1, settlements: 1 });
  });

  it("claims no more at a time than may be in flight, however many requests there are", async () => {
    await scene.publish(...Array.from({ length: 300 }, (_, index) => `${index}`));
    const wanted: number[] = [];
    const claim = scene.store.log.claim.bind(scene.store);
    scene.store.log.claim = (wants, leaseMs) => {
      wanted.push(...wants.map(({ deliveriesMax }) => deliveriesMax));
      return claim(wants, leaseMs);
    };
    const requested = [1, 2, 3].map(() => scene.request(subscription, { messagesMax: 100 }));
    expect((await scene.finished(Promise.all(requested))).flat()).toHaveLength(300);
    expect(wanted).toEqual([subscription.settings.maxInFlight, 100]);
  });

  it("never returns more than the limit, however much is requested", async () => {
    await scene.publish(...Array.from({ length: limits.pullMessagesMax + 1 }, (_, index) => `${index}`));
    expect(await scene.pull(subscription, { messagesMax: 1_000_000 })).toHaveLength(limits.pullMessagesMax);
  });

  it("stops after the message that passes the limit of bytes, and one message always fits", async () => {
    const body = Buffer.alloc(limits.bodyBytesMax);
    const count = limits.pullBytesMax / limits.bodyBytesMax;
    for (let at = 0; at <= count; at++) await scene.publish({ body });
    expect(await scene.pull(subscription, { messagesMax: 100 })).toHaveLength(count);
    expect(await scene.pull(subscription, { messagesMax: 100 })).toHaveLength(1);
  });

  it("is refused for a subscription that is not pulled, and for one that is gone", async () => {
    const pushed = { ...subscription, settings: { ...subscription.settings, pull: undefined } };
    await expect(scene.pull(pushed as unknown as Subscription)).rejects.toMatchObject({ code: "not_pulled" });
    await scene.store.catalog.deleteSubscription(subscription.topicId, subscription.name);
    await expect(scene.pull(subscription)).rejects.toMatchObject({ code: "subscription_not_found" });
  });

  it("fails for a new request when the store fails, and lets waiting requests wait on", async () => {
    const waiting = scene.request(subscription, { waitMs: 20_000 });
    await scene.time.quiet();
    scene.store.failing.set("claim", new Error("the network is gone"));
    await expect(scene.pull(subscription)).rejects.toThrow("the network is gone");
    await scene.publish("1");
    await scene.time.advance(engineLimits.pullRetryMs);
    scene.store.failing.clear();
    await scene.time.advance(engineLimits.pullRetryMs);
    expect((await waiting).map(textOf)).toEqual(["1"]);
    expect(scene.failures.length).toBeGreaterThan(0);
  });
});

describe("a message that may not be invisible", () => {
  it("is delivered to nobody, and comes again", async () => {
    await scene.publish("1");
    const letGo = scene.store.holdSettlements();
    const requested = scene.request(subscription, { waitMs: 60_000 });
    await scene.time.quiet();
    // After this time, another node can claim the message.
    await scene.time.advance(engineLimits.pullLeaseMs + 1);
    const { pulls } = scene.addNode();
    const other = pulls.pull(subscription, {
      messagesMax: 1,
      waitMs: 0,
      visibilityMs: null,
      gone: new AbortController().signal,
    });
    await scene.time.quiet();
    letGo();
    await scene.time.quiet();
    expect((await other).map(textOf)).toEqual(["1"]);
    await scene.time.advance(visibilityMs);
    expect(await requested).toMatchObject([{ receives: 2 }]);
  });

  it("is delivered to nobody when its visibility timeout ended before the write", async () => {
    await scene.publish("1");
    const letGo = scene.store.holdSettlements();
    const requested = scene.request(subscription, { waitMs: 10_000, visibilityMs: 1_000 });
    await scene.time.advance(1_000);
    letGo();
    await scene.time.quiet();
    expect(await scene.finished(requested)).toMatchObject([{ receives: 2 }]);
  });

  it("goes to the next request when the client has left meanwhile", async () => {
    await scene.publish("1");
    const leaving = new AbortController();
    const letGo = scene.store.holdSettlements();
    const requested = scene.request(subscription, { gone: leaving.signal });
    const next = scene.request(subscription, { waitMs: 20_000 });
    await scene.time.quiet();
    leaving.abort();
    letGo();
    await scene.time.quiet();
    expect(await requested).toEqual([]);
    expect(await next).toMatchObject([{ receives: 2 }]);
  });
});

describe("a receipt handle", () => {
  it("acknowledges a message once, for good, and leaves a record of the attempt", async () => {
    await scene.publish("1");
    const { receiptHandle, id } = await one();
    await scene.time.advance(40);
    expect(await scene.pulls.acknowledge(subscription, [receiptHandle, receiptHandle])).toEqual(["done", "ended"]);
    expect(await scene.pulls.acknowledge(subscription, [receiptHandle])).toEqual(["ended"]);
    await scene.time.advance(visibilityMs);
    expect(await scene.pull(subscription)).toEqual([]);
    const record = await scene.store.records.getMessage(scene.store.catalog.defaultAccount().id, id);
    const attempts = [{ attempt: 1, verdict: "accepted", durationMs: 40 }];
    expect(record).toMatchObject({ deliveries: [{ state: "delivered", attempts }] });
    expect(scene.observer.attempts).toEqual([{ outcome: "accepted", durationS: 0.04 }]);
    expect(scene.liveEvents).toContainEqual(expect.objectContaining({ type: "delivery.attempted", messageId: id }));
  });

  it("ends with the visibility timeout, and when another receiver gets the message", async () => {
    await scene.publish("1");
    const { receiptHandle } = await one();
    await scene.time.advance(visibilityMs);
    expect(await scene.pulls.acknowledge(subscription, [receiptHandle])).toEqual(["ended"]);
    const again = await one();
    expect(await scene.pulls.acknowledge(subscription, [receiptHandle, again.receiptHandle])).toEqual([
      "ended",
      "done",
    ]);
  });

  it("is malformed for another subscription, and when it was never given out", async () => {
    await scene.publish("1");
    const { receiptHandle } = await one();
    const other = await scene.subscribe("others");
    expect(await scene.pulls.acknowledge(other, [receiptHandle, "", "x", `${receiptHandle}-0`])).toEqual(
      Array.from({ length: 4 }, () => "malformed"),
    );
    expect(await scene.pulls.acknowledge(subscription, [receiptHandle])).toEqual(["done"]);
  });

  it("is made of letters, digits and hyphens", async () => {
    await scene.publish("1");
    expect((await one()).receiptHandle).toMatch(/^[A-Za-z\d-]{1,256}$/);
  });

  it("puts a message back at once, for a waiting or for the next request", async () => {
    await scene.publish("1");
    const { receiptHandle } = await one();
    const waiting = scene.request(subscription, { waitMs: 20_000 });
    await scene.time.quiet();
    expect(await scene.pulls.putBack(subscription, [receiptHandle], 0)).toEqual(["done"]);
    await scene.time.quiet();
    expect(await waiting).toMatchObject([{ receives: 2 }]);
  });

  it("extends the visibility timeout, and stays valid until its end", async () => {
    await scene.publish("1");
    const { receiptHandle } = await one();
    await scene.time.advance(visibilityMs - 1);
    expect(await scene.pulls.putBack(subscription, [receiptHandle], visibilityMs)).toEqual(["done"]);
    await scene.time.advance(visibilityMs - 1);
    expect(await scene.texts(subscription)).toEqual([]);
    expect(await scene.pulls.acknowledge(subscription, [receiptHandle])).toEqual(["done"]);
  });
});

describe("a message that was received as often as it may", () => {
  it("becomes a dead letter at the next pull, which returns the next message instead", async () => {
    subscription = await scene.subscribe("workers", { receivesMax: 2 });
    await scene.publish("1", "2");
    for (const receives of [1, 2]) {
      expect(await scene.pull(subscription)).toMatchObject([{ receives }]);
      await scene.time.advance(visibilityMs);
    }
    expect(await scene.texts(subscription, 1)).toEqual(["2"]);
    const letters = await scene.store.records.listDeadLetters(subscription.id, { after: null, limit: 10 });
    expect(letters.items).toMatchObject([{ reason: "receives_exhausted", message: { seq: 1 } }]);
    expect(scene.observer.deaths).toEqual(["receives_exhausted"]);
    const dead = { type: "delivery.dead", subscription: "workers", reason: "receives_exhausted" };
    expect(scene.liveEvents).toContainEqual(expect.objectContaining(dead));
  });
});

describe("order", () => {
  it("of a key delivers the next message only when the one before is acknowledged, and other keys go on", async () => {
    subscription = await scene.subscribe("workers", {}, "key");
    await scene.publish(...["a1", "a2", "b1", "a3"].map(keyed));
    const first = await scene.pull(subscription, { messagesMax: 10 });
    expect(first.map(textOf)).toEqual(["a1", "b1"]);
    const waiting = scene.request(subscription, { waitMs: 20_000, messagesMax: 10 });
    await scene.time.quiet();
    await scene.pulls.acknowledge(subscription, [first[0]?.receiptHandle ?? ""]);
    expect((await scene.finished(waiting)).map(textOf)).toEqual(["a2"]);
    await scene.time.advance(visibilityMs);
    // The message was not acknowledged in time, so it is delivered again.
    expect(await scene.texts(subscription)).toEqual(["a2", "b1"]);
  });

  it("that is strict delivers one message at a time, until it is acknowledged", async () => {
    subscription = await scene.subscribe("workers", {}, "strict");
    await scene.publish("1", "2", "3");
    const first = await scene.pull(subscription, { messagesMax: 10 });
    expect(first.map(textOf)).toEqual(["1"]);
    expect(await scene.texts(subscription)).toEqual([]);
    await scene.time.advance(visibilityMs);
    const again = await one();
    expect(textOf(again)).toBe("1");
    const waiting = scene.request(subscription, { waitMs: 20_000, messagesMax: 10 });
    await scene.time.quiet();
    await scene.pulls.acknowledge(subscription, [again.receiptHandle]);
    expect((await scene.finished(waiting)).map(textOf)).toEqual(["2"]);
  });
});

function keyed(text: string): { orderingKey: string; body: Uint8Array } {
  return { orderingKey: text.slice(0, 1), body: Buffer.from(text) };
}
