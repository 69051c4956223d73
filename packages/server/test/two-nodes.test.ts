/** Real: two servers as child processes, a PostgreSQL, sockets. Nothing is faked. */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { PostgresServer } from "../src/store/postgres/testing/postgres-server.ts";
import { subscriptionPath } from "./harness/api.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { startReceiver } from "./harness/receiver.ts";
import { Server } from "./harness/server.ts";
import { until, untilTrue } from "./harness/until.ts";

let database: PostgresServer;
let servers: Server[] = [];

beforeAll(async () => {
  database = await PostgresServer.start();
  await database.query("CREATE DATABASE ringback");
  await using folder = await temporaryFolder();
  const args = ["--database", database.url("ringback")];
  const env = { RINGBACK_MASTER_KEY: randomBytes(32).toString("base64") };
  const start = () => Server.start({ folder: folder.path, args, env });
  servers = await Promise.all([start(), start()]);
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.kill()));
  await database.stop();
});

const path = subscriptionPath("orders", "mail");

it("an endpoint that one node has verified gets the messages of both", async () => {
  const [one, other] = servers.map(({ api }) => api);
  if (one === undefined || other === undefined) throw new Error("two servers have started");
  let isWilling = false;
  await using receiver = await startReceiver(({ text }, response) => {
    const isChallenge = text.includes("ringback.verification");
    if (isChallenge && !isWilling) return 403;
    return void response.end(isChallenge ? (JSON.parse(text) as { challenge: string }).challenge : "");
  });
  const messages = () => receiver.arrivals.map(({ text }) => text).filter((text) => text.startsWith("message"));
  await one.putTopic("orders");
  await one.ok("PUT", path, { json: { push: { url: receiver.url, verify: "challenge" } } });
  await one.publish("orders", { body: "message 1" });
  await other.publish("orders", { body: "message 2" });
  await untilTrue("a challenge was refused", () => receiver.arrivals.length > 0);
  expect(messages()).toEqual([]);

  isWilling = true;
  expect(await other.ok("POST", `${path}/verify`)).toMatchObject({ verification: { state: "verified" } });
  await until("the messages arrived", messages, (found) => found.length >= 2);
  expect(new Set(messages())).toEqual(new Set(["message 1", "message 2"]));
  expect(await one.ok("GET", path)).toMatchObject({ verification: { state: "verified", error: null } });
});

it("a key that one node revokes is soon refused by the other, which has used it", async () => {
  const [one, other] = servers;
  if (one === undefined || other === undefined) throw new Error("two servers have started");
  const key = await one.api.ok<{ id: string; token: string }>("POST", "/v1/api-keys", {
    json: { name: "shop", role: "read" },
  });
  const headers = { authorization: `Bearer ${key.token}` };
  const status = async ({ api }: Server) => (await api.call("GET", "/v1/topics", { headers })).status;
  expect([await status(one), await status(other), await status(other)]).toEqual([200, 200, 200]);
  await one.api.ok("DELETE", `/v1/api-keys/${key.id}`);
  expect(await status(one)).toBe(401);
  await until(
    "the other node refuses the key",
    () => status(other),
    (found) => found === 401,
  );
});
