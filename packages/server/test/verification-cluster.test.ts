/** Real: two servers as child processes, a PostgreSQL, sockets. Nothing is faked. */
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
  const start = () => Server.start({ folder: folder.path, args });
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
