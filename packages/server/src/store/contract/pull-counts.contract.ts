import { expect } from "vitest";
import type { PulledDelivery } from "../log.ts";
import { dead, delivered, LEASE_MS, message, Scene, textsOf } from "./fixtures.ts";
import type { Part } from "./part.ts";
import { ack, due, pull, VISIBILITY_MS } from "./pull-fixtures.ts";

export function pullCountsContract({ promise, shared, empty }: Part): void {
  promise("counts visible, invisible and delayed messages, and those that a rewind would deliver again", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    const counts = async (fromMs = 0) => {
      const found = await scene.store.records.pullCounts(reader.id, fromMs);
      const conditions = await scene.store.records.conditionsOf([reader.id]);
      expect(conditions.get(reader.id)).toEqual({ health: "healthy", oldestAtMs: found.oldestAtMs });
      return found;
    };
    const nothing = { visible: 0, invisible: 0, delayed: 0, oldestAtMs: null, rewindable: 0 };
    expect(await counts()).toEqual(nothing);
    const startedAtMs = scene.now;
    await scene.publish("a", "b", message("later", { delayMs: 90_000 }));
    scene.under.clock.advance(10);
    await scene.publish("c");
    expect(await counts()).toEqual({ ...nothing, visible: 3, delayed: 1, oldestAtMs: startedAtMs });

    const [a, b] = (await pull(scene, reader, 2)) as [PulledDelivery, PulledDelivery];
    expect(await counts()).toEqual({ ...nothing, visible: 1, invisible: 2, delayed: 1, oldestAtMs: startedAtMs });
    await scene.store.log.settlePulled(reader.id, [ack(a)]);
    expect(await counts()).toEqual({ visible: 1, invisible: 1, delayed: 1, oldestAtMs: startedAtMs, rewindable: 1 });
    await scene.store.log.settlePulled(reader.id, [due(b, scene.now)]);
    expect(await counts()).toMatchObject({ visible: 2, invisible: 0, delayed: 1 });

    const claims = await scene.claimUntil(reader, 2);
    expect(await counts()).toMatchObject({ visible: 0, invisible: 2, delayed: 1, oldestAtMs: startedAtMs });
    for (const claim of claims) await scene.settle(claim, delivered);
    expect(await counts()).toMatchObject({ visible: 0, invisible: 0, delayed: 1, rewindable: 3 });
    expect(await counts(startedAtMs + 1)).toMatchObject({ rewindable: 1 });
    expect(await counts(scene.now + 1)).toMatchObject({ rewindable: 0 });

    scene.under.clock.advance(90_000);
    expect(await counts()).toMatchObject({ visible: 1, invisible: 0, delayed: 0, oldestAtMs: startedAtMs });
    await scene.store.log.rewind(reader.id, { seq: 2 });
    expect(await counts()).toEqual({ visible: 3, invisible: 0, delayed: 0, oldestAtMs: startedAtMs, rewindable: 1 });
    for (const claim of await scene.claimUntil(reader, 3)) await scene.settle(claim, delivered);
    expect(await counts()).toEqual({ ...nothing, rewindable: 4 });
  });

  promise("counts the deliveries of a claim whose lease has expired as visible", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a", "b");
    await pull(scene, reader, 1);
    scene.under.clock.advance(VISIBILITY_MS);
    await scene.claimUntil(reader, 2);
    expect(await scene.store.records.pullCounts(reader.id, 0)).toMatchObject({ visible: 0, invisible: 2 });
    scene.under.clock.advance(LEASE_MS);
    expect(await scene.store.records.pullCounts(reader.id, 0)).toMatchObject({
      visible: 2,
      invisible: 0,
      rewindable: 0,
    });
  });

  promise("reports the age of a redriven delivery whose message the log has removed", async () => {
    await empty(async (under) => {
      const scene = await Scene.make(under, { retentionMs: 1_000 });
      const reader = await scene.subscribe("reader");
      const publishedAtMs = scene.now;
      await scene.publish("a");
      await scene.settleNext(reader, dead);
      under.clock.advance(1_001);
      while ((await scene.store.log.retain()).more);
      await scene.publish("b");
      await scene.store.records.redriveDeadLetters(reader.id, null);
      expect(await scene.store.records.pullCounts(reader.id, 0)).toMatchObject({
        visible: 2,
        oldestAtMs: publishedAtMs,
        rewindable: 0,
      });
      const conditions = await scene.store.records.conditionsOf([reader.id]);
      expect(conditions.get(reader.id)?.oldestAtMs).toBe(publishedAtMs);
      await scene.store.log.rewind(reader.id, "oldest");
      expect((await scene.claimUntil(reader, 2)).flatMap(textsOf).toSorted()).toEqual(["a", "b"]);
    });
  });
}
