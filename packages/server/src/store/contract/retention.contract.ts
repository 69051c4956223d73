import { expect } from "vitest";
import { limits } from "../../domain/limits.ts";
import type { Attempt, NewMessage, Subscription, SubscriptionId } from "../../domain/model.ts";
import type { RetentionResult } from "../log.ts";
import type { Part } from "./part.ts";
import {
  attempt,
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

const STEPS_MAX = 200;

export function retentionContract({ promise, fresh }: Part): void {
  promise("removes messages past their topic's retention, oldest first, and no others", async () => {
    await fresh(async (under) => {
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

  promise("goes by the retention that the topic has now", async () => {
    await fresh(async (under) => {
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

  promise("finds what is too old after a start as well", async () => {
    await fresh(async (under) => {
      const scene = await Scene.make(under, { retentionMs: HOUR_MS });
      await scene.publish("a");
      await Scene.make(under);
      await under.crash();
      under.clock.advance(HOUR_MS);
      expect(total(await retainAll(scene), "messages")).toBe(1);
    });
  });

  promise("never uses a position again, even of a topic whose log is empty", async () => {
    await fresh(async (under) => {
      const scene = await Scene.make(under, { retentionMs: HOUR_MS });
      await scene.publish("a", "b");
      under.clock.advance(HOUR_MS);
      await retainAll(scene);
      await under.crash();
      expect(await scene.publish("c")).toMatchObject({ firstSeq: 3 });
    });
  });

  promise("counts what a lagging subscription never got as expired, by its filter, and nothing twice", async () => {
    await fresh(async (under) => {
      const scene = await Scene.make(under, { retentionMs: HOUR_MS });
      const lagging = await scene.subscribe("lagging");
      const picky = await scene.subscribe("picky", { filter: { tags: ["x"], types: [] } });
      const done = await scene.subscribe("done");
      const half = await scene.subscribe("half");
      await scene.publish(message("1", { tags: ["x"] }), "2", "3", "4");
      await scene.settleNext(done, delivered);
      // Out of order: the second and the fourth.
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
  });

  promise("counts what is expired of a paused subscription too", async () => {
    await fresh(async (under) => {
      const scene = await Scene.make(under, { retentionMs: HOUR_MS });
      const paused = await scene.subscribe("paused");
      await scene.store.catalog.setSubscriptionState(scene.topic.id, "paused", "paused");
      await scene.publish("a", "b");
      under.clock.advance(HOUR_MS);
      expect(expiredOf(await retainAll(scene), paused.id)).toBe(2);
      expect(await scene.store.records.subscriptionCounts(paused.id)).toMatchObject({ backlog: 0, expired: 2 });
    });
  });

  promise("turns parked, held and delayed deliveries into dead letters with what is known of them", async () => {
    await fresh(async (under) => {
      const scene = await Scene.make(under, { retentionMs: HOUR_MS });
      const reader = await scene.subscribe("reader", { order: "key" });
      await scene.publish(keyed("failed"), keyed("held"), keyed("delayed", 5 * HOUR_MS));
      await scene.settle(await scene.claim(reader), [parkedUntil(scene.now + 9 * HOUR_MS), held]);
      under.clock.advance(HOUR_MS - 1);
      await scene.publish(keyed("next"));
      expect(textsOf(await scene.claim(reader))).toEqual([]);
      under.clock.advance(1);
      const results = await retainAll(scene);
      expect(expiredOf(results, reader.id)).toBe(3);
      const { items } = await scene.store.records.listDeadLetters(reader.id, { after: null, limit: 10 });
      const told = items.map(({ message, reason, attemptsMade }) => `${textOf(message)} ${reason} ${attemptsMade}`);
      expect(told.toSorted()).toEqual(["delayed expired 0", "failed expired 1", "held expired 0"]);
      const failed = items.find((letter) => textOf(letter.message) === "failed");
      expect(failed).toMatchObject({ lastStatus: 500, lastErrorCode: "http_status", diedAtMs: scene.now });
      expect(await scene.store.records.subscriptionCounts(reader.id)).toMatchObject({
        parked: 1,
        deadLetters: 3,
        expired: 0,
      });
      // What the dead one held goes on.
      expect((await scene.claimUntil(reader, 1)).flatMap(textsOf)).toEqual(["next"]);
    });
  });

  promise("leaves what is in somebody's hands, and what comes after it", async () => {
    await fresh(async (under) => {
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

  promise("does not wait for whoever let a lease run out", async () => {
    await fresh(async (under) => {
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

  promise("neither loses nor delivers twice what is claimed, settled and removed at the same time", async () => {
    await fresh(async (under) => {
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
              claim.deliveries.map((_, place) => ((index + place) % 3 === 0 ? dead : delivered)),
            );
            await turn();
          }
        })(),
      ]);
      const last = await retainAll(scene);
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen.length + expiredOf([...results, ...last], reader.id)).toBe(count);
    });
  });

  promise("works in bounded steps and says when there is more", async () => {
    await fresh(async (under) => {
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

  promise("works in bounded steps for a message that very many subscriptions still want", async () => {
    await fresh(async (under) => {
      const scene = await Scene.make(under, { retentionMs: HOUR_MS });
      const count = 520;
      const readers: Subscription[] = [];
      // A few at a time: a driver refuses calls that have to wait for a connection for seconds.
      for (let from = 0; from < count; from += 5) {
        const names = Array.from({ length: 5 }, (_, index) => `s${from + index}`);
        readers.push(...(await Promise.all(names.map((name) => scene.subscribe(name)))));
      }
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

  promise("does not let one topic keep the others waiting", async () => {
    await fresh(async (under) => {
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
                attempt: tried(batch === 0 ? startedAtMs : scene.now),
                settled: delivered,
              })),
            );
          }
        }
        expect(total(await retainAll(scene), "attempts")).toBe(0);
        under.clock.advance(1);
        expect(total(await retainAll(scene), "attempts")).toBe(oldCount);
        const { items } = await scene.store.records.listAttempts(reader.id, { after: null, limit: 10 }, "all");
        expect(items).toHaveLength(3);
        expect(await scene.deliveryOf(1, reader)).toMatchObject({ state: "skipped", attempts: [] });
      },
      { attemptRetentionMs: HOUR_MS },
    );
  });

  promise(
    "removes dead letters past their own retention, whatever lies before them, but none that is redriven",
    async () => {
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
    },
  );

  promise("removes idempotency keys past their time", async () => {
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

  promise(
    "has nothing left to do some steps after topics and subscriptions are deleted, and what is new stays",
    async () => {
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
    },
  );
}

/** Every step until there is no more. */
async function retainAll({ store }: Pick<Scene, "store">): Promise<readonly RetentionResult[]> {
  const results: RetentionResult[] = [];
  for (let more = true; more && results.length < STEPS_MAX;) {
    const result = await store.log.retain();
    results.push(result);
    more = result.more;
  }
  if (results.length === STEPS_MAX) throw new Error("Retention does not come to an end.");
  return results;
}

function total(results: readonly RetentionResult[], what: "messages" | "attempts" | "deadLetters"): number {
  return results.reduce((sum, result) => sum + result[what], 0);
}

function expiredOf(results: readonly RetentionResult[], id: SubscriptionId): number {
  return results
    .flatMap((result) => result.expired)
    .filter((each) => each.subscriptionId === id)
    .reduce((sum, { count }) => sum + count, 0);
}

/** An attempt of this time, whatever came of it. */
function tried(startedAtMs: number): Attempt {
  return attempt(1, "accepted", { startedAtMs });
}

function keyed(text: string, delayMs = 0): NewMessage {
  return message(text, { orderingKey: "k", delayMs });
}
