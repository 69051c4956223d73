/**
 * Real: the HTTP application on a socket of the loopback interface, the bytes on the wire. Faked: store, publisher and
 * event bus, in memory.
 */

import { connect } from "node:net";
import type { Socket } from "node:net";
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { HttpLimits } from "./http-limits.ts";
import { call } from "../api/testing/call.ts";
import { exchange, listen, parseAnswer } from "../api/testing/raw-connection.ts";
import { storedMessages } from "../api/testing/stored.ts";
import { createTestApp } from "../api/testing/test-app.ts";
import type { TestApp } from "../api/testing/test-app.ts";

const config: Partial<HttpLimits> = {
  requestHeaderBytesMax: 4096,
  requestBytesMax: 10_000,
  catalogRequestBytesMax: 1_000,
  requestBytesArrivingMax: 30_000,
  requestBodyPauseMsMax: 3_600_000,
  requestBytesDiscardedMax: 100_000,
  closeMsMax: 300,
};

const chunked = (bytes: number): string => `${bytes.toString(16)}\r\n${body(bytes)}\r\n0\r\n\r\n`;
const body = (bytes: number): string => "x".repeat(bytes);
const post = "POST /v1/topics/orders/messages HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n";

describe("the HTTP server", () => {
  let test: TestApp;
  let port: number;
  beforeEach(async () => {
    test = await createTestApp(config);
    port = await listen(test.app);
    await call(test.app, "PUT", "/v1/topics/orders");
  });
  afterEach(() => test.app.close());
  const answers = async (...pieces: string[]) => (await exchange(port, ...pieces)).match(/HTTP\/1\.1 /g)?.length;

  it.each([
    ["a request line that is none", "HELLO\r\n\r\n", 400, "malformed_request"],
    ["a header without a colon", "GET / HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n", 400, "malformed_request"],
    ["no Host header", "GET /healthz HTTP/1.1\r\n\r\n", 400, "malformed_request"],
    ["two lengths", `${post}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`, 400, "malformed_request"],
    [
      "a length beside chunks",
      `${post}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
      "malformed_request",
    ],
    ["a length that is no number", `${post}Content-Length: many\r\n\r\n`, 400, "malformed_request"],
    ["a chunk size that is none", `${post}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, 400, "malformed_request"],
    [
      "a header section over its limit",
      `GET / HTTP/1.1\r\nHost: x\r\nA: ${"a".repeat(5_000)}\r\n\r\n`,
      431,
      "headers_too_large",
    ],
    ["a path over the header limit", `GET /${"a".repeat(5_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431, "headers_too_large"],
    ["too many headers", `GET / HTTP/1.1\r\nHost: x\r\n${"a: 1\r\n".repeat(128)}\r\n`, 431, "headers_too_large"],
    ["an expectation nobody knows", `${post}Expect: a-miracle\r\nContent-Length: 0\r\n\r\n`, 417, "expectation_failed"],
    ["CONNECT", "CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n", 405, "method_not_allowed"],
  ])("answers %s with a problem and ends the connection", async (_what, request, status, code) => {
    const answer = parseAnswer(await exchange(port, request));
    expect(answer.status).toBe(status);
    expect(answer.problem).toMatchObject({ code, status });
    expect(answer.headers).toContain("content-type: application/problem+json");
    expect(answer.headers).toContain("connection: close");
  });

  it("goes on serving after each of them", async () => {
    await exchange(port, "HELLO\r\n\r\n");
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  });

  it("finishes the answer to a good request before it ends the connection because of a bad request", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const appending = holdAppends(test, promise);
    const answer = exchange(port, `${post}Content-Length: 1\r\n\r\na`, "NONSENSE\r\n\r\n");
    await vi.waitFor(() => {
      expect(appending).toHaveBeenCalled();
    });
    resolve();
    expect(await answer).toMatch(/^HTTP\/1\.1 201/);
    expect(await storedMessages(test.store)).toHaveLength(1);
  });

  it("answers 100 Continue for a body that is allowed, and refuses one that is too large before it is sent", async () => {
    const socket = connect(port, "127.0.0.1");
    socket.setEncoding("latin1").write(`${post}Expect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n\r\n`);
    expect(String(await once(socket, "data"))).toBe("HTTP/1.1 100 Continue\r\n\r\n");
    socket.write("abc");
    expect(String(await once(socket, "data"))).toMatch(/^HTTP\/1\.1 201/);
    socket.destroy();

    const refused = await exchange(port, `${post}Expect: 100-continue\r\nContent-Length: 10001\r\n\r\n`);
    expect(parseAnswer(refused)).toMatchObject({ status: 413, problem: { code: "request_too_large" } });
  });

  describe("reads a request body", () => {
    it.each([
      ["with its length", (n: number) => `${post}Connection: close\r\nContent-Length: ${n}\r\n\r\n${body(n)}`],
      ["in chunks", (n: number) => `${post}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n${chunked(n)}`],
    ])("up to its limit, %s", async (_how, request) => {
      expect(await exchange(port, request(10_000))).toMatch(/^HTTP\/1\.1 201/);
      const answer = parseAnswer(await exchange(port, request(10_001)));
      expect(answer).toMatchObject({
        status: 413,
        problem: { code: "request_too_large", detail: expect.stringContaining("10000") },
      });
      expect((await storedMessages(test.store)).map((message) => message.body.length)).toEqual([10_000]);
    });

    it("of the catalog up to a smaller one", async () => {
      const request = `PUT /v1/topics/t HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1001\r\n\r\n${body(1001)}`;
      expect(parseAnswer(await exchange(port, request))).toMatchObject({
        status: 413,
        problem: { code: "request_too_large" },
      });
    });

    it("that it refuses to the end, so that the client gets to read why", async () => {
      const response = await fetch(`http://127.0.0.1:${port}/v1/topics/orders/messages`, {
        method: "POST",
        body: body(90_000),
      });
      expect(response.status).toBe(413);
      expect(await response.json()).toMatchObject({ code: "request_too_large" });
    });

    it("but not endlessly", async () => {
      // The server reads only a part of a body that it refuses. This request announces a longer body than it sends, and
      // gets an answer nevertheless.
      const announced = await exchange(port, `${post}Content-Length: 100001\r\n\r\n${body(100)}`);
      expect(parseAnswer(announced)).toMatchObject({ status: 413 });
      const piece = `8000\r\n${body(0x8000)}\r\n`;
      const flood = await exchange(
        port,
        `${post}Transfer-Encoding: chunked\r\n\r\n`,
        piece,
        piece,
        piece,
        piece,
        piece,
      );
      expect(parseAnswer(flood)).toMatchObject({ status: 413 });
    });

    it.each(["GET /healthz", "POST /nowhere", "DELETE /healthz"])("also where nothing reads it: %s", async (line) => {
      const unread = `${line} HTTP/1.1\r\nHost: x\r\n`;
      const next = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
      expect(await answers(`${unread}Content-Length: 90000\r\n\r\n${body(90_000)}`, next)).toBe(2);
      // These bodies are longer than the server drops, or have too many pieces, so the connection ends before `next`.
      expect(await answers(`${unread}Content-Length: 100001\r\n\r\n${body(100)}`)).toBe(1);
      const chunks = "1\r\nx\r\n".repeat(50_000);
      expect(await answers(`${unread}Transfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n${next}`)).toBe(1);
    });

    it("only while all bodies that arrive concurrently fit their common limit", async () => {
      const slow = Array.from({ length: 3 }, () => connect(port, "127.0.0.1"));
      const ends = slow.map((socket) => once(socket, "close"));
      for (const socket of slow) socket.resume().write(`${post}Content-Length: 10000\r\n\r\n${body(9_999)}`);
      await vi.waitFor(async () => {
        const answer = parseAnswer(
          await exchange(port, `${post}Connection: close\r\nContent-Length: 9000\r\n\r\n${body(9_000)}`),
        );
        expect(answer).toMatchObject({ status: 503, problem: { code: "overloaded" } });
        expect(answer.headers).toContain("retry-after: 1");
      });
      for (const socket of slow) socket.destroy();
      await Promise.all(ends);
      await vi.waitFor(async () => {
        expect(await exchange(port, `${post}Connection: close\r\nContent-Length: 9000\r\n\r\n${body(9_000)}`)).toMatch(
          / 201 /,
        );
      });
    });

    it("from a client that disconnects, without a line in the log", async () => {
      const socket = connect(port, "127.0.0.1");
      socket.write(`${post}Content-Length: 10\r\n\r\nabc`);
      await vi.waitFor(async () => {
        expect(await connections(test)).toBeGreaterThan(0);
      });
      socket.destroy();
      await vi.waitFor(async () => {
        expect(await connections(test)).toBe(0);
      });
      expect(test.logLines).toEqual([]);
      expect(await storedMessages(test.store)).toEqual([]);
    });
  });

  it("refuses new requests while it closes, and finishes earlier ones", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const appending = holdAppends(test, promise);
    const busy = exchange(port, `${post}Content-Length: 1\r\n\r\na`);
    await vi.waitFor(() => {
      expect(appending).toHaveBeenCalled();
    });
    // A request that has arrived in part keeps its connection open while the server closes.
    const sockets: Socket[] = [];
    test.app.server.on("connection", (socket: Socket) => sockets.push(socket));
    const late = connect(port, "127.0.0.1");
    late.setEncoding("latin1").write("GET /v1/topics HTTP/1.1\r\n");
    const alive = connect(port, "127.0.0.1");
    alive.setEncoding("latin1").write("GET /healthz HTTP/1.1\r\n");
    await vi.waitFor(() => {
      expect(sockets.map((socket) => socket.bytesRead > 0)).toEqual([true, true]);
    });

    const closed = test.app.close();
    late.write("Host: x\r\n\r\n");
    const answer = parseAnswer(String(await once(late, "data")));
    expect(answer).toMatchObject({ status: 503, problem: { code: "shutting_down" } });
    expect(answer.headers).toContain("retry-after: 5");
    alive.write("Host: x\r\n\r\n");
    expect(String(await once(alive, "data"))).toMatch(/^HTTP\/1\.1 200/);

    resolve();
    expect(await busy).toMatch(/^HTTP\/1\.1 201/);
    await closed;
  });

  it("closes in bounded time even if a client never finishes its request", async () => {
    const { promise, resolve } = Promise.withResolvers<Socket>();
    test.app.server.once("connection", resolve);
    const ended = exchange(port, "GET / HTTP/1.1\r\n");
    const socket = await promise;
    await vi.waitFor(() => {
      expect(socket.bytesRead).toBeGreaterThan(0);
    });
    await test.app.close();
    expect(await ended).toBe("");
  });
});

