import { expect } from "vitest";
import { limits } from "../../domain/limits.ts";
import { attempt, dead, delivered, HOUR_MS, message, parkedUntil, Scene, textOf, textsOf } from "./fixtures.ts";
import type { Part } from "./part.ts";
import { retainAll, total } from "./retain-fixtures.ts";

export function recordRetentionContract({ promise, fresh }: Part): void {
  promise("removes attempts past their own retention", async () => {
    await fresh(
      async (under) => {
        const scene = await Scene.make(under);
        const reader = await scene.subscribe("reader");
        const oldCount = 1_200;
        const startedAtMs = scene.now;
        for (let batch = 0; batch < 2; batch++) {
          if (batch === 1) under.clock.advance(HOUR_MS);
          const texts = Array.from({ length: batch === 0 ? oldCount : 3 }, (_, index) => `${index}`);
          for (let from = 0; from < texts.length; from += 1_000)
            await scene.publish(...texts.slice(from, from + 1_000));
          for (const claim of await scene.claimUntil(reader, texts.length)) {
            await scene.store.log.settle(
              claim.deliveries.map((delivery) => ({
                claimId: claim.id,
                subscriptionId: reader.id,
                delivery,
                attempt: attempt(1, "accepted", { startedAtMs: batch === 0 ? startedAtMs : scene.now }),
                settled: delivered,
              })),
            );
          }
        }
        expect(total(await retainAll(scene), "attempts")).toBe(0);
        under.clock.advance(1);
        expect(total(await retainAll(scene), "attempts")).toBe(oldCount);
        const { items } = await scene.store.records.listAttempts(reader.id, { after: null, limit: 10 });
        expect(items).toHaveLength(3);
        expect(await scene.deliveryOf(1, reader)).toMatchObject({ state: "skipped", attempts: [] });
      },
      { attemptRetentionMs: HOUR_MS },
    );
  });

  promise("removes dead letters past their own retention, but none that is being redriven", async () => {
    await fresh(
      async (under) => {
        const scene = await Scene.make(under);
        const redriven = await scene.subscribe("redriven");
        const reader = await scene.subscribe("reader");
        const count = 600;
        await scene.publish(...Array.from({ length: count }, (_, index) => `${index}`));
        for (const claim of await scene.claimUntil(redriven, count)) await scene.settle(claim, dead);
        await scene.store.records.redriveDeadLetters(redriven.id, null);
        for (const claim of await scene.claimUntil(reader, count)) await scene.settle(claim, dead);
        under.clock.advance(HOUR_MS);
        expect(total(await retainAll(scene), "deadLetters")).toBe(0);
        under.clock.advance(1);
        await scene.publish("young");
        await scene.settleNext(reader, dead);
        expect(total(await retainAll(scene), "deadLetters")).toBe(count);
        const left = await scene.store.records.listDeadLetters(reader.id, { after: null, limit: 10 });
        expect(left.items.map((letter) => textOf(letter.message))).toEqual(["young"]);
        expect(await scene.store.records.subscriptionCounts(redriven.id)).toMatchObject({
          parked: count,
          deadLetters: 0,
        });
      },
      { deadLetterRetentionMs: HOUR_MS },
    );
  });

  promise("removes expired idempotency keys", async () => {
    await fresh(async (under) => {
      const scene = await Scene.make(under);
      await scene.store.log.append({
        topicId: scene.topic.id,
        messages: [message("a")],
        idempotency: { key: "k", fingerprint: "f" },
      });
      expect(await scene.store.log.retain()).toMatchObject({ idempotencyKeys: 0, more: false });
      under.clock.advance(limits.idempotencyKeyHours * HOUR_MS + 1);
      expect(await scene.store.log.retain()).toMatchObject({ idempotencyKeys: 1 });
      expect(await scene.store.log.retain()).toMatchObject({ idempotencyKeys: 0, more: false });
    });
  });

  promise("removes the rows of deleted topics and subscriptions in some steps, and no others", async () => {
    await fresh(async (under) => {
      const scene = await Scene.make(under);
      const [gone, kept] = [await scene.subscribe("gone"), await scene.subscribe("kept")];
      const other = await Scene.make(under);
      const deleted = await other.subscribe("deleted");
      const texts = Array.from({ length: 900 }, (_, index) => `${index}`);
      await scene.publish(...texts);
      await other.publish(...texts);
      for (const [on, reader] of [
        [scene, gone],
        [other, deleted],
      ] as const) {
        const claims = await on.claimUntil(reader, texts.length);
        for (const [index, claim] of claims.entries()) {
          await on.settle(claim, index % 2 === 0 ? dead : parkedUntil(on.now + HOUR_MS));
        }
      }
      await scene.store.catalog.deleteSubscription(scene.topic.id, "gone");
      await other.store.catalog.deleteTopic(other.topic.accountId, other.topic.name);
      await retainAll(scene);
      expect(await scene.store.records.statistics()).toMatchObject({
        topics: 1,
        subscriptions: 1,
        parked: 0,
        deadLetters: 0,
        backlog: texts.length,
      });
      const again = await scene.subscribe("gone", {}, "oldest");
      expect(again.id).not.toBe(gone.id);
      expect(await scene.store.records.subscriptionCounts(again.id)).toMatchObject({
        backlog: texts.length,
        deadLetters: 0,
      });
      expect((await scene.claimUntil(kept, texts.length)).flatMap(textsOf)).toEqual(texts);
    });
  });
}
