import { expect } from "vitest";
import type { Part } from "./part.ts";
import { dead, delivered, LEASE_MS, message, parkedUntil, Scene, settlement, textsOf } from "./fixtures.ts";

export function crashContract({ promise, empty }: Part): void {
  promise("keeps every acknowledged message at its position", async () => {
    await empty(async (under) => {
      const scene = await Scene.make(under);
      const reader = await scene.subscribe("reader");
      const published = await Promise.all(
        Array.from({ length: 100 }, async (_, index) => ({ index, result: await scene.publish(`${index}`) })),
      );
      await under.crash();
      const texts = (await scene.claimUntil(reader, 100)).flatMap(textsOf);
      for (const { index, result } of published) expect(texts[result.firstSeq - 1]).toBe(`${index}`);
    });
  });

  promise("keeps all or nothing of a batch whose publisher got no answer", async () => {
    await empty(async (under) => {
      const scene = await Scene.make(under);
      const reader = await scene.subscribe("reader");
      for (let round = 0; round < 5; round++) {
        const unanswered = Array.from({ length: 20 }, () => scene.publish("a", "b", "c").catch(() => null));
        if (round > 0) await Promise.race(unanswered);
        await under.crash();
        await Promise.all(unanswered);
        const texts: string[] = [];
        for (let claim = await scene.claim(reader); claim.deliveries.length > 0; claim = await scene.claim(reader)) {
          texts.push(...textsOf(claim));
          await scene.settle(claim, delivered);
        }
        expect(texts).toEqual(Array.from({ length: texts.length / 3 }, () => ["a", "b", "c"]).flat());
      }
    });
  });

  promise("returns only unsettled deliveries after a crash, with the same message ids", async () => {
    await empty(async (under) => {
      const scene = await Scene.make(under);
      const reader = await scene.subscribe("reader");
      await scene.publish("delivered", "open", "dead", "parked", "never claimed");
      const claim = await scene.claim(reader, { deliveriesMax: 4 });
      const [first, , third, fourth] = claim.deliveries;
      await scene.store.log.settle([
        settlement(claim, third as never, dead),
        settlement(claim, first as never, delivered),
        settlement(claim, fourth as never, parkedUntil(scene.now + 10, 5)),
      ]);
      await under.crash();
      // Settlements of the ended process are not applied, neither before nor after the new process has claimed.
      expect(await scene.settle(claim, delivered)).toBe(0);
      const again = await scene.claim(reader);
      expect(await scene.settle(claim, delivered)).toBe(0);
      expect(await scene.store.log.renew([claim.id], LEASE_MS)).toEqual([]);
      expect(again.deliveries.map((delivery) => delivery.message.seq)).toEqual([2, 5]);
      under.clock.advance(10);
      expect((await scene.claim(reader)).deliveries).toMatchObject([
        { message: { seq: 4 }, attemptsMade: 1, retriesMade: 5 },
      ]);
      expect(await scene.store.records.subscriptionCounts(reader.id)).toMatchObject({ deadLetters: 1 });
    });
  });

  promise("opens after any number of crashes in a row", async () => {
    await empty(async (under) => {
      const scene = await Scene.make(under);
      const reader = await scene.subscribe("reader");
      await scene.publish("a");
      for (let times = 0; times < 3; times++) {
        await scene.claim(reader);
        await under.crash();
      }
      expect(textsOf(await scene.claim(reader))).toEqual(["a"]);
    });
  });

  promise("continues with delayed and filtered messages after a crash", async () => {
    await empty(async (under) => {
      const scene = await Scene.make(under);
      const reader = await scene.subscribe("reader", { filter: { tags: ["x"], types: [] } });
      await scene.publish("no", message("later", { tags: ["x"], delayMs: LEASE_MS }), "no");
      await scene.claim(reader);
      await under.crash();
      await scene.claim(reader);
      await under.crash();
      under.clock.advance(LEASE_MS);
      const claims = await scene.claimUntil(reader, 1);
      expect(claims.flatMap(textsOf)).toEqual(["later"]);
      for (const claim of claims) await scene.settle(claim, delivered);
      expect(await scene.claim(reader)).toMatchObject({ deliveries: [], more: false });
      expect(await scene.store.records.subscriptionCounts(reader.id)).toMatchObject({ backlog: 0, parked: 0 });
    });
  });

  promise("writes everything before it closes, and may be closed twice", async () => {
    await empty(async (under) => {
      const scene = await Scene.make(under);
      const reader = await scene.subscribe("reader");
      await scene.publish("a", "b");
      const claim = await scene.claim(reader);
      const settled = scene.settle(claim, [delivered, parkedUntil(scene.now)]);
      const published = scene.publish("c");
      const { store } = scene;
      await Promise.all([store.close(), store.close()]);
      expect(await settled).toBe(2);
      await published;
      await expect(
        store.log.append({ topicId: scene.topic.id, messages: [message("d")], idempotency: null }),
      ).rejects.toMatchObject({ code: "shutting_down" });
      await under.crash();
      expect(textsOf(await scene.claim(reader)).toSorted()).toEqual(["b", "c"]);
    });
  });
}
