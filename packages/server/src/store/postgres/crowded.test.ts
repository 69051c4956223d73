import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually, message } from "../contract/fixtures.ts";
import { sqlState } from "./storage-failure.ts";
import { Cluster, withCluster } from "./testing/cluster.ts";
import { PostgresServer } from "./testing/postgres-server.ts";

// Real: PostgreSQL with few connections. Faked, where a test says so: a full disk. A trigger raises the error that the
// server raises for a full disk. test/postgres-disk-full.test.ts uses a disk that is really full.
const TOO_MANY_CONNECTIONS = "53300";

let server: PostgresServer;
beforeAll(async () => void (server = await PostgresServer.start({ settings: ["max_connections=24"] })));
afterAll(() => server.stop());

function withNode(work: (cluster: Cluster) => Promise<void>): Promise<void> {
  return withCluster(Cluster.start(server, 1, null), work);
}

const publish = (cluster: Cluster): Promise<unknown> =>
  cluster.store(0).log.append({ topicId: cluster.topic.id, messages: [message("a")], idempotency: null });

/** Takes every free connection of the server. */
async function crowd(database: string): Promise<Client[]> {
  const clients: Client[] = [];
  for (;;) {
    const client = new Client({ connectionString: server.url(database) });
    client.on("error", () => {});
    try {
      await client.connect();
      clients.push(client);
    } catch (error) {
      if (sqlState(error) !== TOO_MANY_CONNECTIONS) throw error;
      return clients;
    }
  }
}

describe("a database without a free connection", () => {
  it("fails publishes at once and is not writable; the node recovers by itself when a connection is free", () =>
    withNode(async (cluster) => {
      const store = cluster.store(0);
      await publish(cluster);
      cluster.nodes[0]?.cable.cut();
      const clients = await crowd(cluster.database);
      cluster.nodes[0]?.cable.mend();
      await expect(publish(cluster)).rejects.toMatchObject({
        code: "storage_unavailable",
        message: "The database takes no more connections.",
      });
      expect(store.cluster.writable()).toBe(false);
      expect(store.cluster.connections()[0]?.lost).toBeGreaterThan(0);
      await Promise.all(clients.map((client) => client.end()));
      await eventually(() => store.cluster.writable());
      await publish(cluster);
    }));
});

it("a database without disk space is not writable until a write that needs space succeeds, although other writes succeed", () =>
  withNode(async (cluster) => {
    const store = cluster.store(0);
    const reader = await cluster.subscribe();
    await publish(cluster);
    const claim = await cluster.claim(0, reader);
    await cluster.query(
      `CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$`,
    );
    for (const table of ["message", "attempt"])
      await cluster.query(
        `CREATE TRIGGER full_disk BEFORE INSERT ON ringback.${table} FOR EACH ROW EXECUTE FUNCTION full_disk()`,
      );
    const settling = cluster.settle(0, claim);
    await expect(publish(cluster)).rejects.toMatchObject({ code: "storage_full" });
    // The database still accepts heartbeats, which need no new disk space.
    const [seen] = await store.cluster.nodes();
    await eventually(async () => ((await store.cluster.nodes())[0]?.lastSeenAtMs ?? 0) > (seen?.lastSeenAtMs ?? 0));
    expect(store.cluster.writable()).toBe(false);
    await cluster.query("DROP FUNCTION full_disk CASCADE");
    expect(await settling).toBe(1);
    await publish(cluster);
    expect(store.cluster.writable()).toBe(true);
    const { items } = await store.records.listAttempts(reader.id, { after: null, limit: 10 });
    expect(items).toHaveLength(1);
  }));
