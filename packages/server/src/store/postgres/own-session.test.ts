import { afterAll, beforeAll, expect, it } from "vitest";
import { topicSettings } from "../contract/fixtures.ts";
import { Client } from "pg";
import { assertOwnSessions } from "./own-session.ts";
import { PostgresStore } from "./postgres-store.ts";
import { PoolingProxy, type PoolingOptions } from "./testing/pooling-proxy.ts";
import { storeOptions } from "./testing/postgres-database.ts";
import { PostgresServer } from "./testing/postgres-server.ts";

// Real: PostgreSQL. Faked: the proxy. The proxy implements the protocol and shares sessions as PgBouncer does.
let server: PostgresServer;
beforeAll(async () => {
  server = await PostgresServer.start();
  await server.query("CREATE DATABASE pooled");
});
afterAll(() => server.stop());

async function behind<T>(options: Omit<PoolingOptions, "database">, work: (url: string) => Promise<T>): Promise<T> {
  const proxy = await PoolingProxy.start(server.port, { database: "pooled", ...options });
  try {
    return await work(`postgres://ringback@127.0.0.1:${proxy.port}/pooled`);
  } finally {
    await proxy.close();
  }
}

it.each([
  { sessions: 2, turns: "last-first" },
  { sessions: 2, turns: "in-turn" },
  { sessions: 1, turns: "last-first" },
  { sessions: 9, turns: "last-first" },
  { sessions: 9, turns: "in-turn" },
] as const)("refuses a proxy that shares $sessions sessions by the transaction, $turns, and says what to do", (pool) =>
  behind({ mode: "transaction", ...pool }, async (url) => {
    await expect(PostgresStore.open(storeOptions(url))).rejects.toMatchObject({
      message: expect.stringMatching(
        /^The database is behind a proxy .* PgBouncer in transaction mode: connect to PostgreSQL itself, or set pool_mode = session\.$/,
      ) as string,
    });
    expect(await server.query("SELECT 1 FROM pg_namespace WHERE nspname = 'ringback'", [], "pooled")).toEqual([]);
  }),
);

const CHECKS = 8;

it.each([
  { sessions: 3, turns: "last-first" },
  { sessions: 4, turns: "in-turn" },
  { sessions: 9, turns: "last-first" },
] as const)("refuses it each time while others work through it as well: $sessions sessions, $turns", (pool) =>
  behind({ mode: "transaction", ...pool }, async (url) => {
    const over = new AbortController();
    const others = Array.from({ length: 3 }, async (_, number) => {
      const client = new Client({ connectionString: url });
      client.on("error", () => {});
      await client.connect();
      while (!over.signal.aborted) {
        for (const sql of number === 0 ? ["BEGIN", "SELECT 1", "COMMIT"] : ["SELECT 1"]) await client.query(sql);
      }
      await client.end();
    });
    for (let check = 0; check < CHECKS; check++) {
      await expect(assertOwnSessions(url, "checking")).rejects.toThrow("shares sessions");
    }
    over.abort();
    await Promise.all(others);
  }),
);

it("accepts a proxy that gives each client a separate session", () =>
  behind({ mode: "session", sessions: 12 }, async (url) => {
    const store = await PostgresStore.open(storeOptions(url));
    const { topic } = await store.catalog.putTopic(store.catalog.defaultAccount().id, "orders", topicSettings());
    expect(topic.name).toBe("orders");
    await store.close();
  }));
