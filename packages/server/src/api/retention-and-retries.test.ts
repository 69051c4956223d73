/** Real: the HTTP application, which is called through `inject`; the memory driver. Faked: event bus, clock. */

import { pushProtocols, type PushProtocol } from "@ringback/sdk/protocols";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { call } from "./testing/call.ts";
import { createTestApp, type TestApp } from "./testing/test-app.ts";

const hourMs = 3_600_000;
const delaysMs = [5, 10, 14, 20, 24].map((hours) => hours * hourMs);
const totalMs = 73 * hourMs;
const push = { url: "http://127.0.0.1:9/callback" };
const topic = "/v1/topics/orders";

let test: TestApp;
beforeEach(async () => {
  test = await createTestApp();
  await call(test.app, "PUT", topic);
});
afterEach(() => test.app.close());

const ask = (method: string, url: string, json: object) => call(test.app, method, url, { json });
const subscribe = (name: string, retry: unknown) => ask("PUT", `${topic}/subscriptions/${name}`, { push, retry });

describe("a retention that is shortened", () => {
  it("is refused below the retry delays of a subscription, which the error names", async () => {
    await subscribe("billing", { delaysMs });
    await subscribe("mail", "none");
    for (const method of ["PATCH", "PUT"]) {
      const refused = await ask(method, topic, { retentionMs: totalMs - 1 });
      expect(refused).toMatchObject({ status: 400, json: { code: "invalid_request" } });
      expect(refused.json.errors).toEqual([
        {
          field: "retentionMs",
          message: `must be at least as long as the retries (retry) of these subscriptions may take: billing (${totalMs} ms)`,
        },
      ]);
      expect((await ask(method, topic, { retentionMs: totalMs })).status).toBe(200);
    }
    await ask("PATCH", `${topic}/subscriptions/billing`, { retry: "none" });
    expect((await ask("PATCH", topic, { retentionMs: 60_000 })).status).toBe(200);
  });

  it("is refused with the names of at most ten subscriptions", async () => {
    for (let i = 0; i < 12; i++) await subscribe(`s${String(i).padStart(2, "0")}`, { delaysMs });
    const { json } = await ask("PATCH", topic, { retentionMs: 60_000 });
    expect(json.errors[0].message).toMatch(/ s00 \(.*, s09 \(\d+ ms\), and others$/);
  });
});

describe("a subscription whose retry delays are longer than its topic's retention", () => {
  beforeEach(async () => {
    await subscribe("billing", { delaysMs });
    const { catalog } = test.store;
    const found = await catalog.getTopic(catalog.defaultAccount().id, "orders");
    if (found === null) throw new Error("there is no topic");
    await catalog.putTopic(found.accountId, "orders", { ...found.settings, retentionMs: 60_000 });
  });

  it("takes every change of other settings, by PATCH and by PUT", async () => {
    const path = `${topic}/subscriptions/billing`;
    const url = "http://127.0.0.1:9/other";
    expect((await ask("PATCH", path, { labels: { a: "b" } })).status).toBe(200);
    expect((await ask("PATCH", path, { push: { url } })).json.push.url).toBe(url);
    expect((await ask("PUT", path, { push, retry: { delaysMs } })).status).toBe(200);
    expect((await ask("PATCH", topic, { labels: { a: "b" } })).status).toBe(200);
  });

  it("takes a change of the delays only if they fit", async () => {
    const path = `${topic}/subscriptions/billing`;
    const refused = await ask("PATCH", path, { retry: { delaysMs: [60_001] } });
    expect(refused.json).toMatchObject({ code: "invalid_retry_policy", errors: [{ field: "retry.delaysMs" }] });
    expect((await ask("PATCH", path, { retry: { delaysMs: [60_000] } })).status).toBe(200);
  });
});

describe("the policy of a subscription that gives none", () => {
  const path = `${topic}/subscriptions/billing`;
  const ownDefaults = pushProtocols
    .filter(({ retryDefault }: PushProtocol) => retryDefault !== undefined)
    .map(({ name }) => name);
  const given = (protocol: string) => ask("PUT", path, { push: { ...push, protocol } });

  it("is webhook, except with protocols that have a default of their own", async () => {
    expect((await given("raw")).json.retry).toBe("webhook");
    expect((await given("cloudevents")).json.retry).toBe("webhook");
    expect(ownDefaults).toHaveLength(5);
    for (const protocol of ownDefaults) {
      expect((await given(protocol)).json.retry).toBe("EXPONENTIAL_DECAY_RETRY");
    }
    expect((await ask("PATCH", path, { push: { protocol: "raw" } })).json.retry).toBe("EXPONENTIAL_DECAY_RETRY");
    expect((await ask("PATCH", path, { retry: null })).json.retry).toBe("webhook");
  });

  it("must fit into the retention of the topic, and the error says what would", async () => {
    await ask("PUT", topic, { retentionMs: 299_315_499 });
    const refused = await given("raw");
    expect(refused).toMatchObject({
      status: 400,
      json: { code: "invalid_retry_policy", errors: [{ field: "retry" }] },
    });
    expect(refused.json.detail).toBe(
      "retry: webhook, the default, retries for up to 299315500 ms, but the topic keeps its messages for only 299315499 ms " +
        '(retentionMs); give a longer "retentionMs" to the topic, or a shorter "retry" to the subscription',
    );
    expect((await given(ownDefaults[0] ?? "")).status).toBe(201);
    await ask("PUT", topic, { retentionMs: 299_315_500 });
    expect((await given("raw")).status).toBe(200);
    await ask("PATCH", path, { retry: "webhook" });
    const shorter = await ask("PATCH", topic, { retentionMs: 299_315_499 });
    expect(shorter.json.detail).toContain("billing (299315500 ms)");
  });
});

describe("a growing delay", () => {
  it("is refused if its schedule is longer than the topic keeps its messages", async () => {
    await ask("PUT", topic, { retentionMs: 60_000 });
    const refused = await subscribe("billing", { baseMs: 1_000 });
    expect(refused.json).toMatchObject({ code: "invalid_retry_policy", errors: [{ field: "retry.totalMsMax" }] });
    expect(refused.json.detail).toContain("but the topic keeps its messages for only 60000 ms");
    expect((await subscribe("billing", { baseMs: 1_000, totalMsMax: 60_000 })).status).toBe(201);
    expect((await subscribe("mail", { baseMs: 1_000, retriesMax: 5 })).status).toBe(201);
  });

  it("may last 30 days where the topic keeps its messages as long", async () => {
    await ask("PUT", topic, { retentionMs: 720 * hourMs });
    const growing = { baseMs: hourMs, delayMsMax: 24 * hourMs, retriesMax: 1000, totalMsMax: 720 * hourMs };
    expect((await subscribe("billing", growing)).status).toBe(201);
    expect((await subscribe("billing", { ...growing, totalMsMax: 720 * hourMs + 1 })).status).toBe(400);
  });
});
