/**
 * Real: the HTTP application behind TLS, on a socket of the loopback interface, and clients that write frames of
 * HTTP/2. Faked: publisher and event bus, in memory. The time limits are short, and tests wait for their effect only.
 */

import { connect } from "node:net";
import { constants } from "node:http2";
import { connect as connectTls } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { listen } from "../api/testing/raw-connection.ts";
import { createTestApp, type TestApp } from "../api/testing/test-app.ts";
import { tlsFixture } from "../transport/testing/tls-fixture.ts";
import type { HttpLimits } from "./http-limits.ts";
import { Listeners } from "./listeners.ts";
import { openSession, send } from "./testing/http2-client.ts";
import { FrameClient } from "./testing/http2-frames.ts";

const certificate = { cert: Buffer.from(tlsFixture.cert), key: Buffer.from(tlsFixture.key) };
const long = 3_600_000;
/** Long enough for a handshake on a busy machine. */
const handshakeMs = 2_000;
const patient: Partial<HttpLimits> = {
  requestHeaderMsMax: long,
  requestMsMax: long,
  keepAliveMs: long,
  connectionIdleMsMax: long,
  closeMsMax: 300,
};

let test: TestApp;
let client: FrameClient;

async function start(limits: Partial<HttpLimits>): Promise<number> {
  test = await createTestApp({ ...patient, ...limits }, { listeners: new Listeners({ certificate }) });
  const port = await listen(test.app);
  client = await FrameClient.open(port);
  return port;
}

afterEach(async () => {
  client.socket.destroy();
  await test.app.close();
});

const goAwayCodes = () => client.codes(0);
async function answered(streamId: number): Promise<void> {
  await expect.poll(() => client.body(streamId)).toContain('"ok"');
}

const publish = { ":method": "POST", ":path": "/v1/topics/orders/messages", "content-type": "text/plain" };

describe("a session of HTTP/2", () => {
  it("is closed if its client sends no request", async () => {
    await start({ requestHeaderMsMax: handshakeMs });
    await expect.poll(() => client.isClosed).toBe(true);
    expect(goAwayCodes()).toContain(constants.NGHTTP2_NO_ERROR);
  });

  it("is closed if its client has sent no request for a while, though it sends other frames", async () => {
    await start({ keepAliveMs: 600 });
    client.request(1, {});
    await answered(1);
    const pings = setInterval(() => client.write("PING", 0, Buffer.alloc(8)), 10);
    await expect.poll(() => client.isClosed).toBe(true);
    clearInterval(pings);
    expect(goAwayCodes()).toContain(constants.NGHTTP2_NO_ERROR);
  });

  it("stays while a request runs", async () => {
    await start({ keepAliveMs: 1 });
    client.request(1, { ":path": "/v1/events" });
    await expect.poll(() => client.body(1)).toBe("retry: 2000\nid: 0\n\n");
    // The check for idle sessions has run when it has closed the session of another client.
    const other = await FrameClient.open(Number(client.socket.remotePort));
    other.request(1, {});
    await expect.poll(() => other.isClosed).toBe(true);
    client.request(3, {});
    await answered(3);
  });

  it("may have only some requests at once", async () => {
    await start({ http2StreamsPerConnectionMax: 2 });
    for (const streamId of [1, 3, 5]) client.request(streamId, publish, { hasBody: true });
    await expect.poll(() => client.codes(5)).toEqual([constants.NGHTTP2_REFUSED_STREAM]);
    client.data(1, "x", { isLast: true });
    await expect.poll(() => client.body(1)).toContain("topic_not_found");
  });

  it("accepts requests while large responses wait for its client", async () => {
    const port = await start({});
    const session = await openSession(port);
    await send(session, { ":method": "PUT", ":path": "/v1/topics/orders" });
    const inbox = { ":method": "PUT", ":path": "/v1/inboxes/in", "content-type": "application/json" };
    await send(session, inbox, ['{"topic":"orders"}']);
    for (let i = 0; i < 15; i++) await send(session, publish, [new Uint8Array(1_000_000)]);
    session.destroy();
    client.socket.destroy();
    // SETTINGS_INITIAL_WINDOW_SIZE: the bodies of all responses wait.
    client = await FrameClient.open(port, [[4, 0]]);
    for (let streamId = 1; streamId <= 31; streamId += 2) {
      client.request(streamId, streamId === 31 ? {} : { ":path": "/in/in" });
      const isAnswered = () => client.received.some((frame) => frame.type === "HEADERS" && frame.streamId === streamId);
      await expect.poll(isAnswered).toBe(true);
    }
  });

  it("is closed if its client resets its streams as fast as it opens them", async () => {
    await start({});
    for (let streamId = 1; streamId < 10_000; streamId += 2) {
      client.request(streamId, publish, { hasBody: true });
      client.reset(streamId);
    }
    await expect.poll(() => client.isClosed).toBe(true);
  });

  it("is closed if its client goes on with requests over the limit of streams", async () => {
    await start({ http2StreamsPerConnectionMax: 1 });
    for (let streamId = 1; streamId < 1_000; streamId += 2) client.request(streamId, publish, { hasBody: true });
    await expect.poll(() => client.isClosed).toBe(true);
  });
});

