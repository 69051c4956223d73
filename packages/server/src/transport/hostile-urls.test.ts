/**
 * Real: the transport, the endpoint rule, OAuth2 tokens, egress proxies and listeners on the loopback interface. Faked:
 * the resolver and the opening of sockets. `open` connects to loopback addresses for real, connects the public address
 * 1.1.1.1 to a decoy on this machine, and refuses all others. So no byte leaves the machine, and a mistake of the guard
 * reaches the private listener.
 */
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AccountId } from "../domain/model.ts";
import { clientOf } from "../engine/keys/oauth2-client.ts";
import { OAuth2Tokens } from "../engine/keys/oauth2-tokens.ts";
import { createAddressGuard } from "./address-guard.ts";
import { parseEgressProxy } from "./egress-proxy.ts";
import { createEndpointRule } from "./endpoint-rule.ts";
import { parseEndpoint } from "./endpoint.ts";
import { transportLimits } from "./limits.ts";
import type { NameResolver } from "./name-cache.ts";
import type { Transport } from "./port.ts";
import { openTcp, type OpenSocket } from "./tcp-connect.ts";
import { hostileNames, literalHosts, malformedUrls } from "./testing/hostile-urls.ts";
import { ManualTime } from "./testing/manual-time.ts";
import { closeClean, post } from "./testing/posting.ts";
import { startHttpProxy, startSocksProxy, type TestProxy } from "./testing/proxies.ts";
import { createTransport } from "./transport-by-scheme.ts";

const publicAddress = "1.1.1.1";
const schemes = ["http", "https", "ws", "wss", "tcp"] as const;

interface Counted {
  readonly port: number;
  connections: number;
}

const servers: Server[] = [];
const sockets: Socket[] = [];
let transport: Transport | null = null;
let time: ManualTime;
let privateListener: Counted;
let opened: string[];
let lookups: Map<string, number>;

beforeEach(async () => {
  time = new ManualTime();
  opened = [];
  lookups = new Map();
  privateListener = await listen(() => {});
});

afterEach(async () => {
  if (transport !== null) await closeClean(transport);
  transport = null;
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) {
    server.close();
    await once(server, "close");
  }
});

async function listen(serve: (socket: Socket) => void): Promise<Counted> {
  const counted = { port: 0, connections: 0 };
  const server = createServer((socket) => {
    counted.connections++;
    sockets.push(socket.on("error", () => {}));
    serve(socket);
  });
  servers.push(server.listen(0, "127.0.0.1"));
  await once(server, "listening");
  counted.port = (server.address() as AddressInfo).port;
  return counted;
}

const resolver: NameResolver = (name, done) => {
  const answers = [...(hostileNames[name] ?? changing[name] ?? [])];
  const count = lookups.get(name) ?? 0;
  lookups.set(name, count + 1);
  const answer = answers[Math.min(count, answers.length - 1)];
  setImmediate(() => (answer === undefined ? done(new Error("not found"), []) : done(null, answer)));
};

/** Names whose address is public first and private later. */
const changing: Readonly<Record<string, readonly (readonly string[])[]>> = {
  "rebinding.test": [[publicAddress], ["127.0.0.1"]],
  "rebinding6.test": [[publicAddress], ["::1"]],
  "joined.test": [[publicAddress], [publicAddress, "127.0.0.1"]],
};

function start(given: { proxy?: TestProxy; decoy?: Counted; allowPrivateNetworks?: boolean } = {}): Transport {
  const { proxy, decoy, allowPrivateNetworks = false } = given;
  const open: OpenSocket = (address, port) => {
    if (port === proxy?.port) return openTcp(address, port);
    opened.push(`${address}:${port}`);
    if (address === publicAddress && decoy !== undefined) return openTcp("127.0.0.1", decoy.port);
    if (/^(?:127\.|::1$|::ffff:7f|::ffff:127\.|0\.0\.0\.0$|::$)/.test(address)) return openTcp(address, port);
    const socket = new Socket();
    setImmediate(() => socket.destroy(new Error("the test does not connect to this address")));
    return socket;
  };
  transport = createTransport({
    allowPrivateNetworks,
    proxy: parseEgressProxy(proxy?.url ?? "") ?? undefined,
    resolver,
    open,
    clock: time,
    timers: time,
  });
  return transport;
}

