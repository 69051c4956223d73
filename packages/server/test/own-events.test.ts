/** Real: the server on SQLite, its event stream, receivers. Nothing is faked. */
import { readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { Page } from "./harness/api.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { listen } from "./harness/live-events.ts";
import { startReceiver } from "./harness/receiver.ts";
import { useServer } from "./harness/running-server.ts";
import { startServerInProcess } from "./harness/server.ts";
import { untilTrue } from "./harness/until.ts";

const server = useServer();

const eventsPath = "/v1/topics/ringback.events";

it("an event about a subscription arrives at a URL, in the stream, and as a message", async () => {
  const { api, url } = server();
  await using receiver = await startReceiver();
  await using gone = await startReceiver(() => 410);
  await using stream = await listen(url);
  await api.ok("PUT", `${eventsPath}/subscriptions/alarm`, {
    json: { push: { url: receiver.url }, filter: { types: ["subscription.*"] } },
  });
  await api.putTopic("orders");
  await api.subscribe("orders", "shop", { push: { url: gone.url } });
  const { id } = await api.publish("orders", { body: "x" });
  const event = {
    type: "subscription.disabled",
    at: expect.stringMatching(/^\d{4}-.*Z$/),
    account: "default",
    topic: "orders",
    subscription: "shop",
    reason: "gone",
    messageId: id,
    attempt: 1,
  };
  await untilTrue("the event has arrived", () => receiver.arrivals.length === 1);
  expect(JSON.parse(receiver.arrivals[0]?.text ?? "")).toEqual(event);
  expect(receiver.arrivals[0]?.headers["content-type"]).toBe("application/json");
  await untilTrue("the stream has it", () => stream.events.some(({ type }) => type === event.type));
  expect(stream.events.filter(({ type }) => type === event.type)).toMatchObject([event]);
  expect(await api.ok("GET", `/v1/messages/${stream.lastId}`)).toMatchObject({ topic: "ringback.events" });
});

it("receivers of events that fail make no further event", async () => {
  const { api } = server();
  await using failing = await startReceiver(() => 500);
  await using gone = await startReceiver(() => 410);
  const headers = { "ringback-account": "looping" };
  const put = (path: string, json: object = {}) => api.ok("PUT", `/v1/topics/${path}`, { json, headers });
  await api.ok("PUT", "/v1/accounts/looping", { json: {} });
  await put("ringback.events/subscriptions/failing", { push: { url: failing.url }, retry: "none" });
  await put("ringback.events/subscriptions/gone", { push: { url: gone.url } });
  await put("orders");
  for (const name of ["shop", "archive"]) {
    await put(`orders/subscriptions/${name}`, { push: { url: gone.url } });
  }
  await api.ok("POST", "/v1/topics/orders/messages", { json: { body: "x" }, headers });
  await server().logged(
    /"event":"subscription.disabled".*an event about a subscription that receives events is not published/,
  );
  await server().logged(
    /"event":"dead_letters.added".*an event about a subscription that receives events is not published/,
  );
  const { items } = await api.ok<Page<{ readonly type: string }>>("GET", `${eventsPath}/messages`, { headers });
  expect(items.map(({ type }) => type)).toEqual(["subscription.disabled", "subscription.disabled"]);
});

it("the topic exists for every account, and only its retention can be changed", async () => {
  const { api } = server();
  const account = { headers: { "ringback-account": "small" } };
  await api.ok("PUT", "/v1/accounts/small", { json: { limits: { topicsMax: 1, retentionMsMax: 3_600_000 } } });
  expect(await api.ok("GET", eventsPath, account)).toMatchObject({ name: "ringback.events", retentionMs: 3_600_000 });
  await api.ok("PUT", "/v1/topics/orders", { json: { retentionMs: 60_000 }, ...account });
  expect(await api.ok("GET", "/v1/topics", account)).toMatchObject({
    items: [{ name: "orders" }, { name: "ringback.events" }],
  });
  const put = (json: object) => api.call("PUT", eventsPath, { json, ...account });
  expect(await put({ retentionMs: 60_000 })).toMatchObject({ status: 200, json: { retentionMs: 60_000 } });
  expect(await put({ retentionMs: 7_200_000 })).toMatchObject({ status: 400, json: { code: "invalid_request" } });
  const builtIn = { status: 409, json: { code: "built_in_topic" } };
  expect(await put({ retentionMs: 60_000, description: "x" })).toMatchObject(builtIn);
  expect(await api.call("DELETE", eventsPath, account)).toMatchObject(builtIn);
  const messages = `${eventsPath}/messages`;
  expect(await api.call("POST", messages, { json: { body: "x" }, ...account })).toMatchObject(builtIn);
  const batch = { json: { messages: [{ body: "x" }] }, ...account };
  expect(await api.call("POST", `${messages}/batch`, batch)).toMatchObject(builtIn);
  await api.ok("PUT", "/v1/inboxes/alarms", { json: { topic: "ringback.events" }, ...account });
});

it("a refused topic and dead letters are events of their account, which an inbox and a pull get", async () => {
  const { api, url } = server();
  await using receiver = await startReceiver(() => 500);
  const headers = { "ringback-account": "limited" };
  await api.ok("PUT", "/v1/accounts/limited", { json: { limits: { topicsMax: 1 } } });
  await api.ok("PUT", `${eventsPath}/subscriptions/pulled`, { json: { pull: {} }, headers });
  await api.ok("PUT", "/v1/inboxes/alarms", { json: { topic: "ringback.events" }, headers });
  await api.ok("PUT", "/v1/topics/orders", { headers });
  expect(await api.call("PUT", "/v1/topics/more", { headers })).toMatchObject({ status: 409 });
  const push = { push: { url: receiver.url }, retry: "none" };
  await api.ok("PUT", "/v1/topics/orders/subscriptions/shop", { json: push, headers });
  await api.ok("POST", "/v1/topics/orders/messages", { json: { body: "x" }, headers });
  const types: unknown[] = [];
  while (types.length < 2) {
    const pulled = await api.ok<{ messages: { type: string }[] }>("POST", `${eventsPath}/subscriptions/pulled/pull`, {
      json: { waitMs: 10_000 },
      headers,
    });
    types.push(...pulled.messages.map(({ type }) => type));
  }
  expect(new Set(types)).toEqual(new Set(["account.limit_reached", "dead_letters.added"]));
  const response = await fetch(`${url}/in/alarms`, { headers });
  expect(["account.limit_reached", "dead_letters.added"]).toContain(
    ((await response.json()) as { readonly type: string }).type,
  );
});

it("a reader goes on after a restart, where it has stopped, and an expiring key is reported once", async () => {
  await using folder = await temporaryFolder();
  await using receiver = await startReceiver();
  const declared = `topics:\n  ringback.events:\n    subscriptions:\n      alarm: {push: {url: "${receiver.url}"}}\n`;
  const file = join(folder.path, "ringback.yaml");
  await writeFile(file, declared);
  const start = () => startServerInProcess({ folder: folder.path, args: ["--config", file] });
  let lastId = "";
  {
    await using first = await start();
    await using stream = await listen(first.url);
    await untilTrue("the stream has an id", () => stream.lastId !== "");
    ({ lastId } = stream);
    const expiresAt = new Date(Date.now() + 2 * 24 * 3600_000).toISOString();
    await first.api.ok("POST", "/v1/api-keys", { json: { name: "shop", role: "read", expiresAt } });
  }
  for (let starts = 0; starts < 2; starts++) {
    await using next = await start();
    await using stream = await listen(next.url, "?type=key.expiring", lastId);
    await using all = await listen(next.url, "?after=0&type=key.expiring");
    await untilTrue("the stream has the event", () => stream.events.length > 0 && all.events.length > 0);
    const event = { type: "key.expiring", kind: "api-key", name: "shop", daysLeft: 3 };
    expect([...stream.events, ...all.events]).toMatchObject([event, event]);
    await untilTrue("the receiver has it", () => receiver.arrivals.length > 0);
    await using later = await listen(next.url, "?type=key.expiring", stream.lastId);
    expect([later.status, later.events]).toEqual([200, []]);
    expect(receiver.arrivals).toHaveLength(1);
    const refused = await next.api.call("GET", "/v1/events?after=5");
    expect(refused).toMatchObject({ status: 400, json: { code: "invalid_request", errors: [{ field: "after" }] } });
  }
});

it("a database that is nearly full is an event", async () => {
  await using folder = await temporaryFolder();
  {
    await using first = await startServerInProcess({ folder: folder.path });
    await first.api.putTopic("orders");
    for (let count = 0; count < 10; count++) await first.api.publish("orders", { body: "x".repeat(500_000) });
  }
  const files = await readdir(folder.path);
  const sizes = await Promise.all(files.map(async (file) => (await stat(join(folder.path, file))).size));
  const usedBytes = sizes.reduce((sum, size) => sum + size, 0);
  const args = ["--database-bytes-max", String(Math.ceil(usedBytes * 1.15))];
  await using server = await startServerInProcess({ folder: folder.path, args });
  await using stream = await listen(server.url, "?after=0&type=disk.nearly_full");
  await untilTrue("the event is shown", () => stream.events.length > 0);
  expect(stream.events[0]).toMatchObject({ account: "default", what: "database", usedBytes: expect.any(Number) });
});
