/**
 * Real: two servers as child processes, a PostgreSQL of their own, sockets. Nothing is faked.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PostgresServer } from "../src/store/postgres/testing/postgres-server.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { startReceiver } from "./harness/receiver.ts";
import { Server } from "./harness/server.ts";
import { until, untilTrue } from "./harness/until.ts";

let database: PostgresServer;
let servers: Server[] = [];

beforeAll(async () => {
  database = await PostgresServer.start();
  await database.query("CREATE DATABASE ringback");
  const folder = await temporaryFolder();
  const start = () =>
    Server.start({
      folder: folder.path,
      args: ["--database", database.url("ringback"), "--shutdown-grace-ms", "300ms"],
      env: { RINGBACK_MASTER_KEY: "A".repeat(43) },
    });
  servers = await Promise.all([start(), start()]);
  await folder[Symbol.asyncDispose]();
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.kill()));
  await database.stop();
});

describe("two servers on one PostgreSQL", () => {
  it("are one Ringback: what one is told both know, and each message arrives once", async () => {
    const [one, other] = servers as [Server, Server];
    await using receiver = await startReceiver();
    await one.api.putTopic("orders");
    await other.api.subscribe("orders", "mail", { push: { url: `${receiver.url}/mail` } });
    const count = 200;
    const receipts = await Promise.all(
      Array.from({ length: count }, (_, index) =>
        (index % 2 === 0 ? one : other).api.publish("orders", { body: `${index}` }),
      ),
    );
    const ids = receipts.map(({ id }) => id);
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

  it("hide from all receivers what one has, take its answer at either, and wake who waits at the other", async () => {
    const [one, other] = servers as [Server, Server];
    const path = "/v1/topics/jobs/subscriptions/workers";
    await one.api.putTopic("jobs");
    await one.api.subscribe("jobs", "workers", { pull: { visibilityMs: 60_000 } });
    const pull = (server: Server, waitMs = 0) =>
      server.api.ok<{ messages: readonly { body: string; receipt: string; receives: number }[] }>(
        "POST",
        `${path}/pull`,
        {
          json: { messagesMax: 10, waitMs },
        },
      );
    const waiting = pull(other, 60_000);
    await one.api.publish("jobs", { body: "1" });
    const [taken] = (await waiting).messages;
    expect(taken).toMatchObject({ body: "1", receives: 1 });
    expect(await pull(one)).toEqual({ messages: [] });
    const again = pull(other, 60_000);
    await one.api.ok("POST", `${path}/nack`, { json: { receipts: [taken?.receipt] } });
    const [second] = (await again).messages;
    expect(second).toMatchObject({ body: "1", receives: 2 });
    // The earlier receipt comes too late, and the later one counts, at whichever server.
    expect(
      await one.api.ok("POST", `${path}/ack`, { json: { receipts: [taken?.receipt, second?.receipt] } }),
    ).toMatchObject({
      results: [{ result: "ended" }, { result: "done" }],
    });
    expect(await one.api.ok("GET", path)).toMatchObject({ pullCounts: { visible: 0, invisible: 0, delayed: 0 } });
  });

  it("know of an API key, and soon of its end, wherever it was made and revoked", async () => {
    const [one, other] = servers as [Server, Server];
    const { id } = await one.api.ok<{ id: string }>("POST", "/v1/api-keys", { json: { name: "shop" } });
    const statusAtOther = async () => (await other.api.call("GET", `/v1/api-keys/${id}`)).status;
    await until("the other has heard of it", statusAtOther, (status) => status === 200);
    await one.api.ok("DELETE", `/v1/api-keys/${id}`);
    expect((await one.api.call("GET", `/v1/api-keys/${id}`)).status).toBe(404);
    await until("the other has heard that it is gone", statusAtOther, (status) => status === 404);
  });

  it("goes on when one of them ends, and hands over what that one held", async () => {
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
  });
});
