/**
 * Real: SQLite in a folder, PostgreSQL, the stores on both, a child process. Faked: the clock of the stores. One test
 * kills the child process.
 */
import { copyFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommandInProcess } from "../../cli/testing/command-in-process.ts";
import { startCommand } from "../../cli/testing/command-process.ts";
import { messageId } from "../../domain/message-id.ts";
import type { SubscriptionId, Topic } from "../../domain/model.ts";
import { topicNumber } from "../../domain/topic-number.ts";
import { attempt, delivered, message, Scene, topicSettings } from "../contract/fixtures.ts";
import { retainAll } from "../contract/retain-fixtures.ts";
import type { Claim } from "../log.ts";
import type { Store } from "../store.ts";
import { PostgresStore } from "../postgres/postgres-store.ts";
import { freshDatabase, storeOptions } from "../postgres/testing/postgres-database.ts";
import { PostgresServer } from "../postgres/testing/postgres-server.ts";
import { SqliteFolder, temporaryFolder } from "../sqlite/testing/sqlite-folder.ts";
import type { MoveRefusal } from "./move-refusal.ts";
import { moveToPostgres, type MoveOutcome } from "./move.ts";
import { filledFolder, RETRY_MS, type FilledFolder } from "./testing/filled-folder.ts";

let server: PostgresServer;
beforeAll(async () => void (server = await PostgresServer.start()));
afterAll(() => server.stop());

const smallBatches = { rowsMax: 3, bytesMax: 1_000_000 };
const PAGE = { after: null, limit: 1_000 };

function change({ file }: SqliteFolder, sql: string): void {
  const db = new DatabaseSync(file);
  db.exec(sql);
  db.close();
}

/** Opens a store on a copy of the folder, and a store on the database. Changes of one do not affect the other. */
async function bothSides(filled: FilledFolder, database: string): Promise<readonly [SqliteFolder["store"], Store]> {
  const { source } = filled;
  await source.crash();
  const target = await PostgresStore.open(storeOptions(server.url(database), { clock: source.clock }));
  return [source.store, target];
}

async function everythingIn(store: Store): Promise<unknown> {
  const account = store.catalog.defaultAccount();
  const topics = (await store.catalog.listTopics(account.id, PAGE)).items;
  const byTopic = await Promise.all(
    topics.map(async (topic) => {
      const subscriptions = (await store.catalog.listSubscriptions(topic.id, PAGE)).items;
      return {
        topic,
        subscriptions: await Promise.all(
          subscriptions.map(async (subscription) => ({
            subscription,
            counts: await store.records.subscriptionCounts(subscription.id),
            attempts: (await store.records.listAttempts(subscription.id, PAGE)).items,
            failed: (await store.records.listAttempts(subscription.id, PAGE, { only: "failed" })).items,
            deadLetters: (await store.records.listDeadLetters(subscription.id, PAGE)).items,
          })),
        ),
      };
    }),
  );
  const kinds = ["hook", "inbox", "key", "event-type"] as const;
  const entries = await Promise.all(
    kinds.map(async (kind) => (await store.entries.list(account.id, kind, PAGE)).items),
  );
  return { account, byTopic, entries, audit: await store.audit.list(account.id, {}, PAGE) };
}

async function recordsIn(store: Store, topicName: string): Promise<readonly unknown[]> {
  const topic = await store.catalog.getTopic(store.catalog.defaultAccount().id, topicName);
  const seqs = Array.from({ length: 11 }, (_, index) => BigInt(index + 1));
  const records = await Promise.all(
    seqs.map((seq) =>
      store.records.getMessage(store.catalog.defaultAccount().id, `${(BigInt(topic?.id ?? 0) << 40n) | seq}` as never),
    ),
  );
  return records.map((record) => ({
    ...record,
    deliveries: record?.deliveries.toSorted((a, b) => a.subscription.localeCompare(b.subscription)),
  }));
}

function claimAll(store: Store, id: SubscriptionId): Promise<readonly Claim[]> {
  return store.log.claim([{ subscriptionId: id, deliveriesMax: 100, bytesMax: 1e7, fromLog: true }], 60_000);
}

/** Claims and settles deliveries until three claims in a row are empty. */
async function deliveriesOf(store: Store, id: SubscriptionId): Promise<readonly unknown[]> {
  const found: unknown[] = [];
  let emptyCount = 0;
  while (emptyCount < 3) {
    const [claim] = (await claimAll(store, id)) as [Claim];
    emptyCount = claim.deliveries.length === 0 ? emptyCount + 1 : 0;
    found.push(...claim.deliveries);
    await store.log.settle(
      claim.deliveries.map((delivery) => ({
        claimId: claim.id,
        subscriptionId: id,
        delivery,
        attempt: attempt(delivery.attemptsMade + 1, "accepted"),
        settled: delivered,
      })),
    );
  }
  return found;
}

