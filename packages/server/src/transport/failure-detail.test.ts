import { once } from "node:events";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { createServer, type TlsOptions } from "node:tls";
import { afterEach, describe, expect, test } from "vitest";
import type { PostResult, Transport } from "./port.ts";
import { closeClean, endpoint, post } from "./testing/posting.ts";
import { RawReceiver } from "./testing/raw-receiver.ts";
import { tlsChain } from "./testing/tls-chain.ts";
import { tlsFixture } from "./testing/tls-fixture.ts";
import { createTransport, type TransportOptions } from "./transport-by-scheme.ts";

// Real: OpenSSL, undici and sockets on 127.0.0.1. Faked: the resolver, which resolves every name to 127.0.0.1 where a
// test does not say otherwise.
let transport: Transport;

function start(options: TransportOptions = {}): Transport {
  transport = createTransport({
    allowPrivateNetworks: true,
    caPem: tlsChain.root,
    resolver: (_name, done) => setImmediate(done, null, ["127.0.0.1"]),
    ...options,
  });
  return transport;
}

afterEach(async () => closeClean(transport));

/** POSTs to a TLS server that does not reply. */
async function postTo(options: TlsOptions, host = "receiver.test"): Promise<PostResult> {
  const sockets: Socket[] = [];
  const server = createServer(options, (socket) => socket.on("error", () => {}).resume());
  server.on("connection", (socket: Socket) => sockets.push(socket));
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const result = await post(start(), endpoint(`https://${host}:${port}`));
  for (const socket of sockets) socket.destroy();
  server.close();
  await once(server, "close");
  return result;
}

const { key, leaf, intermediate, expired } = tlsChain;
const chain = leaf + intermediate;