const endpointOf = (url: string) => parseEndpoint({ url, connection: "keep-alive", timeoutMs: 15_000 });
const codeOf = (act: () => unknown): unknown => {
  try {
    return act() ?? "accepted";
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
};

async function postTo(url: string): Promise<string | null> {
  return (await post(transport as Transport, endpointOf(url))).error;
}

/** Returns the URLs that did not end as `address_denied`. */
async function notDenied(urls: readonly string[], by: (url: string) => Promise<string | null>): Promise<string[]> {
  const found: string[] = [];
  for (const url of urls) {
    // After a failure, a WebSocket connects again only after a pause.
    time.advance(transportLimits.webSocketRetryMsMax);
    const error = await by(url);
    if (error !== "address_denied") found.push(`${url} ${error}`);
  }
  return found;
}

/** Requests an OAuth2 token. Returns the reason why there is none. */
async function tokenFrom(tokenUrl: string): Promise<string | null> {
  const auth = { type: "oauth2", clientId: "c", clientSecret: "s", scopes: [], audience: null } as const;
  const client = clientOf({ ...auth, tokenUrl, clientAuth: "basic" }, "s");
  const tokens = new OAuth2Tokens({ transport: transport as Transport, clock: time });
  const result = await tokens.token(1 as AccountId, client);
  return typeof result === "string" ? null : (/address_denied/.exec(result.errorDetail ?? "")?.[0] ?? "other");
}

const urlsOf = (hosts: readonly string[], scheme: string) =>
  hosts.map((host) => `${scheme}://${host}:${privateListener.port}${scheme === "tcp" ? "" : "/"}`);
/** The names of `localhost` are looked up at each connection, like other names. */
const addressHosts = literalHosts.filter((host) => !isLocalhostName(host));

function isLocalhostName(host: string): boolean {
  return /localhost\.?$/.test(new URL(`http://${host}`).hostname);
}

describe("a URL that names an address which must not be reached", () => {
  it("has more than 200 spellings", () => {
    expect(literalHosts.length).toBeGreaterThan(300);
    expect(addressHosts.length).toBeGreaterThan(200);
  });

  it.each(schemes)("is refused in each spelling when it is set, with the scheme %s", (scheme) => {
    const rule = createEndpointRule(createAddressGuard({}));
    const found = urlsOf(literalHosts, scheme).filter((url) => codeOf(() => rule("url", url)) !== "invalid_url");
    expect(found).toEqual([]);
  });

  it.each(schemes)("is refused in each spelling when it was stored before, with the scheme %s", async (scheme) => {
    start();
    expect(await notDenied(urlsOf(addressHosts, scheme), postTo)).toEqual([]);
    expect(opened).toEqual([]);
    expect(privateListener.connections).toBe(0);
  });

  it("is refused in each spelling as the URL of OAuth2 tokens", async () => {
    start();
    expect(await notDenied(urlsOf(addressHosts, "http"), tokenFrom)).toEqual([]);
    expect(opened).toEqual([]);
  });

  it.each([
    ["an HTTP proxy", startHttpProxy],
    ["a SOCKS5 proxy", startSocksProxy],
  ])("is refused in each spelling before %s hears of it", async (_kind, startProxy) => {
    await using proxy = await startProxy();
    start({ proxy });
    for (const scheme of ["http", "ws", "tcp"]) {
      expect(await notDenied(urlsOf(addressHosts, scheme), postTo)).toEqual([]);
    }
    expect(await notDenied(urlsOf(addressHosts, "http"), tokenFrom)).toEqual([]);
    expect(proxy.targets).toEqual([]);
    expect(opened).toEqual([]);
  });

  it("would reach the private listener through each way without the guard", async () => {
    start({ allowPrivateNetworks: true });
    for (const scheme of schemes) {
      const before = privateListener.connections;
      const pending = postTo(`${scheme}://0x7f.1:${privateListener.port}`);
      await expect.poll(() => privateListener.connections).toBeGreaterThan(before);
      for (const socket of sockets.splice(0)) socket.destroy();
      await pending;
    }
  });
});

describe("a malformed URL", () => {
  it("is refused by the rule, or reaches nothing", async () => {
    const rule = createEndpointRule(createAddressGuard({}));
    start();
    for (const url of malformedUrls(privateListener.port)) {
      const code = codeOf(() => rule("url", url));
      expect([url, code]).toEqual([url, code === "accepted" ? "accepted" : "invalid_url"]);
      if (codeOf(() => endpointOf(url)) !== "invalid_url") await postTo(url);
    }
    expect(opened).toEqual([]);
  });
});

describe("a host name", () => {
  const names = Object.keys(hostileNames);

  it.each(schemes)("with one such address is refused at each connection, with the scheme %s", async (scheme) => {
    start();
    expect(await notDenied(urlsOf(names, scheme), postTo)).toEqual([]);
    expect(opened).toEqual([]);
  });

  it.each([
    ["an HTTP proxy", startHttpProxy],
    ["a SOCKS5 proxy", startSocksProxy],
  ])("with one such address is never sent to %s", async (_kind, startProxy) => {
    await using proxy = await startProxy();
    start({ proxy });
    expect(await notDenied(urlsOf(names, "https"), postTo)).toEqual([]);
    expect(await notDenied(urlsOf(names, "https"), tokenFrom)).toEqual([]);
    expect(proxy.targets).toEqual([]);
  });

  const ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

  it.each(Object.keys(changing))("%s, which becomes private between two connections, is refused then", async (name) => {
    const decoy = await listen((socket) => void socket.once("data", () => socket.end(ok)));
    start({ decoy });
    const url = `http://${name}:${privateListener.port}/`;
    expect(await postTo(url)).toBeNull();
    time.advance(transportLimits.nameStaleMsMax);
    for (let round = 0; round < 3; round++) expect(await postTo(url)).toBe("address_denied");
    expect(await notDenied([url], tokenFrom)).toEqual([]);
    expect(opened).toEqual([`${publicAddress}:${privateListener.port}`]);
    expect([privateListener.connections, decoy.connections]).toEqual([0, 1]);
  });

  it("is looked up once for a connection, and the socket gets the address that was checked", async () => {
    const decoy = await listen((socket) => void socket.once("data", () => socket.end(ok)));
    start({ decoy });
    expect(await postTo(`http://rebinding.test:${privateListener.port}/`)).toBeNull();
    expect(lookups.get("rebinding.test")).toBe(1);
    expect(opened).toEqual([`${publicAddress}:${privateListener.port}`]);
  });

  it.each([
    ["an HTTP proxy", startHttpProxy],
    ["a SOCKS5 proxy", startSocksProxy],
  ])("reaches %s as the address that was checked, and as nothing later", async (_kind, startProxy) => {
    await using proxy = await startProxy(null, () => null);
    start({ proxy });
    const url = `http://rebinding.test:${privateListener.port}/`;
    expect(await postTo(url)).not.toBe("address_denied");
    time.advance(transportLimits.nameStaleMsMax);
    expect(await postTo(url)).toBe("address_denied");
    expect(proxy.targets).toEqual([`${publicAddress}:${privateListener.port}`]);
  });
});

describe("a redirect to a private address", () => {
  it.each([301, 302, 303, 307, 308])("with the status %i is not followed", async (status) => {
    const location = `http://127.0.0.1:${privateListener.port}/`;
    const head = `HTTP/1.1 ${status} Moved\r\nLocation: ${location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`;
    const decoy = await listen((socket) => void socket.once("data", () => socket.end(head)));
    start({ decoy });
    expect(await post(transport as Transport, endpointOf(`http://${publicAddress}:9/`))).toMatchObject({ status });
    expect(await tokenFrom(`http://${publicAddress}:9/`)).toBe("other");
    expect(await postTo(`ws://${publicAddress}:9/`)).toBe("bad_reply");
    expect(decoy.connections).toBe(3);
    expect(privateListener.connections).toBe(0);
  });
});