const bySeq = (found: readonly unknown[]): readonly unknown[] =>
  (found as { message: { seq: number } }[]).toSorted((a, b) => a.message.seq - b.message.seq);

const seqsOf = (found: readonly unknown[]): readonly number[] =>
  (found as { message: { seq: number } }[]).map((delivery) => delivery.message.seq);

function move(
  filled: FilledFolder,
  database: string,
  options: { readonly stop?: AbortSignal } = {},
): Promise<MoveOutcome> {
  return moveToPostgres({ folder: filled.source.folder, url: server.url(database), ...options });
}

/** Moves all data in many runs, each of which is interrupted after its first batch. Returns the number of runs. */
async function moveInPieces({ source }: FilledFolder, database: string): Promise<number> {
  for (let runs = 1; ; runs++) {
    const interrupted = new Error("interrupted");
    let batches = 0;
    const outcome = await moveToPostgres({
      folder: source.folder,
      url: server.url(database),
      limits: smallBatches,
      progress: ({ isDone }) => {
        if (!isDone && ++batches === 2) throw interrupted;
      },
    }).catch((error: unknown) => {
      if (error !== interrupted) throw error;
    });
    if (outcome === "moved") return runs;
  }
}

async function expectEqual(filled: FilledFolder, database: string): Promise<void> {
  const [before, after] = await bothSides(filled, database);
  const { clock } = filled.source;
  try {
    const topicName = (
      (await before.catalog.listTopics(before.catalog.defaultAccount().id, PAGE)).items[0] as { name: string }
    ).name;
    const source = await everythingIn(before);
    expect(await everythingIn(after)).toEqual(source);
    expect(await recordsIn(after, topicName)).toEqual(await recordsIn(before, topicName));
    await before.catalog.setSubscriptionState(topicIdOf(source), "paused", "active");
    await after.catalog.setSubscriptionState(topicIdOf(source), "paused", "active");
    // First the deliveries that are due now, then the deliveries that are due after the delay.
    const claimed = new Map<SubscriptionId, readonly number[]>();
    for (const id of Object.values(filled.ids)) {
      const now = bySeq(await deliveriesOf(before, id));
      claimed.set(id, seqsOf(now));
      expect(bySeq(await deliveriesOf(after, id))).toEqual(now);
    }
    expect(claimed.get(filled.ids.plain)).toEqual([2, 5, 9, 10]);
    clock.advance(RETRY_MS);
    for (const [name, id] of Object.entries(filled.ids)) {
      const then = bySeq(await deliveriesOf(before, id));
      expect(then.length).toBeGreaterThan(0);
      expect([name, bySeq(await deliveriesOf(after, id))]).toEqual([name, then]);
    }
    expect(await recordsIn(after, topicName)).toEqual(await recordsIn(before, topicName));
  } finally {
    await after.close();
  }
}

const topicIdOf = (source: unknown): never =>
  (source as { byTopic: { topic: { id: number } }[] }).byTopic[0]?.topic.id as never;

