/** Real: the HTTP application, on the memory driver. Faked: the clock, and the moment at which a read ends. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { AccountId } from "../domain/model.ts";
import { settingsDefault } from "../engine/accounts/account-settings.ts";
import { call } from "./testing/call.ts";
import { listen } from "./testing/raw-connection.ts";
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

describe("a request that waits", () => {
  const settings = { ...readKey, role: "admin" } as const;
  const operator = { authorization: "Bearer an operator's token" };
  const pullPath = "/v1/topics/orders/subscriptions/worker/pull";
  const endings: readonly [string, (id: string) => Promise<unknown>][] = [
    ["is revoked", (id) => test.apiKeys.delete(id)],
    [
      "expires",
      async (id) => {
        await test.apiKeys.rotate(id, test.clock.nowMs, 5);
        test.clock.nowMs += 5;
      },
    ],
  ];

  async function createKey() {
    const { apiKey, token } = await test.apiKeys.create(settings, null);
    return { id: apiKey.id, headers: { authorization: `Bearer ${token}` } };
  }

  it.each(endings)("gets no message when its key %s", async (_ending, end) => {
    await call(test.app, "PUT", "/v1/topics/orders", { headers: operator });
    await call(test.app, "PUT", pullPath.replace("/pull", ""), { headers: operator, json: { pull: {} } });
    await call(test.app, "PUT", "/v1/inboxes/parcels", { headers: operator, json: {} });
    const { id, headers } = await createKey();
    const pulled = call(test.app, "POST", pullPath, { headers, json: { waitMs: 60_000 } });
    const take = async () => await test.app.inject({ url: "/in/parcels?waitMs=60000", headers });
    const taken = take();
    await vi.waitFor(() => expect(test.pullQueues.waiting).toBe(2));
    await end(id);
    expect((await pulled).json).toEqual({ messages: [] });
    expect(await taken).toMatchObject({ statusCode: 200, body: "" });
    expect(test.pullQueues.waiting).toBe(0);
  });

  it.each(endings)("for events ends when its key %s", async (_ending, end) => {
    const { id, headers } = await createKey();
    const port = await listen(test.app);
    const response = await fetch(`http://127.0.0.1:${port}/v1/events`, { headers });
    await end(id);
    expect(await response.text()).toBe("retry: 2000\nid: 0\n\n");
  });

  it("without a key ends when the server gets an operator's key", async () => {
    const open = await createTestApp();
    const port = await listen(open.app);
    const response = await fetch(`http://127.0.0.1:${port}/v1/events`);
    await open.apiKeys.create({ ...settings, role: "operator", allAccounts: true }, null);
    expect(await response.text()).toBe("retry: 2000\nid: 0\n\n");
    await open.app.close();
  });

  it("goes on when another key is revoked", async () => {
    const [{ headers }, other] = [await createKey(), await createKey()];
    const port = await listen(test.app);
    const response = await fetch(`http://127.0.0.1:${port}/v1/events`, { headers });
    await test.apiKeys.delete(other.id);
    const reader = response.body?.getReader();
    await reader?.read();
    test.events.emit({ type: "message.published", accountId: 1 as AccountId, at: 1, topic: "orders", ids: [] });
    const { value } = (await reader?.read()) ?? {};
    expect(Buffer.from(value ?? []).toString()).toContain("message.published");
    await reader?.cancel();
  });
});
