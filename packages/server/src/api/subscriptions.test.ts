/**
 * Real: the HTTP application, which is called through `inject`; the memory driver. Faked: publisher, event bus, clock.
 */

import { afterAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Subscription } from "../domain/model.ts";
import { call } from "./testing/call.ts";
import { failedAttempt, settleNext, storedSubscriptions } from "./testing/stored.ts";
import { createTestApp, testNowMs } from "./testing/test-app.ts";
import { ReusedApps } from "./testing/reused-apps.ts";
import type { TestApp } from "./testing/test-app.ts";

const url = "http://127.0.0.1:9/callback";
const path = "/v1/topics/orders/subscriptions/billing";

describe("subscriptions", () => {
  let test: TestApp;
  const apps = new ReusedApps(async () => {
    test = await createTestApp();
    await call(test.app, "PUT", "/v1/topics/orders");
    test.events.emitted.length = 0;
    return test;
  });
  beforeEach(async () => void (test = await apps.next()));
  afterAll(() => apps.close());

  it("are created with 201 and all defaults in the answer, and putting again answers 200", async () => {
    const made = await call(test.app, "PUT", path, { json: { push: { url } } });
    expect(made.status).toBe(201);
    expect(made.json).toEqual({
      name: "billing",
      topic: "orders",
      state: "active",
      verification: null,
      disabledAt: null,
      disabledReason: null,
      disabledBy: null,
      health: "healthy",
      failing: null,
      push: {
        url,
        protocol: "raw",
        headers: {},
        connection: "keep-alive",
        timeoutMs: 15_000,
        keys: [],
        verify: null,
        auth: null,
        tls: null,
        transform: null,
        keepExchanges: "sampled",
      },
      pull: null,
      filter: { tags: [], types: [], where: null },
      retry: "webhook",
      order: "none",
      maxInFlight: 64,
      rate: null,
      breaker: { failures: 20, probeMs: 30_000 },
      disableAfterMs: 5 * 24 * 3600_000,
      backlog: { messagesMax: 100_000, ageMsMax: null },
      description: "",
      labels: {},
      createdAt: "2026-01-31T08:15:30.250Z",
      updatedAt: "2026-01-31T08:15:30.250Z",
    });
    const settings = {
      push: { url, protocol: "cloudevents", headers: { "X-A": "b" }, connection: "close", timeoutMs: 1000 },
      filter: { tags: ["a"] },
      retry: { delaysMs: [1, 2] },
      order: "key",
      maxInFlight: 1,
      start: "oldest",
    };
    const again = await call(test.app, "PUT", path, { json: settings });
    expect(again.status).toBe(200);
    const { start: _start, ...shown } = settings;
    expect(again.json).toMatchObject({ ...shown, push: { ...shown.push, headers: { "X-A": null } } });
  });

  it("are shown with their counts one by one, but not in a list", async () => {
    await call(test.app, "PUT", "/v1/topics/orders", { json: { retentionMs: 60_000 } });
    await call(test.app, "PUT", path, { json: { push: { url }, retry: "EXPONENTIAL_DECAY_RETRY" } });
    const [subscription] = (await storedSubscriptions(test.store)) as [Subscription];
    const publish = (count: number) =>
      call(test.app, "POST", "/v1/topics/orders/messages/batch", {
        json: { messages: Array.from({ length: count }, () => ({ body: "x" })) },
      });
    await publish(3);
    test.clock.nowMs += 60_000;
    await test.store.log.retain();
    await publish(5);
    const settled = { kind: "parked", dueAtMs: test.clock.nowMs + 1_000, retriesMade: 1 } as const;
    await settleNext(test.store, subscription.id, [{ attempt: failedAttempt(), settled }]);
    await test.store.log.claim(
      [{ subscriptionId: subscription.id, deliveriesMax: 4, bytesMax: 1_000, fromLog: true }],
      60_000,
    );
    const one = await call(test.app, "GET", path);
    expect(one.json.counts).toEqual({ backlog: 0, parked: 1, deadLetters: 0, expired: 3, inFlight: 4 });
    const { items, next } = (await call(test.app, "GET", "/v1/topics/orders/subscriptions")).json;
    const { counts: _counts, pullCounts, flow, ...rest } = one.json;
    expect(flow).toBeNull();
    expect([items, next]).toEqual([[rest], null]);
    expect(pullCounts).toBeNull();
  });

  it("can be pulled from, and then show the numbers of visible and invisible messages", async () => {
    const made = await call(test.app, "PUT", path, { json: { pull: {}, order: "key", start: "oldest" } });
    expect(made).toMatchObject({
      status: 201,
      json: {
        push: null,
        pull: { visibilityMs: 30_000, receivesMax: null },
        retry: null,
        order: "key",
        maxInFlight: null,
      },
    });
    const json = { pull: { visibilityMs: 1_000, receivesMax: 3 } };
    expect(await call(test.app, "PUT", path, { json })).toMatchObject({ status: 200, json });
    for (const delayMs of [5_000, 5_000, 0]) {
      await call(test.app, "POST", "/v1/topics/orders/messages", { json: { body: "x", delayMs } });
    }
    await call(test.app, "POST", `${path}/pull`);
    expect((await call(test.app, "GET", path)).json).toMatchObject({
      counts: { backlog: 0 },
      pullCounts: { visible: 0, invisible: 1, delayed: 2, oldestAt: "2026-01-31T08:15:30.250Z" },
    });
    expect((await call(test.app, "GET", "/v1/topics/orders/subscriptions")).json.items).toMatchObject([json]);
  });

  it.each([
    [{ push: { url } }, { pull: {} }, "pull"],
    [{ pull: {} }, { push: { url } }, "push"],
  ])("that were made with %j do not become %j", async (before, after, field) => {
    await call(test.app, "PUT", path, { json: before });
    const answer = await call(test.app, "PUT", path, { json: after });
    expect(answer).toMatchObject({ status: 409, json: { code: "immutable_field", errors: [{ field }] } });
    expect((await call(test.app, "GET", path)).json).toMatchObject(before);
  });

  it.each([
    [{ to: "oldest" }, "oldest"],
    [{ to: { seq: 1 } }, { seq: 1 }],
    [{ to: { at: "2026-01-31T08:15:30Z" } }, { atMs: Date.UTC(2026, 0, 31, 8, 15, 30) }],
  ])("go back where they are told: %j", async (json, expected) => {
    await call(test.app, "PUT", path, { json: { push: { url } } });
    const [{ id }] = (await storedSubscriptions(test.store)) as [Subscription];
    const rewind = vi.spyOn(test.store.log, "rewind");
    expect(await call(test.app, "POST", `${path}/rewind`, { json })).toMatchObject({
      status: 200,
      json: { name: "billing" },
    });
    expect(rewind.mock.calls).toEqual([[id, expected]]);
  });

  it.each([
    [{}, "to"],
    [{ to: "now" }, "to"],
    [{ to: { seq: 0 } }, "to.seq"],
    [{ to: { seq: 2 } }, "to.seq"],
    [{ to: { at: "yesterday" } }, "to.at"],
    [{ to: { seq: 1, at: 1 } }, "to.at"],
    [{ to: { at: 1_769_846_400 } }, "to.at"],
    [{ to: { at: 1_769_846_400_000_000 } }, "to.at"],
  ])("do not go back to %j", async (json, field) => {
    await call(test.app, "PUT", path, { json: { push: { url } } });
    const answer = await call(test.app, "POST", `${path}/rewind`, { json });
    expect(answer).toMatchObject({ status: 400, json: { code: "invalid_request", errors: [{ field }] } });
  });

  it("say that Unix seconds are not milliseconds", async () => {
    await call(test.app, "PUT", path, { json: { push: { url } } });
    const rewind = vi.spyOn(test.store.log, "rewind");
    const answer = await call(test.app, "POST", `${path}/rewind`, { json: { to: { at: 1_769_846_400 } } });
    expect(answer.json.errors[0].message).toContain("must be Unix milliseconds");
    expect(rewind).not.toHaveBeenCalled();
  });

  it("that are deleted during a rewind are reported as missing", async () => {
    await call(test.app, "PUT", path, { json: { push: { url } } });
    vi.spyOn(test.store.log, "rewind").mockResolvedValue(false);
    const answer = await call(test.app, "POST", `${path}/rewind`, { json: { to: "oldest" } });
    expect(answer).toMatchObject({ status: 404, json: { code: "subscription_not_found" } });
  });

  it.each(["EXPONENTIAL_DECAY_RETRY", "BACKOFF_RETRY", "none", { delaysMs: [] }, { baseMs: 10, factor: 1.5 }])(
    "take the retry policy %j",
    async (retry) => {
      const answer = await call(test.app, "PUT", path, { json: { push: { url }, retry } });
      expect(answer.status).toBe(201);
      expect({ retry: answer.json.retry }).toMatchObject({ retry });
    },
  );

  it.each([
    [undefined, "now"],
    ["now", "now"],
    ["oldest", "oldest"],
    [{ seq: 17 }, { seq: 17 }],
    [{ at: 1_700_000_000_000 }, { atMs: 1_700_000_000_000 }],
    [{ at: "2026-01-31T08:15:30Z" }, { atMs: Date.UTC(2026, 0, 31, 8, 15, 30) }],
    [{ at: "2026-01-31T09:15:30.250+01:00" }, { atMs: Date.UTC(2026, 0, 31, 8, 15, 30, 250) }],
  ])("start where they are told: %j", async (start, expected) => {
    const put = vi.spyOn(test.store.catalog, "putSubscription");
    await call(test.app, "PUT", path, { json: { push: { url }, start } });
    expect(put.mock.calls[0]?.at(3)).toEqual(expected);
  });

  it.each([
    [{}, "invalid_request", "push"],
    [{ push: { url: 1 } }, "invalid_request", "push.url"],
    [{ push: { url: "ftp://example.com/" } }, "invalid_url", "push.url"],
    [{ push: { url: "nonsense" } }, "invalid_url", "push.url"],
    [{ push: { url: "http://169.254.169.254/latest" } }, "invalid_url", "push.url"],
    [{ push: { url: "http://0xa9fea9fe/" } }, "invalid_url", "push.url"],
    [{ push: { url: "https://[::ffff:a9fe:a9fe]/" } }, "invalid_url", "push.url"],
    [{ push: { url: "http://0/" } }, "invalid_url", "push.url"],
    [{ push: { url, protocol: "soap" } }, "unknown_protocol", "push.protocol"],
    [{ push: { url, timeoutMs: 999 } }, "invalid_request", "push.timeoutMs"],
    [{ push: { url, connection: "open" } }, "invalid_request", "push.connection"],
    [{ push: { url, headers: { a: 1 } } }, "invalid_request", "push.headers.a"],
    [{ push: { url }, filter: { tags: ["t".repeat(65)] } }, "invalid_tag", "filter.tags[0]"],
    [{ push: { url }, filter: { tags: Array<string>(21).fill("a") } }, "too_many_tags", "filter.tags"],
    [{ push: { url }, filter: { types: ["a".repeat(129)] } }, "invalid_type_pattern", "filter.types[0]"],
    [{ push: { url }, retry: "sometimes" }, "invalid_retry_policy", "retry"],
    [{ push: { url }, retry: { delaysMs: [-1] } }, "invalid_retry_policy", "retry.delaysMs[0]"],
    [{ push: { url }, retry: { delaysMs: ["1"] } }, "invalid_retry_policy", "retry.delaysMs[0]"],
    [
      { push: { url }, retry: { delaysMs: Array<number>(31).fill(24 * 3600_000) } },
      "invalid_retry_policy",
      "retry.delaysMs",
    ],
    // The topic keeps its messages for seven days.
    [
      { push: { url }, retry: { delaysMs: Array<number>(8).fill(24 * 3600_000) } },
      "invalid_retry_policy",
      "retry.delaysMs",
    ],
    [{ push: { url }, retry: { factor: 2 } }, "invalid_retry_policy", "retry.baseMs"],
    [{ push: { url }, order: "fifo" }, "invalid_request", "order"],
    [{ push: { url }, maxInFlight: 0 }, "invalid_request", "maxInFlight"],
    [{ push: { url }, start: { seq: 0 } }, "invalid_request", "start.seq"],
    [{ push: { url }, start: { seq: 2 } }, "invalid_request", "start.seq"],
    [{ push: { url }, start: { at: "yesterday" } }, "invalid_request", "start.at"],
    [{ push: { url }, start: { at: 1_769_846_400 } }, "invalid_request", "start.at"],
    [{ push: { url }, start: { at: "2026-01-31T08:15:30" } }, "invalid_request", "start.at"],
    [{ push: { url }, start: { at: "2026-13-31T08:15:30Z" } }, "invalid_request", "start.at"],
    [{ push: { url }, pull: {} }, "invalid_request", "pull"],
    [{ pull: null }, "invalid_request", "pull"],
    [{ pull: { visibilityMs: 999 } }, "invalid_request", "pull.visibilityMs"],
    [{ pull: { receivesMax: 0 } }, "invalid_request", "pull.receivesMax"],
    [{ pull: { url } }, "invalid_request", "pull.url"],
    [{ pull: {}, retry: "none" }, "invalid_request", "retry"],
    [{ pull: {}, maxInFlight: 1 }, "invalid_request", "maxInFlight"],
    [{ pull: {}, filter: { types: ["a".repeat(129)] } }, "invalid_type_pattern", "filter.types[0]"],
  ])("refuse %j", async (json, code, field) => {
    const answer = await call(test.app, "PUT", path, { json });
    expect(answer).toMatchObject({ status: 400, json: { code, errors: [{ field }] } });
    expect(await storedSubscriptions(test.store)).toEqual([]);
  });

  it("that sign can only name existing keys", async () => {
    const push = { url, protocol: "standard-webhooks", keys: ["new", "old"] };
    const key = { json: { jwk: { kty: "oct", k: "A".repeat(43) } } };
    await call(test.app, "PUT", "/v1/keys/new", key);
    const refused = await call(test.app, "PUT", path, { json: { push } });
    expect(refused.json).toMatchObject({ status: 404, code: "key_not_found", errors: [{ field: "push.keys[1]" }] });
    await call(test.app, "PUT", "/v1/keys/old", key);
    expect((await call(test.app, "PUT", path, { json: { push } })).status).toBe(201);
  });

  it("need JSON with its content type", async () => {
    const body = JSON.stringify({ push: { url } });
    const form = await call(test.app, "PUT", path, {
      body,
      headers: { "content-type": "application/x-www-form-urlencoded" },
    });
    expect(form).toMatchObject({
      status: 415,
      json: { code: "unsupported_media_type", errors: [{ field: "Content-Type" }] },
    });
    expect(await call(test.app, "PUT", path)).toMatchObject({ status: 415 });
  });

  it("pause and resume", async () => {
    await call(test.app, "PUT", path, { json: { push: { url } } });
    expect((await call(test.app, "POST", `${path}/pause`)).json.state).toBe("paused");
    expect((await call(test.app, "POST", `${path}/resume`)).json.state).toBe("active");
  });

  it("are reported to listeners to live events", async () => {
    await call(test.app, "PUT", path, { json: { push: { url } } });
    await call(test.app, "POST", `${path}/pause`);
    await call(test.app, "POST", `${path}/resume`);
    await call(test.app, "DELETE", path);
    const types = ["changed", "paused", "resumed", "deleted"];
    expect(test.events.emitted).toEqual(
      types.map((type) => ({
        type: `subscription.${type}`,
        accountId: 1,
        at: testNowMs,
        topic: "orders",
        subscription: "billing",
      })),
    );
  });

  it("are removed with 204", async () => {
    await call(test.app, "PUT", path, { json: { push: { url } } });
    expect((await call(test.app, "DELETE", path)).status).toBe(204);
    expect((await call(test.app, "GET", path)).status).toBe(404);
  });

  it.each([
    ["GET", ""],
    ["DELETE", ""],
    ["POST", "/pause"],
    ["POST", "/resume"],
    ["GET", "/attempts"],
    ["GET", "/dead-letters"],
    ["GET", "/dead-letters/1"],
  ])("that are not there answer 404 to %s %s, and say what is missing", async (method, rest) => {
    const missing = await call(test.app, method, `/v1/topics/orders/subscriptions/none${rest}`);
    expect(missing).toMatchObject({ status: 404, json: { code: "subscription_not_found" } });
    const nowhere = await call(test.app, method, `/v1/topics/none/subscriptions/none${rest}`);
    expect(nowhere).toMatchObject({ status: 404, json: { code: "topic_not_found" } });
    const misnamed = await call(test.app, method, `/v1/topics/orders/subscriptions/-${rest}`);
    expect(misnamed).toMatchObject({
      status: 400,
      json: { code: "invalid_name", errors: [{ field: "subscription" }] },
    });
  });
});
