import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  attempt,
  dead,
  delivered,
  eventually,
  invisibleUntil,
  HOUR_MS,
  message,
  parkedUntil,
  Scene,
  settlement,
  textsOf,
  topicSettings,
} from "../contract/fixtures.ts";
import type { Claim, ClaimedDelivery, PulledSettlement } from "../log.ts";
import { PAGE_BYTES } from "./disk-budget.ts";
import { SqliteFolder } from "./testing/sqlite-folder.ts";

// Real: SQLite, its limit on the size of a file. Nothing is faked. Past the limit, SQLite fails as with a full disk.
let under: SqliteFolder;
let scene: Scene;

beforeEach(async () => {
  under = await SqliteFolder.open();
  scene = await Scene.make(under, { retentionMs: HOUR_MS });
});
afterEach(() => under.dispose());

const full = { code: "storage_full" };
const large = () => message("x".repeat(40_000));

/** Fills the database until every write that needs another page fails. */
async function fill(): Promise<number> {
  await under.store.setBytesMax(1);
  let published = 0;
  for (let hasRoom = true; hasRoom;) {
    hasRoom = await scene.publish(large()).then(
      () => true,
      () => false,
    );
    if (hasRoom) published++;
  }
  return published;
}

function databaseBytes(): number {
  const database = new DatabaseSync(under.file, { readOnly: true });
  const { page_count: pages } = database.prepare("PRAGMA page_count").get() as { page_count: number };
  database.close();
  return pages * PAGE_BYTES;
}

