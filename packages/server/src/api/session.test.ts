/** Real: the HTTP application with every route, API keys, cookies as headers. Faked: the store, in memory. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { settingsDefault } from "../engine/accounts/account-settings.ts";
import { limits } from "../domain/limits.ts";
import { Listeners } from "../http/listeners.ts";
import { call } from "./testing/call.ts";
import { createTestApp, testNowMs, type TestApp } from "./testing/test-app.ts";

const operatorToken = "operator-token-of-this-test-0123456789";

let test: TestApp;
let shared: TestApp;
beforeAll(async () => void (shared = await createTestApp({}, { isLocal: false, operatorToken })));
afterAll(() => shared.app.close());
// Each test has an address of its own, so that failures of one do not slow down the next.
let address = 0;
beforeEach(() => {
  test = shared;
  address++;
});
afterEach(async () => {
  if (test !== shared) await test.app.close();
});
const remoteAddress = (): string => `192.0.2.${address}`;

async function tokenOf(expiresAtMs: number | null = null): Promise<{ id: string; token: string }> {
  const settings = { name: "anna", role: "admin" as const, topics: null, allAccounts: false, expiresAtMs };
  const { apiKey, token } = await test.apiKeys.create(settings, null);
  return { id: apiKey.id, token: token ?? "" };
}

const own = { "ringback-csrf": "1", "sec-fetch-site": "same-origin" };

async function signIn(token: string, headers: Readonly<Record<string, string>> = own) {
  return call(test.app, "POST", "/v1/session", { json: { token }, headers, remoteAddress: remoteAddress() });
}

async function cookieOf(token: string): Promise<string> {
  const { headers } = await signIn(token);
  return String(headers["set-cookie"]).split(";")[0] ?? "";
}

const ask = (method: string, path: string, headers: Readonly<Record<string, string>>, json?: object) =>
  call(test.app, method, path, { headers, remoteAddress: remoteAddress(), ...(json !== undefined && { json }) });

describe("signing in", () => {
  it("sets a cookie that no script can read and no other site can have sent", async () => {
    const { token } = await tokenOf();
    const { status, json, headers } = await signIn(token);
    expect(status).toBe(200);
    expect(json).toMatchObject({ account: "default", role: "admin", name: "anna", via: "cookie", portal: false });
    expect(headers["set-cookie"]).toBe(`ringback-session=${token}; Path=/; HttpOnly; SameSite=Strict`);
    expect(headers["cache-control"]).toBe("no-store");
  });

  it("sets a cookie for this host and TLS alone if a trusted proxy was asked over TLS", async () => {
    const listeners = new Listeners({ trustedProxies: ["192.0.2.0/24"] });
    test = await createTestApp({}, { isLocal: false, operatorToken, listeners });
    const { headers } = await signIn(operatorToken, { ...own, "x-forwarded-proto": "https" });
    expect(headers["set-cookie"]).toMatch(/^__Host-ringback-session=.*; Path=\/; HttpOnly; SameSite=Strict; Secure$/);
  });

  it("keeps the cookie for 30 days if asked", async () => {
    const { token } = await tokenOf();
    const { headers } = await call(test.app, "POST", "/v1/session", {
      json: { token, remember: true },
      headers: own,
      remoteAddress: remoteAddress(),
    });
    expect(headers["set-cookie"]).toContain("; Max-Age=2592000");
  });

  it.each(["rbk_wrong", "", "operator\r\nset-cookie: x=y"])("refuses the token %j", async (token) => {
    const { status, json, headers } = await signIn(token);
    expect([status, json.code]).toEqual([401, "invalid_api_key"]);
    expect(headers["set-cookie"]).toBeUndefined();
  });

  it("is refused for a page of another site, and without the header of the page", async () => {
    const { token } = await tokenOf();
    expect((await signIn(token, { "sec-fetch-site": "same-origin" })).json.code).toBe("csrf_header_missing");
    const crossSite = { ...own, "sec-fetch-site": "cross-site" };
    expect((await signIn(token, crossSite)).json.code).toBe("origin_not_allowed");
  });

  it("slows down a client that guesses", async () => {
    const codes: unknown[] = [];
    for (let i = 0; i <= limits.authFailuresMax; i++) codes.push((await signIn("rbk_wrong")).json.code);
    expect(codes.at(-1)).toBe("too_many_failures");
  });
});

describe("a request with the cookie", () => {
  it("acts with the rights of the key", async () => {
    const cookie = await cookieOf((await tokenOf()).token);
    expect((await ask("GET", "/v1/topics", { cookie })).status).toBe(200);
    expect((await ask("PUT", "/v1/topics/t", { cookie, ...own }, {})).status).toBe(201);
    expect((await ask("GET", "/v1/accounts", { cookie })).json.code).toBe("forbidden");
    expect((await ask("GET", "/v1/session", { cookie })).json).toMatchObject({ name: "anna", via: "cookie" });
  });

  it.each(["PUT", "PATCH", "DELETE", "POST"])(
    "is refused with %s and without the header of the page",
    async (method) => {
      const cookie = await cookieOf((await tokenOf()).token);
      const path = method === "POST" ? "/v1/topics/t/messages" : "/v1/topics/t";
      const { status, json } = await ask(method, path, { cookie, "sec-fetch-site": "same-origin" }, {});
      expect([status, json.code]).toEqual([403, "csrf_header_missing"]);
    },
  );

  it("is refused for a page of the same site but another origin, even an allowed one", async () => {
    const callers = {
      listenHost: "127.0.0.1",
      machineName: "m",
      allowedHosts: ["*"],
      allowedOrigins: ["https://a.example"],
    };
    test = await createTestApp({}, { isLocal: false, operatorToken, callers });
    const cookie = await cookieOf((await tokenOf()).token);
    const headers = { cookie, ...own, origin: "https://a.example", "sec-fetch-site": "same-site" };
    const { json } = await ask("PUT", "/v1/topics/t", headers, {});
    expect(json.code).toBe("csrf_header_missing");
  });

  it("is refused for a form of another site", async () => {
    const cookie = await cookieOf((await tokenOf()).token);
    const headers = { cookie, "content-type": "application/x-www-form-urlencoded" };
    for (const from of [{ "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" }, { origin: "null" }, {}]) {
      const { status } = await call(test.app, "POST", "/v1/topics/t/messages", {
        body: "body=x",
        headers: { ...headers, ...from },
      });
      expect([from, status]).toEqual([from, 403]);
    }
  });

  it("is refused for another account than that of the key", async () => {
    await test.accounts.put("acme", settingsDefault);
    const cookie = await cookieOf((await tokenOf()).token);
    const { json } = await ask("GET", "/v1/topics", { cookie, "ringback-account": "acme" });
    expect(json.code).toBe("forbidden");
  });

  it("ends when the key is revoked or expires", async () => {
    const { id, token } = await tokenOf(testNowMs + 1_000);
    const cookie = await cookieOf(token);
    test.clock.nowMs += 1_000;
    expect((await ask("GET", "/v1/session", { cookie })).json.code).toBe("invalid_api_key");
    test.clock.nowMs -= 1_000;
    await test.apiKeys.delete(id);
    expect((await ask("GET", "/v1/session", { cookie })).json.code).toBe("invalid_api_key");
  });

  it("uses the key in Authorization instead, if there is one", async () => {
    const cookie = await cookieOf((await tokenOf()).token);
    const headers = { cookie, authorization: `Bearer ${operatorToken}` };
    expect((await ask("GET", "/v1/session", headers)).json).toMatchObject({ role: "operator", via: "header" });
  });

  it("reads only its own cookie", async () => {
    const { token } = await tokenOf();
    const cookie = `other=${token}; __Host-ringback-session=${token}`;
    expect((await ask("GET", "/v1/session", { cookie })).json.code).toBe("api_key_missing");
  });
});

it("signing out removes the cookie", async () => {
  const { status, headers } = await ask("DELETE", "/v1/session", own);
  expect(status).toBe(204);
  expect(headers["set-cookie"]).toBe("ringback-session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
});

it("a server that is open to this machine has a session without a key", async () => {
  test = await createTestApp();
  expect((await ask("GET", "/v1/session", {})).json).toMatchObject({ role: "operator", name: null, via: "open" });
});