describe("all sessions of HTTP/2 together", () => {
  it("have a limit of requests, over which a client may send a request again later", async () => {
    const port = await start({ connectionsMax: 2 });
    client.request(1, publish, { hasBody: true });
    client.request(3, publish, { hasBody: true });
    client.request(5, {});
    const other = await FrameClient.open(port);
    await expect.poll(() => client.codes(5)).toEqual([constants.NGHTTP2_REFUSED_STREAM]);
    other.request(1, {});
    await expect.poll(() => other.codes(1)).toEqual([constants.NGHTTP2_REFUSED_STREAM]);
    client.reset(1);
    client.request(7, {});
    await answered(7);
    other.socket.destroy();
  });
});

describe("a request over HTTP/2", () => {
  it("gets 408 if its body does not arrive in time, not at all or slowly", async () => {
    await start({ requestHeaderMsMax: handshakeMs, requestMsMax: handshakeMs });
    for (const streamId of [1, 3]) client.request(streamId, publish, { hasBody: true });
    const trickling = setInterval(() => client.data(3, "x"), 10);
    for (const streamId of [1, 3]) {
      await expect.poll(() => client.body(streamId)).toContain('"request_timeout"');
      await expect.poll(() => client.codes(streamId)).toEqual([constants.NGHTTP2_NO_ERROR]);
    }
    clearInterval(trickling);
    client.request(5, {});
    await answered(5);
  });

  it("may be a GET with a body, which is dropped while the response is not ready", async () => {
    await start({});
    client.request(1, { ":path": "/v1/events" }, { hasBody: true });
    await expect.poll(() => client.body(1)).toBe("retry: 2000\nid: 0\n\n");
    // More than the window of a stream. So the rest can be sent only if the server takes the first part.
    for (let streamId = 3; streamId < 15; streamId += 2) {
      for (let i = 0; i < 10; i++) client.data(1, "x".repeat(10_000));
      client.request(streamId, {});
      await answered(streamId);
    }
    expect(client.codes(0)).toEqual([]);
    expect(client.codes(1)).toEqual([]);
  });

  it("has all the time that the server needs for it when its body has arrived", async () => {
    await start({ requestHeaderMsMax: handshakeMs, requestMsMax: handshakeMs });
    const topic = "/v1/topics/orders";
    const calls = [
      ["PUT", topic, "{}"],
      ["PUT", `${topic}/subscriptions/s`, '{"pull":{}}'],
      ["POST", `${topic}/subscriptions/s/pull`, `{"waitMs":${handshakeMs + 1_000}}`],
    ] as const;
    for (const [i, [method, path, body]] of calls.entries()) {
      client.request(
        1 + 2 * i,
        { ":method": method, ":path": path, "content-type": "application/json" },
        { hasBody: true },
      );
      client.data(1 + 2 * i, body, { isLast: true });
      await expect.poll(() => client.body(1 + 2 * i)).toMatch(/^\{.*\}$/);
    }
    expect(client.body(5)).toBe('{"messages":[]}');
  });

  it("is ended if its client does not read the response, though the session is busy", async () => {
    const port = await start({ connectionIdleMsMax: handshakeMs });
    client.socket.destroy();
    // SETTINGS_INITIAL_WINDOW_SIZE: the client lets the server send one byte of a response.
    client = await FrameClient.open(port, [[4, 1]]);
    client.request(1, {});
    await expect.poll(() => client.body(1)).toBe("{");
    const pings = setInterval(() => client.write("PING", 0, Buffer.alloc(8)), 10);
    await expect.poll(() => client.codes(1)).toEqual([constants.NGHTTP2_CANCEL]);
    clearInterval(pings);
  });
});

