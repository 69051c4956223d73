import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RingbackError } from "../../domain/errors.ts";
import { message, topicSettings } from "../contract/fixtures.ts";
import type { AppendResult } from "../log.ts";
import { systemTimers } from "../../domain/ports.ts";
import { CHANNEL, toPayload } from "./change-bus.ts";
import { Database } from "./database.ts";
import { Listener } from "./listener.ts";
import { postgresLimits } from "./postgres-limits.ts";
import type { PostgresStore } from "./postgres-store.ts";
import { Cable } from "./testing/cable.ts";
import { Cluster, seqsOf } from "./testing/cluster.ts";
import { PostgresServer } from "./testing/postgres-server.ts";
import { unlessBroken } from "./testing/survival.ts";

// Real: PostgreSQL, its clock and its locks, sockets. Faked: the network between a node and the server. A TCP relay
// stalls, and neither end notices. The tests run in parallel, because they mostly wait.
let server: PostgresServer;
beforeAll(async () => void (server = await PostgresServer.start()));
afterAll(() => server.stop());

const { answerMsMax, watchMs } = postgresLimits;

async function withNodes(count: number, work: (cluster: Cluster) => Promise<void>): Promise<void> {
  const cluster = await Cluster.start(server, count, null);
  try {
    await work(cluster);
  } finally {
    for (const { cable } of cluster.nodes) cable.flow();
    await cluster.dispose();
  }
}

function publish(cluster: Cluster, store: PostgresStore): Promise<AppendResult> {
  return store.log.append({ topicId: cluster.topic.id, messages: [message("a")], idempotency: null });
}

async function refusalOf(call: Promise<unknown>): Promise<RingbackError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof RingbackError) return error;
    throw error;
  }
  throw new Error("It was accepted.");
}

