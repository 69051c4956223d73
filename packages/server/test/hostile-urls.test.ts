/**
 * Real: servers inside the test's process, SQLite, egress proxies and a private listener on the loopback interface.
 * Faked: the operating system's resolver, for the names of the test. No server may connect to private networks, unless
 * a test says so.
 */
import dns from "node:dns";
import { once } from "node:events";
import { cp } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { type AddressInfo, createServer, type Server } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hostileNames, literalHosts, malformedUrls } from "../src/transport/testing/hostile-urls.ts";
import { startHttpProxy, startSocksProxy } from "../src/transport/testing/proxies.ts";
import { subscriptionPath } from "./harness/api.ts";
import { temporaryFolder, type TemporaryFolder } from "./harness/folder.ts";
import { callHook } from "./harness/hooks.ts";
import { type RunningServer, startServerInProcess } from "./harness/server.ts";
import { until } from "./harness/until.ts";

const strict = { RINGBACK_ALLOW_PRIVATE_NETWORKS: "false" };
const schemes = ["http", "https", "ws", "wss", "tcp"];
const systemLookup = dns.lookup;

let listener: Server;
let port: number;
let connections = 0;
/** A data folder with every URL that a server accepts which may connect to private networks, and its subscriptions. */
let hostileFolder: TemporaryFolder;
let stored: readonly string[];

function lookup(name: string, options: object, done: (error: Error | null, found: object[]) => void): void {
  const addresses = /localhost\.?$/.test(name) ? ["127.0.0.1"] : hostileNames[name]?.[0];
  if (addresses === undefined) systemLookup(name, options, done as never);
  else
    setImmediate(() =>
      done(
        null,
        addresses.map((address) => ({ address, family: 4 })),
      ),
    );
}

beforeAll(async () => {
  listener = createServer((socket) => {
    connections++;
    socket.destroy();
  }).listen(0, "127.0.0.1");
  await once(listener, "listening");
  port = (listener.address() as AddressInfo).port;
  Object.assign(dns, { lookup });
  syncBuiltinESMExports();
  hostileFolder = await temporaryFolder();
  stored = await storeHostile(hostileFolder.path);
});

afterAll(async () => {
  await hostileFolder[Symbol.asyncDispose]();
  Object.assign(dns, { lookup: systemLookup });
  syncBuiltinESMExports();
  listener.close();
  await once(listener, "close");
});

const urlOf = (host: string, scheme: string) => `${scheme}://${host}:${port}${scheme === "tcp" ? "" : "/"}`;
const oauth2 = (tokenUrl: string) => ({ type: "oauth2", tokenUrl, clientId: "c", clientSecret: "s" });
/** Nothing is sent there: the test publishes no message while a subscription has it. */
const publicUrl = "http://1.1.1.1/";

interface Written {
  readonly status: number;
  readonly json: { readonly code?: string };
}

const protocolOf = (url: string) => (url.startsWith("http") ? "raw" : "wechat");

/** `other`: the endpoint that is reached with the tokens. */
function putters({ api }: RunningServer, other: string) {
  const subscription = (name: string, push: object) =>
    api.call<Written["json"]>("PUT", subscriptionPath("hostile", name), { json: { push, retry: "none" } });
  const hook = (name: string, json: object) => api.call<Written["json"]>("PUT", `/v1/hooks/${name}`, { json });
  return {
    subscription: (name: string, url: string) => subscription(name, { url, protocol: protocolOf(url) }),
    subscriptionToken: (name: string, url: string) => subscription(name, { url: other, auth: oauth2(url) }),
    hook: (name: string, url: string) => hook(name, { urls: [url] }),
    hookToken: (name: string, url: string) => hook(name, { urls: [other], auth: oauth2(url) }),
  };
}

/** Returns the writes that were not refused as `invalid_url`. */
async function notRefused(server: RunningServer, urls: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const [index, url] of urls.entries()) {
    for (const [target, put] of Object.entries(putters(server, publicUrl))) {
      if (target !== "subscription" && !url.startsWith("http")) continue;
      const { status, json } = await put(`n${index}`, url);
      if (status !== 400 || json.code !== "invalid_url") found.push(`${target} ${url} ${status} ${json.code}`);
    }
  }
  return found;
}

