import { constants, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";

import { fetchPost } from "./fetch-post.ts";
import { posting, sentBody, sentHeaders, write, writeAndEnd } from "./testing/posting.ts";
import { pour } from "./testing/raw-server.ts";

// Real: fetch and sockets on 127.0.0.1. The tests that apply to every post function are in hook-post.test.ts.
const { postTo } = posting(fetchPost());

describe("a reply that fetch decompresses", () => {
  it("has a size limit while it is decoded: 32 kB contain 32 MB", async () => {
    const bomb = gzipSync(Buffer.alloc(32 * 1024 * 1024), { level: constants.Z_BEST_SPEED });
    const head = `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`;
    expect(await postTo(write(Buffer.concat([Buffer.from(head), bomb])))).toMatchObject({
      error: "reply_too_large",
      partial: { status: 200 },
    });
  });

  it("has a size limit when it was compressed twice", async () => {
    const bomb = gzipSync(gzipSync(Buffer.alloc(32 * 1024 * 1024), { level: constants.Z_BEST_SPEED }));
    const head = `HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`;
    expect(await postTo(writeAndEnd(Buffer.concat([Buffer.from(head), bomb])))).toMatchObject({
      error: "reply_too_large",
      partial: { status: 200 },
    });
  });
});

it("is a bad_reply with an encoding that fetch does not decode", async () => {
  const reply = "HTTP/1.1 200 OK\r\nContent-Encoding: compress\r\nContent-Length: 2\r\n\r\n{}";
  expect(await postTo(writeAndEnd(reply))).toMatchObject({
    error: "bad_reply",
    detail: 'the reply has the Content-Encoding "compress", which is not supported',
    partial: { status: 200, body: new Uint8Array() },
  });
});

it("ends with a timeout after endless interim replies", async () => {
  const flood = postTo(({ socket }) => pour(socket, "HTTP/1.1 103 Early Hints\r\n\r\n"), { timeoutMs: 150 });
  expect(await flood).toEqual({ error: "timeout" });
});

it("keeps the part of a reply that arrived before its caller aborted", async () => {
  const given = new AbortController();
  const pieces = [Uint8Array.of(1, 2)];
  const body = new ReadableStream<Uint8Array>({
    pull: (stream) => {
      const piece = pieces.shift();
      if (piece !== undefined) return stream.enqueue(piece);
      given.abort();
      stream.error(new Error("aborted"));
    },
  });
  const answering = () => Promise.resolve(new Response(body, { status: 403, headers: { "x-a": "1" } }));
  const result = fetchPost(answering)("http://a/", sentHeaders, sentBody, {
    timeoutMs: 15_000,
    replyBytesMax: 1024,
    signal: given.signal,
  });
  expect(await result).toEqual({
    error: "aborted",
    partial: { status: 403, headers: { "x-a": "1" }, body: Uint8Array.of(1, 2) },
  });
});

it("cannot return a 407, which fetch reports as a network error", async () => {
  expect(await postTo(writeAndEnd("HTTP/1.1 407 No\r\nContent-Length: 2\r\n\r\nno"))).toEqual({
    error: "unreachable",
  });
});

it("treats a redirect whose status a browser hides as a redirect", async () => {
  const hidden = { type: "opaqueredirect", status: 0, headers: new Headers(), body: null } as Response;
  const reply = await fetchPost(() => Promise.resolve(hidden))("http://a/", sentHeaders, sentBody, {
    timeoutMs: 1000,
    replyBytesMax: 1,
  });
  expect(reply).toEqual({ status: 302, headers: {}, body: new Uint8Array() });
});
