import { expect } from "vitest";
import type { SubscriptionId } from "../../domain/model.ts";
import type { Part } from "./part.ts";
import { dead, delivered, eventually, held, message, parkedUntil, released, Scene } from "./fixtures.ts";

export function hintContract({ promise, shared, fresh }: Part): void {
  promise("hints at every subscription of a topic that is published to", async () => {
    const scene = await Scene.make(shared());
    const [one, other] = [await scene.subscribe("one"), await scene.subscribe("other")];
    const hinted = new Set<SubscriptionId>();
    scene.store.log.onReady((ids) => {
      for (const id of ids) hinted.add(id);
    });
    await scene.publish("a");
    expect(hinted).toEqual(new Set([one.id, other.id]));
  });

  promise("tells a hint to everybody who listens", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    const told: string[] = [];
    for (const who of ["one", "other"]) {
      scene.store.log.onReady((ids) => {
        if (ids.includes(reader.id)) told.push(who);
      });
    }
    await scene.publish("a");
    expect(new Set(told)).toEqual(new Set(["one", "other"]));
  });

  promise("hints at a subscription that is made, changed or resumed", async () => {
    const scene = await Scene.make(shared());
    await scene.publish("a");
    const hinted: SubscriptionId[] = [];
    scene.store.log.onReady((ids) => hinted.push(...ids));
    const reader = await scene.subscribe("reader", {}, "oldest");
    expect(hinted).toContain(reader.id);
    await hints(scene, reader, () => scene.subscribe("reader", { order: "strict" }));
    await scene.store.catalog.setSubscriptionState(scene.topic.id, "reader", "paused");
    await hints(scene, reader, () => scene.store.catalog.setSubscriptionState(scene.topic.id, "reader", "active"));
  });

  promise("hints at what is given back, redriven, or no longer held", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader", { order: "key" });
    await scene.publish(message("a", { orderingKey: "k" }), message("b", { orderingKey: "k" }));
    await hints(scene, reader, async () => scene.settle(await scene.claim(reader), released));
    await scene.settle(await scene.claim(reader), [parkedUntil(scene.now), held]);
    await hints(scene, reader, async () => scene.settle(await scene.claim(reader), dead));
    await hints(scene, reader, () => scene.store.records.redriveDeadLetters(reader.id, null));
  });

  promise("finds every subscription with work, and when the next work is due", async () => {
    await fresh(async (under) => {
      expect(await under.store.log.findReady()).toEqual({ subscriptionIds: [], nextDueAtMs: null });
      const scene = await Scene.make(under);
      const names = ["idle", "unread", "due", "later", "paused", "open"];
      const readers = await Promise.all(names.map((name) => scene.subscribe(name)));
      const [idle, unread, due, later, paused, open] = readers as [
        (typeof readers)[number],
        ...(typeof readers)[number][],
      ];
      await scene.publish("a");
      await scene.settleNext(idle, delivered);
      await scene.settleNext(due as typeof idle, parkedUntil(scene.now));
      await scene.settleNext(later as typeof idle, parkedUntil(scene.now + 1_000));
      await scene.claim(open as typeof idle, {}, 500);
      await scene.store.catalog.setSubscriptionState(scene.topic.id, "paused", "paused");
      const found = await under.store.log.findReady();
      expect(found.subscriptionIds).toEqual(expect.arrayContaining([unread?.id, due?.id]));
      for (const none of [idle, paused, open]) expect(found.subscriptionIds).not.toContain(none?.id);
      expect(found.nextDueAtMs).toBe(scene.now + 500);
      under.clock.advance(500);
      expect((await under.store.log.findReady()).subscriptionIds).toContain(open?.id);
      under.clock.advance(500);
      await under.crash();
      const ready = (await under.store.log.findReady()).subscriptionIds;
      expect(new Set(ready)).toEqual(new Set([unread, due, later, open].map((reader) => reader?.id)));
    });
  });
}

/** Whether `cause` makes the store hint at the subscription. */
async function hints(
  scene: Scene,
  { id }: { readonly id: SubscriptionId },
  cause: () => Promise<unknown>,
): Promise<void> {
  const hinted: SubscriptionId[] = [];
  scene.store.log.onReady((ids) => hinted.push(...ids));
  await cause();
  await eventually(() => hinted.includes(id));
}
