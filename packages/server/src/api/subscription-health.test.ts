import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SubscriptionHealth } from "../domain/model.ts";
import { call } from "./testing/call.ts";
import { createTestApp, type TestApp } from "./testing/test-app.ts";

const url = "https://example.com/callback";
const path = "/v1/topics/orders/subscriptions/billing";

let test: TestApp;
beforeEach(async () => {
  test = await createTestApp();
  await call(test.app, "PUT", "/v1/topics/orders");
});
afterEach(() => test.app.close());

describe("the health of a subscription", () => {
  it("is shown with its cause, and is not part of its version", async () => {
    const made = await call(test.app, "PUT", path, { json: { push: { url } } });
    const topic = await test.store.catalog.getTopic(test.store.catalog.defaultAccount().id, "orders");
    const stored = topic && (await test.store.catalog.getSubscription(topic.id, "billing"));
    if (stored === null) throw new Error("the subscription was made");
    const health: SubscriptionHealth = {
      state: "open",
      sinceMs: Date.UTC(2026, 0, 31, 9),
      failingSinceMs: Date.UTC(2026, 0, 31, 8),
      error: { status: null, code: "connect_refused", detail: "connect ECONNREFUSED" },
      scope: "origin",
      probeAtMs: Date.UTC(2026, 0, 31, 10),
      probes: 1,
      openedAtMs: 1,
      failures: 30,
      failedAtMs: 1,
      failedMs: 1,
    };
    await test.store.catalog.setSubscriptionHealth(stored.id, { before: null, after: health, waited: null });
    const shown = await call(test.app, "GET", path);
    expect(shown.json).toMatchObject({
      state: "active",
      health: "open",
      failing: {
        since: "2026-01-31T09:00:00.000Z",
        failingSince: "2026-01-31T08:00:00.000Z",
        scope: "origin",
        status: null,
        error: "connect_refused",
        errorDetail: "connect ECONNREFUSED",
        nextProbeAt: "2026-01-31T10:00:00.000Z",
      },
    });
    expect(shown.headers["etag"]).toBe(made.headers["etag"]);
    expect((await call(test.app, "POST", `${path}/pause`)).json).toMatchObject({ health: "healthy", failing: null });
  });
});

describe("the settings breaker, disableAfterMs and backlog", () => {
  it("can be set in part, switched off, and changed", async () => {
    const put = (settings: object) => call(test.app, "PUT", path, { json: { push: { url }, ...settings } });
    expect((await put({ breaker: { failures: 5 }, backlog: { ageMsMax: 60_000 } })).json).toMatchObject({
      breaker: { failures: 5, probeMs: 30_000 },
      backlog: { messagesMax: 100_000, ageMsMax: 60_000 },
    });
    expect((await put({ breaker: null, disableAfterMs: null })).json).toMatchObject({
      breaker: null,
      disableAfterMs: null,
    });
    const patched = await call(test.app, "PATCH", path, {
      json: { breaker: { probeMs: 1_000 }, disableAfterMs: 5_000 },
    });
    expect(patched.json).toMatchObject({ breaker: { failures: 20, probeMs: 1_000 }, disableAfterMs: 5_000 });
  });

  it.each([
    [{ breaker: { failures: 0 } }, "breaker.failures"],
    [{ breaker: { failures: 1_001 } }, "breaker.failures"],
    [{ breaker: { probeMs: 99 } }, "breaker.probeMs"],
    [{ breaker: { probeMs: 3600_001 } }, "breaker.probeMs"],
    [{ breaker: { pauses: 1 } }, "breaker.pauses"],
    [{ breaker: true }, "breaker"],
    [{ disableAfterMs: 999 }, "disableAfterMs"],
    [{ disableAfterMs: 365 * 24 * 3600_000 + 1 }, "disableAfterMs"],
    [{ backlog: { messagesMax: 0 } }, "backlog.messagesMax"],
    [{ backlog: null }, "backlog"],
  ])("are refused as %j", async (settings, field) => {
    const answer = await call(test.app, "PUT", path, { json: { push: { url }, ...settings } });
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.json)).toContain(`"${field}"`);
  });

  it.each([{ breaker: { failures: 5 } }, { disableAfterMs: 5_000 }])(
    "are refused beside pull: %j",
    async (settings) => {
      const answer = await call(test.app, "PUT", path, { json: { pull: {}, ...settings } });
      expect(answer).toMatchObject({ status: 400, json: { code: "invalid_request" } });
    },
  );
});
