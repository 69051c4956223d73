import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Endpoint, PostResult, Transport } from "./port.ts";
import { bodyText, closeClean, endpoint, post } from "./testing/posting.ts";
import { RawReceiver } from "./testing/raw-receiver.ts";
import { createTransport } from "./transport-by-scheme.ts";

// Real: undici and sockets on 127.0.0.1. Nothing is faked.
let transport: Transport;
beforeEach(() => (transport = createTransport({ allowPrivateNetworks: true, replyKeptBytes: 64 })));
afterEach(async () => closeClean(transport));

/** POSTs to a receiver that sends the pieces one after the other, each as a separate packet. */
async function replying(pieces: readonly (string | Buffer)[], changes: Partial<Endpoint> = {}): Promise<PostResult> {
  await using receiver = await RawReceiver.start(({ socket }) => {
    const [first, ...others] = pieces;
    socket.write(first ?? "", "latin1");
    const next = (): void => {
      const piece = others.shift();
      if (piece !== undefined) socket.write(piece, "latin1", () => setImmediate(next));
    };
    setImmediate(next);
  });
  return await post(transport, endpoint(receiver.origin, changes));
}

const eachByte = (reply: string): string[] => reply.split("");
const ended = "HTTP/1.1 200 OK\r\nX-A: final\r\nContent-Length: 2\r\n\r\nok";

describe("a reply that HTTP allows is accepted", () => {
  const replies: [what: string, reply: string][] = [
    ["100 that nobody requested", `HTTP/1.1 100 Continue\r\n\r\n${ended}`],
    ["100 with headers, twice", `HTTP/1.1 100 Continue\r\nX-A: b\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n${ended}`],
    ["102 Processing", `HTTP/1.1 102 Processing\r\n\r\n${ended}`],
    ["103 Early Hints", `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${ended}`],
    ["199, which nobody has defined", `HTTP/1.1 199 New\r\n\r\n${ended}`],
    ["every kind of interim reply", `HTTP/1.1 100 C\r\n\r\nHTTP/1.1 102 P\r\n\r\nHTTP/1.1 103 E\r\n\r\n${ended}`],
    ["the same length twice", ended.replace("\r\n\r\n", "\r\ncontent-length:2 \r\n\r\n")],
    ["a list of equal lengths", ended.replace("Content-Length: 2", "Content-Length: 2, 2")],
  ];

  test.each(replies)("with %s", async (_what, reply) => {
    const result = await replying([reply]);
    expect(result).toMatchObject({ error: null, status: 200, headers: { "x-a": "final", "content-length": "2" } });
    expect(bodyText(result)).toBe("ok");
  });

  test.each(replies)("with %s, byte by byte", async (_what, reply) => {
    const result = await replying(eachByte(reply));
    expect(result).toMatchObject({ error: null, status: 200, headers: { "x-a": "final", "content-length": "2" } });
    expect(bodyText(result)).toBe("ok");
  });

  test.each([
    ["at once", (reply: string) => [reply]],
    ["byte by byte", eachByte],
  ])("with folded header lines, %s", async (_how, pieces) => {
    const reply =
      "HTTP/1.1 200 OK\r\nX-A: one\r\n two\r\n\tthree\r\nX-B:\r\n b\r\nContent-Length: \r\n 2\r\nX-C: c\r\n\r\nok";
    const result = await replying(pieces(reply));
    expect(result).toMatchObject({ error: null, status: 200, headers: { "x-b": "b", "x-c": "c" } });
    expect(result.headers["x-a"]?.split(/\s+/)).toEqual(["one", "two", "three"]);
    expect(bodyText(result)).toBe("ok");
  });

  test("and the connection is used again", async () => {
    await using receiver = await RawReceiver.start(({ socket }) => socket.write(`HTTP/1.1 100 C\r\n\r\n${ended}`));
    for (let index = 0; index < 3; index++) {
      expect(await post(transport, endpoint(receiver.origin))).toMatchObject({ error: null, status: 200 });
    }
    expect(receiver.connections).toHaveLength(1);
  });

  test("while bytes of the body that look like a head are not changed", async () => {
    const body = "HTTP/1.1 100 Continue\r\nX: a\r\n b\r\n\r\n";
    const result = await replying([`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`, body]);
    expect(bodyText(result)).toBe(body);
  });
});

