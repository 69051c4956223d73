import { expect } from "vitest";
import type { SubscriptionId } from "../../domain/model.ts";
import type { Part } from "./part.ts";
import { dead, delivered, eventually, held, message, parkedUntil, released, Scene } from "./fixtures.ts";

export function wakeUpContract({ promise, shared, empty }: Part): void {
  promise("reports every subscription of a topic as ready when a message is published", async () => {
    const scene = await Scene.make(shared());
    const [one, other] = [await scene.subscribe("one"), await scene.subscribe("other")];
    const ready = new Set<SubscriptionId>();
    scene.store.log.onReady((ids) => {
      for (const id of ids) ready.add(id);
    });
    await scene.publish("a");
    expect(ready).toEqual(new Set([one.id, other.id]));
  });

  promise("reports ready subscriptions to every listener", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    const notified: string[] = [];
    for (const listener of ["one", "other"]) {
      scene.store.log.onReady((ids) => {
        if (ids.includes(reader.id)) notified.push(listener);
      });
    }
    await scene.publish("a");
    expect(new Set(notified)).toEqual(new Set(["one", "other"]));
  });

  promise("reports a subscription that is created, changed or resumed", async () => {
    const scene = await Scene.make(shared());
    await scene.publish("a");
    const ready: SubscriptionId[] = [];
    scene.store.log.onReady((ids) => ready.push(...ids));
    const reader = await scene.subscribe("reader", {}, "oldest");
    expect(ready).toContain(reader.id);
    await expectReady(scene, reader, () => scene.subscribe("reader", { order: "strict" }));
    await scene.store.catalog.setSubscriptionState(scene.topic.id, "reader", "paused");
    await expectReady(scene, reader, () =>
      scene.store.catalog.setSubscriptionState(scene.topic.id, "reader", "active"),
    );
  });

  promise("reports a subscription whose deliveries are released, redriven, or no longer held", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader", { order: "key" });
    await scene.publish(message("a", { orderingKey: "k" }), message("b", { orderingKey: "k" }));
    await expectReady(scene, reader, async () => scene.settle(await scene.claim(reader), released));
    await scene.settle(await scene.claim(reader), [parkedUntil(scene.now), held]);
    await expectReady(scene, reader, async () => scene.settle(await scene.claim(reader), dead));
    await expectReady(scene, reader, () => scene.store.records.redriveDeadLetters(reader.id, null));
  });

  promise("finds every subscription with work, and the time at which the next work is due", async () => {
    await empty(async (under) => {
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

/** Expects that `cause` makes the store report the subscription as ready. */
async function expectReady(
  scene: Scene,
  { id }: { readonly id: SubscriptionId },
  cause: () => Promise<unknown>,
): Promise<void> {
  const ready: SubscriptionId[] = [];
  scene.store.log.onReady((ids) => ready.push(...ids));
  await cause();
  await eventually(() => ready.includes(id));
}
