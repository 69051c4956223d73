import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Subscription, Topic } from "../../domain/model.ts";
import {
  attempt,
  delivered,
  HOUR_MS,
  message,
  settings,
  settlement,
  textsOf,
  topicSettings,
} from "../contract/fixtures.ts";
import { ManualClock } from "../contract/harness.ts";
import { PostgresStore } from "./postgres-store.ts";
import { Cluster } from "./testing/cluster.ts";
import { freshDatabase, storeOptions } from "./testing/postgres-database.ts";
import { PostgresServer } from "./testing/postgres-server.ts";

// Real: PostgreSQL and its tables. Faked: the clock. Every statement contains the time of that clock.
let server: PostgresServer;
beforeAll(async () => void (server = await PostgresServer.start()));
afterAll(() => server.stop());

const DAY_MS = 24 * HOUR_MS;
const BODY = "x".repeat(1_000);

class Scene {
  readonly clock: ManualClock;
  readonly store: PostgresStore;
  readonly #database: string;

  private constructor(database: string, clock: ManualClock, store: PostgresStore) {
    this.#database = database;
    this.clock = clock;
    this.store = store;
  }

  static async start(): Promise<Scene> {
    const clock = new ManualClock();
    const database = await freshDatabase(server);
    const store = await PostgresStore.open(
      storeOptions(server.url(database), { clock, attemptRetentionMs: 8 * HOUR_MS }),
    );
    return new Scene(database, clock, store);
  }

  async topic(name: string, retentionMs: number): Promise<Topic> {
    return (
      await this.store.catalog.putTopic(this.store.catalog.defaultAccount().id, name, topicSettings({ retentionMs }))
    ).topic;
  }

  async subscribe({ id }: Topic): Promise<Subscription> {
    return (await this.store.catalog.putSubscription(id, "reader", settings({ maxInFlight: 1_000 }), "now"))
      .subscription;
  }

  async publish({ id }: Topic, ...texts: readonly string[]): Promise<void> {
    await this.store.log.append({ topicId: id, messages: texts.map((text) => message(text)), idempotency: null });
  }

  async claim({ id }: Subscription, deliveriesMax = 1_000) {
    const [claim] = await this.store.log.claim(
      [{ subscriptionId: id, deliveriesMax, bytesMax: 10_000_000, fromLog: true }],
      HOUR_MS,
    );
    return claim as NonNullable<typeof claim>;
  }

  async retain(): Promise<{ readonly messages: number; readonly attempts: number }> {
    const total = { messages: 0, attempts: 0 };
    for (;;) {
      const { messages, attempts, more } = await this.store.log.retain();
      total.messages += messages;
      total.attempts += attempts;
      if (!more) return total;
    }
  }