describe("a reply that HTTP forbids is still refused", () => {
  test.each([
    ["a folded line after the status line", "HTTP/1.1 200 OK\r\n folded: x\r\n\r\n"],
    ["different lengths in one line", "HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\nab"],
    ["different lengths in two lines", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"],
    [
      "101, since nobody requested another protocol",
      "HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    ],
  ])("%s", async (_what, reply) => {
    expect(await replying([reply])).toMatchObject({ error: "bad_reply" });
  });

  test.each(["000", "001", "099"])("the status %s, which HTTP does not have", async (status) => {
    const refused = {
      error: "bad_reply",
      errorDetail: `the reply has the status ${status}; the least status of HTTP is 100`,
      status: 0,
    };
    const reply = `HTTP/1.1 ${status} X\r\nContent-Length: 2\r\n\r\nok`;
    for (const pieces of [[reply], eachByte(reply), [`HTTP/1.1 100 C\r\n\r\n${reply}`]]) {
      expect(await replying(pieces)).toMatchObject(refused);
    }
    await using closing = await RawReceiver.start(({ socket }) => socket.end(reply));
    expect(await post(transport, endpoint(closing.origin))).toMatchObject(refused);
  });

  test.each(["0", "00", "1000", "-1", "-10", "", "2OO"])("the malformed status %j", async (status) => {
    const result = await replying([`HTTP/1.1 ${status} X\r\nContent-Length: 2\r\n\r\nok`]);
    expect(result).toMatchObject({ error: "bad_reply", errorDetail: expect.stringMatching(/Invalid .*status/) });
  });
});

const encoded = (coding: string, bytes: Uint8Array): Buffer =>
  Buffer.concat([
    Buffer.from(`HTTP/1.1 200 OK\r\nContent-Encoding: ${coding}\r\nContent-Length: ${bytes.byteLength}\r\n\r\n`),
    bytes,
  ]);

describe("a compressed reply", () => {
  const json = JSON.stringify({ action: "reject", reason: "no" });
  const whole = { wholeReplyBytesMax: 1024 };

  test.each([
    ["gzip", gzipSync(json)],
    ["gzip", Buffer.concat([gzipSync(json.slice(0, 10)), gzipSync(json.slice(10))])],
    ["X-GZip", gzipSync(json)],
    ["deflate", deflateSync(json)],
    ["deflate", deflateRawSync(json)],
    ["br", brotliCompressSync(json)],
    ["identity, gzip", gzipSync(json)],
    ["identity", Buffer.from(json)],
    ["", Buffer.from(json)],
  ])("of the encoding %j is decoded, for a hook and for a record", async (coding, bytes) => {
    for (const changes of [whole, {}]) {
      const result = await replying([encoded(coding, bytes)], changes);
      expect(result).toMatchObject({ error: null, status: 200 });
      expect(bodyText(result)).toBe(json);
    }
  });

  test.each(["compress", "zstd9", "gzip, gzip", "__proto__"])(
    "of the encoding %s is a bad_reply for a hook; a record keeps its bytes",
    async (coding) => {
      expect(await replying([encoded(coding, Buffer.from("abc"))], whole)).toMatchObject({
        error: "bad_reply",
        errorDetail: `the reply has the Content-Encoding "${coding}", which is not supported`,
        status: 200,
      });
      const recorded = await replying([encoded(coding, Buffer.from("abc"))]);
      expect(recorded).toMatchObject({ error: null, status: 200 });
      expect(bodyText(recorded)).toBe("abc");
    },
  );

  test("that is not what its Content-Encoding says is a bad_reply", async () => {
    expect(await replying([encoded("gzip", Buffer.from(json))], whole)).toMatchObject({
      error: "bad_reply",
      errorDetail: "the reply's body is not valid gzip, as its Content-Encoding says",
    });
  });

  test("is too large when more than the limit comes out of it", async () => {
    const taken: number[] = [];
    const takeReplyBytes = (bytes: number): boolean => taken.push(bytes) > 0;
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    const result = await replying([encoded("gzip", bomb)], { wholeReplyBytesMax: 100_000, takeReplyBytes });
    expect(result).toMatchObject({
      error: "reply_too_large",
      errorDetail: "the reply has more than 100000 bytes",
      status: 200,
    });
    expect(result.body.byteLength).toBe(100_000);
    // The limit counts what came out, up to one piece more than the limit.
    expect(taken.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(400_000);
  });

  test("of which the record keeps only the beginning is decoded as far as possible", async () => {
    const text = Array.from({ length: 2_000 }, (_, index) => index).join(" ");
    const result = await replying([encoded("gzip", gzipSync(text))]);
    expect(result).toMatchObject({ error: null, status: 200 });
    expect(bodyText(result).length).toBeGreaterThan(20);
    expect(text.startsWith(bodyText(result))).toBe(true);
  });

  test("without a body needs no decoding", async () => {
    const reply = "HTTP/1.1 204 No Content\r\nContent-Encoding: gzip\r\n\r\n";
    expect(await replying([reply], whole)).toMatchObject({ error: null, status: 204, body: new Uint8Array() });
  });
});
