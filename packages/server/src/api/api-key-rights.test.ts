/** Real: the HTTP application and API keys. Faked: the store, in memory. */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { settingsDefault } from "../engine/accounts/account-settings.ts";
import { call } from "./testing/call.ts";
import { createTestApp, type TestApp } from "./testing/test-app.ts";

const operatorToken = "operator-token-of-this-test-0123456789";
const pair = { secretId: "AKIDgiven", secretKey: "0123456789abcdef" };
let test: TestApp;
beforeEach(async () => {
  test = await createTestApp({}, { isLocal: false, operatorToken });
});
afterEach(() => test.app.close());

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const create = (token: string, json: object, headers = {}) =>
  call(test.app, "POST", "/v1/api-keys", { json: { name: "a", ...json }, headers: { ...bearer(token), ...headers } });

describe("an administrator", () => {
  it("creates keys for its own account, but none for operators, all accounts or a SecretId of its choice", async () => {
    const admin = (await create(operatorToken, { role: "admin" })).json.token;
    for (const role of ["admin", "publish", "consume", "read"]) {
      expect((await create(admin, { role })).status).toBe(201);
    }
    for (const json of [{ role: "operator" }, { role: "read", allAccounts: true }, { role: "read", ...pair }]) {
      expect((await create(admin, json)).json).toMatchObject({ status: 403, code: "forbidden" });
    }
  });

  it("cannot replace or revoke a key that is valid for all accounts, but can see it", async () => {
    const admin = (await create(operatorToken, { role: "admin" })).json.token;
    const operator = (await create(operatorToken, { role: "operator" })).json;
    const headers = bearer(admin);
    const path = `/v1/api-keys/${operator.id}`;
    expect((await call(test.app, "POST", `${path}/rotate`, { json: {}, headers })).json.code).toBe("forbidden");
    expect((await call(test.app, "DELETE", path, { headers })).json.code).toBe("forbidden");
    expect((await call(test.app, "GET", path, { headers })).json).toMatchObject({ role: "operator" });
    expect((await create(operator.token, { role: "operator" })).status).toBe(201);
  });
});

describe("a key", () => {
  it("that is replaced stays valid for the overlap, and no longer", async () => {
    const old = (await create(operatorToken, { role: "read", topics: ["a*"] })).json;
    const path = `/v1/api-keys/${old.id}/rotate`;
    const made = await call(test.app, "POST", path, { json: { overlapMs: 1000 }, headers: bearer(operatorToken) });
    expect(made.json).toMatchObject({ name: "a", role: "read", topics: ["a*"] });
    const list = async (token: string) =>
      (await call(test.app, "GET", "/v1/topics", { headers: bearer(token) })).status;
    expect([await list(old.token), await list(made.json.token)]).toEqual([200, 200]);
    test.clock.nowMs += 1000;
    expect([await list(old.token), await list(made.json.token)]).toEqual([401, 200]);
  });

  it("for all accounts belongs to the default account", async () => {
    await test.accounts.put("acme", settingsDefault);
    const headers = { "ringback-account": "acme" };
    const refused = await create(operatorToken, { role: "operator" }, headers);
    expect(refused.json).toMatchObject({ status: 400, errors: [{ field: "allAccounts" }] });
    const own = (await create(operatorToken, { role: "admin" }, headers)).json;
    await call(test.app, "PUT", "/v1/topics/theirs", { json: {}, headers: bearer(own.token) });
    const seen = await call(test.app, "GET", "/v1/topics", { headers: bearer(operatorToken) });
    expect(seen.json.items).toMatchObject([{ name: "ringback.events" }]);
  });

  it("shows its last use, exact to a minute", async () => {
    const key = (await create(operatorToken, { role: "read" })).json;
    expect(key.lastUsedAt).toBeNull();
    const headers = bearer(key.token);
    await call(test.app, "GET", "/v1/topics", { headers });
    const used = async () =>
      (await call(test.app, "GET", `/v1/api-keys/${key.id}`, { headers: bearer(operatorToken) })).json.lastUsedAt;
    await expect.poll(used).toBe("2026-01-31T08:15:30.250Z");
    test.clock.nowMs += 59_999;
    await call(test.app, "GET", "/v1/topics", { headers });
    expect(await used()).toBe("2026-01-31T08:15:30.250Z");
    test.clock.nowMs += 1;
    await call(test.app, "GET", "/v1/topics", { headers });
    await expect.poll(used).toBe("2026-01-31T08:16:30.250Z");
  });

  it("of an account that is being deleted is refused like an unknown one", async () => {
    await test.accounts.put("acme", settingsDefault);
    const key = (await create(operatorToken, { role: "admin" }, { "ringback-account": "acme" })).json;
    const list = () => call(test.app, "GET", "/v1/topics", { headers: bearer(key.token) });
    expect((await list()).status).toBe(200);
    await test.accounts.startDeletion("acme");
    expect((await list()).json).toMatchObject({ status: 401, code: "invalid_api_key" });
  });
});

describe("a server without an operator's key on loopback", () => {
  it("is open, also for keys of other roles, until there is one", async () => {
    await test.app.close();
    test = await createTestApp();
    const limited = (await call(test.app, "POST", "/v1/api-keys", { json: { name: "a", role: "read" } })).json.token;
    const put = (headers: Record<string, string>) => call(test.app, "PUT", "/v1/topics/a", { json: {}, headers });
    expect([(await put({})).status, (await put(bearer(limited))).status]).toEqual([201, 403]);
    expect((await put({ "x-forwarded-for": "192.0.2.1" })).json).toMatchObject({
      status: 401,
      code: "api_key_missing",
    });
    await call(test.app, "POST", "/v1/api-keys", { json: { name: "a", role: "operator" } });
    expect((await put({})).json).toMatchObject({ status: 401, code: "api_key_missing" });
  });
});
