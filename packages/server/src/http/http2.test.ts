/**
 * Real: the HTTP application behind TLS, on a socket of the loopback interface, and Node's client for HTTP/2. Faked:
 * publisher and event bus, in memory.
 */

import { once } from "node:events";
import { request as requestByHttp1 } from "node:https";
import { type ClientHttp2Session, constants } from "node:http2";
import { connect as connectTls } from "node:tls";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { listen } from "../api/testing/raw-connection.ts";
import { storedMessages } from "../api/testing/stored.ts";
import { createTestApp, type TestApp } from "../api/testing/test-app.ts";
import { tlsFixture } from "../transport/testing/tls-fixture.ts";
import type { HttpLimits } from "./http-limits.ts";
import { Listeners } from "./listeners.ts";
import { openSession, send } from "./testing/http2-client.ts";
import { FrameClient } from "./testing/http2-frames.ts";

const config: Partial<HttpLimits> = {
  requestHeaderBytesMax: 4096,
  requestHeaderCountMax: 40,
  requestBytesMax: 100_000,
  closeMsMax: 300,
};
const certificate = { cert: Buffer.from(tlsFixture.cert), key: Buffer.from(tlsFixture.key) };

let test: TestApp;
let port: number;
let session: ClientHttp2Session;

beforeEach(async () => {
  test = await createTestApp(config, { listeners: new Listeners({ certificate }) });
  port = await listen(test.app);
  session = await openSession(port);
  await send(session, { ":method": "PUT", ":path": "/v1/topics/orders" });
});
afterEach(async () => {
  session.destroy();
  await test.app.close();
});

const putInbox = { ":method": "PUT", ":path": "/v1/inboxes/in", "content-type": "application/json" };
const inbox = '{"topic":"orders"}';
const post = { ":method": "POST", ":path": "/v1/topics/orders/messages", "content-type": "text/plain" };
const codeOf = ({ body }: { body: string }) => (JSON.parse(body) as { code: string }).code;
const stored = async () => (await storedMessages(test.store)).map(({ body }) => body.length);

/** Returns the version of TLS that a client of only one version gets, or the code of the error. */
async function versionWith(version: "TLSv1.2" | "TLSv1.1"): Promise<string | null> {
  const options = { minVersion: version, maxVersion: version, ciphers: "DEFAULT:@SECLEVEL=0" };
  const socket = connectTls({ port, host: "127.0.0.1", ca: tlsFixture.cert, ...options });
  try {
    await once(socket, "secureConnect");
    return socket.getProtocol();
  } catch (error) {
    return (error as { code: string }).code;
  } finally {
    socket.destroy();
  }
}

describe("a port with TLS", () => {
  it.each([
    [["h2", "http/1.1"], "h2"],
    [["http/1.1"], "http/1.1"],
    [undefined, false],
  ])("agrees with a client of %s on %s", async (ALPNProtocols, agreed) => {
    const options = ALPNProtocols === undefined ? {} : { ALPNProtocols };
    const socket = connectTls({ port, host: "127.0.0.1", ca: tlsFixture.cert, ...options });
    await once(socket, "secureConnect");
    expect(socket.alpnProtocol).toBe(agreed);
    expect(socket.getProtocol()).toBe("TLSv1.3");
    socket.destroy();
  });

  it("accepts TLS 1.2 and nothing older", async () => {
    expect(await versionWith("TLSv1.2")).toBe("TLSv1.2");
    expect(await versionWith("TLSv1.1")).toBe("ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION");
  });

  it("serves HTTP/1.1 with the same limits", async () => {
    const headers = Object.fromEntries(Array.from({ length: 41 }, (_, i) => [`x-${i}`, "1"]));
    const request = requestByHttp1({ port, host: "127.0.0.1", ca: tlsFixture.cert, path: "/healthz", headers }).end();
    const [response] = (await once(request, "response")) as [{ statusCode: number; resume: () => void }];
    response.resume();
    expect(response.statusCode).toBe(431);
  });
});

