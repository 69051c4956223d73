/** Real: two servers as child processes, a PostgreSQL, sockets. Nothing is faked. */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { PostgresServer } from "../src/store/postgres/testing/postgres-server.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { listen } from "./harness/live-events.ts";
import { startReceiver } from "./harness/receiver.ts";
import { Server } from "./harness/server.ts";
import { untilTrue } from "./harness/until.ts";

let database: PostgresServer;
const env = { RINGBACK_MASTER_KEY: randomBytes(32).toString("base64") };

beforeAll(async () => {
  database = await PostgresServer.start();
  await database.query("CREATE DATABASE ringback");
});
afterAll(() => database.stop());

it("every node streams the events of all nodes, and a killed node is one event", async () => {
  await using folder = await temporaryFolder();
  await using gone = await startReceiver(() => 410);
  await using alarm = await startReceiver();
  const args = ["--database", database.url("ringback"), "--node-gone-after-ms", "2000"];
  const start = () => Server.start({ folder: folder.path, args, env });
  await using one = await start();
  await using other = await start();
  await using third = await start();
  const streams = [await listen(one.url), await listen(other.url)];
  await using broken = await startReceiver(() => 500);
  await one.api.subscribe("ringback.events", "alarm", { push: { url: alarm.url } });
  await one.api.subscribe("ringback.events", "broken", { push: { url: broken.url }, retry: "none" });
  for (const [name, { api }] of [["one", one] as const, ["other", other] as const]) {
    await api.putTopic(name);
    await api.subscribe(name, "shop", { push: { url: gone.url } });
    await api.publish(name, { body: "x" });
  }
  for (const { events } of streams) {
    const disabled = () => events.filter(({ type }) => type === "subscription.disabled");
    await untilTrue("both events are shown", () => disabled().length === 2);
    expect(new Set(disabled().map(({ topic }) => topic))).toEqual(new Set(["one", "other"]));
  }
  await third.kill();
  for (const { events } of streams) {
    await untilTrue("the dead node is shown", () => events.some(({ type }) => type === "node.gone"));
  }
  const { lastId } = streams[0] ?? { lastId: "" };
  const arrived = () => alarm.arrivals.map(({ text }) => (JSON.parse(text) as { readonly type: string }).type);
  await untilTrue("the dead node is reported", () => arrived().includes("node.gone"));
  // The dead letters of the broken receiver make a line of the log instead of an event.
  const line = /"event":"dead_letters.added".*an event about a subscription that receives events is not published/;
  await Promise.any([one.logged(line), other.logged(line)]);
  await other.stop();
  await using restarted = await start();
  await using all = await listen(restarted.url, "?after=0");
  await untilTrue("past events are shown", () => all.lastId === lastId);
  expect(all.events.map(({ type }) => type)).toEqual(["subscription.disabled", "subscription.disabled", "node.gone"]);
  expect(arrived()).toEqual(["subscription.disabled", "subscription.disabled", "node.gone"]);
  for (const stream of streams) await stream[Symbol.asyncDispose]();
});
