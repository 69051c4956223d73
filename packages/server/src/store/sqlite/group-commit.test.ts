import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { limits } from "../../domain/limits.ts";
import { topicNumber } from "../../domain/topic-number.ts";
import {
  dead,
  delivered,
  message,
  parkedUntil,
  Scene,
  settlement,
  textsOf,
  topicSettings,
} from "../contract/fixtures.ts";
import { SqliteFolder } from "./testing/sqlite-folder.ts";

// Real: SQLite. Faked: failures of the disk. Triggers and locks of another connection cause them.
const commits: number[] = [];
let under: SqliteFolder;
let scene: Scene;

beforeEach(async () => {
  commits.length = 0;
  const observer = { commit: (_: number, operations: number) => void commits.push(operations) };
  under = await SqliteFolder.open({ observer, busyMsMax: 200 });
  scene = await Scene.make(under);
});
afterEach(() => under.dispose());

/** Opens the database as another program would. */
function inOtherProgram<T>(work: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(under.file, { timeout: lockMsMax });
  try {
    return work(database);
  } finally {
    database.close();
  }
}

/** Makes the database refuse rows for which the condition is true. */
function refuse(table: string, condition: string): void {
  inOtherProgram((database) =>
    database.exec(
      `CREATE TRIGGER refusal BEFORE INSERT ON ${table} WHEN ${condition} BEGIN SELECT RAISE(ABORT, 'no'); END`,
    ),
  );
}

/**
 * Time for which a connection waits for a lock of another connection. Longer than any test, so that only the timeout of
 * a test ends the wait.
 */
const lockMsMax = 600_000;

