// Real: TLS over sockets on 127.0.0.1, with client certificates. Faked: the resolver.
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { createServer, type Server, type TlsOptions, type TLSSocket } from "node:tls";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Transport } from "./port.ts";
import { eventually } from "./testing/eventually.ts";
import { closeClean, endpoint, post } from "./testing/posting.ts";
import { tlsChain } from "./testing/tls-chain.ts";
import { tlsFixture } from "./testing/tls-fixture.ts";
import { TlsIdentity, type TlsSettings } from "./tls-identity.ts";
import { createTransport } from "./transport-by-scheme.ts";

const none: TlsSettings = { certificate: null, key: null, ca: null, serverName: null };
const identity = (settings: Partial<TlsSettings>) => new TlsIdentity({ ...none, ...settings });
const client = { certificate: tlsChain.leaf + tlsChain.intermediate, key: tlsChain.key };

let transport: Transport;
const servers: Server[] = [];
const sockets: Socket[] = [];

beforeEach(() => {
  transport = createTransport({
    allowPrivateNetworks: true,
    resolver: (_name, done) => setImmediate(done, null, ["127.0.0.1"]),
  });
});
afterEach(async () => {
  await closeClean(transport);
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) {
    server.close();
    await once(server, "close");
  }
});

/** Records for each connection the name that the client asked for and the name in the client's certificate. */
async function serve(options: TlsOptions = {}) {
  const seen: { servername: unknown; client: unknown }[] = [];
  const server = createServer({ ...tlsFixture, ...options }, (socket: TLSSocket) => {
    sockets.push(socket.on("error", () => {}));
    const { subject } = socket.getPeerCertificate() as { subject?: { CN?: unknown } };
    seen.push({ servername: socket.servername, client: subject?.CN ?? null });
    socket.on("data", () => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  });
  server.on("tlsClientError", () => {});
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, seen };
}

const mutual = { ca: tlsChain.root, requestCert: true, rejectUnauthorized: true };

it("a client certificate with its chain is accepted by an endpoint that requires one", async () => {
  const { port, seen } = await serve(mutual);
  const tls = identity({ ...client, ca: tlsFixture.cert });
  for (let round = 0; round < 3; round++) {
    expect(await post(transport, endpoint(`https://receiver.test:${port}`, { tls }))).toMatchObject({ status: 200 });
  }
  expect(seen).toEqual([{ servername: "receiver.test", client: "Ringback test receiver" }]);
});

it("an endpoint that requires a certificate refuses a POST without one, as tls_failed", async () => {
  const { port, seen } = await serve(mutual);
  const to = (settings: Partial<TlsSettings>) =>
    endpoint(`https://receiver.test:${port}`, { tls: identity({ ...settings, ca: tlsFixture.cert }) });
  expect(await post(transport, to({}))).toMatchObject({ error: "tls_failed", status: 0 });
  // Node's server sends no alert about a certificate that it does not trust.
  const untrusted = await post(transport, to({ certificate: tlsFixture.cert, key: tlsFixture.key }));
  expect(untrusted).toMatchObject({ error: expect.stringMatching(/^(?:tls_failed|connection_reset)$/), status: 0 });
  expect(seen).toEqual([]);
});

it("an authority replaces those that the server trusts", async () => {
  const { port } = await serve();
  const to = (tls?: TlsIdentity) => endpoint(`https://receiver.test:${port}`, { tls });
  expect(await post(transport, to())).toMatchObject({ error: "tls_failed" });
  expect(await post(transport, to(identity(client)))).toMatchObject({ error: "tls_failed" });
  expect(await post(transport, to(identity({ ca: tlsFixture.cert })))).toMatchObject({ status: 200 });
  await closeClean(transport);
  transport = createTransport({
    allowPrivateNetworks: true,
    caPem: tlsFixture.cert,
    resolver: (_name, done) => setImmediate(done, null, ["127.0.0.1"]),
  });
  expect(await post(transport, to())).toMatchObject({ status: 200 });
  expect(await post(transport, to(identity(client)))).toMatchObject({ status: 200 });
  expect(await post(transport, to(identity({ ca: tlsChain.root })))).toMatchObject({ error: "tls_failed" });
});

it("a pinned name replaces the host of the URL, in SNI and in the check of the certificate", async () => {
  const { port, seen } = await serve();
  const pinned = identity({ ca: tlsFixture.cert, serverName: "receiver.test" });
  for (const host of ["127.0.0.1", "other.test"]) {
    expect(await post(transport, endpoint(`https://${host}:${port}`, { tls: pinned }))).toMatchObject({ status: 200 });
  }
  expect(seen.map(({ servername }) => servername)).toEqual(["receiver.test", "receiver.test"]);
  const other = identity({ ca: tlsFixture.cert, serverName: "other.test" });
  expect(await post(transport, endpoint(`https://receiver.test:${port}`, { tls: other }))).toMatchObject({
    error: "tls_failed",
  });
});

it("connections are shared only by POSTs with the same TLS settings and the same key", async () => {
  const { port, seen } = await serve({ ...mutual, rejectUnauthorized: false });
  const [one, other] = [identity({ ...client, ca: tlsFixture.cert }), identity({ ca: tlsFixture.cert })];
  const send = (changes: object) => post(transport, endpoint(`https://receiver.test:${port}`, changes));
  for (const tls of [one, other, one, other, one]) expect(await send({ tls })).toMatchObject({ status: 200 });
  expect(seen.map(({ client: name }) => name)).toEqual(["Ringback test receiver", null]);
  await send({ tls: one, connectionsKey: "another account" });
  expect(seen).toHaveLength(3);
  await eventually(() => transport.openSockets()).toBe(3);
});

it("a key that OpenSSL does not accept any more fails the POST, not the process", async () => {
  const { port } = await serve();
  const tls = identity({ certificate: tlsFixture.cert, key: tlsChain.key, ca: tlsFixture.cert });
  const to = endpoint(`https://receiver.test:${port}`, { tls });
  expect(await post(transport, to)).toMatchObject({ error: "tls_failed" });
  await eventually(() => transport.openSockets()).toBe(0);
});
