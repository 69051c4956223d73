import { execFile } from "node:child_process";
import { promisify } from "node:util";
import * as fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { createTransport, type TransportOptions } from "./transport-by-scheme.ts";
import { transportLimits } from "./limits.ts";
import type { Transport } from "./port.ts";
import { eventually } from "./testing/eventually.ts";
import { ManualTime } from "./testing/manual-time.ts";
import { bodyText, closeClean, endpoint, post } from "./testing/posting.ts";
import { type RawConnection, RawReceiver } from "./testing/raw-receiver.ts";

// Real: undici, sockets on 127.0.0.1. Faked where a test says so: time and the resolver.
let transport: Transport;
function start(options: TransportOptions = {}): Transport {
  transport = createTransport({ allowPrivateNetworks: true, ...options });
  return transport;
}

afterEach(() => closeClean(transport));

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const answer =
  (reply: string) =>
  ({ socket }: RawConnection): void => {
    socket.write(reply, "latin1");
  };

describe("the request", () => {
  test("is sent byte for byte: Host first, header values one byte per character, one Connection header", async () => {
    await using receiver = await RawReceiver.start(answer(ok));
    const tag = Buffer.from("重要, b", "utf8");
    const result = await post(start(), endpoint(receiver.origin, { path: "/a?b=%E9" }), Buffer.from([0, 255, 10]), [
      "x-message-tag",
      tag.toString("latin1"),
      "Content-Type",
      "text/plain",
    ]);
    expect(result).toMatchObject({ error: null, status: 200 });
    expect(receiver.connections[0]?.received()).toBe(
      "POST /a?b=%E9 HTTP/1.1\r\n" +
        `Host: 127.0.0.1:${receiver.port}\r\n` +
        "Content-Length: 3\r\n" +
        "Accept-Encoding: identity\r\n" +
        `x-message-tag: ${tag.toString("latin1")}\r\n` +
        "Content-Type: text/plain\r\n" +
        "\r\n\x00\xff\n",
    );
  });

  test("is not written when its timeout comes before the connection is open, and the next one is", async () => {
    await using receiver = await RawReceiver.start(answer(ok));
    let maySend = true;
    const pending = post(start(), { ...endpoint(receiver.origin), maySend: () => maySend }, "stale");
    maySend = false;
    expect(await pending).toMatchObject({ error: "aborted", status: 0 });
    expect(await post(transport, endpoint(receiver.origin), "new")).toMatchObject({ error: null, status: 200 });
    const received = receiver.connections.map((connection) => connection.received()).join("");
    expect(received).toContain("new");
    expect(received).not.toContain("stale");
  });

  test("with an empty body has Content-Length 0", async () => {
    await using receiver = await RawReceiver.start(answer(ok));
    await post(start(), endpoint(receiver.origin), "");
    expect(receiver.connections[0]?.received()).toMatch(/\r\nContent-Length: 0\r\n(?:.*\r\n)*\r\n$/);
  });

  test("has one Connection header even when the subscription adds its own", async () => {
    await using receiver = await RawReceiver.start(answer(ok));
    await post(start(), endpoint(receiver.origin), "x", ["Connection", "close"]);
    expect(receiver.connections[0]?.received().match(/^connection: .*$/gim)).toEqual(["Connection: close"]);
  });

  test.each([
    ["a line break in a value", ["x-a", "1\r\nx-b: 2"]],
    ["a name that is no token", ["x a", "1"]],
    ["a character that is no byte", ["x-a", "重"]],
    ["a second length", ["content-length", "7"]],
    ["a transfer coding", ["transfer-encoding", "chunked"]],
  ])("that is not valid HTTP (%s) is not sent", async (_what, headers) => {
    await using receiver = await RawReceiver.start(answer(ok));
    expect(await post(start(), endpoint(receiver.origin), "x", headers)).toMatchObject({
      error: "connect_failed",
      status: 0,
    });
    expect(receiver.requests).toBe(0);
  });

  test("to an invalid origin ends as connect_failed", async () => {
    expect(await post(start(), endpoint("nonsense"))).toMatchObject({ error: "connect_failed" });
  });
});

