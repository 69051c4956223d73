import { expect } from "vitest";
import type { Page } from "../page.ts";
import type { DeadLetter, ListedDeadLetter } from "../records.ts";
import type { Subscription } from "../../domain/model.ts";
import type { Part } from "./part.ts";
import {
  attempt,
  dead,
  delivered,
  HOUR_MS,
  message,
  parkedUntil,
  Scene,
  settlement,
  textOf,
  textsOf,
  turn,
} from "./fixtures.ts";

export function deadLetterContract({ promise, shared, empty }: Part): void {
  promise("keeps a dead letter with its message, its reason and its last reply", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    const request = { headers: [["a", "b"]], query: "q" } as const;
    await scene.publish(
      message("a", { tags: ["t"], attributes: { x: "y" }, contentType: "text/plain", request, hops: 2 }),
    );
    await scene.settleNext(reader, parkedUntil(scene.now));
    const claim = await scene.claim(reader);
    scene.under.clock.advance(5);
    await scene.store.log.settle([
      {
        ...settlement(claim, claim.deliveries[0] as never, dead),
        attempt: attempt(2, "failed", {
          status: 503,
          errorCode: "http_status",
          errorDetail: "said “no”",
          reply: Buffer.from("busy"),
        }),
      },
    ]);
    const [letter] = (await list(scene, reader)).items;
    expect(letter?.message).toMatchObject({ request, hops: 2 });
    const { subscriptionId, subscription, topic, ...own } = letter as ListedDeadLetter;
    expect([subscriptionId, subscription, topic]).toEqual([reader.id, "reader", scene.topic.name]);
    expect(own).toEqual({
      id: expect.stringMatching(/^[1-9]\d*$/) as string,
      message: { ...claim.deliveries[0]?.message, body: new Uint8Array(Buffer.from("a")) },
      reason: "retries_exhausted",
      attemptsMade: 2,
      diedAtMs: scene.now,
      lastStatus: 503,
      lastErrorCode: "http_status",
      lastErrorDetail: "said “no”",
      lastReply: new Uint8Array(Buffer.from("busy")),
    });
    expect(await scene.store.records.getDeadLetter(reader.id, own.id)).toEqual(own);
    expect(await scene.store.records.subscriptionCounts(reader.id)).toMatchObject({ deadLetters: 1, parked: 0 });
  });

  promise("keeps a dead letter of a delivery without attempts", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a");
    const claim = await scene.claim(reader);
    await scene.settle(claim, { kind: "dead", reason: "unencodable" }, false);
    const [letter] = (await list(scene, reader)).items;
    expect(letter).toMatchObject({ reason: "unencodable", attemptsMade: 0, lastStatus: null, lastReply: null });
  });

  promise("lists dead letters newest first, in pages without gaps", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("1", "2", "3", "4", "5");
    await scene.settleNext(reader, dead);
    const texts: string[][] = [];
    let after: string | null = null;
    do {
      const page: Page<DeadLetter> = await list(scene, reader, 2, after);
      texts.push(page.items.map((letter) => textOf(letter.message)));
      after = page.next;
    } while (after !== null);
    expect(texts).toEqual([["5", "4"], ["3", "2"], ["1"]]);
  });

  promise("finds a dead letter only in its own subscription and only by its id", async () => {
    const scene = await Scene.make(shared());
    const [one, other] = [await scene.subscribe("one"), await scene.subscribe("other")];
    await scene.publish("a");
    await scene.settleNext(one, dead);
    const id = (await list(scene, one)).items[0]?.id as string;
    expect(await scene.store.records.getDeadLetter(other.id, id)).toBeNull();
    expect(await scene.store.records.getDeadLetter(one.id, "999999999")).toBeNull();
    expect(await scene.store.records.getDeadLetter(one.id, "no id")).toBeNull();
    expect(await scene.store.records.redriveDeadLetters(other.id, [id])).toBe(0);
    expect(await scene.store.records.purgeDeadLetters(other.id, [id])).toBe(0);
    expect((await list(scene, other)).items).toEqual([]);
  });

  promise(
    "turns a redriven dead letter into a delivery with all retries left, and drops it when delivered",
    async () => {
      const scene = await Scene.make(shared());
      const reader = await scene.subscribe("reader");
      await scene.publish("a", "b");
      await scene.settleNext(reader, dead);
      const id = (await list(scene, reader)).items.at(-1)?.id as string;
      expect(await scene.store.records.redriveDeadLetters(reader.id, [id])).toBe(1);
      expect((await list(scene, reader)).items.map((letter) => textOf(letter.message))).toEqual(["b"]);
      expect(await scene.store.records.getDeadLetter(reader.id, id)).toBeNull();
      const [claim] = await scene.claimUntil(reader, 1);
      expect(claim?.deliveries[0]).toMatchObject({ attemptsMade: 1, retriesMade: 0, firstAttemptAtMs: null });
      expect(textsOf(claim as never)).toEqual(["a"]);
      await scene.settle(claim as never, delivered);
      expect(await scene.store.records.subscriptionCounts(reader.id)).toMatchObject({
        deadLetters: 1,
        parked: 0,
        inFlight: 0,
      });
      expect(await scene.deliveryOf(1, reader)).toMatchObject({ state: "delivered" });
    },
  );

  promise("lists a redriven dead letter again under its id when its delivery fails for good again", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a");
    await scene.settleNext(reader, dead);
    const [first] = (await list(scene, reader)).items;
    await scene.store.records.redriveDeadLetters(reader.id, null);
    const [claim] = await scene.claimUntil(reader, 1);
    await scene.settle(claim as never, parkedUntil(scene.now));
    await scene.under.crash();
    const [again] = await scene.claimUntil(reader, 1);
    expect(again?.deliveries[0]).toMatchObject({ attemptsMade: 2, retriesMade: 1 });
    await scene.settle(again as never, dead);
    const { items } = await list(scene, reader);
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({ id: first?.id, attemptsMade: 3, reason: "retries_exhausted" });
    expect(await scene.store.records.redriveDeadLetters(reader.id, [first?.id as string])).toBe(1);
  });

  promise("redrives each dead letter once, even if its id is given several times", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a", "b");
    await scene.settleNext(reader, dead);
    const [b, a] = (await list(scene, reader)).items.map((letter) => letter.id) as [string, string];
    const counts = await Promise.all([
      scene.store.records.redriveDeadLetters(reader.id, [a, a, `0${a}`, "nonsense"]),
      scene.store.records.redriveDeadLetters(reader.id, [a, b]),
      scene.store.records.redriveDeadLetters(reader.id, null),
    ]);
    expect(counts.reduce((sum, count) => sum + count)).toBe(2);
    const claims = await scene.claimUntil(reader, 2);
    expect(claims.flatMap(textsOf).toSorted()).toEqual(["a", "b"]);
    for (const claim of claims) await scene.settle(claim, dead);
    expect((await list(scene, reader)).items).toHaveLength(2);
  });

  promise("redrives each of many dead letters once, even if its delivery fails for good again meanwhile", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    const count = 730;
    await scene.publish(...Array.from({ length: count }, (_, index) => `${index}`));
    for (const claim of await scene.claimUntil(reader, count)) await scene.settle(claim, dead);
    const redriving = { done: false };
    const redriven = scene.store.records.redriveDeadLetters(reader.id, null).finally(() => (redriving.done = true));
    // The endpoint is still down, so redriven deliveries become dead letters again at once.
    while (!redriving.done) {
      await scene.settleNext(reader, dead, { deliveriesMax: 500 });
      await turn();
    }
    expect(await redriven).toBe(count);
    for (let left = true; left;) left = (await scene.settleNext(reader, dead)).deliveries.length > 0;
    expect(await scene.store.records.subscriptionCounts(reader.id)).toMatchObject({ deadLetters: count, parked: 0 });
  });

  promise("keeps a redriven delivery of a paused subscription until the subscription resumes", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a");
    await scene.settleNext(reader, dead);
    await scene.store.catalog.setSubscriptionState(scene.topic.id, "reader", "paused");
    expect(await scene.store.records.redriveDeadLetters(reader.id, null)).toBe(1);
    expect(await scene.store.records.subscriptionCounts(reader.id)).toMatchObject({ parked: 1, deadLetters: 0 });
    await scene.store.catalog.setSubscriptionState(scene.topic.id, "reader", "active");
    expect((await scene.claimUntil(reader, 1)).flatMap(textsOf)).toEqual(["a"]);
  });

  promise("purges the given dead letters, or all", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a", "b", "c", "d");
    await scene.settleNext(reader, dead);
    const ids = (await list(scene, reader)).items.map((letter) => letter.id);
    expect(await scene.store.records.purgeDeadLetters(reader.id, [ids[0], ids[0], ids[1], "0"] as string[])).toBe(2);
    expect((await list(scene, reader)).items.map((letter) => letter.id)).toEqual(ids.slice(2));
    expect(await scene.store.records.purgeDeadLetters(reader.id, null)).toBe(2);
    expect(await scene.store.records.purgeDeadLetters(reader.id, null)).toBe(0);
    expect(await scene.deliveryOf(1, reader)).toMatchObject({ state: "dead", reason: null });
  });

  promise("does not purge a dead letter that is being redriven", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a");
    await scene.settleNext(reader, dead);
    const id = (await list(scene, reader)).items[0]?.id as string;
    await scene.store.records.redriveDeadLetters(reader.id, [id]);
    expect(await scene.store.records.purgeDeadLetters(reader.id, [id])).toBe(0);
    expect(await scene.store.records.purgeDeadLetters(reader.id, null)).toBe(0);
    expect((await scene.claimUntil(reader, 1)).flatMap(textsOf)).toEqual(["a"]);
  });

  promise("keeps its own copy of the message, also for redriving, after the log has removed it", async () => {
    await empty(async (under) => {
      const scene = await Scene.make(under, { retentionMs: HOUR_MS });
      const reader = await scene.subscribe("reader");
      await scene.publish(message("a", { tags: ["t"], attributes: { x: "y" }, orderingKey: "k" }));
      await scene.settleNext(reader, dead);
      under.clock.advance(2 * HOUR_MS);
      await scene.store.log.retain();
      expect(await scene.store.records.getMessage(scene.topic.accountId, scene.idOf(1))).toBeNull();
      await under.crash();
      const [letter] = (await list(scene, reader)).items;
      expect(letter?.message).toMatchObject({ tags: ["t"], attributes: { x: "y" }, orderingKey: "k", seq: 1 });
      await scene.store.records.redriveDeadLetters(reader.id, null);
      // Retention skips the redriven delivery, first while it is parked and then while it is open.
      await scene.store.log.retain();
      const [claim] = await scene.claimUntil(reader, 1);
      await scene.store.log.retain();
      expect(claim?.deliveries[0]?.message).toEqual(letter?.message);
      await scene.settle(claim as never, parkedUntil(scene.now));
      const [again] = await scene.claimUntil(reader, 1);
      expect(again?.deliveries[0]?.message).toEqual(letter?.message);
      await scene.settle(again as never, delivered);
      expect((await list(scene, reader)).items).toEqual([]);
    });
  });

  promise("refuses dead letters of an unknown subscription", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.store.catalog.deleteSubscription(scene.topic.id, "reader");
    const unknown = { code: "subscription_not_found" };
    await expect(list(scene, reader)).rejects.toMatchObject(unknown);
    await expect(scene.store.records.redriveDeadLetters(reader.id, null)).rejects.toMatchObject(unknown);
    await expect(scene.store.records.purgeDeadLetters(reader.id, null)).rejects.toMatchObject(unknown);
    expect(await scene.store.records.getDeadLetter(reader.id, "1")).toBeNull();
  });
}

function list(scene: Scene, { id }: Subscription, limit = 100, after: string | null = null): Promise<Page<DeadLetter>> {
  return scene.store.records.listDeadLetters(id, { after, limit });
}
