import * as fc from "fast-check";
import type { Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { transportLimits } from "./limits.ts";
import type { Endpoint, PostResult, Transport } from "./port.ts";
import { eventually } from "./testing/eventually.ts";
import { ManualTime } from "./testing/manual-time.ts";
import { closeClean, endpoint, post } from "./testing/posting.ts";
import { type RawConnection, RawReceiver } from "./testing/raw-receiver.ts";
import { createTransport, type TransportOptions } from "./transport-by-scheme.ts";

// Real: sockets on 127.0.0.1. Faked where a test says so: time and the resolver.
let transport: Transport;
function start(options: TransportOptions = {}): Transport {
  transport = createTransport({ allowPrivateNetworks: true, ...options });
  return transport;
}

afterEach(() => closeClean(transport));

const at = (receiver: RawReceiver, changes: Partial<Endpoint> = {}): Endpoint =>
  endpoint(`tcp://127.0.0.1:${receiver.port}`, { path: "/?byteOrder=big", connection: "close", ...changes });

/** A receiver that calls `act` for each new connection. */
const receiving = (serve: (socket: Socket, connection: RawConnection) => void): Promise<RawReceiver> =>
  RawReceiver.start(
    () => {},
    (connection) => serve(connection.socket, connection),
  );

const endingWithSender = (): Promise<RawReceiver> => receiving((socket) => socket.on("end", () => socket.end()));
const sentResult = { error: null, status: 0, headers: {}, body: new Uint8Array() };

describe("a message over TCP", () => {
  test("is four bytes of length, the bytes, and the end", async () => {
    await using receiver = await endingWithSender();
    const result = await post(start(), at(receiver), Buffer.from('{"id":12345678901234567890}'));
    expect(result).toMatchObject(sentResult);
    expect(receiver.connections[0]?.received()).toBe('\x00\x00\x00\x1b{"id":12345678901234567890}');
    expect(receiver.connections[0]?.closed()).toBe(true);
  });

  test("has its length in little-endian order if the URL says so", async () => {
    await using receiver = await endingWithSender();
    await post(start(), at(receiver, { path: "/?byteOrder=little" }), Buffer.alloc(258, "x"));
    expect(receiver.connections[0]?.received()).toBe(`\x02\x01\x00\x00${"x".repeat(258)}`);
  });

  test("has its own connection, and arrives byte for byte", async () => {
    await using receiver = await endingWithSender();
    start();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 100_000 }), async (body) => {
        const before = receiver.connections.length;
        expect(await post(transport, at(receiver), body)).toMatchObject(sentResult);
        const [connection, ...more] = receiver.connections.slice(before);
        expect(more).toEqual([]);
        expect(Buffer.from(connection?.received() ?? "", "latin1").subarray(4)).toEqual(Buffer.from(body));
      }),
      { numRuns: 30 },
    );
  });

  test("is not written when its timeout comes before the connection is open", async () => {
    await using receiver = await endingWithSender();
    let maySend = true;
    const pending = post(start(), at(receiver, { maySend: () => maySend }), "stale");
    maySend = false;
    expect(await pending).toMatchObject({ error: "aborted", status: 0 });
    expect(await post(transport, at(receiver, { maySend: () => true }), "new")).toMatchObject(sentResult);
    expect(receiver.connections.map((connection) => connection.received()).join("")).toBe("\x00\x00\x00\x03new");
  });

  test("can be a megabyte long", async () => {
    await using receiver = await endingWithSender();
    const body = Buffer.alloc(1024 * 1024, "y");
    expect(await post(start(), at(receiver), body)).toMatchObject(sentResult);
    expect(receiver.connections[0]?.received().length).toBe(body.length + 4);
  });

  test("counts as sent when the receiver ends its side, even if it sends something first", async () => {
    await using receiver = await receiving((socket) => socket.on("end", () => socket.end("ok")));
    const time = new ManualTime();
    expect(await post(start({ timers: time, clock: time }), at(receiver))).toMatchObject(sentResult);
  });

  test("counts as sent after tcpEndMsMax when the receiver keeps the connection open", async () => {
    const time = new ManualTime();
    await using receiver = await receiving(() => {});
    const result = post(start({ timers: time, clock: time }), at(receiver));
    await eventually(() => receiver.connections[0]?.closed()).toBe(true);
    // Two timers are running: the deadline, and the wait until the receiver ends the connection.
    await eventually(() => time.timersRunning).toBe(2);
    time.advance(transportLimits.tcpEndMsMax);
    expect(await result).toMatchObject({ ...sentResult, durationMs: transportLimits.tcpEndMsMax });
  });
});