describe("a move from SQLite to PostgreSQL", () => {
  it("moves all data, after which both stores deliver the same", async () => {
    const filled = await filledFolder();
    const database = await freshDatabase(server);
    expect(await move(filled, database)).toBe("moved");
    await expectEqual(filled, database);
    await filled.source.dispose();
  });

  it("continues after an interruption of every batch, and duplicates nothing", async () => {
    const filled = await filledFolder();
    const database = await freshDatabase(server);
    expect(await moveInPieces(filled, database)).toBeGreaterThan(10);
    expect(await move(filled, database)).toBe("moved_before");
    await expectEqual(filled, database);
    await filled.source.dispose();
  });

  it("continues ids and positions after the last ones, also those of deleted topics", async () => {
    const filled = await filledFolder();
    const database = await freshDatabase(server);
    await move(filled, database);
    const [before, after] = await bothSides(filled, database);
    const account = after.catalog.defaultAccount().id;
    const [topic] = (await after.catalog.listTopics(account, PAGE)).items as readonly [Topic];
    const request = { topicId: topic.id, messages: [message("new")], idempotency: null };
    expect(await after.log.append(request)).toMatchObject({ firstSeq: 12, replayed: false });
    const again = { ...request, idempotency: { key: "first", fingerprint: "f" } };
    expect(await after.log.append(again)).toEqual(await before.log.append(again));
    const created = await Promise.all(
      [before, after].map((store) => store.catalog.putTopic(account, "another", topicSettings())),
    );
    expect(created[1]?.topic.id).toBe(created[0]?.topic.id);
    await after.close();
    await filled.source.dispose();
  });

  it("moves the numbers of deleted topics, which new topics get, with positions that continue", async () => {
    const source = await SqliteFolder.open({ topicNumbers: { topicNumbersMax: 3, topicNumbersResting: 0 } });
    const account = source.store.catalog.defaultAccount().id;
    const trimmed = await Scene.make(source);
    await trimmed.publish("a", "b");
    await source.store.catalog.deleteTopic(account, trimmed.topic.name);
    await retainAll(source);
    const reused = await Scene.make(source);
    const reader = await reused.subscribe("reader", {}, "oldest");
    expect(await reused.publish("c")).toMatchObject({ firstSeq: 3 });
    const untrimmed = await Scene.make(source);
    await untrimmed.publish("d");
    await source.store.catalog.deleteTopic(account, untrimmed.topic.name);
    await source.store.close();

    const database = await freshDatabase(server);
    const url = server.url(database);
    expect(await moveToPostgres({ folder: source.folder, url })).toBe("moved");
    const topicNumbers = { topicNumbersMax: 2, topicNumbersResting: 0 };
    const store = await PostgresStore.open(storeOptions(url, { clock: source.clock, topicNumbers }));
    const moved = await store.records.getMessage(account, messageId(reused.topic.id, 3));
    expect(moved?.message.topicId).toBe(reused.topic.id);
    expect(await store.records.getMessage(account, messageId(reused.topic.id, 2))).toBeNull();
    expect(seqsOf(await deliveriesOf(store, reader.id))).toEqual([3]);
    const { topic } = await store.catalog.putTopic(account, "next", topicSettings());
    expect(topicNumber(topic.id)).toBe(topicNumber(untrimmed.topic.id));
    const request = { topicId: topic.id, messages: [message("e")], idempotency: null };
    expect(await store.log.append(request)).toMatchObject({ firstSeq: 2 });
    await expect(store.catalog.putTopic(account, "more", topicSettings())).rejects.toMatchObject({
      code: "topic_limit",
    });
    await store.close();
    await source.dispose();
  });

  it("moves messages whose ids are too large for a number", async () => {
    const filled = await filledFolder();
    const database = await freshDatabase(server);
    const tables = ["topic_log", "subscription", "dead_letter", "attempt", "idempotency"];
    const large = 2 ** 23 - 1;
    const ofMessages = `UPDATE message SET id = (${large} << 40) + (id & ((1 << 40) - 1)); UPDATE topic SET id = ${large};`;
    change(filled.source, ofMessages + tables.map((table) => `UPDATE ${table} SET topic_id = ${large}`).join(";"));
    expect(await move(filled, database)).toBe("moved");
    const store = await PostgresStore.open(storeOptions(server.url(database), { clock: filled.source.clock }));
    const { items } = await store.catalog.listTopics(store.catalog.defaultAccount().id, PAGE);
    const [topic] = items as readonly [Topic];
    expect(topic.id).toBe(large);
    const records = (await recordsIn(store, topic.name)) as readonly { message: { seq: number } }[];
    expect(records.map((record) => record.message.seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(seqsOf(bySeq(await deliveriesOf(store, filled.ids.plain)))).toEqual([2, 5, 9, 10]);
    await store.close();
    await filled.source.dispose();
  });

  it("counts a message that a damaged folder has lost as expired, and moves the others", async () => {
    const filled = await filledFolder();
    const database = await freshDatabase(server);
    change(filled.source, "DELETE FROM message WHERE id & 1099511627775 = 2");
    expect(await move(filled, database)).toBe("moved");
    const store = await PostgresStore.open(storeOptions(server.url(database), { clock: filled.source.clock }));
    expect(await store.records.subscriptionCounts(filled.ids.plain)).toMatchObject({ expired: 1 });
    expect(seqsOf(bySeq(await deliveriesOf(store, filled.ids.plain)))).toEqual([5, 9, 10]);
    await store.close();
    await filled.source.dispose();
  });

  it("continues after kill -9", async () => {
    const filled = await filledFolder();
    const database = await freshDatabase(server);
    const args = ["migrate", "--from", filled.source.folder, "--to", server.url(database), "--json"];
    // Inserts into this table hang, so that the move is unfinished when the process is killed.
    await server.query(
      "CREATE FUNCTION hang() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(600); RETURN NEW; END'",
      [],
      database,
    );
    await server.query(
      "CREATE TRIGGER hang BEFORE INSERT ON ringback.dead_letter EXECUTE FUNCTION hang()",
      [],
      database,
    );
    const first = startCommand(args);
    await first.stdoutMatch(/"table":"parked".*"done":true/);
    first.signal("SIGKILL");
    expect(await first.ended).toMatchObject({ code: null });
    await server.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ringback-migrate'",
    );
    await server.query("DROP FUNCTION hang CASCADE", [], database);
    // No server can start before the move is finished.
    await expect(PostgresStore.open(storeOptions(server.url(database)))).rejects.toThrow("data is being moved into it");
    const { code, stdout } = await runCommandInProcess(args);
    expect(code).toBe(0);
    expect(stdout).toMatch(/"type":"migrated"/);
    await expectEqual(filled, database);
    await filled.source.dispose();
  });
});

describe("a move is refused", () => {
  it("from a folder that a server has open", async () => {
    const source = await SqliteFolder.open();
    const url = server.url(await freshDatabase(server));
    await expect(moveToPostgres({ folder: source.folder, url })).rejects.toThrow("in use by another Ringback");
    await source.dispose();
  });

  it("from a folder without a database, and creates none", async () => {
    const url = server.url(await freshDatabase(server));
    await expect(moveToPostgres({ folder: "./nowhere", url })).rejects.toMatchObject({ reason: "no_source" });
  });

  it("into a database that does not answer, with an error that shows no password", async () => {
    const filled = await filledFolder();
    const url = "postgres://me:secret@127.0.0.1:1/x";
    await expect(moveToPostgres({ folder: filled.source.folder, url })).rejects.toThrow(
      'The database "x" at 127.0.0.1:1 cannot be moved into: connect ECONNREFUSED 127.0.0.1:1',
    );
    await filled.source.dispose();
  });

  it("into a database that a server has open, or has used", async () => {
    const filled = await filledFolder();
    const database = await freshDatabase(server);
    const store = await PostgresStore.open(storeOptions(server.url(database)));
    await expect(move(filled, database)).rejects.toMatchObject({ reason: "target_in_use" });
    await store.catalog.putTopic(store.catalog.defaultAccount().id, "orders", topicSettings());
    await store.close();
    await expect(move(filled, database)).rejects.toMatchObject({ reason: "target_not_empty" });
    await filled.source.dispose();
  });

  it("but not into a database on which a server was started and not used", async () => {
    const filled = await filledFolder();
    const database = await freshDatabase(server);
    await (await PostgresStore.open(storeOptions(server.url(database)))).close();
    expect(await move(filled, database)).toBe("moved");
    await filled.source.dispose();
  });

  it("after a finished move, when a server has used the database since", async () => {
    const filled = await filledFolder();
    const database = await freshDatabase(server);
    await move(filled, database);
    await (await PostgresStore.open(storeOptions(server.url(database)))).close();
    await expect(move(filled, database)).rejects.toMatchObject({ reason: "target_used_since" });
    await filled.source.dispose();
  });

  it("when it was begun from another folder, or a server has written to the folder since", async () => {
    const filled = await filledFolder();
    const database = await freshDatabase(server);
    const stop = new AbortController();
    stop.abort();
    expect(await move(filled, database, { stop: stop.signal })).toBe("stopped");
    await filled.source.crash();
    await filled.source.store.close();
    await expect(move(filled, database)).rejects.toMatchObject({ reason: "other_source" });
    await filled.source.dispose();
  });

  it("while another one runs, and the other moves all data once", async () => {
    const filled = await filledFolder();
    const database = await freshDatabase(server);
    // A copy of the folder has a separate lock, as on another machine.
    const copy = temporaryFolder();
    copyFileSync(filled.source.file, join(copy, "ringback.db"));
    const options = { url: server.url(database), limits: smallBatches };
    const runs = await Promise.allSettled(
      [filled.source.folder, copy].map((folder) => moveToPostgres({ folder, ...options })),
    );
    const outcomes = runs.map((run) => (run.status === "fulfilled" ? run.value : (run.reason as MoveRefusal).reason));
    expect(outcomes).toContain("moved");
    expect(["moved", "other_move", "moved_before"]).toEqual(expect.arrayContaining(outcomes));
    rmSync(copy, { recursive: true });
    await expectEqual(filled, database);
    await filled.source.dispose();
  });
});