describe("a full database", () => {
  test("refuses publishes as a whole, and uses their positions for the next ones when there is room", async () => {
    await scene.publish("a");
    const next = 2 + (await fill());
    expect(under.store.cluster.writable()).toBe(false);
    await expect(scene.publish("small", large(), "small")).rejects.toMatchObject(full);
    await expect(Promise.all([scene.publish(large()), scene.publish(large())])).rejects.toMatchObject(full);
    await under.store.setBytesMax(0);
    expect(await scene.publish("b")).toMatchObject({ firstSeq: next });
    expect(under.store.cluster.writable()).toBe(true);
    const reader = await scene.subscribe("reader", {}, "oldest");
    const texts = (await scene.claimUntil(reader, next)).flatMap(textsOf);
    expect(texts[0]).toBe("a");
    expect(texts.at(-1)).toBe("b");
    expect(texts.filter((text) => text === "small")).toEqual([]);
  });

  test("does not keep the idempotency key of a refused publish", async () => {
    await fill();
    const request = {
      topicId: scene.topic.id,
      messages: [large()],
      idempotency: { key: "k", fingerprint: "f" },
    };
    await expect(under.store.log.append(request)).rejects.toMatchObject(full);
    await under.store.setBytesMax(0);
    expect(await under.store.log.append(request)).toMatchObject({ replayed: false });
  });

  test("refuses a receiver's answer, and accepts it again when there is room", async () => {
    const reader = await scene.subscribe("reader");
    await scene.publish("a");
    await scene.settleNext(reader, invisibleUntil(scene.now + HOUR_MS, 1, scene.now));
    const [{ startedAtMs: firstAttemptAtMs } = { startedAtMs: 0 }] =
      (await scene.deliveryOf(1, reader))?.attempts ?? [];
    await fill();
    const answer: PulledSettlement = {
      pulled: { seq: 1, retriesMade: 1, firstAttemptAtMs },
      // The record is larger than any free page.
      answer: { kind: "delivered", attempt: attempt(1, "accepted", { reply: new Uint8Array(40_000) }) },
    };
    await expect(under.store.log.settlePulled(reader.id, [answer])).rejects.toMatchObject(full);
    expect(textsOf(await scene.claim(reader, { fromLog: false }))).toEqual([]);
    await under.store.setBytesMax(0);
    expect(await under.store.log.settlePulled(reader.id, [answer])).toEqual([true]);
  });

  test.each(["new", "parked"] as const)(
    "refuses each pull of a %s delivery at once, which is never hidden, and counts as not pulled",
    async (kind) => {
      const reader = await scene.subscribe("reader", { order: "key" });
      await scene.publish(message("a", { orderingKey: "k" }), message("b", { orderingKey: "k" }));
      if (kind === "parked") await scene.settleNext(reader, invisibleUntil(scene.now, 1, scene.now - 1));
      const claim = await scene.claim(reader, { deliveriesMax: 1 });
      const [delivery] = claim.deliveries as [ClaimedDelivery];
      await fill();
      // A row of this size needs a page, even if others were freed.
      await scene.publish(large()).catch(() => {});
      const { message: _message, ...counts } = delivery;
      const refusePull = async (claimed: Claim): Promise<void> => {
        const [first] = claimed.deliveries as [ClaimedDelivery];
        expect(textsOf(claimed)).toEqual(["a"]);
        expect(first).toMatchObject(counts);
        const pulled = settlement(claimed, first, invisibleUntil(scene.now + HOUR_MS, 5, scene.now), false);
        const attempted = { ...pulled, attempt: attempt(1, "failed", { errorCode: "x".repeat(100_000) }) };
        await expect(under.store.log.settle([attempted], "fail")).rejects.toMatchObject(full);
      };
      await refusePull(claim);
      // The second refusal comes while the database is known to be full.
      await refusePull(await scene.claim(reader, { deliveriesMax: 1 }));
      await under.store.setBytesMax(0);
      const again = await scene.claim(reader, { deliveriesMax: 1 });
      expect(textsOf(again)).toEqual(["a"]);
      expect(again.deliveries).toMatchObject([counts]);
      await scene.settle(again, delivered);
      expect(textsOf(await scene.claim(reader))).toEqual(["b"]);
    },
  );

  test("keeps settlements until there is room, and returns their deliveries to no claim meanwhile", async () => {
    const reader = await scene.subscribe("reader");
    await scene.publish("parked", "new", "rest");
    await scene.settleNext(reader, parkedUntil(scene.now), { deliveriesMax: 1 });
    const claim = await scene.claim(reader, { deliveriesMax: 2 }, 1_000);
    expect(textsOf(claim)).toEqual(["parked", "new"]);
    await fill();
    const outcome = { applied: -1 };
    // The record is larger than any free page.
    const reply = new Uint8Array(1_024);
    const settling = Promise.all(
      claim.deliveries.map((delivery) =>
        under.store.log.settle([
          {
            claimId: claim.id,
            subscriptionId: reader.id,
            delivery,
            attempt: {
              attempt: 1,
              startedAtMs: scene.now,
              durationMs: 1,
              verdict: "accepted",
              status: 200,
              errorCode: "x".repeat(100_000),
              errorDetail: null,
              reply,
            },
            settled: delivered,
          },
        ]),
      ),
    ).then((counts) => (outcome.applied = counts.length));
    await expect(scene.publish(large())).rejects.toMatchObject(full);
    // The lease of the claim expires meanwhile.
    under.clock.advance(1_000);
    expect(textsOf(await scene.claim(reader, { deliveriesMax: 1 }))).toEqual(["rest"]);
    await expect(scene.publish(large())).rejects.toMatchObject(full);
    expect(outcome.applied).toBe(-1);
    await under.store.setBytesMax(0);
    await settling;
    expect(outcome.applied).toBe(2);
    await under.crash();
    expect(await scene.deliveryOf(1, reader)).toMatchObject({ state: "delivered" });
    expect(await scene.deliveryOf(2, reader)).toMatchObject({ state: "delivered" });
    const attempts = await under.store.records.listAttempts(reader.id, { after: null, limit: 10 });
    expect(attempts.items).toHaveLength(3);
  });

  test("writes the settlements that fit, each with its own part of the cursor, and pulls do not wait for the others", async () => {
    const count = 12;
    const pushed = await scene.subscribe("pushed");
    const pulled = await scene.subscribe("pulled");
    const texts = Array.from({ length: count }, (_, index) => `${index}`.padEnd(40_000, "x"));
    await scene.publish(...texts);
    const claim = await scene.claim(pushed, { deliveriesMax: count });
    await fill();
    const settling = claim.deliveries.map((delivery) =>
      under.store.log.settle([settlement(claim, delivery, dead)]).catch((error: unknown) => error),
    );
    await expect(scene.publish(large())).rejects.toMatchObject(full);
    // Room for some of the copies that dead letters keep, but not for all of them together.
    await under.store.setBytesMax(databaseBytes() + 5 * 40_000);
    await Promise.all(settling.slice(0, 3));
    await expect(scene.publish("a")).rejects.toMatchObject(full);

    const pull = await scene.claim(pulled, { deliveriesMax: 1 });
    const [delivery] = pull.deliveries as [ClaimedDelivery];
    const isInvisible = settlement(pull, delivery, invisibleUntil(scene.now + HOUR_MS, 1, scene.now), false);
    expect(await under.store.log.settle([isInvisible], "fail")).toBe(1);

    await under.crash();
    const letters = await under.store.records.listDeadLetters(pushed.id, { after: null, limit: 100 });
    const again = await scene.claim(pushed, { deliveriesMax: count });
    const seqs = [
      ...letters.items.map(({ message: { seq } }) => seq),
      ...again.deliveries.map(({ message: { seq } }) => seq),
    ];
    expect(seqs.toSorted((one, other) => one - other).slice(0, count)).toEqual(
      claim.deliveries.map(({ message: { seq } }) => seq),
    );
    expect(new Set(seqs).size).toBe(seqs.length);
    expect(letters.items.length).toBeGreaterThanOrEqual(3);
    expect(letters.items.length).toBeLessThan(count);
    expect(textsOf(await scene.claim(pulled, { deliveriesMax: 1 }))).toEqual([texts[1]]);
  });

  test("becomes writable again without a call that writes", async () => {
    await fill();
    expect(under.store.cluster.writable()).toBe(false);
    await under.store.setBytesMax(0);
    await eventually(() => under.store.cluster.writable());
  });

  test("refuses changes of the catalog, too", async () => {
    const account = scene.topic.accountId;
    await under.store.setBytesMax(1);
    const failures: unknown[] = [];
    for (let count = 0; failures.length === 0; count++) {
      await under.store.catalog
        .putTopic(account, `t${count}`, topicSettings())
        .catch((error: unknown) => failures.push(error));
    }
    expect(failures[0]).toMatchObject(full);
    expect(under.store.cluster.writable()).toBe(false);
    const { items } = await under.store.catalog.listTopics(account, { after: null, limit: 10_000 });
    await under.store.setBytesMax(0);
    await under.crash();
    const after = await under.store.catalog.listTopics(account, { after: null, limit: 10_000 });
    expect(after.items.map((topic) => topic.name)).toEqual(items.map((topic) => topic.name));
  });

  test("still serves reads and claims, and retention makes room", async () => {
    const reader = await scene.subscribe("reader");
    for (let count = 0; count < 20; count++) await scene.publish(large());
    await scene.settleNext(reader, parkedUntil(scene.now + 10 * HOUR_MS));
    await fill();
    await expect(scene.publish(large())).rejects.toMatchObject(full);
    expect(await scene.store.records.getMessage(scene.topic.accountId, scene.idOf(1))).not.toBeNull();
    under.clock.advance(HOUR_MS);
    for (let more = true; more;) more = (await under.store.log.retain()).more;
    expect(await under.store.records.subscriptionCounts(reader.id)).toMatchObject({ parked: 0, deadLetters: 20 });
    await under.store.records.purgeDeadLetters(reader.id, null);
    await eventually(() => under.store.cluster.writable());
    expect(await scene.publish(large())).toMatchObject({ replayed: false });
  });

  test("returns no more deliveries when many settlements wait, and continues when they are written", async () => {
    const reader = await scene.subscribe("reader");
    const other = await scene.subscribe("other");
    for (let batch = 0; batch < 22; batch++) {
      await scene.publish(...Array.from({ length: 1_000 }, (_, index) => `${index}`));
    }
    await fill();
    const waiting: Promise<number>[] = [];
    let claim = await scene.claim(reader, { deliveriesMax: 1_000 });
    while (claim.deliveries.length > 0) {
      waiting.push(scene.settle(claim, delivered));
      claim = await scene.claim(reader, { deliveriesMax: 1_000 });
    }
    expect(claim.nextDueAtMs).toBeGreaterThan(scene.now);
    expect(await scene.claim(other)).toMatchObject({ deliveries: [], more: false });
    expect(waiting.length).toBeLessThan(100);
    await under.store.setBytesMax(0);
    await Promise.all(waiting);
    expect((await scene.claim(other)).deliveries.length).toBeGreaterThan(0);
  });

  test("does not block a close: settlements that cannot be written are rejected", async () => {
    const reader = await scene.subscribe("reader");
    for (let count = 0; count < 5; count++) await scene.publish(...Array.from({ length: 1_000 }, () => "m"));
    const claims = await scene.claimUntil(reader, 5_000);
    await fill();
    const settling = claims.map((claim) => scene.settle(claim, delivered).catch((error: unknown) => error));
    await under.store.close();
    expect(await Promise.all(settling)).toContainEqual(expect.objectContaining({ code: "shutting_down" }));
  });
});
