import { expect } from "vitest";
import { dead, delivered, keyed, parkedUntil, Scene, textsOf } from "./fixtures.ts";
import type { Part } from "./part.ts";

const retryOf = (scene: Scene, seq: number, name = "reader") =>
  scene.store.deliveries.retry(scene.topic.accountId, scene.idOf(seq), name);
const cancelOf = (scene: Scene, seq: number, name = "reader") =>
  scene.store.deliveries.cancel(scene.topic.accountId, scene.idOf(seq), name);

export function deliveryContract({ promise, shared }: Part): void {
  promise("retries a delivery in each state in which it can be retried", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("parked", "dead", "delivered", "purged");
    await scene.settleNext(reader, [parkedUntil(scene.now + 60_000), dead, delivered, dead] as never);
    const [purged] = (await scene.store.records.listDeadLetters(reader.id, { after: null, limit: 1 })).items;
    await scene.store.records.purgeDeadLetters(reader.id, [purged?.id as string]);
    const outcomes: unknown[] = [];
    for (const seq of [1, 2, 3, 4]) outcomes.push(await retryOf(scene, seq));
    expect(outcomes).toEqual(["retried", "redriven", "copied", "copied"]);
    const claim = await scene.claim(reader);
    expect(textsOf(claim).toSorted()).toEqual(["dead", "delivered", "parked", "purged"]);
    expect(claim.deliveries.map(({ attemptsMade }) => attemptsMade)).toEqual([1, 1, 1, 1]);
    expect(await retryOf(scene, 3)).toBe("in_flight");
    await scene.settle(claim, delivered);
    expect(await scene.store.records.subscriptionCounts(reader.id)).toMatchObject({ deadLetters: 0, parked: 0 });
  });

  promise("changes nothing of a delivery that can be neither retried nor cancelled", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader", { order: "key", filter: { tags: [], types: [] } });
    const other = await scene.subscribe("other", { filter: { tags: ["none"], types: [] } });
    await scene.publish(keyed("a1"), keyed("a2"));
    expect([await retryOf(scene, 1), await cancelOf(scene, 1)]).toEqual(["pending", "pending"]);
    await scene.claim(other);
    expect([await retryOf(scene, 1, "other"), await cancelOf(scene, 1, "other")]).toEqual(["filtered", "filtered"]);
    await scene.settle(await scene.claim(reader, { deliveriesMax: 1 }), parkedUntil(scene.now + 60_000));
    await scene.claim(reader);
    expect(await retryOf(scene, 2)).toBe("held");
    expect(await retryOf(scene, 3)).toBeNull();
    expect(await cancelOf(scene, 1, "nobody")).toBeNull();
    const { deliveries } = scene.store;
    expect(await deliveries.retry((scene.topic.accountId + 1) as never, scene.idOf(1), "reader")).toBeNull();
  });

  promise("turns a cancelled delivery into a dead letter, and lets the next of its key go on", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader", { order: "key" });
    await scene.publish(keyed("a1"), keyed("a2"));
    await scene.settle(await scene.claim(reader, { deliveriesMax: 1 }), parkedUntil(scene.now + 60_000));
    expect((await scene.claim(reader)).deliveries).toEqual([]);
    expect(await cancelOf(scene, 1)).toBe("cancelled");
    expect(await scene.deliveryOf(1, reader)).toMatchObject({ state: "dead", reason: "cancelled" });
    const [letter] = (await scene.store.records.listDeadLetters(reader.id, { after: null, limit: 1 })).items;
    expect(letter).toMatchObject({ reason: "cancelled", attemptsMade: 1, lastStatus: 500, diedAtMs: scene.now });
    const [next] = await scene.claimUntil(reader, 1);
    expect(textsOf(next as never)).toEqual(["a2"]);
    expect([await cancelOf(scene, 1), await cancelOf(scene, 2)]).toEqual(["dead", "in_flight"]);
    await scene.settle(next as never, delivered);
    expect(await cancelOf(scene, 2)).toBe("delivered");
    expect(await retryOf(scene, 1)).toBe("redriven");
    expect(await cancelOf(scene, 1)).toBe("cancelled");
    expect((await scene.store.records.listDeadLetters(reader.id, { after: null, limit: 9 })).items).toMatchObject([
      { id: letter?.id, reason: "cancelled" },
    ]);
    expect(await scene.store.records.subscriptionCounts(reader.id)).toMatchObject({ deadLetters: 1, parked: 0 });
  });
}
