import { once } from "node:events";

import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { createServer, type Server, type TlsOptions } from "node:tls";
import { afterEach, expect, test } from "vitest";
import { createTransport, type TransportOptions } from "./transport-by-scheme.ts";
import type { Transport } from "./port.ts";
import { eventually } from "./testing/eventually.ts";
import { ManualTime } from "./testing/manual-time.ts";
import { closeClean, endpoint, post } from "./testing/posting.ts";
import { tlsFixture } from "./testing/tls-fixture.ts";

// Real: TLS over sockets on 127.0.0.1, with the self-signed certificate of the fixture. Faked: the resolver, which
// resolves every name to 127.0.0.1, and time where a test says so.
let transport: Transport;
const servers: Server[] = [];

function start(options: TransportOptions = {}): Transport {
  transport = createTransport({
    allowPrivateNetworks: true,
    caPem: tlsFixture.cert,
    resolver: (_name, done) => setImmediate(done, null, ["127.0.0.1"]),
    ...options,
  });
  return transport;
}

async function serve(options: TlsOptions = {}) {
  const seen: { servername: string | false | null; alpn: string | false | null; requests: number }[] = [];
  const sockets: Socket[] = [];
  const server = createServer({ ...tlsFixture, ...options }, (socket) => {
    const connection = { servername: socket.servername, alpn: socket.alpnProtocol, requests: 0 };
    seen.push(connection);
    sockets.push(socket);
    socket.on("error", () => {});
    socket.on("data", () => {
      connection.requests += 1;
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
  });
  server.on("tlsClientError", () => {});
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server has no other kind of address
  return { port: (server.address() as AddressInfo).port, seen, sockets };
}

afterEach(async () => {
  await closeClean(transport);
  for (const server of servers.splice(0)) {
    server.close();
    await once(server, "close");
  }
});

test("a trusted certificate for the right name is accepted; SNI names the host and ALPN only HTTP/1.1", async () => {
  const { port, seen } = await serve({ ALPNProtocols: ["h2", "http/1.1"] });
  start();
  for (let index = 0; index < 3; index++) {
    const result = await post(transport, endpoint(`https://receiver.test:${port}`));
    expect(result).toMatchObject({ error: null, status: 200 });
  }
  expect(seen).toEqual([{ servername: "receiver.test", alpn: "http/1.1", requests: 3 }]);
  expect(transport.openSockets()).toBe(1);
});

test("an address as host is checked against the certificate's addresses, without SNI", async () => {
  const { port, seen } = await serve();
  start();
  expect(await post(transport, endpoint(`https://127.0.0.1:${port}`))).toMatchObject({ error: null });
  expect(seen[0]?.servername).toBe(false);
});

test("a TLS connection with connection close is closed after the reply", async () => {
  const { port } = await serve();
  start();
  const result = await post(transport, endpoint(`https://receiver.test:${port}`, { connection: "close" }));
  expect(result).toMatchObject({ error: null, status: 200 });
  await eventually(() => transport.openSockets()).toBe(0);
});

test.each([
  ["nobody trusts", "receiver.test", undefined],
  ["is for another name", "other.test", tlsFixture.cert],
])("a certificate that %s ends as tls_failed, and no request is sent", async (_what, host, caPem) => {
  const { port, seen } = await serve();
  start({ caPem });
  expect(await post(transport, endpoint(`https://${host}:${port}`))).toMatchObject({ error: "tls_failed", status: 0 });
  await eventually(() => transport.openSockets()).toBe(0);
  expect(seen.every((connection) => connection.requests === 0)).toBe(true);
});

test("a Host header of the subscription does not change which name the certificate must have", async () => {
  const { port } = await serve();
  start();
  const headers = ["Host", "receiver.test"];
  expect(await post(transport, endpoint(`https://other.test:${port}`), "x", headers)).toMatchObject({
    error: "tls_failed",
  });
  expect(await post(transport, endpoint(`https://receiver.test:${port}`), "x", ["Host", "other.test"])).toMatchObject({
    error: null,
  });
});

test.each([
  ["speaks only HTTP/2", { ALPNProtocols: ["h2"] }],
  ["speaks only an outdated TLS", { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" }],
] as [string, TlsOptions][])("a server that %s ends as tls_failed", async (_what, options) => {
  const { port } = await serve(options);
  start();
  expect(await post(transport, endpoint(`https://receiver.test:${port}`))).toMatchObject({ error: "tls_failed" });
});

test("a server that does not support TLS, closes, or does not answer the handshake", async () => {
  const time = new ManualTime();
  start({ clock: time, timers: time });
  let accepted = 0;
  const replies: ((socket: Socket) => void)[] = [
    (socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"),
    (socket) => socket.destroy(),
    () => {},
  ];
  const server = createTcpServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => replies[accepted++]?.(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server has no other kind of address
  const to = endpoint(`https://receiver.test:${(server.address() as AddressInfo).port}`);
  expect(await post(transport, to)).toMatchObject({ error: "tls_failed" });
  expect(await post(transport, to)).toMatchObject({ error: "tls_failed" });
  const silent = post(transport, to);
  await eventually(() => accepted).toBe(3);
  time.advance(to.timeoutMs);
  expect(await silent).toMatchObject({ error: "timeout", status: 0 });
  await eventually(() => transport.openSockets()).toBe(0);
  server.close();
  await once(server, "close");
});

test("a keep-alive TLS connection that the server closes is replaced", async () => {
  const { port, seen, sockets } = await serve();
  start();
  await post(transport, endpoint(`https://receiver.test:${port}`));
  sockets[0]?.end();
  await eventually(() => transport.openSockets()).toBe(0);
  expect(await post(transport, endpoint(`https://receiver.test:${port}`))).toMatchObject({ error: null, status: 200 });
  expect(seen).toHaveLength(2);
});

test.each([
  ["hold none", "nonsense", "caPem: contains no certificate in PEM format"],
  [
    "hold a broken one",
    `${tlsFixture.cert}-----BEGIN CERTIFICATE-----\nbm9uc2Vuc2U=\n-----END CERTIFICATE-----\n`,
    "caPem: certificate 2 cannot be read",
  ],
])("extra certificates that %s are refused when the transport is made", (_what, caPem, message) => {
  start();
  expect(() => createTransport({ caPem })).toThrow(message);
});
