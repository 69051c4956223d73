import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createTransport } from "./transport-by-scheme.ts";
import { transportLimits } from "./limits.ts";
import type { PostResult, Transport, TransportErrorCode } from "./port.ts";
import { eventually } from "./testing/eventually.ts";
import { ManualTime } from "./testing/manual-time.ts";
import { bodyText, closeClean, endpoint, post } from "./testing/posting.ts";
import { type RawConnection, RawReceiver } from "./testing/raw-receiver.ts";

// Real: undici and sockets on 127.0.0.1. Faked: time, so that a timeout comes only when a test says so.
let time: ManualTime;
let transport: Transport;

beforeEach(() => {
  time = new ManualTime();
  transport = createTransport({
    allowPrivateNetworks: true,
    clock: time,
    timers: time,
    replyBytesMax: 64 * 1024,
    replyKeptBytes: 1024,
  });
});

afterEach(async () => {
  // No socket and no timer may be left, even before the transport is closed.
  await eventually(() => [transport.openSockets(), time.timersRunning]).toEqual([0, 0]);
  await closeClean(transport);
});

/** POSTs to a receiver that misbehaves at the first request. */
async function postTo(misbehave: (connection: RawConnection) => void): Promise<PostResult> {
  await using receiver = await RawReceiver.start(misbehave);
  return await post(transport, endpoint(receiver.origin));
}

const write =
  (bytes: string) =>
  ({ socket }: RawConnection): void => {
    socket.write(bytes, "latin1");
  };
const writeAndEnd =
  (bytes: string) =>
  ({ socket }: RawConnection): void => {
    socket.end(bytes, "latin1");
  };
const writeAndReset =
  (bytes: string) =>
  ({ socket }: RawConnection): void => {
    socket.write(bytes, "latin1", () => socket.resetAndDestroy());
  };

