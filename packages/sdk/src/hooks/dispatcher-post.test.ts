import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { Agent, Pool } from "undici";
import { afterAll, describe, expect, it, vi } from "vitest";

import type { DispatchedPost, DispatchedPostHandler, UndiciDispatcher } from "./dispatcher-post.ts";
import { dispatcherPost } from "./dispatcher-post.ts";
import { posting, sentHeaders, write, writeAndEnd } from "./testing/posting.ts";
import { RawServer, pour } from "./testing/raw-server.ts";

// Real: undici and sockets on 127.0.0.1. Faked: the dispatchers that behave differently from undici. The tests that
// apply to every post function are in hook-post.test.ts.
const agent = new Agent();
afterAll(() => agent.close());
const { postTo } = posting(dispatcherPost(agent));

const answering = (head: string, body = ""): ReturnType<typeof writeAndEnd> =>
  writeAndEnd(`HTTP/1.1 200 OK\r\n${head}Content-Length: ${body.length}\r\n\r\n${body}`);

const compressed = (encoding: string, bytes: Uint8Array, length = bytes.length): Buffer => {
  const head = `HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Encoding: ${encoding}\r\nContent-Length: ${length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), bytes]);
};

describe("a reply to a POST over a dispatcher", () => {
  it("has the first value of a repeated header", async () => {
    const reply = await postTo(answering("X-A: 1\r\nX-B: b\r\nX-A: 2\r\n__proto__: p\r\n__proto__: q\r\n", "ok"));
    const { headers } = reply as { headers: Record<string, string> };
    expect(Object.entries(headers)).toEqual([
      ["x-a", "1"],
      ["x-b", "b"],
      ["__proto__", "p"],
      ["content-length", "2"],
    ]);
    expect(Object.getPrototypeOf(headers)).toBe(Object.prototype);
  });

  it.each([
    ["gzip", gzipSync("{}")],
    ["GZIP", gzipSync("{}")],
    ["identity, br", brotliCompressSync("{}")],
    ["deflate", deflateSync("{}")],
    ["identity\r\nContent-Encoding: gzip", gzipSync("{}")],
  ])("is decoded with a body of the encoding %j, which nobody requested", async (encoding, bytes) => {
    expect(await postTo(write(compressed(encoding, bytes)))).toMatchObject({
      status: 200,
      body: Uint8Array.from(Buffer.from("{}")),
    });
  });

  it("has a size limit while it is decoded: 64 kB contain 64 MB", async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    expect(await postTo(write(compressed("gzip", bomb)), { replyBytesMax: 100_000 })).toMatchObject({
      error: "reply_too_large",
      detail: "the reply has more than 100000 bytes",
      partial: { status: 200 },
    });
  });

  it.each(["compress", "of its own", "gzip, gzip"])("is a bad one with the unknown encoding %j", async (encoding) => {
    expect(await postTo(write(compressed(encoding, Buffer.from("{}"), 104_857_600)))).toMatchObject({
      error: "bad_reply",
      detail: `the reply has the Content-Encoding "${encoding}", which is not supported`,
      partial: { status: 200, body: new Uint8Array() },
    });
  });

  it.each(["identity", "Identity", ""])("may have the encoding %j", async (encoding) => {
    expect(await postTo(answering(`Content-Encoding: ${encoding}\r\n`, "ok"))).toMatchObject({ status: 200 });
  });

  it("can have any encoding if it has no body", async () => {
    const reply = await postTo(writeAndEnd("HTTP/1.1 204 No Content\r\nContent-Encoding: gzip\r\n\r\n"));
    expect(reply).toMatchObject({ status: 204, body: new Uint8Array() });
  });

  it("is a bad_reply after endless interim replies", async () => {
    expect(await postTo(({ socket }) => pour(socket, "HTTP/1.1 103 Early Hints\r\n\r\n"))).toEqual({
      error: "bad_reply",
      detail: "too many interim replies",
    });
  });

  it("can have status 407", async () => {
    const reply = await postTo(writeAndEnd("HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n"));
    expect(reply).toMatchObject({ status: 407 });
  });

  it("is too large when the dispatcher reports that", async () => {
    await using server = await RawServer.start(answering("", "x".repeat(2048)));
    const strict = new Agent({ maxResponseSize: 1024 });
    expect(await posting(dispatcherPost(strict)).post(server.url)).toMatchObject({
      error: "reply_too_large",
      partial: { status: 200 },
    });
    await strict.close();
  });
});

describe("a POST that waits for a connection", () => {
  it("is never sent after it was aborted, and the connection stays open for others", async () => {
    const waiting: ServerResponse[] = [];
    const seen: string[] = [];
    const server = createServer((request: IncomingMessage, response) => {
      seen.push(`${request.url} from ${request.socket.remotePort}`);
      request.resume();
      waiting.push(response);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const pool = new Pool(origin, { connections: 1 });
    const { post } = posting(dispatcherPost(pool));

    const first = post(`${origin}/first`);
    await vi.waitUntil(() => waiting.length === 1, { timeout: 15_000 });
    const given = new AbortController();
    const second = post(`${origin}/second`, { signal: given.signal });
    const third = post(`${origin}/third`, { timeoutMs: 50 });
    const fourth = post(`${origin}/fourth`);
    given.abort();
    expect(await second).toEqual({ error: "aborted" });
    expect(await third).toEqual({ error: "timeout" });
    waiting[0]?.end("ok");
    expect(await first).toMatchObject({ status: 200 });
    await vi.waitUntil(() => waiting.length === 2, { timeout: 15_000 });
    waiting[1]?.end("ok");
    expect(await fourth).toMatchObject({ status: 200 });

    const [port] = /\d+$/.exec(seen[0] ?? "") ?? [];
    expect(seen).toEqual([`/first from ${port}`, `/fourth from ${port}`]);
    await pool.close();
    server.close();
    await once(server, "close");
  });
});

describe("a dispatcher", () => {
  it("that was closed is unreachable", async () => {
    const closed = new Agent();
    await closed.close();
    expect(await posting(dispatcherPost(closed)).post("http://127.0.0.1:9/")).toEqual({
      error: "unreachable",
      detail: expect.any(String),
    });
  });

  it("that refuses a header sends nothing", async () => {
    await using server = await RawServer.start(() => {});
    const refused = dispatcherPost(agent)(server.url, ["x-a", "b\r\nc: d"], new Uint8Array(), {
      timeoutMs: 15_000,
      replyBytesMax: 1,
    });
    expect(await refused).toEqual({ error: "unreachable", detail: expect.any(String) });
    expect(server.connections).toHaveLength(0);
  });

  it("that throws is unreachable", async () => {
    const throwing: UndiciDispatcher = {
      dispatch: () => {
        throw new TypeError("not today");
      },
    };
    expect(await posting(dispatcherPost(throwing)).post("http://h.example/")).toEqual({
      error: "unreachable",
      detail: expect.any(String),
    });
  });

  it("that calls no handler ends with a timeout", async () => {
    const silent: UndiciDispatcher = { dispatch: () => true };
    const { post } = posting(dispatcherPost(silent));
    expect(await post("http://h.example/", { timeoutMs: 20 })).toEqual({ error: "timeout" });
  });

  it.each([
    ["http://h.example/a/b?c=d", "http://h.example", "/a/b?c=d"],
    ["https://H.example", "https://h.example", "/"],
    ["http://h.example:80/?", "http://h.example", "/"],
    ["https://[::1]:8443/%2e%2e/测试", "https://[::1]:8443", "/%E6%B5%8B%E8%AF%95"],
    ["http://user:s3cret@h.example/a#b", "http://h.example", "/a"],
  ])("gets from %s the origin %s and the path %s", async (url, origin, path) => {
    const { requested, post } = recording((handler) => handler.onResponseEnd());
    await post(url);
    expect(requested).toMatchObject([{ origin, path }]);
  });

  it.each(["", "h.example", "http://", "__proto__"])("is not called for %j, which is not a URL", async (url) => {
    const { requested, post } = recording((handler) => handler.onResponseEnd());
    expect(await post(url)).toEqual({ error: "unreachable", detail: expect.any(String) });
    expect(requested).toEqual([]);
  });

  it("gets the URL's path and origin, and no time limits", async () => {
    const { requested, post } = recording((handler) => handler.onResponseEnd());
    await post("https://h.example:8443/a/b?c=d");
    expect(requested).toEqual([
      {
        origin: "https://h.example:8443",
        path: "/a/b?c=d",
        method: "POST",
        headers: ["accept-encoding", "identity", ...sentHeaders],
        body: expect.any(Uint8Array),
        headersTimeout: 0,
        bodyTimeout: 0,
      },
    ]);
  });

  it("keeps the part of a reply that arrived before its caller aborted", async () => {
    const given = new AbortController();
    const controller = { abort: vi.fn<(reason: Error) => void>() };
    const { post } = recording((handler) => {
      handler.onRequestStart(controller);
      handler.onResponseStart(controller, 403, { "x-a": ["1", "2"] });
      handler.onResponseData(controller, Uint8Array.of(1, 2));
      given.abort();
    });
    expect(await post("http://h.example/", { signal: given.signal })).toEqual({
      error: "aborted",
      partial: { status: 403, headers: { "x-a": "1" }, body: Uint8Array.of(1, 2) },
    });
    expect(controller.abort).toHaveBeenCalledOnce();
  });

  it("that calls handlers after the end is ignored", async () => {
    const aborted = vi.fn<(reason: Error) => void>();
    const controller = { abort: aborted };
    const { post } = recording((handler) => {
      handler.onRequestStart(controller);
      handler.onResponseStart(controller, 200, {});
      handler.onResponseData(controller, Uint8Array.of(1, 2));
      handler.onResponseEnd();
      handler.onResponseError(controller, new Error("too late"));
      handler.onResponseEnd();
    });
    const reply = await post("http://h.example/", { replyBytesMax: 2 });
    expect(reply).toEqual({ status: 200, headers: {}, body: Uint8Array.of(1, 2) });
    expect(aborted).not.toHaveBeenCalled();
  });
});

function recording(play: (handler: DispatchedPostHandler) => void) {
  const requested: DispatchedPost[] = [];
  const dispatcher: UndiciDispatcher = {
    dispatch: (request, handler) => {
      requested.push(request);
      play(handler);
      return true;
    },
  };
  return { requested, post: posting(dispatcherPost(dispatcher)).post };
}
