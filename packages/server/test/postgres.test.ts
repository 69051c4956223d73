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