describe("the detail of tls_failed has OpenSSL's reason for", () => {
  test.each<[fault: string, options: TlsOptions, detail: string]>([
    ["a self-signed certificate", tlsFixture, "self-signed certificate (DEPTH_ZERO_SELF_SIGNED_CERT)"],
    ["an expired certificate", { key, cert: expired }, "certificate has expired (CERT_HAS_EXPIRED)"],
    [
      "a missing intermediate certificate",
      { key, cert: leaf },
      "unable to verify the first certificate (UNABLE_TO_VERIFY_LEAF_SIGNATURE)",
    ],
    [
      "a receiver that supports only an outdated TLS",
      { key, cert: chain, minVersion: "TLSv1", maxVersion: "TLSv1", ciphers: "DEFAULT@SECLEVEL=0" },
      "tlsv1 alert protocol version (ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION)",
    ],
    [
      "a receiver without a common cipher",
      { key, cert: chain, maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-CAMELLIA256-SHA384:AES128-SHA@SECLEVEL=0" },
      "alert handshake failure (ERR_SSL_",
    ],
    [
      "a receiver that requires a client certificate, with TLS 1.2",
      { key, cert: chain, requestCert: true, rejectUnauthorized: true, maxVersion: "TLSv1.2" },
      "alert handshake failure (ERR_SSL_",
    ],
    [
      "a receiver that requires a client certificate, with TLS 1.3",
      { key, cert: chain, requestCert: true, rejectUnauthorized: true },
      "tlsv13 alert certificate required (ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED)",
    ],
  ])("%s", async (_fault, options, detail) => {
    expect(await postTo(options)).toMatchObject({
      error: "tls_failed",
      status: 0,
      errorDetail: expect.stringContaining(detail),
    });
  });

  test("a certificate for another name, with both names", async () => {
    const { error, errorDetail } = await postTo({ key, cert: chain }, "other.test");
    expect(error).toBe("tls_failed");
    expect(errorDetail).toMatch(/other\.test.*receiver\.test.*\(ERR_TLS_CERT_ALTNAME_INVALID\)$/);
  });

  test("a receiver that does not speak TLS", async () => {
    await using receiver = await RawReceiver.start(
      () => {},
      ({ socket }) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"),
    );
    expect(await post(start(), endpoint(`https://receiver.test:${receiver.port}`))).toMatchObject({
      error: "tls_failed",
      errorDetail: expect.stringMatching(/\(ERR_SSL_\w+\)$/),
    });
  });
});

async function unusedPort(): Promise<number> {
  const server = createTcpServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

describe("the detail of a POST that did not reach its receiver has", () => {
  test.each(["http", "tcp", "ws"])("the errno and the address of a refused connection (%s)", async (scheme) => {
    const port = await unusedPort();
    expect(await post(start(), endpoint(`${scheme}://receiver.test:${port}`))).toMatchObject({
      error: "connect_refused",
      errorDetail: `connect ECONNREFUSED 127.0.0.1:${port}`,
    });
  });

  test("the reason of every address that was tried", async () => {
    start({ resolver: (_name, done) => setImmediate(done, null, ["127.0.0.1", "127.0.0.2"]) });
    const { errorDetail } = await post(transport, endpoint(`http://receiver.test:${await unusedPort()}`));
    expect(errorDetail).toMatch(/^connect ECONNREFUSED 127\.0\.0\.1:\d+, connect ECONNREFUSED 127\.0\.0\.2:\d+$/);
  });

  test("the resolver's error, also while the failure is cached", async () => {
    const error = Object.assign(new Error("getaddrinfo ENOTFOUND nowhere.test"), { code: "ENOTFOUND" });
    start({ resolver: (_name, done) => setImmediate(done, error, []) });
    for (let index = 0; index < 2; index++) {
      expect(await post(transport, endpoint("http://nowhere.test"))).toMatchObject({
        error: "dns_failed",
        errorDetail: "getaddrinfo ENOTFOUND nowhere.test",
      });
    }
  });

  test("the address that the guard denies", async () => {
    start({ allowPrivateNetworks: false, resolver: (_name, done) => setImmediate(done, null, ["10.1.2.3"]) });
    const what = "a private or reserved address, to which this server does not connect";
    expect(await post(transport, endpoint("http://inside.test"))).toMatchObject({
      error: "address_denied",
      errorDetail: `inside.test has the address 10.1.2.3, ${what}`,
    });
    expect(await post(transport, endpoint("http://169.254.169.254"))).toMatchObject({
      error: "address_denied",
      errorDetail: `169.254.169.254 is ${what}`,
    });
  });
});

/** POSTs to a receiver that sends these bytes. */
async function replying(bytes: string, end: "end" | "reset" | "stay" = "stay"): Promise<PostResult> {
  await using receiver = await RawReceiver.start(({ socket }) => {
    if (end === "end") socket.end(bytes, "latin1");
    else socket.write(bytes, "latin1", () => end === "reset" && socket.resetAndDestroy());
  });
  return await post(start(), endpoint(receiver.origin));
}

describe("the detail of a damaged reply", () => {
  test.each<[fault: string, bytes: string, status: number, detail: RegExp]>([
    [
      "lines that end with LF only",
      "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
      200,
      /\(Missing expected CR after response line\)$/,
    ],
    [
      "both framings",
      "HTTP/1.1 202 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc",
      202,
      /^the reply has Transfer-Encoding and Content-Length$/,
    ],
    [
      "two lengths",
      "HTTP/1.1 503 Busy\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
      503,
      /^the reply has different values of Content-Length$/,
    ],
    ["a header line without a colon", "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n", 200, /\(Invalid header token\)$/],
    ["no HTTP at all", "SSH-2.0-OpenSSH_9.9\r\n", 0, /\(Expected HTTP\/.*\)$/],
    ["a status that is no number", "HTTP/1.1 abc OK\r\n\r\n", 0, /\(Invalid status code\)$/],
    ["headers over the limit", `HTTP/1.1 200 OK\r\nX-A: ${"a".repeat(17 * 1024)}\r\n\r\n`, 200, /overflow/i],
  ])("names the fault and keeps the status: %s", async (_fault, bytes, status, detail) => {
    expect(await replying(bytes)).toMatchObject({
      error: "bad_reply",
      status,
      errorDetail: expect.stringMatching(detail),
    });
  });

  test("says whether the receiver had begun to reply when it closed the connection", async () => {
    expect(await replying("", "end")).toMatchObject({
      error: "connection_reset",
      errorDetail: expect.stringMatching(/^127\.0\.0\.1:\d+ closed the connection before it replied$/),
    });
    await transport.close();
    expect(await replying("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345", "end")).toMatchObject({
      error: "connection_reset",
      errorDetail: expect.stringMatching(/^127\.0\.0\.1:\d+ closed the connection in the middle of its reply$/),
    });
  });

  test("has the errno and the address of a reset connection", async () => {
    expect(await replying("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345", "reset")).toMatchObject({
      error: "connection_reset",
      errorDetail: expect.stringMatching(/^read ECONNRESET, 127\.0\.0\.1:\d+$/),
    });
  });
});