describe("over HTTP/2", () => {
  it("answers GET and HEAD", async () => {
    const got = await send(session, { ":path": "/healthz" });
    expect(got).toMatchObject({ status: 200, end: "NO_ERROR", body: '{"status":"ok","version":"0.0.0-test"}' });
    const head = await send(session, { ":path": "/healthz", ":method": "HEAD" });
    expect(head).toMatchObject({ status: 200, body: "", headers: { "content-length": String(got.body.length) } });
  });

  it.each([
    ["with its length", { "content-length": 70_000 }],
    ["without its length", {}],
  ])("reads a body %s, whole or in pieces", async (_how, headers) => {
    const pieces = Array.from({ length: 70 }, () => new Uint8Array(1_000).fill(120));
    for (const body of [pieces, [Buffer.concat(pieces)]]) {
      expect(await send(session, { ...post, ...headers }, body)).toMatchObject({ status: 201, end: "NO_ERROR" });
    }
    expect(await stored()).toEqual([70_000, 70_000]);
  });

  it("reads a body that has neither a length nor a type", async () => {
    await send(session, putInbox, [inbox]);
    const path = { ":method": "POST", ":path": "/in/in" };
    expect(await send(session, path, ["some", "bytes"])).toMatchObject({ status: 200 });
    expect(await send(session, { ":path": "/in/in" })).toMatchObject({ status: 200, body: "somebytes" });
  });

  it("keeps the headers of a message that an inbox received, without those of HTTP/2 itself", async () => {
    await send(session, putInbox, [inbox]);
    await send(session, { ":method": "POST", ":path": "/in/in?a=1", "x-one": "1", "x-two": ["2", "3"] }, ["x"]);
    const { headers } = await send(session, { ":path": "/in/in" });
    expect(headers).toMatchObject({
      "ringback-header-host": `127.0.0.1:${port}`,
      "ringback-header-x-one": "1",
      "ringback-header-x-two": "2, 3",
    });
    expect(Object.keys(headers).filter((name) => /:(?!status)|method|path|scheme/.test(name))).toEqual([]);
  });

  it("refuses a body over its limit, and does not wait for the rest", async () => {
    const stream = session.request({ ...post, "content-length": 50_000_000 });
    stream.write(new Uint8Array(10_000));
    const [headers] = (await once(stream, "response")) as [Record<string, unknown>];
    expect(headers).toMatchObject({ ":status": 413, "content-type": "application/problem+json" });
    stream.resume();
    await once(stream, "close");
    expect(stream.rstCode).toBe(0);
    const unknownLength = await send(session, post, [new Uint8Array(60_000), new Uint8Array(60_000)]);
    expect(unknownLength).toMatchObject({ status: 413 });
    expect(codeOf(unknownLength)).toBe("request_too_large");
    expect(await stored()).toEqual([]);
  });

  it("does not wait for the body of a request that it refuses for another reason", async () => {
    const stream = session.request({ ":method": "POST", ":path": "/nowhere" });
    stream.write("a");
    const [headers] = (await once(stream, "response")) as [Record<string, unknown>];
    expect(headers[":status"]).toBe(404);
    stream.resume();
    await once(stream, "close");
    expect(await send(session, { ":path": "/healthz" })).toMatchObject({ status: 200 });
  });

  it.each([
    ["resets its stream", (client: FrameClient) => client.reset(1)],
    ["closes its connection", (client: FrameClient) => client.socket.destroy()],
  ])("stores nothing of a client that %s in the middle of a body", async (_how, leave) => {
    const client = await FrameClient.open(port);
    client.request(1, post, { hasBody: true });
    client.data(1, "the first half");
    client.request(3, {});
    // The server has read the first half when it has answered a later request.
    await expect.poll(() => client.body(3)).toContain("ok");
    leave(client);
    expect(await send(session, post, ["whole"])).toMatchObject({ status: 201 });
    expect(await stored()).toEqual([5]);
    client.socket.destroy();
  });

  it("answers 100 Continue for a body that is allowed, and refuses one that is too large", async () => {
    const stream = session.request({ ...post, expect: "100-continue", "content-length": 3 });
    await once(stream, "continue");
    stream.end("abc");
    const [headers] = (await once(stream, "response")) as [Record<string, unknown>];
    expect(headers[":status"]).toBe(201);
    stream.close();
    const large = session.request({ ...post, expect: "100-continue", "content-length": 100_001 });
    const [refused] = (await once(large, "response")) as [Record<string, unknown>];
    expect(refused[":status"]).toBe(413);
    large.close();
    expect(await send(session, { ...post, expect: "a-miracle" }, [""])).toMatchObject({ status: 417 });
  });

  it("refuses CONNECT", async () => {
    const answer = await send(session, { ":method": "CONNECT", ":authority": "example.com:443" }, [""]);
    expect(answer.status).toBe(405);
    expect(codeOf(answer)).toBe("method_not_allowed");
  });

  it("refuses too many headers, and a header section that is too large", async () => {
    const many = Object.fromEntries(Array.from({ length: 41 }, (_, i) => [`x-${i}`, "1"]));
    for (const headers of [many, { x: "1".repeat(4_096) }]) {
      const answer = await send(session, { ":path": "/healthz", ...headers });
      expect(answer.status).toBe(431);
      expect(codeOf(answer)).toBe("headers_too_large");
    }
    const huge = await send(session, { ":path": "/healthz", x: "1".repeat(20_000) });
    expect(huge).toMatchObject({ status: 0, end: "ENHANCE_YOUR_CALM" });
    expect(await send(session, { ":path": "/healthz" })).toMatchObject({ status: 200 });
  });

  it.each([
    ["evil.example", {}, 421, "host_not_allowed"],
    ["localhost", { host: "evil.example" }, 400, "malformed_request"],
    ["localhost", { origin: "https://evil.example" }, 403, "origin_not_allowed"],
    ["localhost:8000", { origin: "https://localhost:8000", host: "localhost:8000" }, 200, undefined],
  ])("judges the authority %s with %j as HTTP/1.1 would", async (authority, headers, status, code) => {
    const callers = { listenHost: "127.0.0.1", machineName: "m", allowedHosts: [], allowedOrigins: [] };
    const strict = await createTestApp(config, { listeners: new Listeners({ certificate }), callers });
    const client = await FrameClient.open(await listen(strict.app));
    client.request(1, { ":authority": authority, ...headers });
    await expect
      .poll(() => client.body(1))
      .toMatch(status === 200 ? /"ok"/ : new RegExp(`"status":${status}.*"code":"${code}"`));
    client.socket.destroy();
    await strict.app.close();
  });

  it("refuses a request without a host", async () => {
    const client = await FrameClient.open(port);
    client.request(1, { ":authority": undefined });
    await expect.poll(() => client.codes(1)).toEqual([constants.NGHTTP2_PROTOCOL_ERROR]);
    client.socket.destroy();
  });

  it("streams events until the client resets its stream", async () => {
    const client = await FrameClient.open(port);
    client.request(1, { ":path": "/v1/events" });
    await expect.poll(() => client.body(1)).toBe("retry: 2000\nid: 0\n\n");
    expect(test.events.isWatched).toBe(true);
    client.reset(1);
    await expect.poll(() => test.events.isWatched).toBe(false);
    client.socket.destroy();
  });
});