describe("the reply", () => {
  test("has status, lower-case headers with the first of repeated values, and the body's first bytes", async () => {
    await using receiver = await RawReceiver.start(
      answer("HTTP/1.1 503 Busy\r\nX-A: 1\r\nx-a: 2\r\nRetry-After: 7\r\nContent-Length: 5\r\n\r\nlater"),
    );
    const result = await post(start(), endpoint(receiver.origin));
    expect(result).toMatchObject({ error: null, status: 503 });
    expect(result.headers).toEqual({ "x-a": "1", "retry-after": "7", "content-length": "5" });
    expect(bodyText(result)).toBe("later");
    expect(result.durationMs).toBeGreaterThanOrEqual(0);
    expect(Number.isInteger(result.durationMs)).toBe(true);
  });

  test("that redirects is not followed", async () => {
    await using receiver = await RawReceiver.start(
      answer("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"),
    );
    expect(await post(start(), endpoint(receiver.origin))).toMatchObject({
      error: null,
      status: 302,
      headers: { location: "/elsewhere" },
    });
    expect(receiver.requests).toBe(1);
  });

  test("keeps its first bytes in a buffer of their own", async () => {
    await using receiver = await RawReceiver.start(
      answer(`HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n${"ab".repeat(25_000)}`),
    );
    const result = await post(start({ replyKeptBytes: 1024 }), endpoint(receiver.origin));
    expect(bodyText(result)).toBe("ab".repeat(512));
    expect(result.body.buffer.byteLength).toBe(1024);
  });

  test("that is needed as a whole and is too large is kept as far as it fits, and uses no more of the budget", async () => {
    await using receiver = await RawReceiver.start(answer("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n1234567"));
    const reserved: number[] = [];
    const takeReplyBytes = (bytes: number) => reserved.push(bytes) > 0;
    const result = await post(start(), endpoint(receiver.origin, { wholeReplyBytesMax: 5, takeReplyBytes }));
    expect(result).toMatchObject({ error: "reply_too_large", status: 200 });
    expect(bodyText(result)).toBe("12345");
    expect(reserved.reduce((sum, bytes) => sum + bytes)).toBe(5);
  });

  test("that is needed as a whole has no body when it exceeds the caller's budget", async () => {
    await using receiver = await RawReceiver.start(answer(ok));
    const to = endpoint(receiver.origin, { wholeReplyBytesMax: 100, takeReplyBytes: () => false });
    expect(await post(start(), to)).toMatchObject({ error: "reply_too_large", status: 200, body: new Uint8Array(0) });
  });

  test("is the same however it is divided into packets", async () => {
    const reply =
      "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" +
      "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\nX-One: 1\r\n\r\n" +
      "5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\nX-Trailer: t\r\n\r\n";
    start({ replyKeptBytes: 8 });
    const cuts = fc.uniqueArray(fc.nat(reply.length), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(cuts, async (positions) => {
        const pieces = cutAt(reply, positions);
        await using receiver = await RawReceiver.start(({ socket }) => {
          void writePieces(socket, pieces);
        });
        const result = await post(transport, endpoint(receiver.origin, { connection: "close" }));
        expect(result).toMatchObject({ error: null, status: 201, headers: { "x-one": "1" } });
        expect(bodyText(result)).toBe("hello wo");
      }),
      { numRuns: 30 },
    );
  });
});

