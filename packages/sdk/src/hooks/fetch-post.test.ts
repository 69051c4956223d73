import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { constants, gzipSync } from "node:zlib";
import { describe, expect, it, vi } from "vitest";

import { fetchPost } from "./fetch-post.ts";
import type { PostOptions } from "./run-hook.ts";
import type { RawConnection } from "./testing/raw-server.ts";
import { RawServer, pour } from "./testing/raw-server.ts";

// Real: fetch, and sockets on 127.0.0.1.
const body = new TextEncoder().encode('{"a":"测试"}');
const headers = ["Content-Type", "application/json", "ringback-request-id", "r-1"];

function post(url: string, options: Partial<PostOptions> = {}) {
  return fetchPost()(url, headers, body, { timeoutMs: 15_000, replyBytesMax: 1024 * 1024, ...options });
}

/** Posts to a server that does this with the request, and sees that nothing of the connection is left. */
async function postTo(misbehave: (connection: RawConnection) => void, options: Partial<PostOptions> = {}) {
  await using server = await RawServer.start(misbehave);
  const result = await post(server.url, options);
  // Node's client may open another connection in advance, on which nothing is sent.
  const used = server.connections.filter((connection) => connection.received() !== "");
  await vi.waitUntil(() => used.every(({ socket }) => socket.closed), { timeout: 10_000 });
  return result;
}

const write =
  (bytes: string | Uint8Array) =>
  ({ socket }: RawConnection): void =>
    void socket.write(bytes);
const writeAndEnd =
  (bytes: string | Uint8Array) =>
  ({ socket }: RawConnection): void =>
    void socket.end(bytes);