const pulled = {
  ":method": "POST",
  ":path": "/v1/topics/orders/subscriptions/s/pull",
  "content-type": "application/json",
};

describe("a message that is taken over HTTP/2", () => {
  beforeEach(async () => {
    const subscription = {
      ":method": "PUT",
      ":path": "/v1/topics/orders/subscriptions/s",
      "content-type": "application/json",
    };
    await send(session, subscription, ['{"pull":{}}']);
    await send(session, putInbox, [inbox]);
    await send(session, post, ["x".repeat(80_000)]);
  });

  it.each([
    [
      "pull",
      (client: FrameClient) => {
        client.request(1, pulled, { hasBody: true });
        client.data(1, "{}", { isLast: true });
      },
      pulled,
    ],
    ["inbox", (client: FrameClient) => client.request(1, { ":path": "/in/in" }), { ":path": "/in/in" }],
  ])("from a %s is there for the next client if the first one reads only a part", async (_from, take, again) => {
    // The flow control of HTTP/2 lets the server send 65,535 bytes. The client resets the stream then.
    const client = await FrameClient.open(port);
    take(client);
    await expect.poll(() => client.body(1).length).toBe(65_535);
    client.reset(1);
    await expect
      .poll(async () => (await send(session, again, "content-type" in again ? ["{}"] : null)).body.length)
      .toBeGreaterThan(80_000 - 1);
    client.socket.destroy();
  });

  it("is not given to a waiting client that has reset its stream", async () => {
    await send(session, { ":path": "/in/in" });
    const client = await FrameClient.open(port);
    client.request(1, { ":path": "/in/in?waitMs=60000" });
    client.request(3, {});
    await expect.poll(() => client.body(3)).toContain("ok");
    client.reset(1);
    client.request(5, {});
    await expect.poll(() => client.body(5)).toContain("ok");
    await send(session, post, ["next"]);
    expect(await send(session, { ":path": "/in/in" })).toMatchObject({ body: "next" });
    client.socket.destroy();
  });
});

describe("a stop of the server", () => {
  it("lets a running request over HTTP/2 end, and tells the client to send no further ones", async () => {
    const patient = await createTestApp({ closeMsMax: 3_600_000 }, { listeners: new Listeners({ certificate }) });
    const client = await openSession(await listen(patient.app));
    await send(client, { ":method": "PUT", ":path": "/v1/topics/orders" });
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const append = patient.store.log.append.bind(patient.store.log);
    const appending = vi.spyOn(patient.store.log, "append").mockImplementation(async (request) => {
      await released;
      return append(request);
    });
    const running = send(client, post, ["x"]);
    await expect.poll(() => appending.mock.calls.length).toBe(1);
    const closed = patient.app.close();
    await expect.poll(() => client.closed).toBe(true);
    release();
    expect(await running).toMatchObject({ status: 201, end: "NO_ERROR" });
    await closed;
  });
});
