/** Real: servers inside the test's process, their databases, receivers, sockets. Nothing is faked. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PostgresServer } from "../src/store/postgres/testing/postgres-server.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { type Arrival, startReceiver } from "./harness/receiver.ts";
import { type RunningServer, startServerInProcess } from "./harness/server.ts";
import { untilTrue } from "./harness/until.ts";

const started = new AsyncDisposableStack();
let database: PostgresServer;
beforeAll(async () => {
  database = await PostgresServer.start();
  await database.query("CREATE DATABASE traces");
});
afterAll(async () => {
  await started.disposeAsync();
  await database.stop();
});

async function startServer(driver: "SQLite" | "PostgreSQL"): Promise<RunningServer> {
  const folder = started.use(await temporaryFolder());
  const args = driver === "SQLite" ? [] : ["--database", database.url("traces")];
  return started.use(await startServerInProcess({ folder: folder.path, args }));
}

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;
const another = `00-${"a1".repeat(16)}-b7ad6b7169203331-00`;
const tracestate = "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE";
const headers = { traceparent, tracestate };
const sentWith = ({ headers: sent }: Arrival) => ({ traceparent: sent["traceparent"], tracestate: sent["tracestate"] });

describe.each(["SQLite", "PostgreSQL"] as const)("without tracing, on %s,", (driver) => {
  let server: RunningServer;
  beforeAll(async () => void (server = await startServer(driver)));

  /** Returns what the endpoint of a topic's subscription gets after the publish. */
  async function pushed(topic: string, count: number, publish: () => Promise<unknown>, protocol = "raw") {
    await using receiver = await startReceiver();
    await server.api.putTopic(topic);
    await server.api.subscribe(topic, "s", { push: { url: receiver.url, protocol }, order: "strict" });
    await publish();
    await untilTrue("the messages arrived", () => receiver.arrivals.length === count);
    return receiver.arrivals;
  }

  it("the trace of a request arrives unchanged with each of its messages", async () => {
    const { api } = server;
    const path = "/v1/topics/unchanged/messages";
    const arrivals = await pushed("unchanged", 4, async () => {
      await api.publish("unchanged", { body: "json" }, headers);
      await api.ok("POST", path, { body: "raw", headers: { "content-type": "text/plain", ...headers } });
      await api.ok("POST", `${path}/batch`, { json: { messages: [{ body: "b1" }, { body: "b2" }] }, headers });
    });
    expect(arrivals.map(sentWith)).toEqual([headers, headers, headers, headers]);
  });

  it("a message's own trace comes before that of its request", async () => {
    const messages = [{ body: "1", traceparent: another }, { body: "2" }, { body: "3", traceparent: "?", tracestate }];
    const arrivals = await pushed("own", 3, () =>
      server.api.ok("POST", "/v1/topics/own/messages/batch", { json: { messages }, headers: { traceparent } }),
    );
    expect(arrivals.map(({ headers: sent }) => sent["traceparent"])).toEqual([another, traceparent, traceparent]);
    expect(arrivals.map(({ headers: sent }) => sent["tracestate"])).toEqual([undefined, undefined, undefined]);
  });

  it("the trace of a POST to an inbox arrives at the endpoints of its topic, and is shown", async () => {
    const { api } = server;
    const arrivals = await pushed("arrivals", 1, async () => {
      await api.ok("PUT", "/v1/inboxes/arrivals", { json: { topic: "arrivals" } });
      await api.ok("POST", "/in/arrivals", { body: "x", headers });
    });
    expect(arrivals.map(sentWith)).toEqual([headers]);
    expect(await api.message(arrivals[0]?.messageId ?? "")).toMatchObject({ traceparent });
  });

  it("a Ringback server that pushes to another one keeps the trace", async () => {
    const { api, url } = server;
    const arrivals = await pushed("far", 1, async () => {
      await api.putTopic("near");
      await api.subscribe("near", "s", { push: { url: `${url}/v1/topics/far/messages` } });
      await api.publish("near", { body: "x" }, headers);
    });
    expect(arrivals.map(sentWith)).toEqual([headers]);
  });

  it("a retry and a redrive have the trace too", async () => {
    const { api } = server;
    await using receiver = await startReceiver((_arrival, _response, index) => (index < 2 ? 500 : 200));
    await api.putTopic("again");
    await api.subscribe("again", "s", { push: { url: receiver.url }, retry: { delaysMs: [1] } });
    await api.publish("again", { body: "x" }, headers);
    await untilTrue("it is given up", () => receiver.arrivals.length === 2);
    await expect.poll(async () => (await api.counts("again", "s")).deadLetters).toBe(1);
    await api.ok("POST", "/v1/topics/again/subscriptions/s/dead-letters/redrive", { json: { all: true } });
    await untilTrue("it arrives again", () => receiver.arrivals.length === 3);
    expect(receiver.arrivals.map(sentWith)).toEqual([headers, headers, headers]);
  });

  it("a message is pulled with its trace", async () => {
    const { api } = server;
    await api.putTopic("pulled");
    await api.subscribe("pulled", "s", { pull: {} });
    await api.publish("pulled", { body: "x" }, headers);
    const { messages } = await api.ok<{ messages: unknown[] }>("POST", "/v1/topics/pulled/subscriptions/s/pull", {
      json: { waitMs: 20_000 },
    });
    expect(messages).toMatchObject([{ traceparent }]);
  });

  it.each(["cmq-simplified", "cmq-json"])(
    "a request of the dialect %s has the document's headers only",
    async (name) => {
      const arrivals = await pushed(name, 1, () => server.api.publish(name, { body: "x" }, headers), name);
      expect(sentWith(arrivals[0] as Arrival)).toEqual({ traceparent: undefined, tracestate: undefined });
    },
  );

  it.each(["?", "00-0-0-0", `${traceparent}, ${traceparent}`, `ff${traceparent.slice(2)}`, "x".repeat(8_000)])(
    "the traceparent %.40s is ignored",
    async (hostile) => {
      const topic = `ignored-${hostile.length}`;
      const publish = () => server.api.publish(topic, { body: "x" }, { traceparent: hostile, tracestate });
      const arrivals = await pushed(topic, 1, publish);
      expect(arrivals.map(sentWith)).toEqual([{ traceparent: undefined, tracestate: undefined }]);
    },
  );
});