describe("a message over TCP has failed", () => {
  test("when the port is closed", async () => {
    const receiver = await endingWithSender();
    const nobody = at(receiver);
    await receiver[Symbol.asyncDispose]();
    expect(await post(start(), nobody)).toMatchObject({ error: "connect_refused", status: 0 });
  });

  test("when the receiver resets the connection instead of reading", async () => {
    await using receiver = await receiving((socket) => socket.resetAndDestroy());
    const { error } = await post(start(), at(receiver));
    // The reset may arrive before the connection is reported.
    expect(["connection_reset", "connect_failed"]).toContain(error);
  });

  test("when the receiver resets the connection after reading", async () => {
    await using receiver = await receiving((socket) => socket.on("data", () => socket.resetAndDestroy()));
    expect(await post(start(), at(receiver))).toMatchObject({ error: "connection_reset" });
  });

  test("when the receiver disconnects in the middle of the message", async () => {
    await using receiver = await receiving((socket) => socket.once("data", () => socket.destroy()));
    expect(await post(start(), at(receiver), Buffer.alloc(16 * 1024 * 1024))).toMatchObject({
      error: "connection_reset",
    });
  });

  test("when the receiver ends its side before the whole message, and stops reading", async () => {
    await using receiver = await receiving((socket) => socket.pause().end());
    expect(await post(start(), at(receiver), Buffer.alloc(16 * 1024 * 1024))).toMatchObject({
      error: "connection_reset",
    });
  });

  test("when the receiver never reads and the message exceeds the system's buffers", async () => {
    const time = new ManualTime();
    await using receiver = await receiving((socket) => socket.pause());
    const to = at(receiver, { timeoutMs: 5_000 });
    const result = post(start({ timers: time, clock: time }), to, Buffer.alloc(16 * 1024 * 1024));
    await eventually(() => receiver.connections.length).toBe(1);
    time.advance(5_000);
    expect(await result).toMatchObject({ error: "timeout", durationMs: 5_000 });
  });

  test("when the receiver sends without end and does not read", async () => {
    const piece = Buffer.alloc(64 * 1024, "z");
    await using receiver = await receiving((socket) => {
      socket.pause();
      const more = (): void => {
        while (socket.write(piece));
      };
      socket.on("drain", more);
      more();
    });
    expect(await post(start(), at(receiver), Buffer.alloc(16 * 1024 * 1024))).toMatchObject({ error: "bad_reply" });
  });

  test("when its address is denied, given directly or by a name", async () => {
    start({ allowPrivateNetworks: false, resolver: (_name, done) => done(null, ["10.0.0.1"]) });
    expect(await post(transport, endpoint("tcp://10.0.0.1:9"))).toMatchObject({ error: "address_denied" });
    expect(await post(transport, endpoint("tcp://rebound.test:9"))).toMatchObject({ error: "address_denied" });
  });

  test("when its name has no address", async () => {
    start({ resolver: (_name, done) => setImmediate(done, new Error("no such name"), []) });
    expect(await post(transport, endpoint("tcp://nowhere.test:9"))).toMatchObject({ error: "dns_failed" });
  });

  test("when all connections are busy, and releases its own connection", async () => {
    await using receiver = await receiving((socket) => socket.on("end", () => answers.push(() => socket.end())));
    const answers: (() => void)[] = [];
    start({ connectionsMax: 1 });
    const first = post(transport, at(receiver));
    await eventually(() => answers.length).toBe(1);
    expect(await post(transport, at(receiver))).toMatchObject({ error: "connect_failed" });
    answers[0]?.();
    expect(await first).toMatchObject(sentResult);
    const third = post(transport, at(receiver));
    await eventually(() => answers.length).toBe(2);
    answers[1]?.();
    expect(await third).toMatchObject(sentResult);
  });
});

describe("closing the transport", () => {
  test("aborts a message that is not written, while a written one counts as sent", async () => {
    await using stuck = await receiving((socket) => socket.pause());
    await using quiet = await receiving(() => {});
    start();
    const results: Promise<PostResult>[] = [
      post(transport, at(stuck), Buffer.alloc(16 * 1024 * 1024)),
      post(transport, at(quiet)),
    ];
    await eventually(() => quiet.connections[0]?.closed()).toBe(true);
    await eventually(() => stuck.connections.length).toBe(1);
    await closeClean(transport);
    expect(await Promise.all(results)).toMatchObject([{ error: "aborted" }, sentResult]);
    expect(await post(transport, at(quiet))).toMatchObject({ error: "aborted" });
    expect(quiet.connections).toHaveLength(1);
  });
});
