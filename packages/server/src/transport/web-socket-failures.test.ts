import { setImmediate as turn } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { transportLimits } from "./limits.ts";
import type { Endpoint, Transport } from "./port.ts";
import { eventually } from "./testing/eventually.ts";
import { ManualTime } from "./testing/manual-time.ts";
import { closeClean, endpoint, post } from "./testing/posting.ts";
import { RawReceiver } from "./testing/raw-receiver.ts";
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
/** More bytes than the system buffers while the peer does not read. */
const tooMuch = Buffer.alloc(16 * 1024 * 1024, "x");

describe("a message over a WebSocket has failed", () => {
  test("when the port is closed", async () => {
    const peer = await WebSocketPeer.start();
    const nobody = at(peer);
    await peer.stop();
    expect(await post(start(), nobody)).toMatchObject({ error: "connect_refused", status: 0 });
  });

  test("when its address is denied, given directly or by a name", async () => {
    start({ allowPrivateNetworks: false, resolver: (_name, done) => done(null, ["127.0.0.1"]) });
    for (const origin of ["ws://127.0.0.1:9", "wss://[::1]:9", "ws://rebound.test"]) {
      expect(await post(transport, endpoint(origin))).toMatchObject({ error: "address_denied" });
    }
  });

  test("when its name has no address", async () => {
    start({ resolver: (_name, done) => setImmediate(done, new Error("no such name"), []) });
    expect(await post(transport, endpoint("ws://nowhere.test"))).toMatchObject({ error: "dns_failed" });
  });

  test.each([
    ["a page", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"],
    ["an error", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"],
    ["a redirect", "HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"],
    [
      "a false handshake",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n",
    ],
    ["another protocol", "SSH-2.0-OpenSSH\r\n"],
    ["endless headers", `HTTP/1.1 101 Switching Protocols\r\n${"x-a: y\r\n".repeat(10_000)}`],
  ])("when the peer answers the handshake with %s", async (_, answer) => {
    await using receiver = await RawReceiver.start(({ socket }) => socket.write(answer));
    expect(await post(start(), at(receiver))).toMatchObject({ error: "bad_reply" });
  });

  test("when the peer disconnects during the handshake", async () => {
    await using receiver = await RawReceiver.start(({ socket }) => socket.destroy());
    expect(await post(start(), at(receiver))).toMatchObject({ error: "connection_reset" });
  });

  test.each([
    ["never answers the handshake", () => RawReceiver.start(() => {})],
    ["never says hello", () => WebSocketPeer.start({ greet: () => {} })],
  ])("when the peer %s", async (_, startPeer) => {
    await using peer = await startPeer();
    const time = startWithTime();
    const short = post(transport, at(peer, { timeoutMs: 3_000 }));
    const long = post(transport, at(peer, { timeoutMs: 60_000 }));
    const connections = (): number => (peer instanceof WebSocketPeer ? peer.sockets.length : peer.requests);
    await eventually(connections).toBe(1);
    time.advance(3_000);
    expect(await short).toMatchObject({ error: "timeout", durationMs: 3_000 });
    time.advance(transportLimits.webSocketGreetingMsMax - 3_000);
    expect(await long).toMatchObject({ error: "timeout", durationMs: transportLimits.webSocketGreetingMsMax });
    await eventually(() => transport.openSockets()).toBe(0);
  });

  test.each([
    ["another word", (peer: WebSocketPeer) => peer.last.send("welcome")],
    ["hello as bytes", (peer: WebSocketPeer) => peer.last.send(Buffer.from("hello"))],
    ["a megabyte", (peer: WebSocketPeer) => peer.last.send("x".repeat(1024 * 1024))],
  ])("when the peer greets with %s", async (_, greet) => {
    const peer: WebSocketPeer = await WebSocketPeer.start({ greet: () => greet(peer) });
    expect(await post(start(), at(peer))).toMatchObject({ error: "bad_reply" });
    expect(peer.messages).toEqual([]);
    await peer.stop();
  });

  test.each([
    ["goodbye", (peer: WebSocketPeer) => peer.last.close(1000)],
    ["nothing and goes", (peer: WebSocketPeer) => peer.last.terminate()],
  ])("when the peer sends %s instead of hello", async (_, greet) => {
    const peer: WebSocketPeer = await WebSocketPeer.start({ greet: () => greet(peer) });
    expect(await post(start(), at(peer))).toMatchObject({ error: "connection_reset" });
    await peer.stop();
  });

  test("when the connection drops before it is completely sent; other messages are sent later", async () => {
    const peer = await WebSocketPeer.start();
    const time = startWithTime();
    await post(transport, at(peer), "first");
    peer.last.pause();
    const cut = post(transport, at(peer), tooMuch);
    const next = post(transport, at(peer), "next");
    await eventually(() => peer.last.readyState).toBe(1);
    peer.last.terminate();
    expect(await cut).toMatchObject({ error: "connection_reset" });
    time.advance(transportLimits.webSocketRetryMsMin);
    expect(await next).toMatchObject(sentResult);
    await eventually(() => peer.messages.at(-1)).toMatchObject({ text: "next", connection: 2 });
    await peer.stop();
  });

  test("when the peer does not read; then the connection is closed", async () => {
    const peer = await WebSocketPeer.start();
    const time = startWithTime();
    await post(transport, at(peer), "first");
    peer.last.pause();
    const stuck = post(transport, at(peer, { timeoutMs: 2_000 }), tooMuch);
    const behind = post(transport, at(peer, { timeoutMs: 60_000 }), "behind");
    await turn();
    time.advance(2_000);
    expect(await stuck).toMatchObject({ error: "timeout" });
    time.advance(transportLimits.webSocketRetryMsMin);
    expect(await behind).toMatchObject(sentResult);
    expect(peer.sockets).toHaveLength(2);
    await peer.stop();
  });

  test("when too many messages wait", async () => {
    await using peer = await WebSocketPeer.start({ greet: () => {} });
    start();
    const { webSocketWaitingMax } = transportLimits;
    const waiting = Array.from({ length: webSocketWaitingMax }, () => post(transport, at(peer)));
    expect(await post(transport, at(peer))).toMatchObject({ error: "connect_failed" });
    await transport.close();
    expect((await Promise.all(waiting)).every(({ error }) => error === "aborted")).toBe(true);
  });
});
