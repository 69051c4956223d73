/**
 * Real: the HTTP application, which is called through `inject`; the memory driver. Faked: publisher, event bus, clock.
 */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Attempt, Subscription } from "../domain/model.ts";
import { call } from "./testing/call.ts";
import { deliver, storedSubscriptions } from "./testing/stored.ts";
import { createTestApp } from "./testing/test-app.ts";
import type { TestApp } from "./testing/test-app.ts";

const subscription = "/v1/topics/orders/subscriptions/billing";

function attempt(startedAtMs: number, end: Partial<Attempt>): Attempt {
  return {
    attempt: 1,
    startedAtMs,
    durationMs: 3,
    verdict: "accepted",
    status: 200,
    errorCode: null,
    errorDetail: null,
    reply: new Uint8Array(0),
    ...end,
  };
}

describe("attempts", () => {
  let test: TestApp;
  beforeEach(async () => {
    test = await createTestApp();
    await call(test.app, "PUT", "/v1/topics/orders");
    await call(test.app, "PUT", subscription, { json: { push: { url: "http://127.0.0.1:9/" } } });
    const [billing] = (await storedSubscriptions(test.store)) as [Subscription];
    const settled = { kind: "delivered" } as const;
    // Attempts are listed newest first.
    await deliver(test.store, billing, [
      { settled, attempt: attempt(1_000, { verdict: "error", status: null, errorCode: "timeout", reply: null }) },
      {
        settled,
        attempt: attempt(2_000, {
          verdict: "failed",
          status: 500,
          errorCode: "http_status",
          reply: Uint8Array.of(0xff),
        }),
      },
      { settled, attempt: attempt(3_000, {}) },
    ]);
  });
  afterEach(() => test.app.close());

  it("are listed with their outcomes", async () => {
    const { json } = await call(test.app, "GET", `${subscription}/attempts`);
    expect(json.items).toEqual([
      expect.objectContaining({ startedAt: "1970-01-01T00:00:03.000Z", verdict: "accepted", status: 200, reply: "" }),
      expect.objectContaining({ verdict: "failed", errorCode: "http_status", replyBase64: "/w==" }),
      expect.objectContaining({ verdict: "error", status: null, errorCode: "timeout", reply: null }),
    ]);
  });

  it("can be only the failed ones", async () => {
    const { json } = await call(test.app, "GET", `${subscription}/attempts?only=failed`);
    expect(json.items.map(({ verdict }: { verdict: string }) => verdict)).toEqual(["failed", "error"]);
  });

  it("come in pages whose cursor is valid only for the same filter", async () => {
    const first = await call(test.app, "GET", `${subscription}/attempts?limit=1`);
    const rest = await call(test.app, "GET", `${subscription}/attempts?after=${first.json.next}`);
    expect(rest.json.items).toHaveLength(2);
    const other = await call(test.app, "GET", `${subscription}/attempts?only=failed&after=${first.json.next}`);
    expect(other).toMatchObject({ status: 400, json: { code: "invalid_cursor" } });
  });

  it("refuse an unknown filter", async () => {
    const answer = await call(test.app, "GET", `${subscription}/attempts?only=slow`);
    expect(answer).toMatchObject({
      status: 400,
      json: { errors: [{ field: "only", message: 'must be "all" or "failed"' }] },
    });
  });
});