  get url(): string {
    return server.url(this.#database);
  }

  query<T extends object>(sql: string): Promise<T[]> {
    return server.query<T>(sql, [], this.#database);
  }

  async tables(parent: "message" | "attempt"): Promise<number> {
    const tables = await this.query(`SELECT 1 FROM pg_class WHERE relname ~ '^${parent}_[0-9]+$' AND relkind = 'r'`);
    return tables.length;
  }

  /** Returns the partition that contains a message. */
  async tableOf(text: string): Promise<string> {
    const rows = await this.query<{ name: string }>(
      `SELECT tableoid::regclass::text AS name FROM ringback.message WHERE convert_from(body, 'UTF8') = '${text}'`,
    );
    if (rows.length !== 1) throw new Error(`"${text}" is ${rows.length} times in the log.`);
    return (rows[0] as { name: string }).name;
  }

  async isThere(table: string): Promise<boolean> {
    return (await this.query<{ oid: string | null }>(`SELECT to_regclass('${table}') AS oid`))[0]?.oid !== null;
  }

  async bytes(): Promise<number> {
    const [row] = await this.query<{ bytes: string }>("SELECT pg_database_size(current_database()) AS bytes");
    return Number(row?.bytes);
  }
}

describe("partitions", () => {
  it("are dropped when all of their messages have been kept long enough, and their disk space is released", async () => {
    const scene = await Scene.start();
    const topic = await scene.topic("orders", HOUR_MS);
    await scene.publish(topic, "first");
    const [tables, bytes] = [await scene.tables("message"), await scene.bytes()];
    for (let batch = 0; batch < 5; batch++) await scene.publish(topic, ...Array.from({ length: 1_000 }, () => BODY));
    const full = await scene.bytes();
    expect(full - bytes).toBeGreaterThan(5_000_000);
    scene.clock.advance(HOUR_MS);
    expect((await scene.retain()).messages).toBe(5_001);
    expect(await scene.tables("message")).toBe(tables - 1);
    expect(full - (await scene.bytes())).toBeGreaterThan(5_000_000);
    await scene.publish(topic, "and on");
    expect(await scene.tables("message")).toBe(1);
    await scene.store.close();
  });

  it("are kept while one topic, one open delivery or one slow subscription needs a message in them", async () => {
    const scene = await Scene.start();
    const [topic, other] = [await scene.topic("orders", HOUR_MS), await scene.topic("other", HOUR_MS)];
    const [reader, slow] = [await scene.subscribe(topic), await scene.subscribe(other)];
    await scene.publish(topic, "open", "after");
    await scene.publish(other, "kept");
    const claim = await scene.claim(reader, 1);
    scene.clock.advance(HOUR_MS - 1);
    await scene.publish(topic, "later");
    await scene.retain();
    const table = await scene.tableOf("open");
    expect(await scene.tableOf("later")).not.toBe(table);
    expect(textsOf(await scene.claim(slow))).toEqual(["kept"]);
    await scene.store.catalog.setSubscriptionState(topic.id, "reader", "paused");
    await scene.store.log.renew([claim.id], 2 * HOUR_MS);
    scene.clock.advance(1);
    await scene.retain();
    expect(await scene.tableOf("open")).toBe(table);
    expect(await scene.store.log.settle(claim.deliveries.map((each) => settlement(claim, each, delivered)))).toBe(1);
    scene.clock.advance(HOUR_MS);
    await scene.retain();
    expect(await scene.isThere(table)).toBe(false);
    expect(await scene.tables("message")).toBe(0);
    await scene.store.close();
  });

  it("do not keep messages with a retention of a day as long as messages with a retention of a month", async () => {
    const scene = await Scene.start();
    const [day, month] = [await scene.topic("day", DAY_MS), await scene.topic("month", 30 * DAY_MS)];
    await scene.publish(day, "for a day");
    await scene.publish(month, "for a month");
    const table = await scene.tableOf("for a day");
    scene.clock.advance(2 * DAY_MS);
    expect((await scene.retain()).messages).toBe(1);
    expect(await scene.isThere(table)).toBe(false);
    expect(await scene.isThere(await scene.tableOf("for a month"))).toBe(true);
    await scene.store.close();
  });

  it("change for a topic whose retention becomes longer, and then shorter again", async () => {
    const scene = await Scene.start();
    const topic = await scene.topic("orders", HOUR_MS);
    const reader = await scene.subscribe(topic);
    const texts: string[] = [];
    for (const [index, retentionMs] of [HOUR_MS, 30 * DAY_MS, HOUR_MS, 7 * DAY_MS].entries()) {
      await scene.topic("orders", retentionMs);
      texts.push(`${index} a`, `${index} b`);
      await scene.publish(topic, `${index} a`, `${index} b`);
    }
    expect(await scene.tables("message")).toBe(3);
    const claim = await scene.claim(reader);
    expect(textsOf(claim)).toEqual(texts);
    expect(claim.more).toBe(false);
    await scene.store.log.settle(claim.deliveries.map((each) => settlement(claim, each, { kind: "released" })));
    expect(textsOf(await scene.claim(reader))).toEqual(texts);
    await scene.store.close();
  });

  it("are dropped with all attempts that are past their retention", async () => {
    const scene = await Scene.start();
    const topic = await scene.topic("orders", 30 * DAY_MS);
    const reader = await scene.subscribe(topic);
    for (let hour = 0; hour < 12; hour++) {
      await scene.publish(topic, "a", "b");
      const claim = await scene.claim(reader);
      const tried = attempt(1, "accepted", { startedAtMs: scene.clock.now() });
      await scene.store.log.settle(
        claim.deliveries.map((each) => ({ ...settlement(claim, each, delivered), attempt: tried })),
      );
      scene.clock.advance(HOUR_MS);
    }
    expect(await scene.tables("attempt")).toBe(12);
    // The attempts of the first hours are dropped. Attempts that began eight hours ago are within their retention.
    expect((await scene.retain()).attempts).toBe(8);
    expect(await scene.tables("attempt")).toBe(8);
    const { items } = await scene.store.records.listAttempts(reader.id, { after: null, limit: 100 });
    expect(items).toHaveLength(16);
    await scene.store.close();
  });

  it("are created ahead of time by retention", async () => {
    const scene = await Scene.start();
    const topic = await scene.topic("orders", HOUR_MS);
    await scene.publish(topic, "a");
    const spanMs = HOUR_MS / 8;
    scene.clock.advance(spanMs - (scene.clock.now() % spanMs) - 1);
    await scene.publish(topic, "b");
    await scene.retain();
    const made = await scene.tables("message");
    scene.clock.advance(1);
    await scene.publish(topic, "c");
    expect(await scene.tables("message")).toBe(made);
    expect(await scene.query("SELECT 1 FROM ringback.segment")).toHaveLength(made);
    await scene.store.close();
  });

  it("are not dropped while a long query reads the table, and publishes continue", async () => {
    const scene = await Scene.start();
    const topic = await scene.topic("orders", HOUR_MS);
    await scene.publish(topic, "a");
    scene.clock.advance(2 * HOUR_MS);
    const dump = new Client({ connectionString: scene.url });
    await dump.connect();
    await dump.query("BEGIN");
    await dump.query("SELECT count(*) FROM ringback.message");
    const table = await scene.tableOf("a");
    expect((await scene.retain()).messages).toBe(1);
    await scene.publish(topic, "b");
    expect(await scene.isThere(table)).toBe(true);
    await dump.end();
    // After a failure a store waits before it tries again. This store has had no failure, so it tries at once.
    const other = await PostgresStore.open(storeOptions(scene.url, { clock: scene.clock }));
    while ((await other.log.retain()).more);
    expect(await scene.isThere(table)).toBe(false);
    await other.close();
    await scene.store.close();
  });

  it("are not considered to have lost a message while another session creates a partition", async () => {
    const cluster = await Cluster.start(server, 1, null);
    const reader = await cluster.subscribe();
    const texts = ["a", "lost", "b"];
    for (const text of texts) {
      await cluster.store(0).log.append({ topicId: cluster.topic.id, messages: [message(text)], idempotency: null });
    }
    await cluster.query("DELETE FROM ringback.message WHERE seq > 1");
    const maker = new Client({ connectionString: server.url(cluster.database) });
    await maker.connect();
    await maker.query(`BEGIN; SELECT pg_advisory_xact_lock(ringback.partition_lock())`);
    const claiming = cluster.claim(0, reader);
    for (;;) {
      const waiting = await cluster.query(
        "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock' AND NOT granted",
      );
      if (waiting.length > 0) break;
    }
    // As if the session that creates the partition had committed: its message is visible, and its lock ends.
    await cluster.query(
      `INSERT INTO ringback.message (topic_id, seq, partition_id, published_at, body)
         SELECT topic_id, last_seq, partition_id, 1, 'b' FROM ringback.topic_log`,
    );
    await maker.end();
    expect(textsOf(await claiming)).toEqual(["a", "b"]);
    await cluster.dispose();
  });

  it("change while ten nodes publish and claim, and no message is lost", async () => {
    const clock = new ManualClock();
    const cluster = await Cluster.start(server, 10, clock);
    const store = cluster.store(0);
    await store.catalog.putTopic(cluster.topic.accountId, cluster.topic.name, topicSettings({ retentionMs: HOUR_MS }));
    const reader = await cluster.subscribe({ maxInFlight: 10_000 });
    const spanMs = HOUR_MS / 8;
    const texts: string[] = [];
    for (let span = 0; span < 4; span++) {
      const round = cluster.nodes.flatMap((_, node) =>
        Array.from({ length: 5 }, (_, number) => ({ node, text: `${node}.${span}.${number}` })),
      );
      texts.push(...round.map(({ text }) => text));
      await Promise.all(
        round.map(({ node, text }) =>
          cluster
            .store(node)
            .log.append({ topicId: cluster.topic.id, messages: [message(text)], idempotency: null })
            .then(() => clock.advance(spanMs / 50)),
        ),
      );
    }
    const seen: string[] = [];
    while (seen.length < texts.length) {
      const claims = await Promise.all(
        cluster.nodes.map((_, node) => cluster.claim(node, reader, { deliveriesMax: 20 })),
      );
      seen.push(...claims.flatMap(textsOf));
    }
    expect(seen.toSorted()).toEqual(texts.toSorted());
    const partitions = await cluster.query("SELECT DISTINCT partition_id FROM ringback.message");
    expect(partitions.length).toBeGreaterThan(3);
    await cluster.dispose();
  });
});