const publish = (bytes: number, sent = bytes): string =>
  `${post}Connection: close\r\nContent-Length: ${bytes}\r\n\r\n${body(sent)}`;

describe("bodies that stall while they fill the memory for bodies", () => {
  let test: TestApp;
  const stalled: Socket[] = [];
  afterEach(async () => {
    for (const socket of stalled.splice(0)) socket.destroy();
    await test.app.close();
  });

  /** Sends all of a body but its last byte. Returns the client once the server has read as much. */
  async function stall(port: number, bytes: number): Promise<Socket> {
    const { promise, resolve } = Promise.withResolvers<Socket>();
    test.app.server.once("connection", resolve);
    const request = publish(bytes, bytes - 1);
    const client = connect(port, "127.0.0.1").setEncoding("latin1");
    client.write(request);
    stalled.push(client);
    const server = await promise;
    await vi.waitFor(() => {
      expect(server.bytesRead).toBe(request.length);
    });
    return client;
  }

  async function listening(limits: Partial<HttpLimits>): Promise<number> {
    test = await createTestApp(limits);
    await call(test.app, "PUT", "/v1/topics/orders");
    return listen(test.app);
  }

  it("give their memory to a body that moves: the one that has stalled for longest gets 408", async () => {
    // With the value 0, every body that does not move is slow.
    const port = await listening({ ...config, requestBodyPauseMsMax: 0 });
    const first = await stall(port, 10_000);
    const others = [await stall(port, 10_000), await stall(port, 10_000)];
    const refused = once(first, "data");
    const closed = once(first, "close");
    expect(await exchange(port, publish(9_000))).toMatch(/^HTTP\/1\.1 201/);
    const answer = parseAnswer(String(await refused));
    expect(answer).toMatchObject({ status: 408, problem: { code: "request_timeout" } });
    expect(answer.headers).toContain("connection: close");
    await closed;
    for (const other of others) {
      const answered = once(other, "data");
      other.write("x");
      expect(String(await answered)).toMatch(/^HTTP\/1\.1 201/);
    }
  });

  it("leave room for small bodies, even before they are slow", async () => {
    const port = await listening({ requestBytesArrivingMax: 1_600_000, requestBodyPauseMsMax: 3_600_000 });
    await stall(port, 1_000_000);
    await stall(port, 500_000);
    expect(parseAnswer(await exchange(port, publish(80_000)))).toMatchObject({ status: 503 });
    expect(await exchange(port, publish(60_000))).toMatch(/^HTTP\/1\.1 201/);
  });

  it("are refused for good: a refused body holds no memory while its client sends the rest", async () => {
    const port = await listening({ ...config });
    const bodies = [await stall(port, 10_000), await stall(port, 10_000), await stall(port, 10_000)];
    await stall(port, 10_000);
    const [first] = bodies;
    const answered = once(first as Socket, "data");
    first?.write("x");
    expect(String(await answered)).toMatch(/^HTTP\/1\.1 201/);
    expect(await exchange(port, publish(9_000))).toMatch(/^HTTP\/1\.1 201/);
  });
});

describe("a request that does not arrive in time", () => {
  let test: TestApp;
  afterEach(() => test.app.close());

  it.each([
    ["its headers", "GET / HTTP/1.1\r\nHost"],
    ["its body", `${post}Content-Length: 10\r\n\r\nabc`],
    ["a chunk", `${post}Transfer-Encoding: chunked\r\n\r\n5\r\nab`],
  ])("answers 408 to a client that does not finish %s", async (_what, request) => {
    test = await createTestApp({ requestHeaderMsMax: 100, requestMsMax: 200 });
    const answer = parseAnswer(await exchange(await listen(test.app), request));
    expect(answer).toMatchObject({ status: 408, problem: { code: "request_timeout" } });
    expect(await storedMessages(test.store)).toEqual([]);
  });
});

/** Delays the answers to publishes until `until` resolves. */
function holdAppends({ store }: TestApp, until: Promise<void>) {
  const append = store.log.append.bind(store.log);
  return vi.spyOn(store.log, "append").mockImplementation(async (request) => {
    await until;
    return append(request);
  });
}

async function connections({ app }: TestApp): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  app.server.getConnections((error, count) => {
    if (error) reject(error);
    else resolve(count);
  });
  return promise;
}
