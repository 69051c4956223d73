/**
 * Real: two servers as child processes, a PostgreSQL, sockets, receivers of a queue as child processes. Nothing is
 * faked. PostgreSQL is stopped and started again, and the receivers are killed.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PostgresServer } from "../src/store/postgres/testing/postgres-server.ts";
import { limits } from "../src/domain/limits.ts";
import { subscriptionPath } from "./harness/api.ts";
import { makeKeyPair, withMasterKey } from "./harness/cmq/account.ts";
import { SignedCaller } from "./harness/cmq/signed-caller.ts";
import { temporaryFolder } from "./harness/folder.ts";
import type { Pulled } from "./harness/pulled.ts";
import { expectKept } from "./harness/queue-load/expect-kept.ts";
import { runQueueLoad } from "./harness/queue-load/run.ts";
import { startReceiver } from "./harness/receiver.ts";
import { Server } from "./harness/server.ts";
import { until, untilTrue } from "./harness/until.ts";

let database: PostgresServer;
let servers: Server[] = [];

beforeAll(async () => {
  database = await PostgresServer.start();
  await database.query("CREATE DATABASE ringback");
  const folder = await temporaryFolder();
  const env = withMasterKey();
  const start = () =>
    Server.start({
      folder: folder.path,
      args: ["--database", database.url("ringback"), "--shutdown-grace-ms", "300ms"],
      env,
    });
  servers = await Promise.all([start(), start()]);
  await folder[Symbol.asyncDispose]();
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.kill()));
  await database.stop();
});

describe("two servers on one PostgreSQL", () => {
  it("work as one: changes through one server are visible on both, and each message arrives once", async () => {
    const [one, other] = servers as [Server, Server];
    await using receiver = await startReceiver();
    await one.api.putTopic("orders");
    await other.api.subscribe("orders", "mail", { push: { url: `${receiver.url}/mail` } });
    const count = 200;
    const published = await Promise.all(
      Array.from({ length: count }, (_, index) =>
        (index % 2 === 0 ? one : other).api.publish("orders", { body: `${index}` }),
      ),
    );
    const ids = published.map(({ id }) => id);
    await untilTrue("everything has arrived", () => receiver.arrivals.length >= count);
    expect(new Set(receiver.arrivals.map(({ messageId }) => messageId))).toEqual(new Set(ids));
    expect(receiver.arrivals).toHaveLength(count);
    for (const { api } of servers) {
      await until(
        "it is known as delivered",
        () => api.delivery(ids[0] as string, "mail"),
        ({ state }) => state === "delivered",
      );
    }
  });

  it.each(["raw", "cmq-simplified"])("end a loop of %s that passes through both", async (protocol) => {
    const [{ api }] = servers as [Server, Server];
    const topic = `loop-${protocol}`;
    await api.putTopic(topic);
    for (const [index, { url }] of servers.entries()) {
      await api.subscribe(topic, `s${index}`, { push: { url: `${url}/v1/topics/${topic}/messages`, protocol } });
    }
    await api.publish(topic, { body: "round and round" });
    for (const name of ["s0", "s1"]) {
      await until(
        "its part of the last hop is refused",
        () => api.counts(topic, name),
        ({ deadLetters, backlog, parked, inFlight }) =>
          deadLetters === 2 ** (limits.hopsMax - 1) && backlog + parked + inFlight === 0,
      );
    }
    // The loop is over, so the next message has the number after its last one.
    await Promise.all(["s0", "s1"].map((name) => api.ok("DELETE", subscriptionPath(topic, name))));
    expect((await api.publish(topic, { body: "the next one" })).seq).toBe(2 ** limits.hopsMax);
  });

  it("make a pulled message invisible on both, accept its acknowledgement on either, and wake receivers on the other", async () => {
    const [one, other] = servers as [Server, Server];
    const path = "/v1/topics/jobs/subscriptions/workers";
    await one.api.putTopic("jobs");
    await one.api.subscribe("jobs", "workers", { pull: { visibilityMs: 60_000 } });
    const pull = (server: Server, waitMs = 0) =>
      server.api.ok<{ messages: readonly Pulled[] }>("POST", `${path}/pull`, { json: { messagesMax: 10, waitMs } });
    const waiting = pull(other, 60_000);
    await one.api.publish("jobs", { body: "1" });
    const [taken] = (await waiting).messages;
    expect(taken).toMatchObject({ body: "1", receives: 1 });
    expect(await pull(one)).toEqual({ messages: [] });
    const again = pull(other, 60_000);
    await one.api.ok("POST", `${path}/nack`, { json: { receiptHandles: [taken?.receiptHandle] } });
    const [second] = (await again).messages;
    expect(second).toMatchObject({ body: "1", receives: 2 });
    // On both servers, the earlier receipt handle is no longer valid, and the later one is.
    expect(
      await one.api.ok("POST", `${path}/ack`, {
        json: { receiptHandles: [taken?.receiptHandle, second?.receiptHandle] },
      }),
    ).toMatchObject({
      results: [{ result: "ended" }, { result: "done" }],
    });
    expect(await one.api.ok("GET", path)).toMatchObject({ pullCounts: { visible: 0, invisible: 0, delayed: 0 } });
  });

  it("keep the promises of a queue whose receivers are killed at random", async () => {
    const [one, other] = servers as [Server, Server];
    const pair = await makeKeyPair(one.api);
    using caller = new SignedCaller(other.url, pair);
    await until(
      "the other knows the key",
      () => caller.call("ListQueue"),
      ({ code }) => code === 0,
    );
    const report = await runQueueLoad({ urls: [one.url, other.url], pair, seed: 20261123, loadMs: 1_000, killsMin: 3 });
    expectKept(report, { sent: 100 });
  });

  it("both accept an API key, and soon both refuse it after its revocation, on whichever server", async () => {
    const [one, other] = servers as [Server, Server];
    const { id } = await one.api.ok<{ id: string }>("POST", "/v1/api-keys", { json: { name: "shop" } });
    const statusAtOther = async () => (await other.api.call("GET", `/v1/api-keys/${id}`)).status;
    await until("the other has heard of it", statusAtOther, (status) => status === 200);
    await one.api.ok("DELETE", `/v1/api-keys/${id}`);
    expect((await one.api.call("GET", `/v1/api-keys/${id}`)).status).toBe(404);
    await until("the other has heard that it is gone", statusAtOther, (status) => status === 404);
  });

  it("are both listed by GET /v1/nodes, and each one marks itself", async () => {
    const [one, other] = servers as [Server, Server];
    const [mine, theirs] = [await nodesOf(one), await nodesOf(other)];
    expect(mine).toHaveLength(2);
    expect(mine.map(({ id }) => id)).toEqual(theirs.map(({ id }) => id));
    expect(mine.map(({ self }) => !self)).toEqual(theirs.map(({ self }) => self));
    expect(mine.every(({ name }) => name !== "")).toBe(true);
    expect((await one.api.metrics()).get("ringback_cluster_nodes_alive")).toBe(2);
  });

  it("goes on when one server ends, and the other takes over its deliveries", async () => {
    const [one, other] = servers as [Server, Server];
    let isHanging = true;
    await using receiver = await startReceiver((_arrival, response) => (isHanging ? void response : 200));
    await one.api.putTopic("handover");
    await one.api.subscribe("handover", "slow", { push: { url: `${receiver.url}/slow` } });
    const { id } = await one.api.publish("handover", { body: "a" });
    await untilTrue("the POST is under way", () => receiver.arrivals.length > 0);
    isHanging = false;
    expect(await one.stop()).toMatchObject({ code: 0 });
    await untilTrue("it has come again", () => receiver.arrivals.length > 1);
    expect(receiver.arrivals.map(({ messageId }) => messageId)).toEqual([id, id]);
    expect(await other.api.publish("handover", { body: "b" })).toMatchObject({ seq: 2 });
    await untilTrue("what is new arrives", () => receiver.arrivals.length > 2);
    expect(await nodesOf(other)).toMatchObject([{ self: true, alive: true }]);
  });
});

interface NodeView {
  readonly id: number;
  readonly name: string;
  readonly self: boolean;
}

async function nodesOf({ api }: Server): Promise<readonly NodeView[]> {
  return (await api.ok<{ items: readonly NodeView[] }>("GET", "/v1/nodes")).items;
}

/** The server that still runs. */
const left = (): Server => servers[1] as Server;

