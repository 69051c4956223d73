/** Real: the HTTP application, on the memory driver. Faked: the moment at which a read of the store ends. */

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { call } from "./testing/call.ts";
import { createTestApp, type TestApp } from "./testing/test-app.ts";

let test: TestApp;
beforeEach(async () => {
  test = await createTestApp({}, { operatorToken: "an operator's token" });
});
afterEach(() => test.app.close());

const statusWith = async (token: string | null) =>
  (await call(test.app, "GET", "/v1/topics", { headers: { authorization: `Bearer ${token}` } })).status;

it("a key that is revoked while it is looked up is not valid in the next request", async () => {
  const { apiKeys } = test;
  const { apiKey, token } = await apiKeys.create(
    { name: "shop", role: "read", topics: null, allAccounts: false, expiresAtMs: null },
    null,
  );
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