describe("group commit", () => {
  test("writes many concurrent publishes with few commits", async () => {
    await Promise.all(Array.from({ length: 500 }, (_, index) => scene.publish(`${index}`)));
    expect(commits.length).toBeLessThan(20);
    expect(commits.reduce((sum, operations) => sum + operations)).toBe(500);
  });

  test("writes concurrent publishes and settlements together", async () => {
    const reader = await scene.subscribe("reader");
    await scene.publish(...Array.from({ length: 100 }, (_, index) => `${index}`));
    const claim = await scene.claim(reader);
    commits.length = 0;
    await Promise.all([
      ...claim.deliveries.map((delivery) => under.store.log.settle([settlement(claim, delivery, delivered)])),
      ...Array.from({ length: 100 }, (_, index) => scene.publish(`${index}`)),
    ]);
    expect(commits.length).toBeLessThan(10);
  });

  test("bounds the bytes of one commit", async () => {
    const body = Buffer.alloc(1_000_000);
    await Promise.all(Array.from({ length: 24 }, () => scene.publish(message("", { body }))));
    expect(Math.max(...commits)).toBeLessThanOrEqual(8);
  });

  test("refuses publishes past the limit of waiting bytes, empty ones included, and accepts more later", async () => {
    const batch = Array.from({ length: 1_000 }, () => message(""));
    const results = await Promise.allSettled(Array.from({ length: 100 }, () => scene.publish(...batch)));
    const refused = results.filter((result) => result.status === "rejected");
    expect(refused.length).toBeGreaterThan(0);
    for (const { reason } of refused) expect(reason).toMatchObject({ code: "overloaded" });
    expect(await scene.publish("a")).toMatchObject({ firstSeq: (100 - refused.length) * 1_000 + 1 });
  });

  test("rejects only the publish that the database refuses, not others of its commit", async () => {
    refuse("message", "NEW.body = CAST('poison' AS BLOB)");
    const texts = Array.from({ length: 30 }, (_, index) => (index % 10 === 5 ? "poison" : `${index}`));
    const results = await Promise.allSettled(texts.map((text) => scene.publish("before", text)));
    for (const [index, result] of results.entries()) {
      const refused = { status: "rejected", reason: { code: "internal" } };
      expect(result).toMatchObject(texts[index] === "poison" ? refused : { status: "fulfilled" });
    }
    expect(await scene.publish("after")).toMatchObject({ firstSeq: 27 * 2 + 1 });
    expect(under.store.cluster.writable()).toBe(true);
    const reader = await scene.subscribe("reader", {}, "oldest");
    const log = (await scene.claimUntil(reader, 55)).flatMap(textsOf);
    expect(log.filter((text) => text === "before")).toHaveLength(27);
    expect(log).not.toContain("poison");
  });

  test("rejects only the settlement that the database refuses, not others of its commit", async () => {
    refuse("attempt", "NEW.error_code = 'poison'");
    const reader = await scene.subscribe("reader");
    await scene.publish("a", "b", "c");
    const claim = await scene.claim(reader);
    const results = await Promise.allSettled(
      claim.deliveries.map((delivery, index) => {
        const full = settlement(claim, delivery, delivered);
        const attempt = full.attempt === null ? null : { ...full.attempt, errorCode: index === 1 ? "poison" : null };
        return under.store.log.settle([{ ...full, attempt }]);
      }),
    );
    expect(results.map((result) => result.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(await scene.publish("d")).toMatchObject({ firstSeq: 4 });
  });

  test("writes nothing of a commit that fails at its last row", async () => {
    refuse("parked", "NEW.seq = 3");
    const reader = await scene.subscribe("reader");
    await scene.publish("a", "b", "c");
    const claim = await scene.claim(reader);
    const later = parkedUntil(scene.now + 5);
    await expect(scene.settle(claim, [delivered, dead, later])).rejects.toMatchObject({ code: "internal" });
    inOtherProgram((database) => {
      for (const table of ["attempt", "dead_letter", "parked"]) {
        expect(database.prepare(`SELECT count(*) AS count FROM ${table}`).get()).toEqual({ count: 0 });
      }
      expect(database.prepare("SELECT settled_through FROM cursor").get()).toEqual({ settled_through: 0 });
    });
    // Nothing was written, so all deliveries are claimed again after the next start.
    await under.crash();
    expect(textsOf(await scene.claim(reader))).toEqual(["a", "b", "c"]);
  });

  test("waits for another program that has locked the database", async () => {
    await under.dispose();
    under = await SqliteFolder.open({ busyMsMax: lockMsMax });
    scene = await Scene.make(under);
    const database = new DatabaseSync(under.file, { timeout: lockMsMax });
    database.exec("BEGIN IMMEDIATE");
    const published = scene.publish("a");
    setTimeout(() => database.close(), 50);
    expect(await published).toMatchObject({ firstSeq: 1 });
  });

  test("rejects publishes while another program keeps the lock, keeps settlements, and recovers", async () => {
    const reader = await scene.subscribe("reader");
    await scene.publish("a");
    const claim = await scene.claim(reader);
    const database = new DatabaseSync(under.file, { timeout: lockMsMax });
    database.exec("BEGIN IMMEDIATE");
    const settling = scene.settle(claim, delivered);
    await expect(scene.publish("b")).rejects.toMatchObject({ code: "storage_unavailable" });
    expect(under.store.cluster.writable()).toBe(false);
    await expect(under.store.catalog.putTopic(scene.topic.accountId, "other", topicSettings())).rejects.toMatchObject({
      code: "storage_unavailable",
    });
    database.close();
    expect(await settling).toBe(1);
    expect(under.store.cluster.writable()).toBe(true);
    expect(await scene.publish("c")).toMatchObject({ firstSeq: 2 });
    expect(await scene.deliveryOf(1, reader)).toMatchObject({ state: "delivered" });
  });

  test.each([9_000, limits.topicNumbersMax])(
    "publishes to the topic with the number %i, and settles",
    async (number) => {
      // The next topic gets a released number, because every number is in use.
      inOtherProgram((database) => {
        database.prepare("UPDATE topic_number SET last = ?").run(limits.topicNumbersMax);
        database.prepare("INSERT INTO released_number (topic_id, last_seq) VALUES (?, 0)").run(number);
      });
      const late = await Scene.make(under);
      expect(topicNumber(late.topic.id)).toBe(number);
      const reader = await late.subscribe("reader");
      expect(await late.publish("a", "b")).toMatchObject({ firstSeq: 1 });
      expect(await late.settle(await late.claim(reader), delivered)).toBe(2);
      expect(await late.publish("c")).toMatchObject({ firstSeq: 3 });
      expect(await late.deliveryOf(2, reader)).toMatchObject({ state: "delivered" });

      expect(await late.settle(await late.claim(reader), { kind: "dead", reason: "retries_exhausted" })).toBe(1);
      const { items } = await under.store.records.listDeadLetters(reader.id, { after: null, limit: 9 });
      expect(items.map(({ message }) => message.seq)).toEqual([3]);
      expect(await under.store.records.redriveDeadLetters(reader.id, null)).toBe(1);
      await under.store.catalog.deleteTopic(late.topic.accountId, late.topic.name);
      while ((await under.store.log.retain()).more);
      const left = inOtherProgram((database) => database.prepare("SELECT count(*) AS count FROM message").get());
      expect(left).toEqual({ count: 0 });
    },
  );

  test("changes the catalog during continuous publishes", async () => {
    const reader = await scene.subscribe("reader", { order: "key" });
    const changing = { done: false };
    const publishing = Array.from({ length: 4 }, async () => {
      while (!changing.done) await scene.publish("m");
    });
    for (const order of ["strict", "none", "key"] as const) await scene.subscribe(reader.name, { order });
    await under.store.log.retain();
    await under.store.catalog.deleteSubscription(scene.topic.id, reader.name);
    changing.done = true;
    await Promise.all(publishing);
    expect(await under.store.catalog.getSubscription(scene.topic.id, reader.name)).toBeNull();
  });
});
