/** Real: a server as a child process, `kill -9`, a PostgreSQL, sockets. Nothing is faked. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { PostgresServer } from "../src/store/postgres/testing/postgres-server.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { startReceiver } from "./harness/receiver.ts";
import { Server } from "./harness/server.ts";
import { until, untilTrue } from "./harness/until.ts";

let database: PostgresServer;

beforeAll(async () => {
  database = await PostgresServer.start();
  await database.query("CREATE DATABASE ringback");
});
afterAll(() => database.stop());

it.runIf(process.platform === "linux")(
  "a killed node sends what was in flight as soon as it starts again",
  async () => {
    await using folder = await temporaryFolder();
    await using receiver = await startReceiver((_arrival, response, index) => {
      if (index > 0) response.writeHead(204).end();
    });
    const args = ["--database", database.url("ringback"), "--node-gone-after-ms", "2m"];
    const first = await Server.start({ folder: folder.path, args });
    await first.api.putTopic("orders");
    await first.api.subscribe("orders", "mail", { push: { url: receiver.url, timeoutMs: 60_000 } });
    const { id } = await first.api.publish("orders", { body: "a" });
    await untilTrue("it is in flight", () => receiver.arrivals.length === 1);
    await first.kill();
    const second = await Server.start({ folder: folder.path, args });
    try {
      // A killed node is listed, and holds its claims, until it counts as dead.
      const { items } = await second.api.ok<{ items: readonly object[] }>("GET", "/v1/nodes");
      expect(items).toMatchObject([{ self: true, alive: true }]);
      await until(
        "it is delivered",
        () => second.api.delivery(id, "mail"),
        ({ state }) => state === "delivered",
      );
      expect(receiver.arrivals.map(({ messageId }) => messageId)).toEqual([id, id]);
    } finally {
      await second.kill();
    }
  },
);
