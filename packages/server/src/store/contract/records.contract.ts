import { expect } from "vitest";
import type { MessageId } from "../../domain/model.ts";
import type { Page } from "../page.ts";
import type { AttemptRecord } from "../records.ts";
import type { Part } from "./part.ts";
import { attempt, dead, delivered, held, message, parkedUntil, Scene, settlement, textOf } from "./fixtures.ts";

export function recordsContract({ promise, shared, empty }: Part): void {
  promise("returns the delivery of a message to each subscription, with every attempt", async () => {
    const scene = await Scene.make(shared());
    await scene.publish("before");
    const [open, parked, done, died, filtered, waiting, strict] = [
      await scene.subscribe("open"),
      await scene.subscribe("parked"),
      await scene.subscribe("done"),
      await scene.subscribe("died"),
      await scene.subscribe("filtered", { filter: { tags: ["x"], types: [] } }),
      await scene.subscribe("waiting"),
      await scene.subscribe("held", { order: "key" }),
    ];
    await scene.publish(message("zero", { orderingKey: "k" }), message("one", { orderingKey: "k" }));
    for (const reader of [open, parked, done, died]) {
      await scene.settleNext(reader, delivered, { deliveriesMax: 1 });
    }
    await scene.claim(open);
    await scene.settleNext(parked, parkedUntil(scene.now));
    await scene.settleNext(parked, parkedUntil(scene.now + 77));
    await scene.settleNext(done, delivered);
    await scene.settleNext(died, dead);
    await scene.claim(filtered);
    await scene.settle(await scene.claim(strict), [parkedUntil(scene.now + 5), held]);

    const record = await scene.store.records.getMessage(scene.topic.accountId, scene.idOf(3));
    expect(record?.topic).toBe(scene.topic.name);
    expect(textOf(record?.message as never)).toBe("one");
    const of = (name: string) => record?.deliveries.find((delivery) => delivery.subscription === name);
    expect(record?.deliveries).toHaveLength(7);
    expect(of("open")).toMatchObject({ state: "in_flight", nextAttemptAtMs: null, reason: null, attempts: [] });
    expect(of("parked")).toMatchObject({ state: "parked", nextAttemptAtMs: scene.now + 77, reason: null });
    expect(of("parked")?.attempts.map((each) => [each.attempt, each.verdict])).toEqual([
      [1, "failed"],
      [2, "failed"],
    ]);
    expect(of("done")).toMatchObject({ state: "delivered", nextAttemptAtMs: null, reason: null });
    expect(of("done")?.attempts).toHaveLength(1);
    expect(of("died")).toMatchObject({ state: "dead", nextAttemptAtMs: null, reason: "retries_exhausted" });
    expect(of("filtered")).toMatchObject({ state: "filtered", attempts: [] });
    expect(of(waiting.name)).toMatchObject({ state: "pending", attempts: [] });
    expect(of("held")).toMatchObject({ state: "parked", nextAttemptAtMs: null });
    const before = await scene.store.records.getMessage(scene.topic.accountId, scene.idOf(1));
    expect(new Set(before?.deliveries.map((delivery) => delivery.state))).toEqual(new Set(["skipped", "filtered"]));
  });

  promise("returns the messages after a position, and the ends of the log", async () => {
    const scene = await Scene.make(shared());
    const { id } = scene.topic;
    const after = async (seq: number, limit = 10) => {
      const { firstSeq, lastSeq, messages } = await scene.store.records.messagesAfter(id, seq, limit);
      return [firstSeq, lastSeq, ...messages.map((each) => `${each.seq} ${textOf(each)}`)];
    };
    expect(await after(0)).toEqual([1, 0]);
    await scene.publish("a", "b", "c");
    expect(await after(0)).toEqual([1, 3, "1 a", "2 b", "3 c"]);
    expect(await after(1, 1)).toEqual([1, 3, "2 b"]);
    expect(await after(3)).toEqual([1, 3]);
    expect(await after(2 ** 40)).toEqual([1, 3]);
    await scene.store.catalog.deleteTopic(scene.topic.accountId, scene.topic.name);
    await expect(after(0)).rejects.toMatchObject({ code: "topic_not_found" });
  });

  promise("returns the origin of a message, with and without hops, and of no other message", async () => {
    const scene = await Scene.make(shared());
    await scene.publish("a", message("b", { hops: 2 }));
    const origin = (id: MessageId) => scene.store.records.getOrigin(id);
    expect(await origin(scene.idOf(1))).toEqual({ publishedAtMs: scene.now, hops: 0 });
    expect(await origin(scene.idOf(2))).toEqual({ publishedAtMs: scene.now, hops: 2 });
    for (const id of [scene.idOf(3), "6942316962" as MessageId, "x" as MessageId]) expect(await origin(id)).toBeNull();
  });

  promise("reports a parked delivery as in flight while a claim holds it", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a");
    await scene.settleNext(reader, parkedUntil(scene.now));
    await scene.claim(reader);
    expect(await scene.deliveryOf(1, reader)).toMatchObject({ state: "in_flight", nextAttemptAtMs: null });
  });

  promise("returns null for an unknown message", async () => {
    const scene = await Scene.make(shared());
    await scene.publish("a");
    const get = (id: string) => scene.store.records.getMessage(scene.topic.accountId, id as MessageId);
    expect(await get(scene.idOf(1))).not.toBeNull();
    expect(await get(scene.idOf(2))).toBeNull();
    for (const id of ["0", "1", "-1", "18446744073709551615", "99999999999999999999", "", "abc"]) {
      expect(await get(id)).toBeNull();
    }
    expect(await scene.store.records.getMessage(987_654 as never, scene.idOf(1))).toBeNull();
  });

  promise("never counts a message of a subscription in two states", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("1", "2", "3", "4", "5", "6", "7");
    const counts = async () => {
      const all = await scene.store.records.subscriptionCounts(reader.id);
      const { backlog, parked, inFlight } = all;
      expect(await scene.store.records.unsettledCounts(reader.id)).toEqual({ backlog, parked, inFlight });
      return all;
    };
    const zero = { backlog: 0, parked: 0, deadLetters: 0, expired: 0, inFlight: 0 };
    expect(await counts()).toEqual({ ...zero, backlog: 7 });
    const claim = await scene.claim(reader, { deliveriesMax: 5 });
    expect(await counts()).toEqual({ ...zero, backlog: 2, inFlight: 5 });
    const settleAt = (index: number, settled: Parameters<typeof settlement>[2]) =>
      scene.store.log.settle([settlement(claim, claim.deliveries[index] as never, settled)]);
    await settleAt(3, delivered);
    await settleAt(2, parkedUntil(scene.now));
    await settleAt(1, dead);
    expect(await counts()).toEqual({ ...zero, backlog: 2, inFlight: 2, parked: 1, deadLetters: 1 });
    await scene.claim(reader, { fromLog: false }, 1_000_000);
    expect(await counts()).toEqual({ ...zero, backlog: 2, inFlight: 3, deadLetters: 1 });
    scene.under.clock.advance(60_000);
    expect(await counts()).toEqual({ ...zero, backlog: 4, inFlight: 1, deadLetters: 1 });
    await scene.under.crash();
    expect(await counts()).toEqual({ ...zero, backlog: 4, parked: 1, deadLetters: 1 });
  });

  promise("lists attempts newest first, all or only failed ones, in pages without gaps", async () => {
    const scene = await Scene.make(shared());
    const [reader, other] = [await scene.subscribe("reader"), await scene.subscribe("other")];
    await scene.publish("1", "2", "3", "4", "5");
    await scene.settleNext(other, delivered);
    const claim = await scene.claim(reader);
    for (const [index, delivery] of claim.deliveries.entries()) {
      const verdict = (["accepted", "failed", "error", "accepted", "failed"] as const)[index] as "failed";
      const settled = index % 3 === 0 ? delivered : dead;
      await scene.store.log.settle([{ ...settlement(claim, delivery, settled), attempt: attempt(index + 1, verdict) }]);
    }
    const pages = async (only: "all" | "failed", limit: number) => {
      const numbers: number[][] = [];
      let after: string | null = null;
      do {
        const page: Page<AttemptRecord> = await scene.store.records.listAttempts(reader.id, { after, limit }, { only });
        numbers.push(page.items.map((each) => each.attempt));
        after = page.next;
      } while (after !== null);
      return numbers;
    };
    expect(await pages("all", 2)).toEqual([[5, 4], [3, 2], [1]]);
    expect(await pages("all", 5)).toEqual([[5, 4, 3, 2, 1]]);
    expect(await pages("failed", 2)).toEqual([[5, 3], [2]]);
    await scene.under.crash();
    expect(await pages("all", 3)).toEqual([
      [5, 4, 3],
      [2, 1],
    ]);
  });

  promise("lists a subscription's attempts among many of other subscriptions", async () => {
    const scene = await Scene.make(shared());
    const readers = await Promise.all(Array.from({ length: 12 }, (_, index) => scene.subscribe(`r${index}`)));
    await scene.publish(...Array.from({ length: 1_000 }, (_, index) => `${index}`));
    for (const reader of readers) {
      for (const claim of await scene.claimUntil(reader, 1_000)) await scene.settle(claim, delivered);
    }
    const [first] = readers as [(typeof readers)[number]];
    const seen = new Set<string>();
    let after: string | null = null;
    do {
      const page: Page<AttemptRecord> = await scene.store.records.listAttempts(first.id, { after, limit: 200 });
      for (const { messageId } of page.items) seen.add(messageId);
      after = page.next;
    } while (after !== null);
    expect(seen.size).toBe(1_000);
  });

  promise("refuses a page cursor that it did not issue", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    const page = { after: "not a cursor", limit: 1 };
    const refused = { code: "invalid_cursor" };
    await expect(scene.store.records.listAttempts(reader.id, page)).rejects.toMatchObject(refused);
    await expect(scene.store.records.listDeadLetters(reader.id, page)).rejects.toMatchObject(refused);
  });

  promise("refuses the records of an unknown subscription", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.store.catalog.deleteSubscription(scene.topic.id, "reader");
    const unknown = { code: "subscription_not_found" };
    await expect(scene.store.records.subscriptionCounts(reader.id)).rejects.toMatchObject(unknown);
    await expect(scene.store.records.listAttempts(reader.id, { after: null, limit: 1 })).rejects.toMatchObject(unknown);
  });

  promise("lists this process as alive among the nodes that have the store open", async () => {
    await empty(async (under) => {
      const nodes = await under.store.cluster.nodes();
      expect(nodes.filter(({ isThis }) => isThis)).toEqual([
        {
          id: expect.any(Number),
          name: "",
          version: "",
          startedAtMs: under.clock.now(),
          lastSeenAtMs: under.clock.now(),
          isAlive: true,
          isThis: true,
        },
      ]);
      for (const use of under.store.cluster.connections()) expect(use.open).toBeLessThanOrEqual(use.max);
    });
  });

  promise("sums up the statistics of the whole store", async () => {
    await empty(async (under) => {
      const empty = { topics: 0, subscriptions: 0, backlog: 0, parked: 0, deadLetters: 0, inFlight: 0 };
      expect(await under.store.records.statistics()).toMatchObject(empty);
      const [one, other] = [await Scene.make(under), await Scene.make(under)];
      const [first, second] = [await one.subscribe("first"), await other.subscribe("second")];
      await one.publish("1", "2", "3");
      await other.publish("1", "2");
      await one.settle(await one.claim(first, { deliveriesMax: 2 }), [parkedUntil(one.now), dead]);
      await one.claim(first, { fromLog: false });
      await other.claim(second, { deliveriesMax: 1 });
      const statistics = await under.store.records.statistics();
      expect(statistics).toMatchObject({
        topics: 2,
        subscriptions: 2,
        backlog: 2,
        parked: 0,
        deadLetters: 1,
        inFlight: 2,
      });
      expect(statistics.bytes).toBeGreaterThan(0);
      await under.store.catalog.deleteTopic(one.topic.accountId, one.topic.name);
      await under.store.catalog.deleteSubscription(other.topic.id, "second");
      expect(await under.store.records.statistics()).toMatchObject({
        ...empty,
        topics: 1,
        deadLetters: expect.any(Number),
      });
    });
  });
}
