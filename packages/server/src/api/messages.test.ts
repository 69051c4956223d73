/**
 * Real: the HTTP application, which is called through `inject`; the memory driver. Faked: engine, event bus and clock.
 */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Subscription } from "../domain/model.ts";
import { call } from "./testing/call.ts";
import { failedAttempt, settleNext, storedSubscriptions } from "./testing/stored.ts";
import { createTestApp } from "./testing/test-app.ts";
import type { TestApp } from "./testing/test-app.ts";

const path = "/v1/topics/orders/messages";

describe("a message", () => {
  let test: TestApp;
  beforeEach(async () => {
    test = await createTestApp();
    await call(test.app, "PUT", "/v1/topics/orders");
  });
  afterEach(() => test.app.close());

  it("is shown with its deliveries and their attempts", async () => {
    const subscription = "/v1/topics/orders/subscriptions/billing";
    await call(test.app, "PUT", subscription, { json: { push: { url: "http://127.0.0.1:9/" } } });
    const { json: published } = await call(test.app, "POST", path, { json: { body: "hello", tags: ["a"] } });
    const [billing] = (await storedSubscriptions(test.store)) as [Subscription];
    const settled = { kind: "parked", dueAtMs: 6_000, retriesMade: 1 } as const;
    await settleNext(test.store, billing.id, [{ attempt: failedAttempt(), settled }]);
    const answer = await call(test.app, "GET", `/v1/messages/${published.id}`);
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      ...published,
      deliverAt: null,
      contentType: "text/plain; charset=utf-8",
      tags: ["a"],
      type: null,
      orderingKey: null,
      attributes: {},
      request: null,
      traceparent: null,
      bodyBytes: 5,
      body: "hello",
      deliveries: [
        {
          subscription: "billing",
          state: "parked",
          nextAttemptAt: "1970-01-01T00:00:06.000Z",
          reason: null,
          attempts: [
            {
              id: `${published.id}-1-5000`,
              attempt: 1,
              startedAt: "1970-01-01T00:00:05.000Z",
              durationMs: 12,
              verdict: "failed",
              status: 500,
              errorCode: "http_status",
              errorDetail: null,
              reply: "oh no",
            },
          ],
        },
      ],
    });
  });

  it("that is not text is shown as base64", async () => {
    const { json: published } = await call(test.app, "POST", path, { json: { bodyBase64: "/w==" } });
    const { json: message } = await call(test.app, "GET", `/v1/messages/${published.id}`);
    expect([message.body, message.bodyBase64]).toEqual([undefined, "/w=="]);
  });

  it.each(["1", "0", "-1", "abc", "99999999999999999999999", "1099511627777"])("%s is not there", async (id) => {
    expect(await call(test.app, "GET", `/v1/messages/${id}`)).toMatchObject({
      status: 404,
      json: { code: "message_not_found" },
    });
  });
});
