import { expect } from "vitest";
import type { NewMessage, Subscription } from "../../domain/model.ts";
import {
  dead,
  delivered,
  held,
  HOUR_MS,
  LEASE_MS,
  message,
  parkedUntil,
  Scene,
  textOf,
  textsOf,
  turn,
  topicSettings,
} from "./fixtures.ts";
import type { Part } from "./part.ts";
import { expiredOf, retainAll, total } from "./retain-fixtures.ts";

/** All messages have the same ordering key. */
function ofKey(text: string, delayMs = 0): NewMessage {
  return message(text, { orderingKey: "k", delayMs });
}

export function retentionContract({ promise, empty }: Part): void {
  promise("removes messages past their topic's retention, oldest first, and no others", async () => {
    await empty(async (under) => {
      const short = await Scene.make(under, { retentionMs: HOUR_MS });
      const long = await Scene.make(under, { retentionMs: 10 * HOUR_MS });
      await short.publish("old", "old too");
      await long.publish("kept");
      under.clock.advance(HOUR_MS - 1);
      await short.publish("young");
      expect(total(await retainAll(short), "messages")).toBe(0);
      under.clock.advance(1);
      expect(total(await retainAll(short), "messages")).toBe(2);
      const late = await short.subscribe("late", {}, "oldest");
      expect(textsOf(await short.claim(late))).toEqual(["young"]);
      expect(await short.store.records.getMessage(short.topic.accountId, short.idOf(1))).toBeNull();
      expect(await long.store.records.getMessage(long.topic.accountId, long.idOf(1))).not.toBeNull();
    });
  });

  promise("applies the current retention of the topic", async () => {
    await empty(async (under) => {
      const scene = await Scene.make(under, { retentionMs: 10 * HOUR_MS });
      await scene.publish("a");
      under.clock.advance(2 * HOUR_MS);
      expect(total(await retainAll(scene), "messages")).toBe(0);
      await scene.store.catalog.putTopic(
        scene.topic.accountId,
        scene.topic.name,
        topicSettings({ retentionMs: HOUR_MS }),
      );
      expect(total(await retainAll(scene), "messages")).toBe(1);
    });
  });

  promise("removes messages past their retention after a restart, too", async () => {
    await empty(async (under) => {
      const scene = await Scene.make(under, { retentionMs: HOUR_MS });
      await scene.publish("a");
      await Scene.make(under);
      await under.crash();
      under.clock.advance(HOUR_MS);
      expect(total(await retainAll(scene), "messages")).toBe(1);
    });
  });

  promise("never uses a position again, even when the log is empty", async () => {
    await empty(async (under) => {
      const scene = await Scene.make(under, { retentionMs: HOUR_MS });
      await scene.publish("a", "b");
      under.clock.advance(HOUR_MS);
      await retainAll(scene);
      await under.crash();
      expect(await scene.publish("c")).toMatchObject({ firstSeq: 3 });
    });
  });

  promise(
    "counts messages that a lagging subscription was never delivered as expired, by its filter, once each",
    async () => {
      await empty(async (under) => {
        const scene = await Scene.make(under, { retentionMs: HOUR_MS });
        const lagging = await scene.subscribe("lagging");
        const picky = await scene.subscribe("picky", { filter: { tags: ["x"], types: [] } });
        const done = await scene.subscribe("done");
        const half = await scene.subscribe("half");
        await scene.publish(message("1", { tags: ["x"] }), "2", "3", "4");
        await scene.settleNext(done, delivered);
        // Only the second and the fourth message are delivered.
        const claim = await scene.claim(half);
        await scene.settle(claim, [{ kind: "released" }, delivered, { kind: "released" }, delivered]);
        under.clock.advance(HOUR_MS);
        await scene.publish("young");
        const results = await retainAll(scene);
        const all = [lagging, picky, done, half];
        expect(all.map(({ id }) => expiredOf(results, id))).toEqual([4, 1, 0, 2]);
        await under.crash();
        const counts = await Promise.all(all.map(({ id }) => scene.store.records.subscriptionCounts(id)));
        expect(counts.map((each) => [each.expired, each.backlog])).toEqual([
          [4, 1],
          [1, 1],
          [0, 1],
          [2, 1],
        ]);
        expect(textsOf(await scene.claim(lagging))).toEqual(["young"]);
        expect(expiredOf(await retainAll(scene), lagging.id)).toBe(0);
      });
    },
  );

  promise("counts expired messages of a paused subscription, too", async () => {
    await empty(async (under) => {
      const scene = await Scene.make(under, { retentionMs: HOUR_MS });
      const paused = await scene.subscribe("paused");
      await scene.store.catalog.setSubscriptionState(scene.topic.id, "paused", "paused");
      await scene.publish("a", "b");
      under.clock.advance(HOUR_MS);
      expect(expiredOf(await retainAll(scene), paused.id)).toBe(2);
      expect(await scene.store.records.subscriptionCounts(paused.id)).toMatchObject({ backlog: 0, expired: 2 });
    });
  });

  promise("turns parked, held and delayed deliveries into dead letters with their last attempt", async () => {
    await empty(async (under) => {
      const scene = await Scene.make(under, { retentionMs: HOUR_MS });
      const reader = await scene.subscribe("reader", { order: "key" });
      await scene.publish(ofKey("failed"), ofKey("held"), ofKey("delayed", 5 * HOUR_MS));
      await scene.settle(await scene.claim(reader), [parkedUntil(scene.now + 9 * HOUR_MS), held]);
      under.clock.advance(HOUR_MS - 1);
      await scene.publish(ofKey("next"));
      expect(textsOf(await scene.claim(reader))).toEqual([]);
      under.clock.advance(1);
      const results = await retainAll(scene);
      expect(expiredOf(results, reader.id)).toBe(3);
      const { items } = await scene.store.records.listDeadLetters(reader.id, { after: null, limit: 10 });
      const letters = items.map(({ message, reason, attemptsMade }) => `${textOf(message)} ${reason} ${attemptsMade}`);
      expect(letters.toSorted()).toEqual(["delayed expired 0", "failed expired 1", "held expired 0"]);
      const failed = items.find((letter) => textOf(letter.message) === "failed");
      expect(failed).toMatchObject({ lastStatus: 500, lastErrorCode: "http_status", diedAtMs: scene.now });
      expect(await scene.store.records.subscriptionCounts(reader.id)).toMatchObject({
        parked: 1,
        deadLetters: 3,
        expired: 0,
      });
      // The dead letter no longer holds its key.
      expect((await scene.claimUntil(reader, 1)).flatMap(textsOf)).toEqual(["next"]);
    });
  });

  promise("keeps the message of the first open delivery and all later messages", async () => {
    await empty(async (under) => {
      const scene = await Scene.make(under, { retentionMs: HOUR_MS });
      const reader = await scene.subscribe("reader");
      await scene.publish("1", "2", "3");
      await scene.settleNext(reader, delivered, { deliveriesMax: 1 });
      under.clock.advance(HOUR_MS);
      const claim = await scene.claim(reader, { deliveriesMax: 1 });
      expect(total(await retainAll(scene), "messages")).toBe(1);
      expect(await scene.settle(claim, parkedUntil(scene.now + 5))).toBe(1);
      const results = await retainAll(scene);
      expect(total(results, "messages")).toBe(2);
      expect(expiredOf(results, reader.id)).toBe(2);
      const { items } = await scene.store.records.listDeadLetters(reader.id, { after: null, limit: 10 });
      expect(items.map((letter) => textOf(letter.message))).toEqual(["2"]);
    });
  });

  promise("does not wait for a delivery whose lease has expired", async () => {
    await empty(async (under) => {
      const scene = await Scene.make(under, { retentionMs: HOUR_MS });
      const reader = await scene.subscribe("reader");
      await scene.publish("a");
      const claim = await scene.claim(reader);
      await scene.store.catalog.setSubscriptionState(scene.topic.id, "reader", "paused");
      under.clock.advance(HOUR_MS + LEASE_MS);
      expect(total(await retainAll(scene), "messages")).toBe(1);
      expect(await scene.settle(claim, delivered)).toBe(0);
      expect(await scene.store.records.subscriptionCounts(reader.id)).toMatchObject({ expired: 1, inFlight: 0 });
    });
  });

  promise(
    "neither loses a message nor delivers it twice that is claimed, settled and removed at the same time",
    async () => {
      await empty(async (under) => {
        const scene = await Scene.make(under, { retentionMs: HOUR_MS });
        const reader = await scene.subscribe("reader");
        const count = 400;
        await scene.publish(...Array.from({ length: count }, (_, index) => `${index}`));
        under.clock.advance(HOUR_MS);
        const seen: string[] = [];
        const retaining = { done: false };
        const [results] = await Promise.all([
          retainAll(scene).finally(() => (retaining.done = true)),
          (async () => {
            for (let index = 0; !retaining.done; index++) {
              const claim = await scene.claim(reader, { deliveriesMax: 9 });
              seen.push(...textsOf(claim));
              await scene.settle(
                claim,
                claim.deliveries.map((_, offset) => ((index + offset) % 3 === 0 ? dead : delivered)),
              );
              await turn();
            }
          })(),
        ]);
        const last = await retainAll(scene);
        expect(new Set(seen).size).toBe(seen.length);
        expect(seen.length + expiredOf([...results, ...last], reader.id)).toBe(count);
      });
    },
  );

  promise("works in bounded steps and reports when there is more", async () => {
    await empty(async (under) => {
      const scene = await Scene.make(under, { retentionMs: HOUR_MS });
      const reader = await scene.subscribe("reader");
      for (let batch = 0; batch < 3; batch++) {
        await scene.publish(...Array.from({ length: 1_000 }, (_, index) => `${index}`));
      }
      for (const claim of await scene.claimUntil(reader, 1_500)) {
        await scene.settle(claim, parkedUntil(scene.now + 9 * HOUR_MS));
      }
      under.clock.advance(HOUR_MS);
      const results = await retainAll(scene);
      expect(total(results, "messages")).toBe(3_000);
      expect(expiredOf(results, reader.id)).toBe(3_000);
      for (const result of results) expect(result.messages).toBeLessThanOrEqual(1_000);
      expect(results.length).toBeGreaterThan(3);
      expect(await scene.store.records.subscriptionCounts(reader.id)).toMatchObject({
        deadLetters: 1_500,
        expired: 1_500,
      });
    });
  });

  promise("works in bounded steps for a message that many subscriptions have parked", async () => {
    await empty(async (under) => {
      const scene = await Scene.make(under, { retentionMs: HOUR_MS });
      const count = 520;
      const readers: Subscription[] = [];
      for (let index = 0; index < count; index++) readers.push(await scene.subscribe(`s${index}`));
      await scene.publish(message("delayed", { delayMs: 9 * HOUR_MS }));
      await scene.store.log.claim(
        readers.map(({ id }) => ({ subscriptionId: id, deliveriesMax: 1, bytesMax: 1, fromLog: true })),
        LEASE_MS,
      );
      under.clock.advance(HOUR_MS);
      const results = await retainAll(scene);
      expect(total(results, "messages")).toBe(1);
      expect(results.flatMap((result) => result.expired)).toHaveLength(count);
      expect(await scene.store.records.statistics()).toMatchObject({ deadLetters: count, parked: 0, backlog: 0 });
    });
  });

  promise("does not let one topic block the others", async () => {
    await empty(async (under) => {
      const scenes = [
        await Scene.make(under, { retentionMs: HOUR_MS }),
        await Scene.make(under, { retentionMs: HOUR_MS }),
      ];
      const [stuck, free] = scenes as [Scene, Scene];
      const reader = await stuck.subscribe("reader");
      await stuck.publish("a");
      await free.publish("a");
      under.clock.advance(HOUR_MS);
      await stuck.claim(reader);
      expect(total(await retainAll(free), "messages")).toBe(1);
      expect(await free.store.records.getMessage(free.topic.accountId, free.idOf(1))).toBeNull();
    });
  });
}