describe("names and addresses", () => {
  test("a private address is denied by default, given directly or by a name, and nothing is sent", async () => {
    await using receiver = await RawReceiver.start(answer(ok));
    start({ allowPrivateNetworks: false, resolver: (_name, done) => done(null, ["127.0.0.1"]) });
    for (const host of ["127.0.0.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]", "internal.test"]) {
      const { origin } = new URL(`http://${host}:${receiver.port}`);
      expect(await post(transport, endpoint(origin))).toMatchObject({ error: "address_denied", status: 0 });
    }
    expect(receiver.connections).toHaveLength(0);
    expect(transport.openSockets()).toBe(0);
  });

  test("a listed address is allowed", async () => {
    await using receiver = await RawReceiver.start(answer(ok));
    start({ allowPrivateNetworks: false, allowedAddresses: ["127.0.0.1"] });
    expect(await post(transport, endpoint(receiver.origin))).toMatchObject({ error: null });
  });

  test("one private address among a name's addresses denies the name", async () => {
    start({ allowPrivateNetworks: false, resolver: (_name, done) => done(null, ["1.1.1.1", "127.0.0.1"]) });
    expect(await post(transport, endpoint("http://mixed.test"))).toMatchObject({ error: "address_denied" });
  });

  test("a name is looked up once per connection, so that DNS rebinding has no effect", async () => {
    await using receiver = await RawReceiver.start(answer(ok));
    const answers = [["127.0.0.1"], ["10.0.0.1"]];
    let lookups = 0;
    start({
      allowPrivateNetworks: false,
      allowedAddresses: ["127.0.0.1"],
      resolver: (_name, done) => done(null, answers[lookups++] ?? []),
    });
    const result = await post(transport, endpoint(`http://rebinding.test:${receiver.port}`));
    expect(result).toMatchObject({ error: null, status: 200 });
    expect(lookups).toBe(1);
    expect(receiver.connections[0]?.received()).toContain(`Host: rebinding.test:${receiver.port}\r\n`);
  });

  test("a name that does not resolve ends as dns_failed", async () => {
    start({ resolver: (_name, done) => setImmediate(done, new Error("ENOTFOUND"), []) });
    expect(await post(transport, endpoint("http://nowhere.test"))).toMatchObject({ error: "dns_failed" });
  });

  test("a resolver that never answers ends the attempt at its timeout, and delays no other attempt", async () => {
    await using receiver = await RawReceiver.start(answer(ok));
    const time = new ManualTime();
    start({ clock: time, timers: time, resolver: () => {} });
    const stuck = post(transport, endpoint("http://dead.test", { timeoutMs: 1_000 }));
    expect(await post(transport, endpoint(receiver.origin))).toMatchObject({ error: null });
    time.advance(1_000);
    expect(await stuck).toMatchObject({ error: "timeout", status: 0, durationMs: 1_000 });
  });

  test("the second address is used when the first refuses", async () => {
    await using receiver = await RawReceiver.start(answer(ok));
    start({ resolver: (_name, done) => done(null, ["127.0.0.2", "127.0.0.1"]) });
    expect(await post(transport, endpoint(`http://two.test:${receiver.port}`))).toMatchObject({ error: null });
  });

  test("a name whose address does not answer is looked up again soon", async () => {
    await using receiver = await RawReceiver.start(answer(ok));
    const time = new ManualTime();
    let address = "127.0.0.2";
    start({ clock: time, timers: time, resolver: (_name, done) => setImmediate(done, null, [address]) });
    const to = endpoint(`http://moved.test:${receiver.port}`);
    expect((await post(transport, to)).error).not.toBeNull();
    address = "127.0.0.1";
    time.advance(transportLimits.nameFailedMs);
    await post(transport, to);
    expect(await post(transport, to)).toMatchObject({ error: null, status: 200 });
  });

  test("a closed port ends as connect_refused", async () => {
    const receiver = await RawReceiver.start(answer(ok));
    const { origin } = receiver;
    await receiver[Symbol.asyncDispose]();
    expect(await post(start(), endpoint(origin))).toMatchObject({ error: "connect_refused", status: 0 });
  });
});

