// Real: sockets on 127.0.0.1 and ::1, and proxies of the test. Faked: the resolver and, where a test says so, time.
import { once } from "node:events";
import { type AddressInfo, connect, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { startHttpProxy, startSocksProxy } from "./testing/proxies.ts";
import { createDirectRule } from "./direct-rule.ts";
import { parseEgressProxy } from "./egress-proxy.ts";
import { transportLimits } from "./limits.ts";
import type { Transport } from "./port.ts";
import { eventually } from "./testing/eventually.ts";
import { ManualTime } from "./testing/manual-time.ts";
import { closeClean, endpoint, post } from "./testing/posting.ts";
import { tlsFixture } from "./testing/tls-fixture.ts";
import { WebSocketPeer } from "./testing/web-socket-peer.ts";
import { createTransport, type TransportOptions } from "./transport-by-scheme.ts";

let transport: Transport;
const servers: Server[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  await closeClean(transport);
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) {
    server.close();
    await once(server, "close");
  }
});

const names: Readonly<Record<string, readonly string[]>> = {
  "receiver.test": ["127.0.0.1"],
  "proxy.test": ["127.0.0.1"],
  "private.test": ["10.0.0.1"],
  "mixed.test": ["127.0.0.1", "169.254.169.254"],
};

function start(proxy: string, options: TransportOptions = {}): Transport {
  transport = createTransport({
    allowPrivateNetworks: true,
    caPem: tlsFixture.cert,
    proxy: parseEgressProxy(proxy) ?? undefined,
    resolver: (name, done) => setImmediate(done, name in names ? null : new Error("not found"), names[name] ?? []),
    ...options,
  });
  return transport;
}

