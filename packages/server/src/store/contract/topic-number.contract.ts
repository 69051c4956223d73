import { expect } from "vitest";
import type { AccountId, MessageId, Topic } from "../../domain/model.ts";
import { topicNumber } from "../../domain/topic-number.ts";
import { dead, delivered, message, Scene, settings, textsOf, topicSettings } from "./fixtures.ts";
import type { StoreUnderTest } from "./harness.ts";
import type { Part } from "./part.ts";
import { retainAll } from "./retain-fixtures.ts";

/** More than the statements of one retention step would finish if each step finished one topic. */
const MANY = 60;
const STEPS_FOR_MANY = 4;

export function topicNumberContract({ promise, empty, fresh }: Part): void {
  promise("gives a new topic a deleted one's number when the rows of the deleted one are gone, and not before", () =>
    fresh(
      async (under) => {
        const scene = await Scene.make(under);
        await fill(scene);
        await scene.store.catalog.deleteTopic(scene.topic.accountId, scene.topic.name);
        await expect(Scene.make(under)).rejects.toMatchObject({ code: "topic_limit" });
        await under.crash();
        await expect(Scene.make(under)).rejects.toMatchObject({ code: "topic_limit" });
        await retainAll(under);
        await under.crash();
        const again = await Scene.make(under);
        expect(topicNumber(again.topic.id)).toBe(topicNumber(scene.topic.id));
        expect(again.topic.id).not.toBe(scene.topic.id);
        await expect(Scene.make(under)).rejects.toMatchObject({ code: "topic_limit" });
      },
      { topicNumbers: { topicNumbersMax: 1, topicNumbersResting: 0 } },
    ),
  );

  promise("lets a number rest until enough others were released after it", () =>
    fresh(
      async (under) => {
        const numbers: number[] = [];
        for (let count = 0; count < 8; count++) {
          const { topic } = await Scene.make(under);
          numbers.push(topicNumber(topic.id));
          await under.store.catalog.deleteTopic(topic.accountId, topic.name);
          await retainAll(under);
        }
        const [one, two, three] = numbers;
        expect(new Set(numbers).size).toBe(3);
        expect(numbers).toEqual([one, two, three, one, two, three, one, two]);
      },
      { topicNumbers: { topicNumbersMax: 100, topicNumbersResting: 2 } },
    ),
  );

  promise("never issues a message id twice, however many topics are created and deleted", () =>
    fresh(
      async (under) => {
        const { store } = under;
        const account = store.catalog.defaultAccount().id;
        const ids = new Set<MessageId>();
        let count = 0;
        for (let round = 0; round < 40; round++) {
          const scene = await Scene.make(under);
          const texts = Array.from({ length: round % 3 }, (_, index) => `${round}-${index}`);
          if (texts.length > 0) {
            const { firstSeq } = await scene.publish(...texts);
            for (const index of texts.keys()) ids.add(scene.idOf(firstSeq + index));
          }
          count += texts.length;
          await store.catalog.deleteTopic(account, scene.topic.name);
          if (round % 2 === 1) await retainAll(under);
        }
        expect(ids.size).toBe(count);
        for (const id of ids) expect(await store.records.getMessage(account, id)).toBeNull();
      },
      { topicNumbers: { topicNumbersMax: 3, topicNumbersResting: 0 } },
    ),
  );

  promise("refuses everything under the id of the earlier topic, as for any deleted topic", () =>
    withReusedNumber(fresh, async ({ earlier, scene, account }) => {
      const { log, catalog } = scene.store;
      const late = { topicId: earlier.id, messages: [message("late")], idempotency: null };
      await expect(log.append(late)).rejects.toMatchObject({ code: "topic_not_found" });
      const repeated = { ...late, idempotency: { key: "k", fingerprint: "f" } };
      await expect(log.append(repeated)).rejects.toMatchObject({ code: "topic_not_found" });
      await expect(catalog.putSubscription(earlier.id, "s", settings(), "now")).rejects.toMatchObject({
        code: "topic_not_found",
      });
      expect(await catalog.getSubscription(earlier.id, "reader")).toBeNull();
      expect(await catalog.deleteSubscription(earlier.id, "reader")).toBe(false);
      const reader = await scene.subscribe("reader", {}, "oldest");
      expect(await catalog.setSubscriptionState(earlier.id, "reader", "paused")).toBeNull();
      await scene.publish("own");
      expect(textsOf(await scene.claim(reader))).toEqual(["own"]);
      expect(await scene.store.records.getMessage(account, scene.idOf(1))).toBeNull();
    }),
  );

  promise("forgets the idempotency keys, records and counts of the earlier topic", () =>
    withReusedNumber(fresh, async ({ earlierSeq, scene }) => {
      const reader = await scene.subscribe("reader", {}, "oldest");
      const none = { backlog: 0, parked: 0, inFlight: 0, deadLetters: 0, expired: 0 };
      expect(await scene.store.records.subscriptionCounts(reader.id)).toMatchObject(none);
      expect(await scene.store.records.pullCounts(reader.id, 0)).toMatchObject({ visible: 0, rewindable: 0 });
      const keyed = { key: "k", fingerprint: "other" };
      const request = { topicId: scene.topic.id, messages: [message("a")], idempotency: keyed };
      const firstSeq = earlierSeq + 1;
      expect(await scene.store.log.append(request)).toMatchObject({ firstSeq, replayed: false });
      expect(await scene.store.log.append(request)).toMatchObject({ firstSeq, replayed: true });
      expect(await scene.store.records.subscriptionCounts(reader.id)).toMatchObject({ ...none, backlog: 1 });
      await scene.settleNext(reader, delivered);
      expect(await scene.store.records.pullCounts(reader.id, 0)).toMatchObject({ visible: 0, rewindable: 1 });
      expect(await scene.deliveryOf(firstSeq, reader)).toMatchObject({
        state: "delivered",
        attempts: [{ attempt: 1 }],
      });
      expect((await scene.store.records.listDeadLetters(reader.id, { after: null, limit: 9 })).items).toEqual([]);
    }),
  );

  promise("starts and rewinds a subscription at any position of a log that continues after an earlier one", () =>
    withReusedNumber(fresh, async ({ earlierSeq, scene, under }) => {
      const early = [
        await scene.subscribe("now", {}, "now"),
        await scene.subscribe("oldest", {}, "oldest"),
        await scene.subscribe("first", {}, { seq: 1 }),
        await scene.subscribe("time", {}, { atMs: scene.now }),
      ];
      await scene.publish("a", "b");
      await under.crash();
      for (const each of early) expect(textsOf(await scene.claim(each))).toEqual(["a", "b"]);
      const late = [
        await scene.subscribe("late-oldest", {}, "oldest"),
        await scene.subscribe("late-first", {}, { seq: earlierSeq }),
        await scene.subscribe("late-time", {}, { atMs: scene.now }),
      ];
      for (const each of late) {
        await scene.settle(await scene.claim(each), delivered);
        expect(await scene.store.log.rewind(each.id, { seq: 1 })).toBe(true);
        expect(textsOf(await scene.claim(each))).toEqual(["a", "b"]);
      }
      const second = await scene.subscribe("late-second", {}, { seq: earlierSeq + 2 });
      expect(textsOf(await scene.claim(second))).toEqual(["b"]);
    }),
  );

  promise("removes the rows of many deleted topics and subscriptions in each step of retention", () =>
    empty(async (under) => {
      const { store } = under;
      const shared = await Scene.make(under);
      for (let count = 0; count < MANY; count++) {
        const scene = await Scene.make(under);
        await scene.publish("a");
        await store.catalog.deleteTopic(scene.topic.accountId, scene.topic.name);
        const letters = await shared.subscribe(`letters-${count}`, {}, "oldest");
        await store.catalog.deleteSubscription(shared.topic.id, letters.name);
      }
      let steps = 1;
      while ((await store.log.retain()).more) steps++;
      expect(steps).toBeLessThanOrEqual(STEPS_FOR_MANY);
    }),
  );
}

