import { expect, test } from "vitest";
import type { AccountLimits } from "../domain/account-limits.ts";
import { createTestApp, type TestApp } from "./testing/test-app.ts";

async function limitedApp(limits: Partial<AccountLimits>): Promise<TestApp> {
  const testApp = await createTestApp();
  await testApp.app.inject({ method: "PUT", url: "/v1/accounts/acme", payload: { limits } });
  return testApp;
}

function send(
  { app }: TestApp,
  method: "GET" | "PUT" | "POST",
  url: string,
  payload: object = {},
  account: string | null = "acme",
) {
  const headers = account === null ? {} : { "ringback-account": account };
  return app.inject({ method, url, payload, headers });
}

test("A topic, a subscription or a retention past a limit of the account is refused with the name of the limit.", async () => {
  const testApp = await limitedApp({ topicsMax: 1, subscriptionsMax: 1, retentionMsMax: 3_600_000 });
  const retentionMs = 3_600_000;
  expect((await send(testApp, "PUT", "/v1/topics/orders")).json()).toMatchObject({
    code: "invalid_request",
    errors: [{ field: "limits.retentionMsMax" }],
  });
  expect((await send(testApp, "PUT", "/v1/topics/orders", { retentionMs })).statusCode).toBe(201);
  const second = await send(testApp, "PUT", "/v1/topics/returns", { retentionMs });
  expect(second.statusCode).toBe(409);
  expect(second.json()).toMatchObject({ code: "topic_limit", errors: [{ field: "limits.topicsMax" }] });
  expect((await send(testApp, "PUT", "/v1/topics/returns", {}, null)).statusCode).toBe(201);
  const reader = { pull: {} };
  expect((await send(testApp, "PUT", "/v1/topics/orders/subscriptions/one", reader)).statusCode).toBe(201);
  const other = await send(testApp, "PUT", "/v1/topics/orders/subscriptions/two", reader);
  expect(other.json()).toMatchObject({
    code: "subscription_limit",
    status: 409,
    errors: [{ field: "limits.subscriptionsMax" }],
  });
  const inbox = await send(testApp, "PUT", "/v1/inboxes/parcels", { retentionMs: retentionMs + 1 });
  expect(inbox.json()).toMatchObject({ code: "invalid_request", errors: [{ field: "limits.retentionMsMax" }] });
  expect((await send(testApp, "GET", "/v1/inboxes/parcels")).statusCode).toBe(404);
  expect((await send(testApp, "PUT", "/v1/inboxes/parcels", { retentionMs })).statusCode).toBe(201);
});

test("Messages past the account's rate are refused with the time after which they are accepted.", async () => {
  const testApp = await limitedApp({ publishesPerSecondMax: 4 });
  await send(testApp, "PUT", "/v1/topics/orders");
  await send(testApp, "PUT", "/v1/inboxes/parcels");
  const publish = () => send(testApp, "POST", "/v1/topics/orders/messages", { body: "a" });
  expect((await publish()).statusCode).toBe(201);
  const messages = Array.from({ length: 11 }, () => ({ body: "b" }));
  expect((await send(testApp, "POST", "/v1/topics/orders/messages/batch", { messages })).statusCode).toBe(201);
  const refused = await publish();
  expect(refused.statusCode).toBe(429);
  expect(refused.headers["retry-after"]).toBe("3");
  expect(refused.json()).toMatchObject({
    code: "account_rate_limit",
    errors: [{ field: "limits.publishesPerSecondMax" }],
  });
  expect((await send(testApp, "POST", "/in/parcels", {})).json()).toMatchObject({ code: "account_rate_limit" });
  testApp.clock.nowMs += 2_250;
  expect((await publish()).statusCode).toBe(201);
  expect((await publish()).statusCode).toBe(429);
});

test("Messages past the account's stored bytes are refused.", async () => {
  const testApp = await limitedApp({ storedBytesMax: 10 });
  await send(testApp, "PUT", "/v1/topics/orders");
  const publish = (body: string) => send(testApp, "POST", "/v1/topics/orders/messages", { body });
  expect((await publish("123456")).statusCode).toBe(201);
  const refused = await publish("12345");
  expect(refused.statusCode).toBe(429);
  expect(refused.headers["retry-after"]).toBe("5");
  expect(refused.json()).toMatchObject({
    code: "account_storage_limit",
    errors: [{ field: "limits.storedBytesMax" }],
  });
  expect((await publish("1234")).statusCode).toBe(201);
});
