import { beforeEach, describe, expect, it } from "vitest";
import { InboxScene, textOf } from "./testing/inbox-scene.ts";

const minuteMs = 60_000;
let scene: InboxScene;

beforeEach(() => {
  scene = new InboxScene();
});

describe("an inbox with a topic", () => {
  it("publishes its messages to every subscription of the topic, and gives those that others publish there", async () => {
    const topic = await scene.topic("orders");
    await scene.publish(topic, "before");
    await scene.put("in", { topic: "orders" });
    const { subscription } = await scene.store.catalog.putSubscription(topic.id, "other", pulled, "now");
    const { id } = await scene.keep("in", "1");
    await scene.publish(topic, "2");
    expect(await scene.store.records.subscriptionCounts(subscription.id)).toMatchObject({ backlog: 2 });
    expect(await scene.store.records.getMessage(topic.accountId, id as NonNullable<typeof id>)).toMatchObject({
      topic: "orders",
    });
    expect(await scene.all("in")).toEqual(["1", "2"]);
  });

  it("gives waiting clients what is published to the topic, delayed messages when they are due", async () => {
    const topic = await scene.topic("orders");
    await scene.put("in", { topic: "orders" });
    const at = scene.time.now();
    const waiting = Promise.all(
      [1, 2].map(async () => {
        const text = textOf(await scene.take("in", minuteMs));
        return `${text} at ${scene.time.now() - at}`;
      }),
    );
    await scene.time.quiet();
    await scene.publish(topic, { body: Buffer.from("late"), delayMs: 5_000 }, "now");
    await scene.time.advance(10_000);
    expect(await waiting).toEqual(["now at 0", "late at 5000"]);
    expect(scene.timers.waiting.size).toBe(0);
  });

  it("publishes although nobody polls, and drops messages only for itself", async () => {
    const topic = await scene.topic("orders");
    const { subscription } = await scene.store.catalog.putSubscription(topic.id, "other", pulled, "now");
    await scene.put("in", { topic: "orders", whilePolledMs: 1_000 });
    await scene.keep("in", "1");
    await scene.time.advance(1_000);
    const dropped = await scene.keep("in", "2");
    expect(dropped).toMatchObject({ kept: false, id: expect.any(String) });
    expect(await scene.all("in")).toEqual([]);
    expect(await scene.store.records.subscriptionCounts(subscription.id)).toMatchObject({ backlog: 2 });
  });

  it("fails while the topic is missing, and gets every message of a new topic of that name", async () => {
    await scene.topic("orders");
    await scene.put("in", { topic: "orders" });
    await scene.keep("in", "gone with its topic");
    await scene.store.catalog.deleteTopic(scene.store.catalog.defaultAccount().id, "orders");
    for (const use of [
      () => scene.keep("in", "1"),
      () => scene.take("in"),
      () => scene.put("in", { topic: "orders" }),
    ]) {
      await expect(use()).rejects.toMatchObject({
        code: "topic_not_found",
        message: 'The inbox publishes into the topic "orders", which does not exist.',
      });
    }
    expect(await scene.waiting("in")).toBe(0);
    await scene.time.advance(1_000);
    await scene.publish(await scene.topic("orders"), "1");
    await scene.keep("in", "2");
    expect(await scene.all("in")).toEqual(["1", "2"]);
  });

  it("leaves the topic as it is when it is deleted", async () => {
    const topic = await scene.topic("orders");
    await scene.put("in", { topic: "orders" });
    const { id } = await scene.keep("in", "1");
    await scene.inboxes.delete("in");
    expect(await scene.store.records.getMessage(topic.accountId, id as NonNullable<typeof id>)).not.toBeNull();
    expect(await scene.store.records.statistics()).toMatchObject({ backlog: 0 });
  });

  it("cannot be created without its topic, and cannot change it", async () => {
    await expect(scene.put("in", { topic: "orders" })).rejects.toMatchObject({ code: "topic_not_found" });
    expect(await scene.inboxes.get("in")).toBeNull();
    for (const name of ["orders", "others"]) await scene.topic(name);
    await scene.put("in", { topic: "orders" });
    await expect(scene.put("in", { topic: "others" })).rejects.toMatchObject({ code: "immutable_field" });
    await expect(scene.put("in")).rejects.toMatchObject({
      code: "immutable_field",
      message: 'topic: is "orders" and cannot be changed',
    });
  });
});

const pulled = {
  push: null,
  filter: { tags: [], types: [] },
  retry: "none",
  order: "none",
  maxInFlight: 1,
  breaker: null,
  disableAfterMs: null,
} as const;