const publish = () => left().api.call("POST", "/v1/topics/orders/messages", { json: { body: "x" } });

/** The tests do not publish while they wait, so the server must detect each change by itself. */
async function untilReadiness(status: 200 | 503): Promise<void> {
  const answer = await until(
    `/readyz says ${status}`,
    () => left().api.call("GET", "/readyz"),
    (seen) => seen.status === status,
  );
  expect(answer.json).toMatchObject(status === 200 ? { status: "ready" } : { code: "storage_unavailable" });
  expect(await left().api.call("GET", "/healthz")).toMatchObject({ status: 200 });
}

async function expectRefused(): Promise<void> {
  const refused = await publish();
  expect(refused).toMatchObject({ status: 503, json: { code: "storage_unavailable" } });
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
}

const readOnly = (on: boolean): Promise<unknown> =>
  database.query(`ALTER DATABASE ringback SET default_transaction_read_only = ${on ? "on" : "off"}`);

describe("while the database cannot be written", () => {
  it("a server is not ready and refuses publishes, and serves again when the server is back", async () => {
    await untilReadiness(200);
    await database.crash();
    await untilReadiness(503);
    await expectRefused();
    await database.run();
    await untilReadiness(200);
    expect(await publish()).toMatchObject({ status: 201 });
    const lost = /^ringback_database_reconnects_total\{pool="listen"\} (\d+)$/m;
    const text = await (await fetch(`${left().url}/metrics`)).text();
    expect(Number(lost.exec(text)?.[1])).toBeGreaterThan(0);
  });

  it("the same with a read-only database, and afterwards no connection has to be cut by hand", async () => {
    await readOnly(true);
    await database.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'ringback'");
    await untilReadiness(503);
    await expectRefused();
    await readOnly(false);
    await untilReadiness(200);
    expect(await publish()).toMatchObject({ status: 201 });
  });
});
