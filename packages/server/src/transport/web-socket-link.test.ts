import type { Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { transportLimits } from "./limits.ts";
import type { Endpoint, Transport } from "./port.ts";
import { eventually } from "./testing/eventually.ts";
import { ManualTime } from "./testing/manual-time.ts";
import { closeClean, endpoint, post } from "./testing/posting.ts";
import { RawReceiver } from "./testing/raw-receiver.ts";
import { tlsFixture } from "./testing/tls-fixture.ts";
import { WebSocketPeer } from "./testing/web-socket-peer.ts";
import { createTransport, type TransportOptions } from "./transport-by-scheme.ts";

// Real: WebSockets of the ws library, and plain sockets that imitate them, on 127.0.0.1. Faked where a test says so:
// time and the resolver.
let transport: Transport;
function start(options: TransportOptions = {}): Transport {
  transport = createTransport({ allowPrivateNetworks: true, ...options });
  return transport;
}

/** Creates a transport with time that only the test advances. */
function startWithTime(options: TransportOptions = {}): ManualTime {
  const time = new ManualTime();
  start({ clock: time, timers: time, ...options });
  return time;
}

afterEach(() => closeClean(transport));

const at = (peer: { readonly origin: string }, changes: Partial<Endpoint> = {}): Endpoint =>
  endpoint(peer.origin.replace(/^http/, "ws"), { path: "/", ...changes });
const sentResult = { error: null, status: 0, headers: {}, body: new Uint8Array() };

describe("a message over a WebSocket", () => {
  test("is sent as one text frame, byte for byte, after hello in both directions", async () => {
    await using peer = await WebSocketPeer.start();
    const body = Buffer.from('{"id":12345678901234567890,"名":"😀"}');
    const before = Buffer.from(body);
    expect(await post(start(), at(peer, { path: "/push?token=a%20b" }), body)).toMatchObject(sentResult);
    await eventually(() => peer.messages).toEqual([{ text: before.toString(), isBinary: false, connection: 1 }]);
    expect(peer.paths).toEqual(["/push?token=a%20b"]);
    // ws masks frames in place, which must not change the message.
    expect(body).toEqual(before);
  });

  test("shares one connection with all messages to the same URL, in order", async () => {
    await using peer = await WebSocketPeer.start({ onMessage: (socket) => socket.send("ok") });
    start();
    const texts = Array.from({ length: 100 }, (_, index) => String(index));
    const results = await Promise.all(texts.map((text) => post(transport, at(peer), text)));
    expect(results.every(({ error }) => error === null)).toBe(true);
    await eventually(() => peer.texts).toEqual(texts);
    expect(await post(transport, at(peer), "later")).toMatchObject(sentResult);
    expect(peer.sockets).toHaveLength(1);
    await post(transport, at(peer, { path: "/other" }));
    expect(peer.sockets).toHaveLength(2);
  });

  test("is not sent when its timeout comes before the connection is open, and later messages are", async () => {
    await using peer = await WebSocketPeer.start();
    let maySend = true;
    start();
    const stale = post(transport, at(peer, { maySend: () => maySend }), "stale");
    const next = post(transport, at(peer), "next");
    maySend = false;
    expect(await stale).toMatchObject({ error: "aborted", status: 0 });
    expect(await next).toMatchObject(sentResult);
    // The same on a connection that is open already.
    expect(await post(transport, at(peer, { maySend: () => maySend }), "late")).toMatchObject({ error: "aborted" });
    expect(await post(transport, at(peer), "last")).toMatchObject(sentResult);
    await eventually(() => peer.texts).toEqual(["next", "last"]);
  });

  test("can be a megabyte long", async () => {
    await using peer = await WebSocketPeer.start();
    const body = "y".repeat(1024 * 1024);
    expect(await post(start(), at(peer), body)).toMatchObject(sentResult);
    await eventually(() => peer.texts[0]?.length).toBe(body.length);
  });

  test("is sent over TLS only to a peer with a trusted certificate", async () => {
    await using peer = await WebSocketPeer.start({ tls: true });
    start();
    expect(await post(transport, at(peer))).toMatchObject({ error: "tls_failed" });
    await transport.close();
    expect(await post(start({ caPem: tlsFixture.cert }), at(peer))).toMatchObject(sentResult);
    await eventually(() => peer.texts).toEqual(["hello"]);
    expect(peer.sockets).toHaveLength(1);
  });

  test.each(["ok", "hello", "", "x".repeat(60_000), '{"response":"success"}'])(
    "does not care what the peer answers",
    async (answer) => {
      await using peer = await WebSocketPeer.start({ onMessage: (socket) => socket.send(answer) });
      start();
      for (const text of ["1", "2", "3"]) expect(await post(transport, at(peer), text)).toMatchObject(sentResult);
      await eventually(() => peer.texts).toEqual(["1", "2", "3"]);
      expect(peer.sockets).toHaveLength(1);
    },
  );

  test("waits for the peer's hello", async () => {
    const late: (() => void)[] = [];
    await using peer = await WebSocketPeer.start({ greet: (socket) => late.push(() => socket.send(" hello\n")) });
    const result = post(start(), at(peer), "1");
    await eventually(() => late.length).toBe(1);
    expect(peer.messages).toEqual([]);
    late[0]?.();
    expect(await result).toMatchObject(sentResult);
  });
});

describe("a peer that sends too much is disconnected", () => {
  test.each<[string, (peer: WebSocketPeer) => void]>([
    ["frames over the limit", (peer) => peer.last.send("x".repeat(transportLimits.webSocketReceivedFrameBytesMax + 1))],
    [
      "message after message",
      (peer) => {
        for (let count = 0; count < 40; count++) peer.last.send("x".repeat(10_000));
      },
    ],
    [
      "empty messages",
      (peer) => {
        for (let count = 0; count < 20_000; count++) peer.last.send("");
      },
    ],
    [
      "pings",
      (peer) => {
        for (let count = 0; count < 20_000; count++) peer.last.ping();
      },
    ],
    [
      "fragments without end",
      (peer) => {
        for (let count = 0; count < 1_000; count++) peer.last.send("x", { fin: false });
      },
    ],
    ["what is no frame", (peer) => rawSocketOf(peer).write(Buffer.alloc(100, 0xff))],
  ])("when it sends %s", async (_, flood) => {
    await using peer = await WebSocketPeer.start();
    const time = startWithTime();
    await post(transport, at(peer), "1");
    flood(peer);
    await eventually(() => transport.openSockets()).toBe(0);
    // The next message uses a new connection.
    const next = post(transport, at(peer), "2");
    time.advance(transportLimits.webSocketRetryMsMin);
    expect(await next).toMatchObject(sentResult);
    await eventually(() => peer.messages.at(-1)).toMatchObject({ text: "2", connection: 2 });
  });

  test("but may answer every message, however many there are", async () => {
    await using peer = await WebSocketPeer.start({ onMessage: (socket) => socket.send("x".repeat(900)) });
    start();
    for (let round = 0; round < 20; round++) {
      await Promise.all(Array.from({ length: 50 }, () => post(transport, at(peer))));
    }
    await eventually(() => peer.messages.length).toBe(1000);
    expect(peer.sockets).toHaveLength(1);
  });
});

describe("the connection is kept", () => {
  test("while the peer answers pings", async () => {
    await using peer = await WebSocketPeer.start();
    const time = startWithTime();
    await post(transport, at(peer), "1");
    for (let round = 1; round <= 5; round++) {
      await pongs(peer, round);
      time.advance(transportLimits.webSocketPingMs);
    }
    expect(peer.sockets).toHaveLength(1);
  });

  test("until a ping is not answered, and is then opened again", async () => {
    await using peer = await WebSocketPeer.start();
    const time = startWithTime();
    await post(transport, at(peer), "1");
    await pongs(peer, 1);
    peer.last.pause();
    time.advance(transportLimits.webSocketPingMs);
    expect(transport.openSockets()).toBe(1);
    time.advance(transportLimits.webSocketPingMs);
    await eventually(() => transport.openSockets()).toBe(0);
    time.advance(transportLimits.webSocketRetryMsMin);
    await eventually(() => peer.sockets.length).toBe(2);
    expect(await post(transport, at(peer), "2")).toMatchObject(sentResult);
  });

  test("until it is idle; then it is closed with a closing handshake, and opened for the next message", async () => {
    await using peer = await WebSocketPeer.start();
    const time = startWithTime();
    const closeCodes: number[] = [];
    await post(transport, at(peer), "1");
    peer.last.on("close", (code) => closeCodes.push(code));
    const { webSocketIdleMs, webSocketPingMs } = transportLimits;
    for (let passedMs = 0, round = 1; passedMs < webSocketIdleMs; passedMs += webSocketPingMs, round++) {
      expect(closeCodes).toEqual([]);
      await pongs(peer, round);
      time.advance(webSocketPingMs);
    }
    await eventually(() => closeCodes).toEqual([1001]);
    await eventually(() => time.timersRunning).toBe(0);
    expect(await post(transport, at(peer), "2")).toMatchObject(sentResult);
    expect(peer.sockets).toHaveLength(2);
  });

  test("unless the budget needs it for another origin", async () => {
    await using first = await WebSocketPeer.start();
    await using second = await WebSocketPeer.start();
    await using third = await RawReceiver.start(({ socket }) =>
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    );
    start({ connectionsMax: 1 });
    expect(await post(transport, at(first), "1")).toMatchObject(sentResult);
    expect(await post(transport, at(second), "2")).toMatchObject(sentResult);
    await eventually(() => transport.openSockets()).toBe(1);
    expect(await post(transport, endpoint(third.origin))).toMatchObject({ status: 200 });
    await eventually(() => transport.openSockets()).toBe(1);
    expect(await post(transport, at(first), "3")).toMatchObject(sentResult);
    await eventually(() => first.texts).toEqual(["1", "3"]);
  });

  test("while it is busy, even if the budget needs a connection", async () => {
    await using busy = await WebSocketPeer.start({ greet: () => {} });
    await using other = await WebSocketPeer.start();
    start({ connectionsMax: 1 });
    const waiting = post(transport, at(busy));
    await eventually(() => busy.sockets.length).toBe(1);
    expect(await post(transport, at(other))).toMatchObject({ error: "connect_failed" });
    await transport.close();
    expect(await waiting).toMatchObject({ error: "aborted" });
  });
});

describe("when the peer has disconnected", () => {
  test("a message waits for the next try and fails with it, and the pause grows with each failure", async () => {
    const peer = await WebSocketPeer.start();
    const { port } = peer;
    const to = at(peer, { timeoutMs: 60_000 });
    const time = startWithTime();
    await post(transport, to, "1");
    await peer.stop();
    await eventually(() => transport.openSockets()).toBe(0);
    const { webSocketRetryMsMin, webSocketRetryMsMax } = transportLimits;
    for (let pauseMs = webSocketRetryMsMin; pauseMs < 2 * webSocketRetryMsMax; pauseMs *= 2) {
      const waitMs = Math.min(pauseMs, webSocketRetryMsMax);
      const next = post(transport, to, "2");
      time.advance(waitMs);
      expect(await next).toMatchObject({ error: "connect_refused", durationMs: waitMs });
    }
    await using again = await WebSocketPeer.start({ port });
    const last = post(transport, to, "3");
    time.advance(webSocketRetryMsMax);
    expect(await last).toMatchObject(sentResult);
    await eventually(() => again.texts).toEqual(["3"]);
  });

  test("a message whose timeout comes before the next try ends with the error of the last one", async () => {
    const peer = await WebSocketPeer.start();
    const to = at(peer);
    const time = startWithTime();
    await peer.stop();
    expect(await post(transport, to)).toMatchObject({ error: "connect_refused" });
    for (const waitMs of [250, 500, 1_000]) {
      const next = post(transport, to);
      time.advance(waitMs);
      expect(await next).toMatchObject({ error: "connect_refused" });
    }
    const late = post(transport, { ...to, timeoutMs: 1_000 });
    time.advance(1_000);
    expect(await late).toMatchObject({ error: "connect_refused", durationMs: 1_000 });
  });

  test("it is connected again without a message", async () => {
    const peer = await WebSocketPeer.start();
    const { port } = peer;
    const time = startWithTime();
    await post(transport, at(peer), "1");
    await peer.stop();
    await eventually(() => transport.openSockets()).toBe(0);
    await using again = await WebSocketPeer.start({ port });
    time.advance(transportLimits.webSocketRetryMsMin);
    await eventually(() => again.sockets.length).toBe(1);
  });

  test("no state is left if it had never been connected", async () => {
    const peer = await WebSocketPeer.start();
    const to = at(peer);
    await peer.stop();
    const time = startWithTime();
    expect(await post(transport, to)).toMatchObject({ error: "connect_refused" });
    time.advance(transportLimits.webSocketRetryMsMin);
    expect(time.timersRunning).toBe(0);
  });
});

describe("closing the transport", () => {
  test("sends the closing handshake to peers and aborts waiting messages", async () => {
    await using peer = await WebSocketPeer.start();
    await using silent = await WebSocketPeer.start({ greet: () => {} });
    start();
    const codes: number[] = [];
    await post(transport, at(peer), "1");
    peer.last.on("close", (code) => codes.push(code));
    const waiting = post(transport, at(silent));
    await eventually(() => silent.sockets.length).toBe(1);
    await closeClean(transport);
    expect(await waiting).toMatchObject({ error: "aborted" });
    await eventually(() => codes).toEqual([1001]);
    expect(await post(transport, at(peer))).toMatchObject({ error: "aborted" });
  });

  test("closes the connection of a peer that does not answer the closing handshake", async () => {
    await using peer = await WebSocketPeer.start();
    start();
    await post(transport, at(peer), "1");
    peer.last.pause();
    await closeClean(transport);
  });
});

function rawSocketOf(peer: WebSocketPeer): Socket {
  // oxlint-disable-next-line no-underscore-dangle, typescript/no-unsafe-type-assertion -- ws has no public name for it
  return (peer.last as unknown as { readonly _socket: Socket })._socket;
}

/**
 * Waits for the peer's pongs. The peer sends a pong when it reads a ping, so the pongs arrive within the next turns of
 * this event loop.
 */
async function pongs(peer: WebSocketPeer, count: number): Promise<void> {
  await eventually(() => peer.pings).toBe(count);
  for (let turns = 0; turns < 3; turns++) await turn();
}