const trickle = ({ socket }: RawConnection): void => {
  socket.write("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
  const timer = setInterval(() => socket.write("x"), 10);
  socket.on("close", () => clearInterval(timer));
};
const flood = ({ socket }: RawConnection): void => pour(socket, "HTTP/1.1 103 Early Hints\r\n\r\n");

describe("a POST with fetch", () => {
  it("sends the dialect's headers and bytes, and asks for a reply without compression", async () => {
    await using server = await RawServer.answering("HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n");
    const reply = await post(server.url);
    expect(reply).toMatchObject({ status: 204, headers: { "x-a": "1" }, body: new Uint8Array() });
    const [head = "", sent] = server.connections[0]?.received().split("\r\n\r\n") ?? [];
    expect(head).toMatch(/^POST \/secret-path HTTP\/1\.1\r\n/);
    expect(head.toLowerCase().split("\r\n")).toEqual(
      expect.arrayContaining([
        "content-type: application/json",
        "ringback-request-id: r-1",
        "accept-encoding: identity",
        `content-length: ${body.length}`,
      ]),
    );
    expect(sent).toBe(Buffer.from(body).toString("latin1"));
  });

  it("hands over the reply's bytes, and its headers with one byte per character", async () => {
    const reply = await postTo(
      writeAndEnd(
        Buffer.from(
          'HTTP/1.1 200 OK\r\nContent-Disposition: attachment; filename="测.jpg"\r\n__proto__: x\r\nContent-Length: 3\r\n\r\na\0b',
        ),
      ),
    );
    expect(reply).toEqual({
      status: 200,
      headers: expect.objectContaining({
        "content-disposition": `attachment; filename="${Buffer.from("测").toString("latin1")}.jpg"`,
      }),
      body: Uint8Array.of(0x61, 0, 0x62),
    });
    expect(Object.getPrototypeOf((reply as { headers: object }).headers)).toBe(Object.prototype);
  });

  it("hands over a body of exactly the size that is allowed", async () => {
    const reply = await postTo(writeAndEnd(`HTTP/1.1 403 No\r\nContent-Length: 1024\r\n\r\n${"x".repeat(1024)}`), {
      replyBytesMax: 1024,
    });
    expect((reply as { body: Uint8Array }).body).toHaveLength(1024);
  });

  it.each([301, 302, 307, 308])("does not follow a %d", async (status) => {
    let visits = 0;
    await using target = await RawServer.start(() => visits++);
    const reply = await postTo(
      writeAndEnd(`HTTP/1.1 ${status} Moved\r\nLocation: ${target.url}\r\nContent-Length: 0\r\n\r\n`),
    );
    expect(reply).toMatchObject({ status, headers: { location: target.url } });
    expect(visits).toBe(0);
  });

  it("uses connections again after a whole reply", async () => {
    const ports = new Set<number | undefined>();
    const server = createServer((request, response) => {
      ports.add(request.socket.remotePort);
      request.resume();
      response.end("ok");
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    for (let time = 0; time < 8; time++) expect(await post(url)).toMatchObject({ status: 200 });
    server.closeAllConnections();
    server.close();
    await once(server, "close");
    expect(ports.size).toBeLessThanOrEqual(3);
  });
});

describe("a server that cannot be reached", () => {
  it("refuses the connection", async () => {
    const server = await RawServer.start(() => {});
    const { url } = server;
    await server[Symbol.asyncDispose]();
    expect(await post(url)).toEqual({ error: "unreachable" });
  });

  it("has a name that nobody knows", async () => {
    expect(await post("http://nobody.invalid/")).toEqual({ error: "unreachable" });
  });

  it("speaks no TLS", async () => {
    await using server = await RawServer.withoutTls();
    expect(await post(server.url.replace("http:", "https:"))).toEqual({ error: "unreachable" });
  });

  it("closes the connection without a word", async () => {
    expect(await postTo(writeAndEnd(""))).toEqual({ error: "unreachable" });
  });
});

describe("a reply that is none", () => {
  it.each([
    ["bytes that are not HTTP", "SSH-2.0-OpenSSH_9.9\r\n\r\n"],
    ["a length that is no number", "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n"],
    ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"],
    ["a control character in a header", "HTTP/1.1 200 OK\r\nX-A: a\x01b\r\n\r\n"],
    ["headers over the limit", `HTTP/1.1 200 OK\r\n${"X-Abc: 12345678\r\n".repeat(2_000)}\r\n`],
    ["a body that is shorter than its length", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"],
    ["a body that ends inside a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n12345"],
    ["a chunk size that is no number", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"],
    ["compressed bytes that are not", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain"],
  ])("%s", async (_, bytes) => {
    expect(await postTo(writeAndEnd(bytes))).toEqual({ error: "bad_reply" });
  });

  it("header lines without end", async () => {
    const result = await postTo(({ socket }) => {
      socket.write("HTTP/1.1 200 OK\r\n");
      pour(socket, "X-Abc: 1234\r\n");
    });
    expect(result).toEqual({ error: "bad_reply" });
  });
});

describe("a reply that is too large", () => {
  it("never ends", async () => {
    const result = await postTo(({ socket }) => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      pour(socket, "x".repeat(16 * 1024));
    });
    expect(result).toEqual({ error: "reply_too_large" });
  });

  it("comes in chunks of one byte without end", async () => {
    const result = await postTo(
      ({ socket }) => {
        socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        pour(socket, "1\r\nx\r\n".repeat(4096));
      },
      { replyBytesMax: 32 * 1024 },
    );
    expect(result).toEqual({ error: "reply_too_large" });
  });

  it("says honestly that it is, and is not waited for", async () => {
    const result = await postTo(write(`HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n${"x".repeat(2048)}`), {
      replyBytesMax: 1024,
    });
    expect(result).toEqual({ error: "reply_too_large" });
  });

  it("is one byte more than allowed", async () => {
    const result = await postTo(writeAndEnd(`HTTP/1.1 200 OK\r\nContent-Length: 1025\r\n\r\n${"x".repeat(1025)}`), {
      replyBytesMax: 1024,
    });
    expect(result).toEqual({ error: "reply_too_large" });
  });

  it("was compressed although nobody asked for that: a hundred megabytes in a hundred kilobytes", async () => {
    const bomb = gzipSync(Buffer.alloc(100 * 1024 * 1024), { level: constants.Z_BEST_SPEED });
    const head = `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`;
    expect(await postTo(write(Buffer.concat([Buffer.from(head), bomb])))).toEqual({ error: "reply_too_large" });
  });

  it("was compressed twice", async () => {
    const bomb = gzipSync(gzipSync(Buffer.alloc(100 * 1024 * 1024), { level: constants.Z_BEST_SPEED }));
    const head = `HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`;
    expect(await postTo(writeAndEnd(Buffer.concat([Buffer.from(head), bomb])))).toEqual({ error: "reply_too_large" });
  });
});

describe("a reply that is late", () => {
  const soon = { timeoutMs: 150 };

  it("never begins", async () => {
    expect(await postTo(() => {}, soon)).toEqual({ error: "timeout" });
  });

  it("stops in the middle of its headers", async () => {
    expect(await postTo(write("HTTP/1.1 200 OK\r\nConte"), soon)).toEqual({ error: "timeout" });
  });

  it("stops in the middle of its body", async () => {
    expect(await postTo(write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"), soon)).toEqual({ error: "timeout" });
  });

  it("comes byte by byte, always with one more", async () => {
    expect(await postTo(trickle, soon)).toEqual({ error: "timeout" });
  });

  it("is announced by replies without end that go before it", async () => {
    expect(await postTo(flood, soon)).toEqual({ error: "timeout" });
  });
});

describe("a POST that its caller gives up", () => {
  it("ends at once and closes the connection", async () => {
    const given = new AbortController();
    expect(await postTo(() => given.abort(), { signal: given.signal })).toEqual({ error: "aborted" });
  });

  it("ends in the middle of a body", async () => {
    const given = new AbortController();
    const server = ({ socket }: RawConnection): void =>
      void socket.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab", () => given.abort());
    expect(await postTo(server, { signal: given.signal })).toEqual({ error: "aborted" });
  });

  it("is not sent when it was given up before", async () => {
    await using server = await RawServer.start(() => {});
    expect(await post(server.url, { signal: AbortSignal.abort() })).toEqual({ error: "aborted" });
    expect(server.connections).toHaveLength(0);
  });

  it("leaves no listener on the caller's signal", async () => {
    const { signal } = new AbortController();
    const removed = vi.spyOn(signal, "removeEventListener");
    const added = vi.spyOn(signal, "addEventListener");
    expect(await postTo(writeAndEnd("HTTP/1.1 204 No Content\r\n\r\n"), { signal })).toMatchObject({ status: 204 });
    expect(removed.mock.calls).toEqual(added.mock.calls);
  });
});

it("takes a redirect that a browser hides for a redirect", async () => {
  const hidden = { type: "opaqueredirect", status: 0, headers: new Headers(), body: null } as Response;
  const reply = await fetchPost(() => Promise.resolve(hidden))("http://a/", headers, body, {
    timeoutMs: 1000,
    replyBytesMax: 1,
  });
  expect(reply).toEqual({ status: 302, headers: {}, body: new Uint8Array() });
});