/** Waits without a timeout; only the timeout of the test applies. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}

async function holdTopic(cluster: Cluster): Promise<Client> {
  const holder = new Client({ connectionString: server.url(cluster.database) });
  await holder.connect();
  await holder.query("BEGIN");
  await holder.query("SELECT 1 FROM ringback.topic_log FOR UPDATE");
  return holder;
}

describe.concurrent("a connection that loses all bytes without an error", () => {
  it("delays one publish and not the next one, and the node recovers by itself without losing a message", () =>
    withNodes(1, async (cluster) => {
      const store = cluster.store(0);
      const node = cluster.nodes[0] as (typeof cluster.nodes)[number];
      const { cable } = node;
      const reader = await cluster.subscribe();
      await publish(cluster, store);
      const claim = await cluster.claim(0, reader);
      cable.stall();
      const settling = cluster.settle(0, claim);
      expect(await refusalOf(publish(cluster, store))).toMatchObject({ code: "storage_unavailable" });
      expect(store.cluster.writable()).toBe(false);
      const before = node.statements;
      expect(await refusalOf(publish(cluster, store))).toMatchObject({ code: "storage_unavailable" });
      expect(node.statements).toBe(before);
      cable.flow();
      await until(() => store.cluster.writable());
      await publish(cluster, store);
      // The answer to the settlement was lost, and the settlement may have been written before. In both cases the
      // outcome is recorded only once.
      await settling;
      const attempts = await store.records.listAttempts(reader.id, { after: null, limit: 10 });
      expect(attempts.items).toHaveLength(1);
      const left = await cluster.claim(0, reader);
      expect(seqsOf(left)).not.toContain(claim.deliveries[0]?.message.seq);
    }));

  it("is distinguished from an unavailable database, because new connections work", () =>
    withNodes(1, async (cluster) => {
      const store = cluster.store(0);
      await publish(cluster, store);
      cluster.nodes[0]?.cable.stall("connections");
      const { message: sentence } = await refusalOf(publish(cluster, store));
      expect(sentence).toContain("A connection to the database was lost without a word");
      await publish(cluster, store);
    }));
});

describe.concurrent("a row that another session has locked", () => {
  it("is waited for, even if the answer takes longer than usual", () =>
    withNodes(1, async (cluster) => {
      const store = cluster.store(0);
      const holder = await holdTopic(cluster);
      const publishing = publish(cluster, store);
      await until(async () => {
        const waiting = await cluster.query(
          `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()
             AND clock_timestamp() - query_start > interval '${answerMsMax + 2 * watchMs + 300} ms'`,
        );
        return waiting.length > 0;
      });
      await holder.end();
      expect(await publishing).toMatchObject({ firstSeq: 1 });
      expect(store.cluster.connections()[0]).toMatchObject({ lost: 0 });
    }));

  it("delays only publishes to its own topic, and these keep their order", () =>
    withNodes(1, async (cluster) => {
      const store = cluster.store(0);
      const holder = await holdTopic(cluster);
      const arrived: string[] = [];
      const held = ["first", "second"].map(async (text) => {
        const { firstSeq } = await publish(cluster, store);
        arrived.push(text);
        return firstSeq;
      });
      const { topic } = await store.catalog.putTopic(store.catalog.defaultAccount().id, "another", topicSettings());
      for (const seq of [1, 2]) {
        held.push(publish(cluster, store).then(({ firstSeq }) => firstSeq));
        const other = await store.log.append({ topicId: topic.id, messages: [message("b")], idempotency: null });
        expect(other.firstSeq).toBe(seq);
      }
      expect(arrived).toEqual([]);
      await holder.end();
      expect(await Promise.all(held)).toEqual([1, 2, 3, 4]);
      expect(arrived).toEqual(["first", "second"]);
    }));

  it("for too long makes a call fail with that reason, and the database still counts as writable", () =>
    withNodes(1, async (cluster) => {
      const store = cluster.store(0);
      const holder = await holdTopic(cluster);
      const error = await refusalOf(publish(cluster, store));
      expect(error).toMatchObject({ code: "storage_unavailable", cause: { code: "55P03" } });
      expect(error.message).toContain("somebody in it holds");
      expect(store.cluster.writable()).toBe(true);
      await holder.end();
      await publish(cluster, store);
    }));
});

describe.concurrent("a node that hangs", () => {
  it("within a transaction blocks the others only until the server ends its connection", () =>
    withNodes(1, async (cluster) => {
      const hanging = new Database(server.url(cluster.database), "hanging");
      const { promise: asleep, resolve: wakeUp } = Promise.withResolvers<void>();
      let isHolding = false;
      const work = hanging.rest.transaction(async (connection) => {
        await connection.query("SELECT 1 FROM ringback.topic_log FOR UPDATE");
        isHolding = true;
        await asleep;
      });
      await until(() => isHolding);
      await until(async () => (await unlessBroken(() => publish(cluster, cluster.store(0)))) !== null);
      wakeUp();
      await expect(work).rejects.toMatchObject({ code: "storage_unavailable" });
      await hanging.close();
    }));

  it("while it reads its claimed messages blocks the others only until the server ends its connection", () =>
    withNodes(2, async (cluster) => {
      const reader = await cluster.subscribe();
      // More data than the socket buffers of client and server can hold.
      for (let count = 0; count < 16; count++) {
        const body = Buffer.alloc(1024 * 1024, "x");
        const messages = [{ ...message(""), body }];
        await cluster.store(1).log.append({ topicId: cluster.topic.id, messages, idempotency: null });
      }
      const all = { bytesMax: 64 * 1024 * 1024 };
      cluster.nodes[0]?.cable.stall("answers");
      const hung = unlessBroken(() => cluster.claim(0, reader, all));
      await until(async () => {
        const answering = await cluster.query(
          "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'ClientWrite' AND datname = current_database()",
        );
        return answering.length > 0;
      });
      let seqs: readonly number[] = [];
      await until(async () => {
        const claim = await unlessBroken(() => cluster.claim(1, reader, all));
        seqs = claim === null ? [] : seqsOf(claim);
        return seqs.length > 0;
      });
      expect(seqs).toHaveLength(16);
      cluster.nodes[0]?.cable.flow();
      expect(await hung).toBeNull();
    }));
});

describe.concurrent("a node that does not read the events of the others", () => {
  it("is disconnected by the server, which would otherwise have to keep all events", () =>
    withNodes(1, async (cluster) => {
      const cable = await Cable.to(server.port);
      const url = `postgres://ringback@127.0.0.1:${cable.port}/${cluster.database}`;
      // This node never checks its connection.
      const timers = { ...systemTimers, after: () => () => {} };
      const event = { heard: () => {}, missed: () => {} };
      const listener = new Listener({ url, applicationName: "deaf", nodeId: 1_000, timers, ...event });
      await listener.start();
      const there = (): Promise<readonly { readonly event: string | null }[]> =>
        cluster.query("SELECT wait_event AS event FROM pg_stat_activity WHERE application_name = 'deaf'");
      expect(await there()).toHaveLength(1);
      cable.stall("answers");
      // More data than the socket buffers of client and server can hold.
      await cluster.query(
        `SELECT pg_notify('${CHANNEL}', '[0,"' || n || repeat('x', 7000) || '"]') FROM generate_series(1, 4000) AS n`,
      );
      await until(async () => (await there()).some(({ event }) => event === "ClientWrite"));
      await until(async () => (await there()).length === 0);
      await listener.close();
      await cable.close();
    }));
});

describe.concurrent("a node without a free connection", () => {
  it("shows waiting calls, refuses them after a while with its own pool as the reason, and loses no outcome", () =>
    withNodes(1, async (cluster) => {
      const database = new Database(server.url(cluster.database), "busy");
      const { restConnectionsMax: max } = postgresLimits;
      const slow = Array.from({ length: max }, () => database.rest.query("SELECT pg_sleep(60)"));
      for (const each of slow) each.catch(() => {});
      await until(() => database.rest.use.open === max);
      const refused = database.rest.query("SELECT 1");
      refused.catch(() => {});
      await until(() => database.rest.use.waiting === 1);
      await expect(refused).rejects.toMatchObject({
        code: "storage_unavailable",
        message: `All ${max} connections of the pool "rest" are busy.`,
      });
      await cluster.query("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'busy'");
      for (const each of slow)
        await expect(each).rejects.toMatchObject({ message: "The database is there, but has taken too long." });
      expect(await database.rest.query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
      expect(database.rest.use).toMatchObject({ waiting: 0, lost: 0 });
      await database.close();
    }));

  it("has set the time limit of statements on the server", () =>
    withNodes(1, async (cluster) => {
      const database = new Database(server.url(cluster.database), "timed");
      const limit = (pool: typeof database.hot): Promise<unknown> => pool.query("SHOW statement_timeout");
      expect(await limit(database.hot)).toEqual([
        { statement_timeout: `${postgresLimits.hotStatementMsMax / 1_000}s` },
      ]);
      expect(await limit(database.rest)).toEqual([{ statement_timeout: `${postgresLimits.statementMsMax / 1_000}s` }]);
      await database.close();
    }));
});

it("applies the removal of an entry by another node, although the entry could not be read when the event came", () =>
  withNodes(1, async (cluster) => {
    const store = cluster.store(0);
    const account = store.catalog.defaultAccount().id;
    await store.entries.put(account, "hook", "h", { a: 1 });
    const holder = new Client({ connectionString: server.url(cluster.database) });
    await holder.connect();
    await holder.query("BEGIN");
    await holder.query("LOCK TABLE ringback.entry IN ACCESS EXCLUSIVE MODE");
    await holder.query("DELETE FROM ringback.entry");
    const event = toPayload(0, { kind: "entry", accountId: account, entryKind: "hook", name: "h" });
    await cluster.query(`SELECT pg_notify('${CHANNEL}', '${event}')`);
    const isReading = async (): Promise<boolean> => {
      const waiting = await cluster.query(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
      );
      return waiting.length > 0;
    };
    await until(isReading);
    await until(async () => !(await isReading()));
    await holder.query("COMMIT");
    await holder.end();
    await until(async () => (await store.entries.get(account, "hook", "h")) === null);
  }));