describe("an invalid reply is bad_reply, and the connection is closed", () => {
  test.each([
    ["bytes that are not HTTP", "SSH-2.0-OpenSSH_9.9\r\n"],
    ["another protocol's version", "HTTP/3.0 200 OK\r\n\r\n"],
    ["a status that is no number", "HTTP/1.1 abc OK\r\n\r\n"],
    ["a header line without a colon", "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n"],
    ["a control character in a header", "HTTP/1.1 200 OK\r\nX-A: a\x01b\r\n\r\n"],
    ["a length that is no number", "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n"],
    ["a negative length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"],
    ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"],
    ["a length beyond counting", `HTTP/1.1 200 OK\r\nContent-Length: ${"9".repeat(40)}\r\n\r\n`],
    ["a length and a coding", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
    ["a chunk size that is no number", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"],
    ["a change of protocol", "HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"],
    ["one header line over the limit", `HTTP/1.1 200 OK\r\nX-A: ${"a".repeat(17 * 1024)}\r\n\r\n`],
    ["header lines over the limit", `HTTP/1.1 200 OK\r\n${"X-Abc: 12345678\r\n".repeat(2_000)}\r\n`],
    [
      "trailers over the limit",
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${"X-Abc: 12345678\r\n".repeat(2_000)}\r\n`,
    ],
    ["a flood of interim replies", "HTTP/1.1 103 Hint\r\n\r\n".repeat(transportLimits.interimRepliesMax + 1)],
  ])("%s", async (_what, bytes) => {
    expect(await postTo(write(bytes))).toMatchObject({ error: "bad_reply" });
  });

  test("header lines without end", async () => {
    const result = await postTo(({ socket }) => {
      socket.write("HTTP/1.1 200 OK\r\n");
      pour(socket, "X-Abc: 1234\r\n");
    });
    expect(result).toMatchObject({ error: "bad_reply", status: 200 });
  });
});

test("a body that is longer than what is read keeps its status, and is marked as too long", async () => {
  const result = await postTo(({ socket }) => {
    socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    pour(socket, `400\r\n${"x".repeat(1024)}\r\n`);
  });
  expect(result).toMatchObject({ error: null, status: 200, isTooLong: true });
  expect(await postTo(writeAndEnd("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))).toMatchObject({
    isTooLong: false,
  });
});

describe("a reply that is cut off is connection_reset", () => {
  const cutOff: [what: string, bytes: string, status: number][] = [
    ["before its first byte", "", 0],
    ["inside the status line", "HTTP/1.1 20", 0],
    ["inside the headers", "HTTP/1.1 200 OK\r\nContent-Le", 0],
    ["inside a body of known length", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345", 200],
    [
      "inside a last body of known length",
      "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 10\r\n\r\n12345",
      200,
    ],
    ["inside a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n12345", 200],
    [
      "inside a last chunk",
      "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n12345",
      200,
    ],
  ];

  test.each(cutOff)("closed %s", async (_where, bytes, status) => {
    expect(await postTo(writeAndEnd(bytes))).toMatchObject({ error: "connection_reset", status });
  });

  test.each(cutOff.filter(([where]) => !where.includes("last")))("reset %s", async (_where, bytes) => {
    expect(await postTo(writeAndReset(bytes))).toMatchObject({ error: "connection_reset" });
  });
});

describe("a reply that never ends is timeout", () => {
  test("when the server reads and does not reply", async () => {
    const result = await timeOut(
      () => {},
      (receiver) => receiver.requests === 1,
    );
    expect(result).toMatchObject({ error: "timeout", status: 0, durationMs: 15_000 });
    expect(result.headers).toEqual({});
    expect(result.body).toHaveLength(0);
  });

  test("when the body stops short, with the status and the received part", async () => {
    let arrived = false;
    const onChunk = (): void => void (arrived = true);
    subscribe("undici:request:bodyChunkReceived", onChunk);
    const result = await timeOut(write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"), () => arrived);
    unsubscribe("undici:request:bodyChunkReceived", onChunk);
    expect(result).toMatchObject({ error: "timeout", status: 200, headers: { "content-length": "10" } });
    expect(bodyText(result)).toBe("12345");
  });

  test("when the status line never ends", async () => {
    let bytes = 0;
    const result = await timeOut(
      ({ socket }) => {
        socket.write("HTTP/1.1 200 ");
        pour(socket, "so very good ".repeat(100), (sent) => (bytes = sent));
      },
      () => bytes > 1_000_000,
    );
    expect(result).toMatchObject({ error: "timeout", status: 0 });
  });

  test("when the server sends empty lines without end", async () => {
    let bytes = 0;
    const result = await timeOut(
      ({ socket }) => pour(socket, "\r\n".repeat(1000), (sent) => (bytes = sent)),
      () => bytes > 1_000_000,
    );
    expect(result).toMatchObject({ error: "timeout", status: 0 });
  });

  test("when the server accepts the connection and does not read a large body", async () => {
    await using receiver = await RawReceiver.start(
      () => {},
      ({ socket }) => socket.pause(),
    );
    const posted = post(transport, endpoint(receiver.origin), new Uint8Array(32 * 1024 * 1024));
    await eventually(() => receiver.connections.length).toBe(1);
    time.advance(15_000);
    expect(await posted).toMatchObject({ error: "timeout", status: 0 });
  });
});

describe("the status decides", () => {
  test("when the body exceeds the limit: the connection is closed, and the first bytes are kept", async () => {
    let sent = 0;
    const result = await postTo(({ socket }) => {
      socket.write("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n");
      pour(socket, "ab".repeat(500), (bytes) => (sent = bytes));
    });
    expect(result).toMatchObject({ error: null, status: 200, headers: { "content-type": "text/html" } });
    expect(bodyText(result)).toBe("ab".repeat(512));
    expect(sent).toBeGreaterThan(0);
  });

  test("when more bytes follow than the length says; they are not taken for a reply to the next POST", async () => {
    await using receiver = await RawReceiver.start(
      write(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 500 Forged\r\nContent-Length: 0\r\n\r\n`),
    );
    for (let index = 0; index < 3; index++) {
      const result = await post(transport, endpoint(receiver.origin));
      expect(result).toMatchObject({ error: null, status: 200 });
      expect(bodyText(result)).toBe("ok");
    }
  });

  test("when the reply comes in the middle of a large request", async () => {
    await using receiver = await RawReceiver.start(
      () => {},
      ({ socket }) => {
        socket.once("data", () =>
          socket.write("HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
        );
      },
    );
    const result = await post(transport, endpoint(receiver.origin), new Uint8Array(8 * 1024 * 1024));
    expect(result).toMatchObject({ error: null, status: 413 });
  });

  test("when the body ends with the connection", async () => {
    const result = await postTo(writeAndEnd("HTTP/1.0 200 OK\r\n\r\nall of it"));
    expect(result).toMatchObject({ error: null, status: 200 });
    expect(bodyText(result)).toBe("all of it");
  });

  test("when a few interim replies come first", async () => {
    const result = await postTo(
      writeAndEnd("HTTP/1.1 103 Hint\r\nX-A: interim\r\n\r\nHTTP/1.1 204 No Content\r\nX-A: final\r\n\r\n"),
    );
    expect(result).toMatchObject({ error: null, status: 204, headers: { "x-a": "final" } });
  });

  test("when a header is named like a member of Object.prototype", async () => {
    const result = await postTo(
      writeAndEnd("HTTP/1.1 200 OK\r\n__proto__: a\r\nconstructor: b\r\nContent-Length: 0\r\n\r\n"),
    );
    expect(result).toMatchObject({ error: null, status: 200 });
    expect(Object.entries(result.headers)).toEqual([
      ["__proto__", "a"],
      ["constructor", "b"],
      ["content-length", "0"],
    ]);
  });
});

test("a hundred concurrent misbehaving receivers leave no socket, no timer, and one result each", async () => {
  const kinds: [TransportErrorCode | null, (connection: RawConnection) => void][] = [
    ["bad_reply", write("garbage\r\n\r\n")],
    ["connection_reset", writeAndEnd("")],
    ["connection_reset", writeAndReset("HTTP/1.1 2")],
    [null, write("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")],
    ["timeout", () => {}],
  ];
  await using receivers = new AsyncDisposableStack();
  const posts: Promise<PostResult>[] = [];
  const silent: RawReceiver[] = [];
  for (const [expected, serve] of kinds) {
    const receiver = receivers.use(await RawReceiver.start(serve));
    if (expected === "timeout") silent.push(receiver);
    for (let index = 0; index < 20; index++) posts.push(post(transport, endpoint(receiver.origin)));
  }
  await Promise.all(posts.slice(0, 80));
  await eventually(() => silent[0]?.requests).toBe(20);
  time.advance(15_000);
  const errors = (await Promise.all(posts)).map((result) => result.error);
  expect(errors).toEqual(kinds.flatMap(([expected]) => Array.from({ length: 20 }, () => expected)));
});

/** POSTs, waits until `ready`, and advances the time to the timeout. */
async function timeOut(serve: (connection: RawConnection) => void, ready: (receiver: RawReceiver) => boolean) {
  await using receiver = await RawReceiver.start(serve);
  const posted = post(transport, endpoint(receiver.origin, { timeoutMs: 15_000 }));
  await eventually(() => ready(receiver)).toBe(true);
  time.advance(14_999);
  expect(transport.openSockets()).toBe(1);
  time.advance(1);
  const result = await posted;
  await eventually(() => receiver.connections[0]?.closed()).toBe(true);
  return result;
}

/** Writes the same bytes again and again until the connection is closed. */
function pour(socket: RawConnection["socket"], bytes: string, progress: (sentBytes: number) => void = () => {}): void {
  let sent = 0;
  const more = (error?: Error | null): void => {
    if (error || socket.destroyed) return;
    sent += bytes.length;
    progress(sent);
    socket.write(bytes, "latin1", (failure) => setImmediate(more, failure));
  };
  more();
}