/** Leaves rows of every kind that belong to the topic. */
async function fill(scene: Scene): Promise<void> {
  const reader = await scene.subscribe("reader");
  const idempotency = { key: "k", fingerprint: "f" };
  const messages = [message("a"), message("b"), message("later", { delayMs: 60_000 })];
  await scene.store.log.append({ topicId: scene.topic.id, messages, idempotency });
  const claim = await scene.claim(reader, { deliveriesMax: 1 });
  await scene.settle(claim, dead);
  await scene.claim(reader);
}

interface ReusedNumber {
  readonly under: StoreUnderTest;
  readonly account: AccountId;
  readonly earlier: Topic;
  /** The last position of the earlier topic. */
  readonly earlierSeq: number;
  /** The topic that has the number of the earlier one. */
  readonly scene: Scene;
}

function withReusedNumber(fresh: Part["fresh"], work: (given: ReusedNumber) => Promise<void>): Promise<void> {
  return fresh(
    async (under) => {
      const before = await Scene.make(under);
      await fill(before);
      const { firstSeq: earlierSeq } = await before.publish("last");
      const account = under.store.catalog.defaultAccount().id;
      await under.store.catalog.deleteTopic(account, before.topic.name);
      await retainAll(under);
      const { topic } = await under.store.catalog.putTopic(account, before.topic.name, topicSettings());
      expect(topicNumber(topic.id)).toBe(topicNumber(before.topic.id));
      await work({ under, account, earlier: before.topic, earlierSeq, scene: new Scene(under, topic) });
    },
    { topicNumbers: { topicNumbersMax: 1, topicNumbersResting: 0 } },
  );
}
