import { Client } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { delivered, message, settings, settlement, textsOf, topicSettings } from "../../contract/fixtures.ts";
import { PostgresStore } from "../postgres-store.ts";
import { storeOptions } from "../testing/postgres-database.ts";
import { PostgresServer } from "../testing/postgres-server.ts";
import { migrate } from "./migrate.ts";
import { migrations, type Migration } from "./migrations.ts";

// Real: PostgreSQL, the schema. Faked: the second step, because the schema has only one step yet.
let server: PostgresServer;
beforeAll(async () => void (server = await PostgresServer.start()));
afterAll(() => server.stop());

const second: Migration = {
  name: "second",
  sql: `ALTER TABLE ringback.entry ADD COLUMN note text;
    CREATE TABLE ringback.second (number serial);
    INSERT INTO ringback.second DEFAULT VALUES`,
};
const upgraded = [...migrations, second];

async function freshDatabase(name: string): Promise<string> {
  await server.query(`CREATE DATABASE ${name}`);
  return server.url(name);
}

function applied(database: string): Promise<{ number: number; name: string }[]> {
  return server.query("SELECT number, name FROM ringback.migration ORDER BY number", [], database);
}

const rowsOf = (steps: readonly Migration[]) => steps.map(({ name }, index) => ({ number: index + 1, name }));

it("applies each step once when ten nodes start at the same time", async () => {
  const url = await freshDatabase("together");
  await Promise.all(Array.from({ length: 10 }, () => migrate(url, upgraded)));
  expect(await applied("together")).toEqual(rowsOf(upgraded));
  expect(await server.query("SELECT number FROM ringback.second", [], "together")).toEqual([{ number: 1 }]);
});

it("upgrades a database while a node of the previous version continues", async () => {
  const url = await freshDatabase("in_use");
  const store = await PostgresStore.open(storeOptions(url));
  const { topic } = await store.catalog.putTopic(store.catalog.defaultAccount().id, "orders", topicSettings());
  const { subscription } = await store.catalog.putSubscription(topic.id, "reader", settings(), "now");
  const publish = (text: string) =>
    store.log.append({ topicId: topic.id, messages: [message(text)], idempotency: null });
  await publish("before");
  const want = { subscriptionId: subscription.id, deliveriesMax: 100, bytesMax: 1_000_000, fromLog: true };
  const [before] = await store.log.claim([want], 60_000);
  expect(before && textsOf(before)).toEqual(["before"]);
  await migrate(url, upgraded);
  expect(await applied("in_use")).toEqual(rowsOf(upgraded));
  expect(await store.log.settle(before?.deliveries.map((each) => settlement(before, each, delivered)) ?? [])).toBe(1);
  await publish("after");
  const [after] = await store.log.claim([want], 60_000);
  expect(after && textsOf(after)).toEqual(["after"]);
  await store.close();
});

it("opens a database that a later version has upgraded, and leaves its steps alone", async () => {
  const url = await freshDatabase("later");
  await migrate(url, upgraded);
  const store = await PostgresStore.open(storeOptions(url));
  const { topic } = await store.catalog.putTopic(store.catalog.defaultAccount().id, "orders", topicSettings());
  const result = await store.log.append({ topicId: topic.id, messages: [message("a")], idempotency: null });
  expect(result.firstSeq).toBe(1);
  await store.close();
  expect(await applied("later")).toEqual(rowsOf(upgraded));
});

it("undoes a step that fails", async () => {
  const url = await freshDatabase("failing");
  const failing = { name: "failing", sql: "CREATE TABLE ringback.half (id integer); SELECT 1 / 0" };
  await expect(migrate(url, [...migrations, failing])).rejects.toMatchObject({ cause: { code: "22012" } });
  expect(await applied("failing")).toEqual(rowsOf(migrations));
  expect(await server.query("SELECT to_regclass('ringback.half') AS table", [], "failing")).toEqual([{ table: null }]);
  await migrate(url, upgraded);
  expect(await applied("failing")).toEqual(rowsOf(upgraded));
});

it("waits for a migration that is under way", async () => {
  const url = await freshDatabase("waiting");
  await migrate(url);
  const slow = new Client({ connectionString: url });
  await slow.connect();
  await slow.query("BEGIN; LOCK TABLE ringback.entry IN ACCESS SHARE MODE");
  const [first, other] = [migrate(url, upgraded), migrate(url, upgraded)];
  const waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
  while ((await server.query(waiting, [], "waiting")).length === 0);
  await slow.query("COMMIT");
  await slow.end();
  await Promise.all([first, other]);
  expect(await server.query("SELECT number FROM ringback.second", [], "waiting")).toEqual([{ number: 1 }]);
});

// Schema of an unreleased version, which stored the numbers of its steps without names.
const unreleased = `CREATE SCHEMA ringback;
  CREATE TABLE ringback.migration (number integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());
  CREATE TABLE ringback.topic (id integer PRIMARY KEY, name text NOT NULL);
  CREATE TABLE ringback.message (topic_id integer, seq bigint, slot integer) PARTITION BY LIST (slot);
  INSERT INTO ringback.topic VALUES (1, 'orders');
  INSERT INTO ringback.migration (number) SELECT generate_series(1, 6)`;

it.each([
  ["the steps of an unreleased version", unreleased],
  ["its first step only", `${unreleased}; DELETE FROM ringback.migration WHERE number > 1`],
  ["its tables without any step", `${unreleased}; DROP TABLE ringback.migration`],
])("refuses a database that holds %s, and changes nothing in it", async (name, sql) => {
  const database = name.replaceAll(" ", "_");
  const url = await freshDatabase(database);
  await server.query(sql, [], database);
  const everything = async () => [
    await server.query("SELECT relname, relnatts, xmin FROM pg_class ORDER BY oid", [], database),
    await server.query("SELECT proname FROM pg_proc ORDER BY oid", [], database),
    await server.query("SELECT xmin, * FROM ringback.topic", [], database),
  ];
  const before = await everything();
  const sentence =
    "The database holds the schema of an unreleased version of Ringback, which cannot be upgraded. " +
    "Start with an empty database.";
  await expect(PostgresStore.open(storeOptions(url))).rejects.toMatchObject({
    name: "RingbackError",
    message: sentence,
  });
  await expect(migrate(url)).rejects.toThrow(sentence);
  expect(await everything()).toEqual(before);
});

it("refuses a database whose first step was another one", async () => {
  const url = await freshDatabase("renamed");
  await migrate(url, [{ ...(migrations[0] as Migration), name: "initial-0" }]);
  await expect(migrate(url)).rejects.toThrow("unreleased version of Ringback");
  expect(await applied("renamed")).toEqual([{ number: 1, name: "initial-0" }]);
});

it("uses a schema that was created for it and is empty", async () => {
  const url = await freshDatabase("prepared");
  await server.query("CREATE SCHEMA ringback", [], "prepared");
  await migrate(url);
  expect(await applied("prepared")).toEqual(rowsOf(migrations));
});