describe("limits", () => {
  test("at the connection limit of one origin its POSTs wait, and those of another origin do not", async () => {
    const held: RawConnection[] = [];
    await using slow = await RawReceiver.start((connection) => held.push(connection));
    await using quick = await RawReceiver.start(answer(ok));
    start({ connectionsPerOriginMax: 2 });
    const posts = Array.from({ length: 4 }, () => post(transport, endpoint(slow.origin)));
    const short = post(transport, endpoint(slow.origin, { connection: "close" }));
    await eventually(() => held.length).toBe(2);
    expect(await post(transport, endpoint(quick.origin))).toMatchObject({ error: null });
    expect(slow.connections).toHaveLength(2);
    for (let answered = 0; answered < 5; answered++) {
      await eventually(() => held.length).toBeGreaterThan(answered);
      held[answered]?.socket.write(ok);
    }
    for (const result of await Promise.all([...posts, short])) expect(result).toMatchObject({ error: null });
    expect(slow.connections).toHaveLength(3);
  });

  test("a POST that waits until its timeout ends as timeout and is never sent", async () => {
    const time = new ManualTime();
    await using receiver = await RawReceiver.start(() => {});
    start({ clock: time, timers: time, connectionsPerOriginMax: 1 });
    const first = post(transport, endpoint(receiver.origin, { timeoutMs: 5_000 }), "first");
    const second = post(transport, endpoint(receiver.origin, { timeoutMs: 5_000 }), "second");
    await eventually(() => receiver.requests).toBe(1);
    time.advance(5_000);
    expect(await first).toMatchObject({ error: "timeout" });
    expect(await second).toMatchObject({ error: "timeout" });
    await eventually(() => transport.openSockets()).toBe(0);
    expect(receiver.requests).toBe(1);
  });

  test("at the origin's limit an idle connection is closed for a POST that needs a new one", async () => {
    const held: RawConnection[] = [];
    await using receiver = await RawReceiver.start((connection) => {
      if (connection.number === 1) answer(ok)(connection);
      else held.push(connection);
    });
    await using other = await RawReceiver.start(answer(ok));
    start({ connectionsPerOriginMax: 1, keepAliveMs: 60_000 });
    await post(transport, endpoint(receiver.origin));
    const short = post(transport, endpoint(receiver.origin, { connection: "close" }));
    await eventually(() => held.length).toBe(1);
    const waiting = post(transport, endpoint(receiver.origin));
    await post(transport, endpoint(other.origin));
    expect(receiver.connections).toHaveLength(2);
    held[0]?.socket.write(ok);
    expect(await short).toMatchObject({ error: null });
    await eventually(() => held.length).toBe(2);
    held[1]?.socket.write(ok);
    expect(await waiting).toMatchObject({ error: null });
  });

  test("at the total limit the longest idle connection is closed, and without one the POST fails at once", async () => {
    const silent: RawConnection[] = [];
    await using a = await RawReceiver.start(answer(ok));
    await using b = await RawReceiver.start(answer(ok));
    await using c = await RawReceiver.start((connection) => silent.push(connection));
    start({ connectionsMax: 2 });
    await post(transport, endpoint(a.origin));
    await post(transport, endpoint(b.origin));
    const held = [post(transport, endpoint(c.origin))];
    await eventually(() => a.connections[0]?.closed()).toBe(true);
    expect(b.connections[0]?.closed()).toBe(false);
    held.push(post(transport, endpoint(c.origin)));
    await eventually(() => silent.length).toBe(2);
    expect(await post(transport, endpoint(a.origin))).toMatchObject({ error: "connect_failed" });
    for (const { socket } of silent) socket.write(ok);
    for (const result of await Promise.all(held)) expect(result).toMatchObject({ error: null });
    expect(await post(transport, endpoint(a.origin))).toMatchObject({ error: null });
  });
});

describe("closing", () => {
  test("aborts POSTs in flight, connecting or waiting, and closes every socket", async () => {
    await using receiver = await RawReceiver.start(() => {});
    start({
      connectionsPerOriginMax: 1,
      resolver: () => {},
    });
    const posts = [
      post(transport, endpoint(receiver.origin)),
      post(transport, endpoint(receiver.origin)),
      post(transport, endpoint("http://unresolved.test")),
    ];
    await eventually(() => receiver.requests).toBe(1);
    await transport.close();
    expect(transport.openSockets()).toBe(0);
    for (const result of await Promise.all(posts)) expect(result).toMatchObject({ error: "aborted", status: 0 });
  });

  test("closes idle connections, and may be called twice", async () => {
    await using receiver = await RawReceiver.start(answer(ok));
    start();
    await post(transport, endpoint(receiver.origin));
    await Promise.all([transport.close(), transport.close()]);
    expect(transport.openSockets()).toBe(0);
  });

  test("makes every later POST aborted", async () => {
    start();
    await transport.close();
    expect(await post(transport, endpoint("http://127.0.0.1:1"))).toMatchObject({ error: "aborted" });
  });
});

test("idle connections do not keep a process alive", async () => {
  start();
  await using receiver = await RawReceiver.start(answer(ok));
  const script = `
    const { createTransport } = await import(process.argv[1]);
    const transport = createTransport({ allowPrivateNetworks: true, keepAliveMs: 3_600_000 });
    const origin = process.argv[2];
    const endpoint = { origin, path: "/", connection: "keep-alive", timeoutMs: 60_000, wholeReplyBytesMax: null };
    transport.post(endpoint, [], new Uint8Array(3), (result) => console.log(result.status, transport.openSockets()));
  `;
  const module = new URL("./transport-by-scheme.ts", import.meta.url).href;
  const options = ["--conditions=ringback-source", "--input-type=module", "-e", script];
  const child = promisify(execFile)(process.execPath, [...options, module, receiver.origin]);
  expect((await child).stdout).toBe("200 1\n");
});

function cutAt(text: string, positions: readonly number[]): string[] {
  const edges = [0, ...positions.toSorted((a, b) => a - b), text.length];
  return edges.slice(1).map((edge, index) => text.slice(edges[index], edge));
}

async function writePieces(socket: RawConnection["socket"], pieces: readonly string[]): Promise<void> {
  for (const piece of pieces) {
    if (piece === "") continue;
    await new Promise((written) => socket.write(piece, "latin1", written));
    await new Promise((turn) => setImmediate(turn));
  }
}
