import { expect } from "vitest";
import type { Part } from "./part.ts";
import {
  attempt,
  dead,
  delivered,
  held,
  message,
  parkedUntil,
  released,
  Scene,
  settlement,
  textOf,
  textsOf,
} from "./fixtures.ts";

export function settleContract({ promise, shared }: Part): void {
  promise("never returns a delivered message again", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a", "b");
    expect(await scene.settle(await scene.claim(reader), delivered)).toBe(2);
    scene.under.clock.advance(10_000_000);
    expect(textsOf(await scene.claim(reader))).toEqual([]);
    expect((await scene.store.records.listAttempts(reader.id, { after: null, limit: 10 })).items).toHaveLength(2);
  });

  promise("applies settlements in any order", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a", "b", "c", "d");
    const claim = await scene.claim(reader, {}, 1_000);
    const settleOne = (index: number) =>
      scene.store.log.settle([settlement(claim, claim.deliveries[index] as never, delivered)]);
    expect(await settleOne(3)).toBe(1);
    expect(await settleOne(1)).toBe(1);
    scene.under.clock.advance(1_000);
    expect(textsOf(await scene.claim(reader))).toEqual(["a", "c"]);
  });

  promise(
    "parks a failed delivery until its time, and keeps its attempts, its retries and its first attempt",
    async () => {
      const scene = await Scene.make(shared());
      const reader = await scene.subscribe("reader");
      await scene.publish("a");
      const claim = await scene.claim(reader);
      const startedAtMs = scene.now - 50;
      const parked = { ...parkedUntil(scene.now + 100, 1), firstAttemptAtMs: startedAtMs };
      await scene.store.log.settle([settlement(claim, claim.deliveries[0] as never, parked)]);
      expect(await scene.claim(reader)).toMatchObject({ deliveries: [], nextDueAtMs: scene.now + 100, parkedCount: 1 });
      scene.under.clock.advance(100);
      const again = await scene.claim(reader);
      expect(again.deliveries[0]).toMatchObject({ attemptsMade: 1, retriesMade: 1, firstAttemptAtMs: startedAtMs });
      await scene.settle(again, parkedUntil(scene.now, 2));
      const third = await scene.claim(reader);
      expect(third.deliveries[0]).toMatchObject({ attemptsMade: 2, retriesMade: 2, firstAttemptAtMs: startedAtMs });
      await scene.settle(third, delivered);
      expect(await scene.store.records.subscriptionCounts(reader.id)).toMatchObject({
        parked: 0,
        backlog: 0,
        inFlight: 0,
      });
    },
  );

  promise("makes a released delivery claimable immediately, and does not change it", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("new", "parked");
    const claim = await scene.claim(reader);
    await scene.settle(claim, [released, parkedUntil(scene.now, 4)]);
    const both = await scene.claim(reader);
    expect(textsOf(both).toSorted()).toEqual(["new", "parked"]);
    await scene.settle(both, released);
    const again = await scene.claim(reader);
    const found = again.deliveries.map((each) => `${textOf(each.message)} ${each.attemptsMade} ${each.retriesMade}`);
    expect(found.toSorted()).toEqual(["new 0 0", "parked 1 4"]);
  });

  promise("makes a held delivery due when no other delivery holds its key", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader", { order: "key" });
    await scene.publish(message("no key"), message("alone", { orderingKey: "k" }));
    await scene.settleNext(reader, held);
    const claims = await scene.claimUntil(reader, 2);
    expect(claims.flatMap(textsOf).toSorted()).toEqual(["alone", "no key"]);
  });

  promise("applies only the first of several settlements of a delivery", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("log", "parked");
    await scene.settle(await scene.claim(reader), [released, parkedUntil(scene.now)]);
    const claim = await scene.claim(reader);
    const all = [dead, delivered, parkedUntil(scene.now), released, dead];
    const counts = await Promise.all(all.map((settled) => scene.settle(claim, settled)));
    expect(counts).toEqual([2, 0, 0, 0, 0]);
    const twice = claim.deliveries.flatMap((each) => [settlement(claim, each, dead), settlement(claim, each, dead)]);
    expect(await scene.store.log.settle(twice)).toBe(0);
    const letters = await scene.store.records.listDeadLetters(reader.id, { after: null, limit: 10 });
    expect(letters.items).toHaveLength(2);
    const attempts = await scene.store.records.listAttempts(reader.id, { after: null, limit: 10 });
    expect(attempts.items).toHaveLength(3);
    expect(await scene.store.records.subscriptionCounts(reader.id)).toEqual({
      backlog: 0,
      parked: 0,
      deadLetters: 2,
      expired: 0,
      inFlight: 0,
    });
  });

  promise("neither applies nor records a settlement after another claim has taken the delivery", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a");
    const late = await scene.claim(reader, {}, 1_000);
    scene.under.clock.advance(1_000);
    const holder = await scene.claim(reader);
    expect(await scene.settle(late, delivered)).toBe(0);
    expect((await scene.store.records.listAttempts(reader.id, { after: null, limit: 10 })).items).toEqual([]);
    expect(await scene.settle(holder, delivered)).toBe(1);
  });

  promise("neither applies nor records a settlement for a deleted subscription", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a");
    const claim = await scene.claim(reader);
    await scene.store.catalog.deleteSubscription(scene.topic.id, "reader");
    expect(await scene.settle(claim, delivered)).toBe(0);
    expect(await scene.store.log.renew([claim.id], 1_000)).toEqual([]);
  });

  promise("applies a settlement of a delivery that was claimed before a pause", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a");
    const claim = await scene.claim(reader);
    await scene.store.catalog.setSubscriptionState(scene.topic.id, "reader", "paused");
    expect(await scene.settle(claim, delivered)).toBe(1);
  });

  promise("applies the settlements of one call for many subscriptions", async () => {
    const [one, other] = [await Scene.make(shared()), await Scene.make(shared())];
    const [first, second] = [await one.subscribe("first"), await other.subscribe("second")];
    await one.publish("a");
    await other.publish("b");
    const [left, right] = [await one.claim(first), await other.claim(second)];
    const applied = await one.store.log.settle([
      settlement(left, left.deliveries[0] as never, delivered),
      settlement(right, right.deliveries[0] as never, dead),
    ]);
    expect(applied).toBe(2);
    expect(await one.deliveryOf(1, first)).toMatchObject({ state: "delivered" });
    expect(await other.deliveryOf(1, second)).toMatchObject({ state: "dead", reason: "retries_exhausted" });
  });

  promise("accepts a call without settlements", async () => {
    expect(await shared().store.log.settle([])).toBe(0);
  });

  promise("refuses a settlement that cannot be stored, and applies nothing of its call", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a", "b");
    const claim = await scene.claim(reader);
    const [good, bad] = claim.deliveries.map((each) => settlement(claim, each, delivered));
    const halfMs = attempt(1, "accepted", { durationMs: 0.5 });
    await expect(scene.store.log.settle([good, { ...bad, attempt: halfMs }] as never)).rejects.toMatchObject({
      code: "internal",
    });
    await scene.publish("c");
    expect(await scene.settle(claim, delivered)).toBe(2);
  });

  promise("keeps every field of an attempt", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a", "b");
    const claim = await scene.claim(reader);
    const accepted = attempt(1, "accepted", { reply: Uint8Array.from([0, 255, 13, 10]), status: 204 });
    const error = attempt(1, "error", { status: null, errorCode: "connect_refused", reply: null, durationMs: 0 });
    await scene.store.log.settle([
      { ...settlement(claim, claim.deliveries[0] as never, delivered), attempt: accepted },
      { ...settlement(claim, claim.deliveries[1] as never, parkedUntil(scene.now)), attempt: error },
    ]);
    await scene.under.crash();
    const { items } = await scene.store.records.listAttempts(reader.id, { after: null, limit: 10 });
    expect(items).toEqual([
      { ...error, messageId: scene.idOf(2), subscription: "reader" },
      { ...accepted, messageId: scene.idOf(1), subscription: "reader" },
    ]);
  });
}
