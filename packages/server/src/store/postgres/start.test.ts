import { Client } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { settings, topicSettings } from "../contract/fixtures.ts";
import { PostgresStore } from "./postgres-store.ts";
import { migrations } from "./schema/migrations.ts";
import { storeOptions } from "./testing/postgres-database.ts";
import { PostgresServer } from "./testing/postgres-server.ts";

// Real: PostgreSQL and its clock.
let server: PostgresServer;
beforeAll(async () => void (server = await PostgresServer.start()));
afterAll(() => server.stop());

it("opens ten nodes at the same time on an empty database, and creates the schema once", async () => {
  await server.query("CREATE DATABASE ten");
  const stores = await Promise.all(
    Array.from({ length: 10 }, () => PostgresStore.open(storeOptions(server.url("ten")))),
  );
  expect(new Set(stores.map(({ nodeId }) => nodeId)).size).toBe(10);
  const applied = await server.query("SELECT number, name FROM ringback.migration ORDER BY number", [], "ten");
  expect(applied).toEqual(migrations.map(({ name }, index) => ({ number: index + 1, name })));
  const [first] = stores as [PostgresStore];
  const { topic } = await first.catalog.putTopic(first.catalog.defaultAccount().id, "orders", topicSettings());
  const puts = await Promise.all(
    stores.map((store) => store.catalog.putSubscription(topic.id, "reader", settings(), "now")),
  );
  expect(puts.filter(({ created }) => created)).toHaveLength(1);
  await Promise.all(stores.map((store) => store.close()));
  expect(await server.query("SELECT 1 FROM ringback.node", [], "ten")).toEqual([]);
});

it("has no session left when it is closed", async () => {
  await server.query("CREATE DATABASE closed");
  const observer = new Client({ connectionString: server.url() });
  await observer.connect();
  // Repeated, because a session that is still ending is seen often, but not always.
  for (let round = 0; round < 8; round++) {
    const store = await PostgresStore.open(storeOptions(server.url("closed")));
    await Promise.all(Array.from({ length: 6 }, () => store.cluster.nodes()));
    await store.close();
    const { rows } = await observer.query(
      "SELECT query FROM pg_stat_activity WHERE datname = 'closed' AND backend_type = 'client backend'",
    );
    expect(rows).toEqual([]);
  }
  await observer.end();
});

it("uses the database's clock", async () => {
  await server.query("CREATE DATABASE clock");
  const store = await PostgresStore.open(storeOptions(server.url("clock")));
  const { topic } = await store.catalog.putTopic(store.catalog.defaultAccount().id, "orders", topicSettings());
  const [{ now }] = (await server.query("SELECT extract(epoch FROM clock_timestamp()) * 1000 AS now")) as [
    { now: string },
  ];
  expect(Math.abs(topic.createdAtMs - Number(now))).toBeLessThan(5_000);
  await store.close();
});

it("reports why it cannot open a database that does not exist or is not UTF-8", async () => {
  await expect(PostgresStore.open(storeOptions(server.url("nowhere")))).rejects.toMatchObject({
    code: "storage_unavailable",
    cause: { code: "3D000" },
    message: expect.stringMatching(
      /^The database "nowhere" at 127\.0\.0\.1:\d+ cannot be opened: .*does not exist$/,
    ) as string,
  });
  await expect(PostgresStore.open(storeOptions("postgres://me:secret@127.0.0.1:1/x"))).rejects.toMatchObject({
    code: "storage_unavailable",
    message: 'The database "x" at 127.0.0.1:1 cannot be opened: connect ECONNREFUSED 127.0.0.1:1',
  });
  await server.query("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1'");
  await expect(PostgresStore.open(storeOptions(server.url("latin")))).rejects.toThrow("needs UTF8");
});
