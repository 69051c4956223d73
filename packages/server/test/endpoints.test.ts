/**
 * Real: the server with its HTTP client, receivers. Nothing is faked. Receivers are fast, slow, incorrect or hostile.
 * The attempt records show the results.
 */
import { once } from "node:events";
import { createServer as createTlsServer } from "node:https";
import { describe, expect, it } from "vitest";
import { RawReceiver } from "../src/transport/testing/raw-receiver.ts";
import { tlsFixture } from "../src/transport/testing/tls-fixture.ts";
import { copies } from "./harness/copies.ts";
import { type AttemptView, subscriptionPath } from "./harness/api.ts";
import { refusing, startDripping } from "./harness/dead-endpoints.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { startReceiver } from "./harness/receiver.ts";
import { useServer } from "./harness/running-server.ts";
import { startServerInProcess } from "./harness/server.ts";
import type { RunningServer } from "./harness/server.ts";
import { until, untilTrue } from "./harness/until.ts";

const server = useServer();

/** Sends one message to one URL, without retries, and returns the attempt. A busy machine may take seconds for it. */
async function attempt(topic: string, push: object, running: RunningServer = server()): Promise<AttemptView> {
  const { api } = running;
  await api.putTopic(topic);
  await api.subscribe(topic, "s", { push: { timeoutMs: 60_000, ...push }, retry: "none" });
  const { id } = await api.publish(topic, { body: "x" });
  const { attempts } = await until(
    "the attempt is over",
    () => api.delivery(id, "s"),
    ({ state }) => state === "delivered" || state === "dead",
  );
  const [only, ...more] = attempts;
  if (only === undefined || more.length > 0) throw new Error(`${attempts.length} attempts in place of one`);
  return only;
}

describe.concurrent("an attempt", () => {
  it("has one time limit for the connection, the header and the body together", async () => {
    await using dripping = await startDripping();
    const { durationMs, ...rest } = await attempt("dripping", { url: dripping.url, timeoutMs: 1_000 });
    expect(rest).toMatchObject({ verdict: "error", errorCode: "timeout" });
    expect(durationMs).toBeGreaterThanOrEqual(990);
  });

  it("reads a reply up to a limit, keeps its first KiB, and is judged by its status", async () => {
    const piece = Buffer.alloc(64 * 1024, "y");
    await using receiver = await startReceiver((_arrival, response) => {
      response.writeHead(200);
      const more = (): void => {
        while (response.write(piece));
      };
      response.on("drain", more);
      more();
    });
    const endless = await attempt("endless", { url: receiver.url });
    expect(endless).toMatchObject({ verdict: "accepted", status: 200, reply: "y".repeat(1024) });
  });

  it("to a port without a listener is refused", async () => {
    await using nobody = await refusing();
    expect(await attempt("refused", { url: nobody.url })).toMatchObject({
      verdict: "error",
      errorCode: "connect_refused",
    });
  });

  it("whose reply is not HTTP is an error", async () => {
    await using receiver = await RawReceiver.start(({ socket }) => socket.write("SSH-2.0-OpenSSH\r\n"));
    expect(await attempt("no-http", { url: receiver.origin })).toMatchObject({
      verdict: "error",
      errorCode: "bad_reply",
    });
  });

  it("to a server with an untrusted certificate is an error, and sends it nothing", async () => {
    let requests = 0;
    const tls = createTlsServer(tlsFixture, (_request, response) => {
      requests++;
      response.end();
    });
    tls.listen(0, "127.0.0.1");
    await once(tls, "listening");
    const address = tls.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    try {
      const url = `https://127.0.0.1:${port}/`;
      expect(await attempt("tls", { url })).toMatchObject({ verdict: "error", errorCode: "tls_failed", status: null });
      expect(requests).toBe(0);
    } finally {
      tls.close();
    }
  });

  it.each([200, 201, 202, 204, 299])("answered %d counts as delivered", async (status) => {
    await using receiver = await startReceiver(() => status);
    expect(await attempt(`ok-${status}`, { url: receiver.url })).toMatchObject({ verdict: "accepted", status });
  });

  it.each([304, 400, 404, 410, 429, 500, 503])("answered %d counts as failed", async (status) => {
    await using receiver = await startReceiver(() => status);
    expect(await attempt(`no-${status}`, { url: receiver.url })).toMatchObject({ verdict: "failed", status });
  });
});

