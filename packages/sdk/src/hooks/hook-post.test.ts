import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { Agent } from "undici";
import { afterAll, describe, expect, it, vi } from "vitest";

import { dispatcherPost } from "./dispatcher-post.ts";
import { fetchPost } from "./fetch-post.ts";
import { posting, sentBody, write, writeAndEnd } from "./testing/posting.ts";
import type { RawConnection } from "./testing/raw-server.ts";
import { RawServer, pour } from "./testing/raw-server.ts";

// Real: fetch, undici, and sockets on 127.0.0.1. Nothing is faked.
const agent = new Agent();
afterAll(() => agent.close());

const trickle = ({ socket }: RawConnection): void => {
  socket.write("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
  const timer = setInterval(() => socket.write("x"), 10);
  socket.on("close", () => clearInterval(timer));
};

const partial = (body: string) => ({
  status: 403,
  headers: expect.objectContaining({ "content-type": "text/plain" }),
  body: new Uint8Array(Buffer.from(body)),
});

describe.each([
  ["fetch", posting(fetchPost())],
  ["an undici dispatcher", posting(dispatcherPost(agent))],
])("over %s", (_, { post, postTo }) => {
  describe("a POST", () => {
    it("sends the dialect's headers and bytes, and requests a reply without compression", async () => {
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
          `content-length: ${sentBody.length}`,
        ]),
      );
      expect(sent).toBe(Buffer.from(sentBody).toString("latin1"));
    });

    it("returns the reply's bytes, and its headers with one byte per character", async () => {
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

    it("returns the final reply after interim ones", async () => {
      const interim = "HTTP/1.1 103 Early Hints\r\nX-A: 1\r\n\r\n";
      const reply = await postTo(writeAndEnd(`${interim.repeat(3)}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`));
      expect(reply).toEqual({ status: 200, headers: { "content-length": "2" }, body: Uint8Array.of(0x6f, 0x6b) });
    });

    it("returns a body that arrives in pieces", async () => {
      const chunks = "1\r\nx\r\n".repeat(20_000);
      const reply = await postTo(
        writeAndEnd(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`),
      );
      expect(Buffer.from((reply as { body: Uint8Array }).body).equals(Buffer.alloc(20_000, "x"))).toBe(true);
    });

    it("returns a body of exactly the allowed size", async () => {
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

    it("leaves no timer behind", async () => {
      using set = vi.spyOn(globalThis, "setTimeout");
      using cleared = vi.spyOn(globalThis, "clearTimeout");
      const timeoutMs = 14_321;
      await postTo(writeAndEnd("HTTP/1.1 204 No Content\r\n\r\n"), { timeoutMs });
      const timers = set.mock.results.filter((_, call) => set.mock.calls[call]?.[1] === timeoutMs);
      expect(timers).toHaveLength(1);
      expect(cleared.mock.calls.map(([timer]) => timer)).toContain(timers[0]?.value);
    });

    it("reuses connections after a whole reply", async () => {
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
      expect(await post(url)).toEqual({ error: "unreachable", detail: expect.any(String) });
    });

    it("has an unknown name", async () => {
      expect(await post("http://nobody.invalid/")).toEqual({ error: "unreachable", detail: expect.any(String) });
    });

    it("has an invalid URL", async () => {
      expect(await post("h.example/callback")).toEqual({ error: "unreachable", detail: expect.any(String) });
    });

    it("does not support TLS", async () => {
      await using server = await RawServer.withoutTls();
      expect(await post(server.url.replace("http:", "https:"))).toEqual({
        error: "unreachable",
        detail: expect.any(String),
      });
    });

    it("closes the connection without a reply", async () => {
      expect(await postTo(writeAndEnd(""))).toEqual({ error: "unreachable", detail: expect.any(String) });
    });
  });

  describe("a reply that is not HTTP", () => {
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
      ["six encodings", `HTTP/1.1 200 OK\r\n${"Content-Encoding: gzip\r\n".repeat(6)}Content-Length: 5\r\n\r\nplain`],
      ["hundreds of encodings", `HTTP/1.1 200 OK\r\n${"Content-Encoding: gzip\r\n".repeat(600)}\r\nplain`],
      ["thousands of encodings", `HTTP/1.1 200 OK\r\n${"Content-Encoding: gzip\r\n".repeat(2_000)}\r\nplain`],
    ])("%s", async (_, bytes) => {
      expect(await postTo(writeAndEnd(bytes))).toMatchObject({ error: "bad_reply" });
    });

    it("header lines without end", async () => {
      const result = await postTo(({ socket }) => {
        socket.write("HTTP/1.1 200 OK\r\n");
        pour(socket, "X-Abc: 1234\r\n");
      });
      expect(result).toEqual({ error: "bad_reply", detail: expect.any(String) });
    });
  });

  describe("a reply that is too large", () => {
    it("never ends", async () => {
      const result = await postTo(({ socket }) => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        pour(socket, "x".repeat(16 * 1024));
      });
      expect(result).toMatchObject({ error: "reply_too_large" });
    });

    it("arrives in endless chunks of one byte", async () => {
      const result = await postTo(
        ({ socket }) => {
          socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
          pour(socket, "1\r\nx\r\n".repeat(4096));
        },
        { replyBytesMax: 32 * 1024 },
      );
      expect(result).toMatchObject({ error: "reply_too_large" });
    });

    it("announces its length, and is not read", async () => {
      const result = await postTo(write(`HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n${"x".repeat(2048)}`), {
        replyBytesMax: 1024,
      });
      expect(result).toMatchObject({ error: "reply_too_large" });
    });

    it("is one byte more than allowed", async () => {
      const result = await postTo(writeAndEnd(`HTTP/1.1 200 OK\r\nContent-Length: 1025\r\n\r\n${"x".repeat(1025)}`), {
        replyBytesMax: 1024,
      });
      expect(result).toMatchObject({ error: "reply_too_large" });
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
      expect(await postTo(write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"), soon)).toMatchObject({
        error: "timeout",
      });
    });

    it("arrives byte by byte without an end", async () => {
      expect(await postTo(trickle, soon)).toMatchObject({ error: "timeout" });
    });
  });

  describe("a damaged rejection keeps the part that arrived", () => {
    const head = "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\n";
    it.each([
      ["is shorter than its length", "Content-Length: 100\r\n\r\nnot you", "bad_reply", "not you"],
      ["ends inside a chunk", "Transfer-Encoding: chunked\r\n\r\n3\r\nnot\r\nff\r\n", "bad_reply", "not"],
      [
        "has a body over the limit",
        `Content-Length: 2000\r\n\r\n${"no".repeat(1000)}`,
        "reply_too_large",
        "no".repeat(512),
      ],
      [
        "only says that it is compressed",
        "Content-Encoding: gzip\r\nContent-Length: 7\r\n\r\nnot you",
        "bad_reply",
        "",
      ],
    ])("when it %s", async (_, rest, error, body) => {
      const result = await postTo(writeAndEnd(head + rest), { replyBytesMax: 1024 });
      expect(result).toEqual({ error, detail: expect.any(String), partial: partial(body) });
    });

    it("when it is late", async () => {
      // On a slow machine, the first time limits can expire before the beginning of the reply has arrived.
      let result: Awaited<ReturnType<typeof postTo>> = { error: "timeout" };
      for (const timeoutMs of [100, 1_000, 10_000]) {
        result = await postTo(write(`${head}Content-Length: 9\r\n\r\nnot`), { timeoutMs });
        if ("partial" in result) break;
      }
      expect(result).toEqual({ error: "timeout", partial: partial("not") });
    });
  });

  it.each([400, 401, 403, 421, 429, 500, 503])(
    "returns a whole reply with status %d like any other reply",
    async (status) => {
      const reply = await postTo(writeAndEnd(`HTTP/1.1 ${status} No\r\nContent-Length: 2\r\n\r\nno`));
      expect(reply).toMatchObject({ status, body: Uint8Array.of(0x6e, 0x6f) });
      expect(reply).not.toHaveProperty("error");
    },
  );

  it("has the first value of a repeated type and disposition", async () => {
    const reply = await postTo(
      writeAndEnd(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=a, b.txt\r\n" +
          "Content-Type: image/png\r\nContent-Disposition: inline; filename=c\r\nContent-Length: 0\r\n\r\n",
      ),
    );
    expect(reply).toMatchObject({
      headers: { "content-type": "text/plain", "content-disposition": "attachment; filename=a, b.txt" },
    });
  });

  describe("a POST that its caller aborts", () => {
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

    it("is not sent when it was aborted before", async () => {
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
});
