import { expect } from "vitest";
import {
  dead,
  delivered,
  held,
  keyed,
  message,
  parkedUntil,
  released,
  Scene,
  settlement,
  textsOf,
} from "./fixtures.ts";
import type { Part } from "./part.ts";

export function orderContract({ promise, shared }: Part): void {
  promise("returns one delivery of a strictly ordered subscription at a time, whatever a claim requests", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader", { order: "strict" });
    await scene.publish("a", "b", "c");
    const first = await scene.claim(reader);
    expect(textsOf(first)).toEqual(["a"]);
    expect(first.more).toBe(false);
    expect(await scene.claim(reader, {}, 1_000)).toMatchObject({ deliveries: [], more: false });
    await scene.settle(first, delivered);
    expect(textsOf(await scene.claim(reader))).toEqual(["b"]);
  });

  promise("reports the end of the lease of the one open delivery, not the overdue deliveries behind it", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader", { order: "strict" });
    await scene.publish(message("late", { delayMs: 10 }), message("later", { delayMs: 10 }));
    await scene.claim(reader);
    scene.under.clock.advance(20);
    const [claim] = await scene.claimUntil(reader, 1);
    expect(claim).toMatchObject({ more: false });
    expect(await scene.claim(reader)).toMatchObject({ deliveries: [], nextDueAtMs: scene.now + 60_000 });
  });

  promise("returns no delivery of a strictly ordered subscription while an earlier one is parked", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader", { order: "strict" });
    await scene.publish("a", "b");
    await scene.settleNext(reader, parkedUntil(scene.now + 100));
    expect(await scene.claim(reader)).toMatchObject({ deliveries: [], more: false, nextDueAtMs: scene.now + 100 });
    scene.under.clock.advance(100);
    await scene.settleNext(reader, dead);
    expect(textsOf(await scene.claim(reader))).toEqual(["b"]);
  });

  promise("returns the deliveries of an ordering key in order, and does not delay other keys", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader", { order: "key" });
    await scene.publish(keyed("a1"), keyed("b1"), keyed("a2"), message("free"), keyed("b2"));
    const claim = await scene.claim(reader, { deliveriesMax: 2 });
    expect(textsOf(claim)).toEqual(["a1", "b1"]);
    await scene.settle(claim, [parkedUntil(scene.now + 100), delivered]);
    const passed = await scene.claim(reader);
    expect(textsOf(passed)).toEqual(["free", "b2"]);
    await scene.settle(passed, delivered);
    scene.under.clock.advance(100);
    const first = await scene.claim(reader);
    expect(textsOf(first)).toEqual(["a1"]);
    await scene.settle(first, delivered);
    expect((await scene.claimUntil(reader, 1)).flatMap(textsOf)).toEqual(["a2"]);
  });

  promise("returns held deliveries one after the other, each when its predecessor is settled", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader", { order: "key" });
    await scene.publish(keyed("a1"), keyed("a2"), keyed("a3"));
    const claim = await scene.claim(reader);
    await scene.settle(claim, [parkedUntil(scene.now + 100), held, held]);
    await scene.publish(keyed("a4"));
    expect(await scene.claim(reader)).toMatchObject({ deliveries: [], nextDueAtMs: scene.now + 100 });
    scene.under.clock.advance(100);
    for (const text of ["a1", "a2", "a3", "a4"]) {
      const [next] = await scene.claimUntil(reader, 1);
      expect(textsOf(next as never)).toEqual([text]);
      await scene.settle(next as never, text === "a2" ? dead : delivered);
    }
    expect(await scene.store.records.subscriptionCounts(reader.id)).toMatchObject({
      parked: 0,
      backlog: 0,
      deadLetters: 1,
    });
  });

  promise("keeps the order of a key when a held delivery fails", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader", { order: "key" });
    await scene.publish(keyed("a1"), keyed("a2"), keyed("a3"));
    await scene.settle(await scene.claim(reader), [parkedUntil(scene.now), held, held]);
    await scene.settle(await scene.claim(reader), delivered);
    const [second] = await scene.claimUntil(reader, 1);
    await scene.settle(second as never, parkedUntil(scene.now + 100));
    expect(textsOf(await scene.claim(reader))).toEqual([]);
    scene.under.clock.advance(100);
    expect(textsOf(await scene.claim(reader))).toEqual(["a2"]);
  });

  promise("returns a delivery that is held after its predecessor has ended", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader", { order: "key" });
    await scene.publish(keyed("a1"), keyed("a2"), keyed("a3"));
    const claim = await scene.claim(reader);
    const [first, second, third] = claim.deliveries;
    await scene.store.log.settle([settlement(claim, first as never, parkedUntil(scene.now))]);
    await scene.store.log.settle([settlement(claim, third as never, held)]);
    await scene.settleNext(reader, delivered);
    await scene.store.log.settle([settlement(claim, second as never, held)]);
    for (const text of ["a2", "a3"]) {
      const [next] = await scene.claimUntil(reader, 1);
      expect(textsOf(next as never)).toEqual([text]);
      await scene.settle(next as never, delivered);
    }
  });

  promise("keeps an ordering key blocked over a crash", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader", { order: "key" });
    await scene.publish(keyed("a1"), keyed("a2"), keyed("b1"));
    await scene.settle(await scene.claim(reader), [parkedUntil(scene.now + 100), held, released]);
    await scene.under.crash();
    await scene.publish(keyed("a3"));
    expect(textsOf(await scene.claim(reader))).toEqual(["b1"]);
    scene.under.clock.advance(100);
    for (const text of ["a1", "a2", "a3"]) {
      const [next] = await scene.claimUntil(reader, 1);
      expect(textsOf(next as never)).toEqual([text]);
      await scene.settle(next as never, delivered);
    }
  });

  promise("returns the deliveries of a claim sorted by position, parked and new", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader", { order: "key" });
    await scene.publish(keyed("a"), keyed("b"), keyed("c"));
    const claim = await scene.claim(reader);
    await scene.settle(claim, [parkedUntil(scene.now + 30), parkedUntil(scene.now + 20), parkedUntil(scene.now + 10)]);
    await scene.publish(keyed("d"));
    scene.under.clock.advance(30);
    expect(textsOf(await scene.claim(reader))).toEqual(["a", "b", "c", "d"]);
  });

  promise("gives a delayed message its position in the order of its key when its delay ends", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader", { order: "key" });
    await scene.publish(keyed("a1"), keyed("a2", 50), keyed("a3"));
    const claim = await scene.claim(reader);
    expect(textsOf(claim)).toEqual(["a1", "a3"]);
    await scene.settle(claim, [parkedUntil(scene.now + 100), held]);
    scene.under.clock.advance(50);
    expect(textsOf(await scene.claim(reader))).toEqual([]);
    scene.under.clock.advance(50);
    for (const text of ["a1", "a2", "a3"]) {
      const [next] = await scene.claimUntil(reader, 1);
      expect(textsOf(next as never)).toEqual([text]);
      await scene.settle(next as never, delivered);
    }
  });

  for (const [before, after] of [
    ["key", "none"],
    ["strict", "none"],
    ["key", "strict"],
    ["strict", "key"],
  ] as const) {
    promise(`releases held deliveries when the order changes from ${before} to ${after}`, async () => {
      const scene = await Scene.make(shared());
      const reader = await scene.subscribe("reader", { order: before });
      await scene.publish(keyed("a1"), keyed("a2"), keyed("a3"));
      const claim = await scene.claim(reader);
      await scene.settle(claim, [parkedUntil(scene.now + 100), held, held].slice(0, claim.deliveries.length));
      await scene.subscribe("reader", { order: after });
      const seen: string[] = [];
      for (let count = 0; count < 2; count++) {
        const [next] = await scene.claimUntil(reader, 1);
        seen.push(...textsOf(next as never));
        await scene.settle(next as never, delivered);
      }
      expect(seen).toEqual(["a2", "a3"]);
      scene.under.clock.advance(100);
      expect(textsOf(await scene.claim(reader))).toEqual(["a1"]);
    });
  }

  promise("does not lose deliveries that are held by the old order while the order changes", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader", { order: "key" });
    await scene.publish(keyed("a1"), keyed("a2"), keyed("a3"), keyed("a4"));
    const claim = await scene.claim(reader);
    const settleOne = (index: number, settled: Parameters<typeof settlement>[2]) =>
      scene.store.log.settle([settlement(claim, claim.deliveries[index] as never, settled)]);
    await settleOne(0, parkedUntil(scene.now + 100));
    const change = scene.subscribe("reader", { order: "none" });
    await Promise.all([settleOne(1, held), settleOne(2, parkedUntil(scene.now + 100)), change, settleOne(3, held)]);
    const claims = await scene.claimUntil(reader, 2);
    expect(claims.flatMap(textsOf).toSorted()).toEqual(["a2", "a4"]);
    scene.under.clock.advance(100);
    expect(textsOf(await scene.claim(reader)).toSorted()).toEqual(["a1", "a3"]);
  });
}