describe.concurrent("a connection", () => {
  it.each([
    ["keep-alive", 1],
    ["close", 3],
  ])("in mode %s serves three POSTs in a row with %d", async (connection, connections) => {
    const { api } = server();
    await using receiver = await RawReceiver.start(({ socket }) => {
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
    const topic = `mode-${connection}`;
    await api.putTopic(topic);
    await api.subscribe(topic, "s", { push: { url: receiver.origin, connection }, order: "strict" });
    for (let count = 1; count <= 3; count++) {
      const { id } = await api.publish(topic, { body: "x" });
      await until(
        "it is delivered",
        () => api.delivery(id, "s"),
        ({ state }) => state === "delivered",
      );
    }
    expect(receiver.connections).toHaveLength(connections);
    for (const opened of receiver.connections) {
      // HTTP/1.1 keeps connections by default, so only `close` is stated.
      expect(/^connection: .*$/im.exec(opened.received())?.[0]).toBe(
        connection === "close" ? "Connection: close" : undefined,
      );
    }
  });
});

describe.concurrent("a subscription's own settings", () => {
  it("send its headers, and bound how many POSTs are under way", async () => {
    const { api } = server();
    let underWay = 0;
    let most = 0;
    await using receiver = await startReceiver((_arrival, response) => {
      most = Math.max(most, ++underWay);
      setTimeout(() => {
        underWay--;
        response.writeHead(200).end();
      }, 10);
    });
    await api.putTopic("own");
    const push = { url: receiver.url, headers: { Authorization: "Bearer secret", "X-Mine": "é" } };
    expect(await api.call("PUT", "/v1/topics/own/subscriptions/s", { json: { push } })).toMatchObject({ status: 400 });
    const settings = { push: { ...push, headers: { Authorization: "Bearer secret", "X-Mine": "e" } }, maxInFlight: 3 };
    await api.subscribe("own", "s", settings);
    await api.publishBatch("own", copies(40, { body: "x" }));
    await untilTrue("all have arrived", () => receiver.arrivals.length === 40);
    expect(most).toBe(3);
    expect(receiver.arrivals[0]?.headers).toMatchObject({ authorization: "Bearer secret", "x-mine": "e" });
  });

  it("that are changed apply to later attempts, including a new URL", async () => {
    const { api } = server();
    await using old = await startReceiver(() => 500);
    await using better = await startReceiver();
    await api.putTopic("moved");
    await api.subscribe("moved", "s", { push: { url: old.url }, retry: { delaysMs: Array(100).fill(50) } });
    const { id } = await api.publish("moved", { body: "x" });
    await untilTrue("the old one is tried", () => old.arrivals.length > 1);
    await api.subscribe("moved", "s", { push: { url: better.url }, retry: { delaysMs: Array(100).fill(50) } });
    await untilTrue("the new one has it", () => better.arrivals.length === 1);
    expect(better.arrivals[0]?.messageId).toBe(id);
  });
});

describe("a server that others can reach", () => {
  it("sends nothing into private networks, unless a setting allows it", async () => {
    await using folder = await temporaryFolder();
    await using receiver = await startReceiver();
    const args = ["--no-allow-private-networks"];
    {
      await using guarded = await startServerInProcess({ folder: folder.path, args });
      await guarded.api.putTopic("guarded");
      for (const url of [receiver.url, receiver.url.replace("127.0.0.1", "localhost")]) {
        const refused = await guarded.api.call("PUT", subscriptionPath("guarded", "s"), { json: { push: { url } } });
        expect(refused).toMatchObject({
          status: 400,
          json: { code: "invalid_url", errors: [{ field: "push.url" }] },
        });
      }
    }
    args.push("--allowed-addresses", "127.0.0.1");
    await using allowed = await startServerInProcess({ folder: folder.path, args });
    expect(await attempt("guarded", { url: receiver.url }, allowed)).toMatchObject({ verdict: "accepted" });
  });
});