describe("a URL that names an address which must not be reached", { concurrent: true }, () => {
  it("is refused in every spelling wherever a URL can be set", async () => {
    await using folder = await temporaryFolder();
    await using server = await startServerInProcess({ folder: folder.path, env: strict });
    await server.api.putTopic("hostile");
    const urls = literalHosts.map((host, index) => urlOf(host, schemeAt(index)));
    expect(urls.length).toBeGreaterThan(200);
    expect(await notRefused(server, urls)).toEqual([]);
    expect(await notRefused(server, malformedUrls(port))).toEqual([]);
  });

  it.each([
    ["directly", null],
    ["through an HTTP proxy", startHttpProxy],
    ["through a SOCKS5 proxy", startSocksProxy],
  ])("is not reached %s, if it was stored when it was allowed or is behind a name", async (_way, startProxy) => {
    await using folder = await temporaryFolder();
    await using proxy = startProxy === null ? null : await startProxy();
    await cp(hostileFolder.path, folder.path, { recursive: true });
    expect(stored.length).toBeGreaterThan(100);

    const env = { ...strict, ...(proxy !== null && { RINGBACK_EGRESS_PROXY: proxy.url }) };
    await using server = await startServerInProcess({ folder: folder.path, env });
    const names = Object.keys(hostileNames).map((host, index) => urlOf(host, schemeAt(index)));
    const put = putters(server, `http://127.0.0.1:${port}/`);
    for (const [index, url] of names.entries()) {
      expect([url, (await put.subscription(`name${index}`, url)).status]).toEqual([url, 201]);
    }
    for (const [index, url] of names.filter((url) => url.startsWith("http")).entries()) {
      expect(await handshakeErrorOf(server, `check${index}`, url)).toMatch(/^address_denied/);
    }
    const { id } = await server.api.publish("hostile", { body: "{}" });
    const { deliveries } = await until(
      "every delivery has ended",
      () => server.api.message(id),
      (message) => message.deliveries.every(({ state }) => state === "dead"),
    );
    expect(deliveries).toHaveLength(stored.length + names.length);
    const codes = new Set(deliveries.flatMap(({ attempts }) => attempts.map(({ errorCode }) => errorCode)));
    expect(codes).toEqual(new Set(["address_denied", "oauth2_failed"]));
    for (const hook of await hooksOf(server))
      expect((await callHook(server.api, hook, { x: 1 })).error).toBe("unreachable");
    expect(proxy?.targets ?? []).toEqual([]);
    expect(connections).toBe(0);
  });
});

async function hooksOf({ api }: RunningServer): Promise<string[]> {
  const { items } = await api.ok<{ items: { name: string }[] }>("GET", "/v1/hooks?limit=200");
  expect(items.length).toBeGreaterThan(50);
  return items.map(({ name }) => name);
}

/** Returns the reason why the endpoint of a new subscription could not be verified. */
async function handshakeErrorOf({ api }: RunningServer, name: string, url: string): Promise<string | null> {
  const path = subscriptionPath("checked", name);
  await api.putTopic("checked");
  const verify = name.endsWith("0") ? "cloudevents" : "challenge";
  await api.ok("PUT", path, { json: { push: { url, verify } } });
  // An account may verify a few endpoints per second. The other attempts are refused before anything is sent.
  const { json } = await until(
    "the account may verify an endpoint",
    () => api.call<{ verification: { error: string | null } }>("POST", `${path}/verify`),
    ({ status }) => status !== 429,
  );
  return json.verification.error;
}

const schemeAt = (index: number) => schemes[index % schemes.length] ?? "";

/** Stores every URL that a server accepts which may connect to private networks. Returns the subscriptions' names. */
async function storeHostile(folder: string): Promise<string[]> {
  await using server = await startServerInProcess({ folder, env: { RINGBACK_ALLOW_PRIVATE_NETWORKS: "true" } });
  await server.api.putTopic("hostile");
  const put = putters(server, `http://127.0.0.1:${port}/`);
  const stored: string[] = [];
  const keep = async (name: string, written: Promise<Written>) => (await written).status === 201 && stored.push(name);
  for (const [index, host] of literalHosts.entries()) {
    const url = urlOf(host, schemeAt(index));
    await keep(`s${index}`, put.subscription(`s${index}`, url));
    if (!url.startsWith("http")) continue;
    await keep(`t${index}`, put.subscriptionToken(`t${index}`, url));
    await put.hook(`h${index}`, url);
    await put.hookToken(`t${index}`, url);
  }
  return stored;
}
