/**
 * The stores of examples/deduplication. Real: SQLite, PostgreSQL, the client `ioredis`, and Redis where the machine has
 * `redis-server`. Faked: Redis, by a server that speaks its protocol and knows the commands of the example.
 */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { createWebhookReceiver, type DeduplicationStore, type Receiver } from "@ringback/sdk/receive";
import { Redis } from "ioredis";
import { Pool } from "pg";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTable, forgetOld, postgresStore } from "../../../examples/deduplication/postgres.ts";
import { redisStore } from "../../../examples/deduplication/redis.ts";
import { sqliteStore } from "../../../examples/deduplication/sqlite.ts";
import { PostgresServer } from "../src/store/postgres/testing/postgres-server.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { isInstalled } from "./harness/program.ts";
import { fakedRedis, realRedis, type RedisServer } from "./harness/redis.ts";
import { until } from "./harness/until.ts";

const secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const cleanup = new AsyncDisposableStack();
afterAll(() => cleanup.disposeAsync());

/** Two connections to the same store, as of two processes, and one of a receiver that has another purpose. */
type Stores = readonly [DeduplicationStore, DeduplicationStore, apart: DeduplicationStore];

async function sqlitePair(): Promise<Stores> {
  const file = join(cleanup.use(await temporaryFolder()).path, "handled.db");
  return [sqliteStore(file), sqliteStore(file), sqliteStore(file, "apart:")];
}

async function postgresPair(): Promise<Stores> {
  const server = await PostgresServer.start();
  cleanup.defer(() => server.stop());
  const connectionString = `${server.url()}?application_name=stores`;
  const pools = [new Pool({ connectionString }), new Pool({ connectionString })] as const;
  cleanup.defer(async () => {
    await Promise.all(pools.map((pool) => pool.end()));
    const open = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'stores'";
    await until(
      "all connections are closed",
      () => server.query(open),
      ({ length }) => length === 0,
    );
  });
  await pools[0].query(createTable);
  await pools[0].query(forgetOld);
  return [postgresStore(pools[0]), postgresStore(pools[1]), postgresStore(pools[1], "apart:")];
}

async function redisPair(start: () => Promise<RedisServer>): Promise<Stores> {
  const { port } = cleanup.use(await start());
  const clients = [new Redis(port, "127.0.0.1"), new Redis(port, "127.0.0.1")] as const;
  cleanup.defer(() => clients.forEach((client) => client.disconnect()));
  return [redisStore(clients[0]), redisStore(clients[1]), redisStore(clients[1], "apart:")];
}

/** Long enough for every busy machine. */
const longMs = 3_600_000;

const stores: readonly (readonly [name: string, open: () => Promise<Stores>])[] = [
  ["SQLite", sqlitePair],
  ["PostgreSQL", postgresPair],
  ["Redis, faked", () => redisPair(fakedRedis)],
];
const real: typeof stores = (await isInstalled("redis-server")) ? [["Redis", () => redisPair(realRedis)]] : [];

describe.each([...stores, ...real])("the example of a store in %s", (_name, open) => {
  let one: DeduplicationStore;
  let other: DeduplicationStore;
  let apart: DeduplicationStore;
  beforeAll(async () => void ([one, other, apart] = await open()));

  it("gives a message to one of many claims at once", async () => {
    const claims = await Promise.all(
      Array.from({ length: 20 }, async (_, at) => (at % 2 === 0 ? one : other).claim("many", `owner${at}`, longMs)),
    );
    expect(claims.toSorted()).toEqual([...Array.from({ length: 19 }, () => "busy"), "new"]);
  });

  it("keeps receivers apart that handle a message for different purposes", async () => {
    expect(await one.claim("both", "a", longMs)).toBe("new");
    await one.done("both", "a", longMs);
    expect(await apart.claim("both", "a", longMs)).toBe("new");
    await apart.release("both", "a");
    expect(await other.claim("both", "b", longMs)).toBe("done");
    expect(await apart.claim("both", "b", longMs)).toBe("new");
    await apart.done("both", "b", longMs);
    expect(await apart.claim("both", "c", longMs)).toBe("done");
  });

  it("knows what another process has handled, until its time is over", async () => {
    expect(await one.claim("handled", "a", longMs)).toBe("new");
    await one.done("handled", "a", longMs);
    expect(await other.claim("handled", "b", longMs)).toBe("done");
    await one.done("handled", "a", 1);
    await pause(20);
    expect(await other.claim("handled", "b", longMs)).toBe("new");
  });

  it("ends a claim by itself, and never ends another owner's", async () => {
    expect(await one.claim("dead", "a", 1)).toBe("new");
    await pause(20);
    expect(await other.claim("dead", "b", longMs)).toBe("new");
    await one.release("dead", "a");
    expect(await one.claim("dead", "c", longMs)).toBe("busy");
    await other.release("dead", "b");
    expect(await one.claim("dead", "c", longMs)).toBe("new");
  });

  it("keeps what is done when its claim has ended in between", async () => {
    expect(await one.claim("late", "a", 1)).toBe("new");
    await pause(20);
    expect(await other.claim("late", "b", longMs)).toBe("new");
    await one.done("late", "a", longMs);
    await other.release("late", "b");
    expect(await one.claim("late", "c", longMs)).toBe("done");
  });

  it("lets two receivers handle each message once, although both get it and handlers fail", async () => {
    const handled: string[] = [];
    const failing = new Set(["msg_3", "msg_5"]);
    const receivers = [one, other].map((store) =>
      createWebhookReceiver({
        secrets: secret,
        deduplicate: { store, claimMs: longMs },
        onError: () => undefined,
        onMessage: ({ messageId }) => {
          if (failing.delete(messageId ?? "")) throw new Error("on purpose");
          handled.push(messageId ?? "");
        },
      }),
    );
    const ids = Array.from({ length: 10 }, (_, at) => `msg_${at}`);
    await Promise.all(receivers.flatMap((receiver) => ids.map((id) => sentUntilAccepted(receiver, id))));
    expect(handled.toSorted()).toEqual(ids);
  });
});

/** Sends as often as a sender does that retries. */
async function sentUntilAccepted(receiver: Receiver, id: string): Promise<void> {
  const at = new Date();
  const body = JSON.stringify({ once: randomUUID() });
  const headers = {
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
    "webhook-signature": new Webhook(secret).sign(id, at, body),
  };
  for (;;) {
    const request = { method: "POST", path: "/", headers, body: new TextEncoder().encode(body) };
    if ((await receiver.handle(request)).status === 204) return;
    await pause(5);
  }
}
