import { expect, test } from "vitest";
import { systemTimers } from "../domain/ports.ts";
import { AccountDeletion } from "../engine/accounts/account-deletion.ts";
import { eventually } from "../store/contract/fixtures.ts";
import { createTestApp } from "./testing/test-app.ts";

test("A deleted account can be watched until it is gone, and its keys and waiting requests end at once.", async () => {
  const { app, deletion, store, accounts } = await createTestApp();
  // Awaited in the function, because a request of `inject` begins only when its response is awaited.
  const inject = async (
    method: "GET" | "PUT" | "POST" | "DELETE",
    url: string,
    payload: object | undefined,
    account = "",
  ) =>
    await app.inject({
      method,
      url,
      ...(payload === undefined ? {} : { payload }),
      headers: account === "" ? {} : { "ringback-account": account },
    });
  await inject("PUT", "/v1/accounts/acme", {});
  await inject("PUT", "/v1/topics/orders", {}, "acme");
  await inject("PUT", "/v1/topics/orders/subscriptions/reader", { pull: {} }, "acme");
  await inject("PUT", "/v1/inboxes/parcels", {}, "acme");
  await inject("PUT", "/v1/hooks/onMessage", { urls: ["http://127.0.0.1:9/"] }, "acme");
  const key = (await inject("POST", "/v1/api-keys", { name: "app", role: "admin" }, "acme")).json<{ token: string }>();
  const pulled = inject("POST", "/v1/topics/orders/subscriptions/reader/pull", { waitMs: 60_000 }, "acme");
  const taken = inject("GET", "/in/parcels?waitMs=60000", undefined, "acme");
  // Nothing is removed until the worker goes on.
  await deletion.stop();
  expect((await inject("DELETE", "/v1/accounts/acme", undefined)).statusCode).toBe(204);
  const shown = await inject("GET", "/v1/accounts/acme", undefined);
  expect(shown.json()).toMatchObject({ state: "deleting", deletion: { topicsLeft: 2, entriesLeft: 4 } });
  expect((await inject("PUT", "/v1/accounts/acme", {})).json()).toMatchObject({ code: "account_deleting" });
  expect((await inject("GET", "/v1/topics/orders", undefined, "acme")).statusCode).toBe(404);
  const withKey = await app.inject({ url: "/v1/topics", headers: { authorization: `Bearer ${key.token}` } });
  expect(withKey.json()).toMatchObject({ code: "invalid_api_key" });
  const next = new AccountDeletion({
    store,
    accounts,
    timers: systemTimers,
    failed: (error) => {
      throw error;
    },
  });
  next.start();
  expect((await pulled).json()).toMatchObject({ code: "subscription_not_found" });
  expect((await taken).statusCode).toBe(404);
  await eventually(async () => (await inject("GET", "/v1/accounts/acme", undefined)).statusCode === 404);
  await next.stop();
  expect((await inject("PUT", "/v1/accounts/acme", {})).statusCode).toBe(201);
  expect((await inject("GET", "/v1/topics", undefined, "acme")).json()).toMatchObject({
    items: [{ name: "ringback.events" }],
    next: null,
  });
});