/** Writes the text to a new connection, and returns everything that the server sends until it ends the connection. */
async function answerTo(port: number, text: string): Promise<string> {
  const socket = connectTls({ port, host: "127.0.0.1", ca: tlsFixture.cert, ALPNProtocols: ["http/1.1"] });
  let answer = "";
  socket.on("error", () => {});
  socket.setEncoding("latin1").on("data", (piece: string) => (answer += piece));
  socket.write(text);
  await new Promise((resolve) => socket.once("close", resolve));
  return answer;
}

describe("a client of HTTP/1.1 over TLS", () => {
  const half = "POST /v1/topics/orders/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n";

  it("gets 408 if it does not finish its headers or its body", async () => {
    const port = await start({ requestHeaderMsMax: handshakeMs, requestMsMax: handshakeMs });
    const answers = await Promise.all([answerTo(port, half), answerTo(port, `${half}\r\nab`)]);
    for (const answer of answers) {
      expect(answer).toMatch(/^HTTP\/1\.1 408 [^]*connection: close[^]*"request_timeout"/);
    }
  });

  it("is disconnected when it has been idle for a while", async () => {
    const port = await start({ keepAliveMs: 100 });
    expect(await answerTo(port, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")).toMatch(/^HTTP\/1\.1 200 /);
  });

  it("gets a problem for a malformed request", async () => {
    const port = await start({});
    expect(await answerTo(port, "HELLO\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 [^]*"malformed_request"/);
    const connectAnswer = await answerTo(port, "CONNECT a.example:443 HTTP/1.1\r\nHost: x\r\n\r\n");
    expect(connectAnswer).toMatch(/^HTTP\/1\.1 405 [^]*"method_not_allowed"/);
  });

  it("does not delay the end of the server", async () => {
    const port = await start({});
    const answers = [half, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"].map((text) => answerTo(port, text));
    await expect
      .poll(() => new Promise((resolve) => test.app.server.getConnections((_, count) => resolve(count))))
      .toBe(3);
    await test.app.close();
    await Promise.all(answers);
  });
});

describe("a connection to a port with TLS", () => {
  it("is closed if the client does not finish the handshake", async () => {
    const port = await start({ requestHeaderMsMax: handshakeMs, requestMsMax: handshakeMs });
    const socket = connect(port, "127.0.0.1");
    const closed = new Promise((resolve) => socket.once("close", resolve));
    await closed;
  });

  it("is closed without an answer if the client speaks HTTP without TLS, and the server goes on", async () => {
    const port = await start({});
    const socket = connect(port, "127.0.0.1").on("error", () => {});
    socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    let answer = "";
    socket.setEncoding("latin1").on("data", (text: string) => (answer += text));
    await new Promise((resolve) => socket.once("close", resolve));
    expect(answer).not.toContain("HTTP/1.1");
    client.request(1, {});
    await answered(1);
  });

  it("does not delay the end of the server", async () => {
    const port = await start({});
    const handshaking = connect(port, "127.0.0.1");
    client.request(1, publish, { hasBody: true });
    client.request(3, { ":path": "/v1/events" });
    await expect.poll(() => client.body(3)).toBe("retry: 2000\nid: 0\n\n");
    const idle = await FrameClient.open(port);
    await test.app.close();
    await expect.poll(() => client.isClosed && idle.isClosed && handshaking.destroyed).toBe(true);
    expect(goAwayCodes()).toContain(constants.NGHTTP2_NO_ERROR);
  });
});
