/** Real: the HTTP application, on the memory driver. Faked: the moment at which a read of the store ends. */

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { settingsDefault } from "../engine/accounts/account-settings.ts";
import { call } from "./testing/call.ts";
import { createTestApp, type TestApp } from "./testing/test-app.ts";

let test: TestApp;
beforeEach(async () => {
  test = await createTestApp({}, { operatorToken: "an operator's token" });
});
afterEach(() => test.app.close());

const readKey = { name: "shop", role: "read" as const, topics: null, allAccounts: false, expiresAtMs: null };
const statusWith = async (token: string | null) =>
  (await call(test.app, "GET", "/v1/topics", { headers: { authorization: `Bearer ${token}` } })).status;

it("a key that is revoked while it is looked up is not valid in the next request", async () => {
  const { apiKeys } = test;
  const { apiKey, token } = await apiKeys.create(readKey, null);
  const identifyNow = apiKeys.identify.bind(apiKeys);
  const { promise: revoked, resolve } = Promise.withResolvers<void>();
  const identify = vi.spyOn(apiKeys, "identify").mockImplementationOnce(async (...args) => {
    const found = await identifyNow(...args);
    await revoked;
    return found;
  });
  const first = statusWith(token);
  await vi.waitFor(() => expect(identify).toHaveBeenCalledOnce());
  await apiKeys.delete(apiKey.id);
  resolve();
  expect([await first, await statusWith(token)]).toEqual([200, 401]);
});

it("a change of another key or account locks no client out, whose address has too many failures", async () => {
  const { token } = await test.apiKeys.create(readKey, null);
  const { apiKey: other } = await test.apiKeys.create(readKey, null);
  expect(await statusWith(token)).toBe(200);
  for (let count = 0; count < 20; count++) expect(await statusWith("wrong")).toBe(401);
  expect(await statusWith("wrong")).toBe(429);
  await test.apiKeys.delete(other.id);
  await test.accounts.put("rival", settingsDefault);
  expect([await statusWith(token), await statusWith("wrong")]).toEqual([200, 429]);
});

it("an open server stays closed when the last operator's key is revoked or has expired", async () => {
  await test.app.close();
  test = await createTestApp();
  const status = async () => (await call(test.app, "GET", "/v1/topics")).status;
  expect(await status()).toBe(200);
  const operator = { ...readKey, role: "operator" as const, allAccounts: true };
  const { apiKey } = await test.apiKeys.create({ ...operator, expiresAtMs: test.clock.nowMs + 1 }, null);
  expect([await status(), await test.access.hasOperator()]).toEqual([401, true]);
  test.clock.nowMs += 1;
  expect([await status(), await test.access.hasOperator()]).toEqual([401, false]);
  await test.apiKeys.delete(apiKey.id);
  expect(await status()).toBe(401);
});
