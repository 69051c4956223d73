import { setImmediate as immediate } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { createTransport, type TransportOptions } from "./transport-by-scheme.ts";
import { transportLimits } from "./limits.ts";
import type { Transport } from "./port.ts";
import { eventually } from "./testing/eventually.ts";
import { ManualTime } from "./testing/manual-time.ts";
import { closeClean, endpoint, post } from "./testing/posting.ts";
import { type RawConnection, RawReceiver } from "./testing/raw-receiver.ts";
import { tlsFixture } from "./testing/tls-fixture.ts";
import { startTlsReceiverThread } from "./testing/tls-receiver-thread.ts";

// Real: undici, sockets on 127.0.0.1. Faked where a test says so: time.
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

describe("a keep-alive connection", () => {
  test("is used for one POST after the other", async () => {
    await using receiver = await RawReceiver.start(answer(ok));
    start();
    for (let index = 0; index < 5; index++) await post(transport, endpoint(receiver.origin));
    expect(receiver.connections).toHaveLength(1);
    expect(receiver.requests).toBe(5);
    expect(transport.openSockets()).toBe(1);
  });

  test("is never used for two POSTs at a time", async () => {
    const held: RawConnection[] = [];
    await using receiver = await RawReceiver.start((connection) => held.push(connection));
    start();
    const posts = [1, 2, 3].map(() => post(transport, endpoint(receiver.origin)));
    await eventually(() => held.length).toBe(3);
    expect(receiver.connections).toHaveLength(3);
    for (const connection of held) answer(ok)(connection);
    await Promise.all(posts);
  });

  test("is closed after its idle time, or sooner if the server names a shorter one", async () => {
    await using receiver = await RawReceiver.start(answer(ok));
    start({ keepAliveMs: 20 });
    expect(await post(transport, endpoint(receiver.origin))).toMatchObject({ error: null });
    await eventually(() => transport.openSockets()).toBe(0);

    await using hinting = await RawReceiver.start(
      answer("HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 0\r\n\r\n"),
    );
    expect(await post(start(), endpoint(hinting.origin))).toMatchObject({ error: null });
    await eventually(() => transport.openSockets()).toBe(0);
  });

  test("is not reused when the server says close, or has not read the whole request", async () => {
    await using closing = await RawReceiver.start(
      answer("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
    );
    start();
    await post(transport, endpoint(closing.origin));
    await post(transport, endpoint(closing.origin));
    expect(closing.connections).toHaveLength(2);

    await using early = await RawReceiver.start(
      () => {},
      ({ socket }) => {
        socket.pause();
        socket.write(ok);
      },
    );
    const body = new Uint8Array(32 * 1024 * 1024);
    for (let index = 1; index <= 2; index++) {
      expect(await post(transport, endpoint(early.origin), body)).toMatchObject({ error: null, status: 200 });
      expect(early.connections).toHaveLength(index);
    }
  });

  test("that the server closed while it was idle is replaced", async () => {
    await using receiver = await RawReceiver.start(answer(ok));
    start();
    await post(transport, endpoint(receiver.origin));
    receiver.connections[0]?.socket.end();
    await eventually(() => transport.openSockets()).toBe(0);
    expect(await post(transport, endpoint(receiver.origin))).toMatchObject({ error: null, status: 200 });
    expect(receiver.requests).toBe(2);
  });

  test("that the server closes while it is being reused is replaced within the same attempt", async () => {
    const first: RawConnection[] = [];
    await using receiver = await RawReceiver.start((connection, request) => {
      if (connection.number <= 2 && request === 2) connection.socket.destroy();
      else if (connection.number <= 2) first.push(connection);
      else connection.socket.write(ok);
    });
    start();
    const both = [post(transport, endpoint(receiver.origin)), post(transport, endpoint(receiver.origin))];
    await eventually(() => first.length).toBe(2);
    for (const { socket } of first) socket.write(ok);
    await Promise.all(both);
    expect(await post(transport, endpoint(receiver.origin))).toMatchObject({ error: null, status: 200 });
    expect(receiver.connections).toHaveLength(3);
    expect(receiver.requests).toBe(4);
  });

  test("whose replacement fails as well ends as connection_reset", async () => {
    await using receiver = await RawReceiver.start(({ socket, number }, request) => {
      if (number === 1 && request === 1) socket.write(ok);
      else socket.destroy();
    });
    start();
    await post(transport, endpoint(receiver.origin));
    expect(await post(transport, endpoint(receiver.origin))).toMatchObject({ error: "connection_reset", status: 0 });
    expect(receiver.requests).toBe(3);
  });

  test("is not replaced after the first byte of the reply, nor after staleConnectionMsMax", async () => {
    const time = new ManualTime();
    const received: RawConnection[] = [];
    await using receiver = await RawReceiver.start((connection, request) => {
      received.push(connection);
      if (request === 1) connection.socket.write(ok);
    });
    start({ clock: time, timers: time });
    for (const beforeClose of ["a byte", "time"]) {
      await post(transport, endpoint(receiver.origin, { connection: "keep-alive" }));
      const second = post(transport, endpoint(receiver.origin));
      const seen = received.length + 1;
      await eventually(() => received.length).toBe(seen);
      if (beforeClose === "a byte") received.at(-1)?.socket.end("H");
      else {
        time.advance(transportLimits.staleConnectionMsMax + 1);
        received.at(-1)?.socket.end();
      }
      expect(await second).toMatchObject({ error: "connection_reset", status: 0 });
    }
    expect(receiver.requests).toBe(4);
  });

  test("over TLS is used again, even if the reply comes before the report that the request was sent", async () => {
    await using receiver = await startTlsReceiverThread();
    start({ caPem: tlsFixture.cert });
    for (let count = 1; count <= 5; count++) {
      const running = post(transport, endpoint(receiver.origin));
      // undici writes to an idle connection in the next immediate, and to a new one when the connection is open.
      await immediate();
      if (count > 1) receiver.waitForReplies(count);
      expect(await running).toMatchObject({ error: null, status: 200 });
      await immediate();
    }
    expect(receiver.connections).toBe(1);
  });

  test("that is new and is reset is not replaced", async () => {
    await using receiver = await RawReceiver.start(({ socket }) => socket.destroy());
    expect(await post(start(), endpoint(receiver.origin))).toMatchObject({ error: "connection_reset", status: 0 });
    expect(receiver.requests).toBe(1);
  });
});

test("a POST with connection close says so, and its connection is closed after the reply", async () => {
  await using receiver = await RawReceiver.start(answer(ok));
  start();
  for (let index = 1; index <= 2; index++) {
    await post(transport, endpoint(receiver.origin, { connection: "close" }));
    await eventually(() => transport.openSockets()).toBe(0);
    expect(receiver.connections).toHaveLength(index);
  }
  expect(receiver.connections[0]?.received()).toContain("\r\nConnection: close\r\n");
  await eventually(() => receiver.connections.map((connection) => connection.closed())).toEqual([true, true]);
});
