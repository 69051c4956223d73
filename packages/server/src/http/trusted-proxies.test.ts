/** Real: the HTTP application, and a socket of the loopback interface as the proxy. Faked: publisher, event bus. */

import { afterEach, describe, expect, it } from "vitest";
import { exchange, listen } from "../api/testing/raw-connection.ts";
import { createTestApp, type TestApp } from "../api/testing/test-app.ts";
import { Listeners } from "./listeners.ts";
import { clientAddressOf, createProxyTrust } from "./trusted-proxies.ts";

const rules = { listenHost: "127.0.0.1", machineName: "m", allowedHosts: ["api.example"], allowedOrigins: [] };
let test: TestApp;
afterEach(() => test.app.close());

/** Returns the values of a request that arrives at the server with these headers. */
async function seen(trustedProxies: readonly string[], headers: readonly string[]) {
  test = await createTestApp({}, { listeners: new Listeners({ trustedProxies }), callers: rules });
  test.app.get("/seen", { config: { access: "public" } }, (request) => ({
    address: clientAddressOf(request),
    host: request.host,
    protocol: request.protocol,
  }));
  const port = await listen(test.app);
  const head = ["Host: localhost", ...headers, "Connection: close"].join("\r\n");
  const answer = await exchange(port, `GET /seen HTTP/1.1\r\n${head}\r\n\r\n`);
  return JSON.parse(answer.slice(answer.indexOf("\r\n\r\n") + 4)) as Record<string, unknown>;
}

const forwarded = ["X-Forwarded-For: 192.0.2.1", "X-Forwarded-Host: api.example", "X-Forwarded-Proto: https"];

describe("the headers X-Forwarded", () => {
  it("are ignored if no proxy is trusted, or another one", async () => {
    const own = { address: "127.0.0.1", host: "localhost", protocol: "http" };
    expect(await seen([], forwarded)).toEqual(own);
    await test.app.close();
    expect(await seen(["10.0.0.0/8"], forwarded)).toEqual(own);
  });

  it("count if a trusted proxy has sent them", async () => {
    expect(await seen(["127.0.0.0/8"], forwarded)).toEqual({
      address: "192.0.2.1",
      host: "api.example",
      protocol: "https",
    });
  });

  it.each([
    ["198.51.100.7, 192.0.2.1", "192.0.2.1"],
    ["198.51.100.7, 192.0.2.1, 10.1.2.3", "192.0.2.1"],
    ["198.51.100.7, 10.1.2.4, 10.1.2.3", "198.51.100.7"],
    ["10.9.9.9, 10.1.2.3", "10.9.9.9"],
    ["192.0.2.1:4711", "192.0.2.1"],
    ["[2001:db8::1]:4711", "2001:db8::1"],
    ["2001:DB8:0::1", "2001:db8::1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["198.51.100.7, ::ffff:10.1.2.3", "198.51.100.7"],
    ["198.51.100.7, unknown", "127.0.0.1"],
    ["198.51.100.7, unknown, 10.1.2.3", "10.1.2.3"],
    ["", "127.0.0.1"],
    [",,,", "127.0.0.1"],
  ])("name in %j the client %s, as far as trusted proxies wrote them", async (value, address) => {
    expect(await seen(["127.0.0.1/32", "10.0.0.0/8"], [`X-Forwarded-For: ${value}`])).toMatchObject({ address });
  });

  it("may be several, of which the last lines are the nearest proxies'", async () => {
    const lines = ["X-Forwarded-For: 203.0.113.1", "X-Forwarded-For: 192.0.2.1, 10.1.2.3"];
    expect(await seen(["127.0.0.1/32", "10.0.0.0/8"], lines)).toMatchObject({ address: "192.0.2.1" });
  });

  it.each([
    ["X-Forwarded-Host: evil.example", "host_not_allowed"],
    ["X-Forwarded-Host: api.example, evil.example", "host_not_allowed"],
    ["X-Forwarded-Host: a b", "malformed_request"],
  ])("do not pass the rules for hosts with %s", async (header, code) => {
    expect(await seen(["127.0.0.1/32"], [header])).toMatchObject({ code });
  });

  it("are the host with which the origin of a page is compared", async () => {
    const page = "Origin: https://api.example";
    expect(await seen(["127.0.0.1/32"], ["X-Forwarded-Host: api.example", page])).toMatchObject({
      host: "api.example",
    });
    await test.app.close();
    expect(await seen([], ["X-Forwarded-Host: api.example", page])).toMatchObject({ code: "origin_not_allowed" });
  });
});

describe("the trust in proxies", () => {
  it("holds for networks of both versions of IP", async () => {
    test = await createTestApp();
    const isTrusted = createProxyTrust(["10.0.0.0/8", "2001:db8::/32", "192.0.2.1/32"]);
    const addresses = ["10.255.0.1", "::ffff:10.0.0.1", "2001:db8:1::1", "192.0.2.1"];
    expect(addresses.filter((address) => !isTrusted(address))).toEqual([]);
    expect(["11.0.0.1", "2001:db9::1", "192.0.2.2", "", "unknown", "10.0.0.1.example"].filter(isTrusted)).toEqual([]);
  });
});