async function listen(server: Server, host = "127.0.0.1"): Promise<number> {
  servers.push(server);
  server.on("connection", (socket: Socket) => sockets.push(socket.on("error", () => {})));
  server.listen(0, host);
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const receiver = () => createTcpServer((socket) => void socket.on("data", () => socket.write(ok)));

/** A proxy that sends the bytes as soon as it has read something. */
const proxyWith = (answer: (socket: Socket) => void) =>
  listen(createTcpServer((socket) => void socket.once("data", () => answer(socket))));

describe.each([
  ["an HTTP proxy", startHttpProxy],
  ["a SOCKS5 proxy", startSocksProxy],
])("through %s", (_kind, startProxy) => {
  it("a POST gets to the receiver, and its connection is used again", async () => {
    await using proxy = await startProxy("user:p@ss/:word");
    const port = await listen(receiver());
    start(proxy.url);
    for (let round = 0; round < 3; round++) {
      expect(await post(transport, endpoint(`http://receiver.test:${port}`))).toMatchObject({ status: 200 });
    }
    expect(proxy.targets).toEqual([`127.0.0.1:${port}`]);
    expect(transport.openSockets()).toBe(1);
  });

  it("TLS goes to the receiver itself, whose certificate must have the name of the URL", async () => {
    await using proxy = await startProxy();
    const seen: unknown[] = [];
    const port = await listen(
      createTlsServer(tlsFixture, (socket) => {
        seen.push(socket.servername);
        socket.on("error", () => {}).on("data", () => socket.write(ok));
      }),
    );
    start(proxy.url.replace("127.0.0.1", "proxy.test"));
    expect(await post(transport, endpoint(`https://receiver.test:${port}`))).toMatchObject({ status: 200 });
    expect(await post(transport, endpoint(`https://proxy.test:${port}`))).toMatchObject({ error: "tls_failed" });
    expect(seen[0]).toBe("receiver.test");
    expect(proxy.targets).toEqual([`127.0.0.1:${port}`, `127.0.0.1:${port}`]);
  });

  it("an IPv6 address is reached", async () => {
    await using proxy = await startProxy();
    const port = await listen(receiver(), "::1");
    start(proxy.url);
    expect(await post(transport, endpoint(`http://[::1]:${port}`))).toMatchObject({ status: 200 });
    expect(proxy.targets).toHaveLength(1);
  });

  it("the guard refuses addresses and names before the proxy hears of them", async () => {
    await using proxy = await startProxy();
    start(proxy.url, { allowPrivateNetworks: false, allowedAddresses: ["127.0.0.2"] });
    for (const host of ["10.0.0.1", "169.254.169.254", "[::1]", "private.test", "mixed.test", "127.0.0.1"]) {
      expect(await post(transport, endpoint(`http://${host}:9`))).toMatchObject({ error: "address_denied" });
    }
    expect(await post(transport, endpoint("http://unknown.test:9"))).toMatchObject({ error: "dns_failed" });
    expect(proxy.targets).toEqual([]);
  });

  it.each([false, true])("a message over a WebSocket gets to the receiver; with TLS: %s", async (secure) => {
    await using proxy = await startProxy();
    await using peer = await WebSocketPeer.start({ tls: secure });
    start(proxy.url);
    expect(await post(transport, { ...endpoint(peer.origin), path: "/" }, "hello 1")).toMatchObject({ error: null });
    await eventually(() => peer.texts).toEqual(["hello 1"]);
    expect(proxy.targets).toHaveLength(1);
  });

  it("a message over TCP gets to the receiver, whose end of the stream is noticed", async () => {
    await using proxy = await startProxy();
    const received: Buffer[] = [];
    const port = await listen(
      createTcpServer(
        (socket) => void socket.on("data", (bytes: Buffer) => received.push(bytes)).on("end", () => socket.end()),
      ),
    );
    const time = new ManualTime();
    start(proxy.url, { clock: time, timers: time });
    const result = await post(transport, { ...endpoint(`tcp://127.0.0.1:${port}`), path: "/?byteOrder=big" }, "hello");
    expect(result).toMatchObject({ error: null });
    await eventually(() => Buffer.concat(received).toString()).toBe("\0\0\0\u0005hello");
    expect(proxy.targets).toEqual([`127.0.0.1:${port}`]);
  });

  it("a receiver that refuses connections is the receiver's fault", async () => {
    await using proxy = await startProxy();
    const closed = createTcpServer().listen(0, "127.0.0.1");
    await once(closed, "listening");
    const { port } = closed.address() as AddressInfo;
    closed.close();
    await once(closed, "close");
    start(proxy.url);
    const { error, errorDetail } = await post(transport, endpoint(`http://127.0.0.1:${port}`));
    expect(error).toMatch(/^connect_(?:failed|refused)$/);
    expect(errorDetail).toContain(`the egress proxy cannot connect to 127.0.0.1:${port}`);
  });

  it("a wrong password is the proxy's fault, and no error contains the password", async () => {
    await using proxy = await startProxy("user:right");
    start(proxy.url.replace("right", "wr0ng"));
    const result = await post(transport, endpoint("http://127.0.0.1:9"));
    expect(result).toMatchObject({ error: "proxy_failed", status: 0 });
    expect(result.errorDetail).not.toContain("wr0ng");
    await eventually(() => transport.openSockets()).toBe(0);
  });

  it("hosts and networks of the exceptions are reached directly", async () => {
    await using proxy = await startProxy();
    const port = await listen(receiver());
    start(proxy.url, { isDirect: createDirectRule(["receiver.test", "127.0.0.0/8"]) });
    for (const host of ["receiver.test", "127.0.0.1", "proxy.test"]) {
      expect(await post(transport, endpoint(`http://${host}:${port}`))).toMatchObject({ status: 200 });
    }
    expect(proxy.targets).toEqual([]);
  });
});

it("a proxy can be reached with TLS, and with TLS inside it", async () => {
  await using proxy = await startHttpProxy();
  const front = await listen(
    createTlsServer(tlsFixture, (socket) => {
      sockets.push(socket.on("error", () => {}));
      socket.pipe(connect(proxy.port, "127.0.0.1")).pipe(socket);
    }),
  );
  const port = await listen(createTlsServer(tlsFixture, (socket) => void socket.on("data", () => socket.write(ok))));
  start(`https://127.0.0.1:${front}`);
  expect(await post(transport, endpoint(`https://receiver.test:${port}`))).toMatchObject({ status: 200 });
  expect(proxy.targets).toEqual([`127.0.0.1:${port}`]);
  expect(await post(transport, endpoint(`http://receiver.test:${front}`))).toMatchObject({ error: expect.any(String) });
});

const endless = (socket: Socket): void => {
  const write = (): void => {
    while (!socket.destroyed && socket.write(Buffer.alloc(4096, "x")));
    if (!socket.destroyed) socket.once("drain", write);
  };
  write();
};

describe("a hostile proxy", () => {
  it.each([
    ["http", "garbage", (socket: Socket) => socket.end("nonsense\r\n\r\n"), "sent no HTTP reply"],
    ["http", "nothing", (socket: Socket) => socket.end(), "closed the connection"],
    ["http", "an endless head", endless, "sent more than 16384 bytes"],
    ["http", "a redirect", (socket: Socket) => socket.end("HTTP/1.1 302 Found\r\n\r\n"), "status 302"],
    ["http", "403", (socket: Socket) => socket.end("HTTP/1.1 403 Forbidden\r\n\r\n"), "status 403"],
    ["socks5", "garbage", (socket: Socket) => socket.end("nonsense"), "does not speak SOCKS5"],
    ["socks5", "another version", (socket: Socket) => socket.end(Buffer.from([4, 0])), "does not speak SOCKS5"],
    ["socks5", "no method", (socket: Socket) => socket.end(Buffer.from([5, 255])), "none of the offered"],
    ["socks5", "login without need", (socket: Socket) => socket.end(Buffer.from([5, 2])), "none of the offered"],
    ["socks5", "a refusal", (socket: Socket) => socket.end(Buffer.from([5, 0, 5, 2, 0, 1])), "SOCKS5 reply 2"],
    ["socks5", "nothing", (socket: Socket) => socket.end(), "closed the connection"],
  ])("over %s that answers %s is the proxy's fault", async (scheme, _what, behave, sentence) => {
    const port = await proxyWith(behave);
    start(`${scheme}://127.0.0.1:${port}`);
    const result = await post(transport, endpoint("http://127.0.0.1:9"));
    expect(result).toMatchObject({ error: "proxy_failed", errorDetail: expect.stringContaining(sentence) });
    await eventually(() => transport.openSockets()).toBe(0);
  });

  it.each(["http", "socks5"])("over %s that never answers is given up after its own time", async (scheme) => {
    const time = new ManualTime();
    let requests = 0;
    const port = await proxyWith(() => void requests++);
    start(`${scheme}://127.0.0.1:${port}`, { clock: time, timers: time });
    const result = post(transport, endpoint("http://127.0.0.1:9"));
    await eventually(() => requests).toBe(1);
    time.advance(transportLimits.proxyMsMax);
    expect(await result).toMatchObject({ error: "proxy_failed", errorDetail: expect.stringContaining("10000 ms") });
  });

  it("that cannot be reached or found is the proxy's fault", async () => {
    start("http://unknown.test:3128");
    expect(await post(transport, endpoint("http://127.0.0.1:9"))).toMatchObject({
      error: "proxy_failed",
      errorDetail: "the egress proxy has an unknown name",
    });
    await closeClean(transport);
    start("socks5://127.0.0.1:9");
    expect(await post(transport, endpoint("http://127.0.0.1:9"))).toMatchObject({
      error: "proxy_failed",
      errorDetail: "the egress proxy cannot be reached: connect_refused",
    });
  });

  it("is left without open sockets when the attempt's time is over, or the transport closes", async () => {
    let requests = 0;
    const port = await proxyWith(() => void requests++);
    const time = new ManualTime();
    start(`http://127.0.0.1:${port}`, { clock: time, timers: time });
    const late = post(transport, endpoint("http://127.0.0.1:9", { timeoutMs: 1000 }));
    await eventually(() => requests).toBe(1);
    time.advance(1000);
    expect(await late).toMatchObject({ error: "timeout" });
    await eventually(() => transport.openSockets()).toBe(0);
    const aborted = post(transport, endpoint("http://127.0.0.1:9"));
    await eventually(() => requests).toBe(2);
    await transport.close();
    expect(await aborted).toMatchObject({ error: "aborted" });
  });
});

describe("the URL of a proxy", () => {
  it.each([
    ["http://proxy:3128", { kind: "http", secure: false, hostname: "proxy", port: 3128, login: null }],
    ["https://proxy", { kind: "http", secure: true, hostname: "proxy", port: 443, login: null }],
    ["http://[::1]:80/", { kind: "http", secure: false, hostname: "::1", port: 80, login: null }],
    ["socks5://10.0.0.1", { kind: "socks5", secure: false, hostname: "10.0.0.1", port: 1080, login: null }],
    [
      "socks5://u%40x:p%3A@proxy:9050",
      { kind: "socks5", secure: false, hostname: "proxy", port: 9050, login: { username: "u@x", password: "p:" } },
    ],
  ])("%s is accepted", (text, proxy) => {
    expect(parseEgressProxy(text)).toEqual(proxy);
  });

  it.each([
    "proxy:3128",
    "ftp://proxy",
    "socks4://proxy",
    "http://proxy/path",
    "http://proxy?x",
    "http://proxy:0",
    "http://:pass@proxy",
    "http://%ff@proxy",
    `http://${"u".repeat(256)}@proxy`,
    "socks5://",
    "socks5://a b",
  ])("%s is not", (text) => {
    expect(parseEgressProxy(text)).toBeNull();
  });
});

it("exceptions are names, names below a name, addresses and networks", () => {
  const isDirect = createDirectRule(["Queue.internal", "*.corp.test", "10.0.0.0/8", "fd00::/8", "192.0.2.1"]);
  expect(isDirect("queue.internal", ["198.51.100.1"])).toBe(true);
  expect(isDirect("queue.internal.", ["198.51.100.1"])).toBe(true);
  expect(isDirect("a.corp.test", ["198.51.100.1"])).toBe(true);
  expect(isDirect("corp.test", ["198.51.100.1"])).toBe(false);
  expect(isDirect("xcorp.test", ["198.51.100.1"])).toBe(false);
  expect(isDirect("a.test", ["10.1.2.3", "fd00::1"])).toBe(true);
  expect(isDirect("a.test", ["10.1.2.3", "198.51.100.1"])).toBe(false);
  expect(isDirect("192.0.2.1", ["192.0.2.1"])).toBe(true);
});
