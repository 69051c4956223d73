/** Real: the HTTP application, keys, subscriptions. Faked: the store, in memory, and the clock. */
import { Webhook } from "standardwebhooks";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { call } from "./testing/call.ts";
import { createTestApp } from "./testing/test-app.ts";
import { ReusedApps } from "./testing/reused-apps.ts";
import type { TestApp } from "./testing/test-app.ts";

let test: TestApp;

const apps = new ReusedApps(async () => {
  test = await createTestApp();
  await call(test.app, "PUT", "/v1/topics/orders");
  return test;
});
beforeEach(async () => void (test = await apps.next()));
afterAll(() => apps.close());

const path = "/v1/topics/orders/subscriptions/billing";
const push = { url: "https://example.com/", protocol: "standard-webhooks" };
const ask = (method: string, url: string, json?: object, headers = {}) =>
  call(test.app, method, url, json === undefined ? { headers } : { json, headers });

async function kids(): Promise<string[]> {
  return ((await ask("GET", "/v1/keys")).json as { items: { kid: string }[] }).items.map(({ kid }) => kid);
}

describe("a subscription that signs and names no key", () => {
  it("gets a key, and only the response that creates it shows the secret", async () => {
    const made = await ask("PUT", path, { push });
    expect(made).toMatchObject({ status: 201, json: { push: { keys: ["orders.billing"] } } });
    expect(made.headers["cache-control"]).toBe("no-store");
    expect(() => new Webhook(made.json.secret).sign("msg_1", new Date(), "x")).not.toThrow();
    expect((await ask("GET", path)).json).not.toHaveProperty("secret");
    expect((await ask("GET", "/v1/keys/orders.billing")).json).toMatchObject({ kty: "oct", bits: 256 });
    expect(JSON.stringify(test.events.emitted)).not.toContain(made.json.secret);
    expect(test.logLines.join("")).not.toContain(made.json.secret);
  });

  it("keeps its key through further changes", async () => {
    const made = await ask("PUT", path, { push });
    const again = await ask("PUT", path, { push });
    expect([again.status, again.headers["etag"]]).toEqual([200, made.headers["etag"]]);
    expect(again.json).not.toHaveProperty("secret");
    const patched = await ask("PATCH", path, { push: { timeoutMs: 5_000 } });
    expect(patched.json).toMatchObject({ push: { keys: ["orders.billing"] } });
    expect(await kids()).toEqual(["orders.billing"]);
  });

  it("has its key rotated like any other", async () => {
    await ask("PUT", path, { push });
    expect((await ask("POST", "/v1/keys/orders.billing/rotate")).json.secret).toMatch(/^whsec_/);
    await ask("DELETE", path);
    expect(await kids()).toEqual([]);
  });

  it("gets a key when it begins to sign", async () => {
    expect((await ask("PUT", path, { push: { ...push, protocol: "raw" } })).json).not.toHaveProperty("secret");
    const signing = await ask("PATCH", path, { push: { protocol: "standard-webhooks" } });
    expect(signing).toMatchObject({ status: 200, json: { secret: expect.any(String) } });
  });

  it("gets a key of another name if the name is used", async () => {
    await ask("PUT", "/v1/keys/orders.billing", { generate: "hmac" });
    const made = await ask("PUT", path, { push });
    expect(made.json.push.keys).toEqual([expect.stringMatching(/^orders\.billing~[\w-]{10}$/)]);
    const long = `/v1/topics/orders/subscriptions/${"b".repeat(100)}`;
    expect((await ask("PUT", long, { push })).json.push.keys[0]).toHaveLength(53);
  });

  it("leaves no key behind if it cannot be created", async () => {
    const refused = await ask("PUT", path, { push: { ...push, headers: { "webhook-id": "1" } } });
    expect(refused.status).toBe(400);
    expect((await ask("PUT", path, { push }, { "if-match": "*" })).status).toBe(412);
    test.store.catalog.putSubscription = () => Promise.reject(new Error("the disk is gone"));
    expect((await ask("PUT", path, { push })).status).toBe(500);
    expect(await kids()).toEqual([]);
  });

  it("needs a master key", async () => {
    const other = await createTestApp({}, { masterKeys: [] });
    await call(other.app, "PUT", "/v1/topics/orders");
    const refused = await call(other.app, "PUT", path, { json: { push } });
    expect(refused).toMatchObject({ status: 409, json: { code: "master_key_missing" } });
    expect((await call(other.app, "GET", path)).status).toBe(404);
    await other.app.close();
  });
});

describe("a key that was made for a subscription", () => {
  it.each([
    ["the subscription", () => ask("DELETE", path)],
    ["the topic", () => ask("DELETE", "/v1/topics/orders")],
    ["its name in the subscription", () => ask("PATCH", path, { push: { protocol: "raw", keys: [] } })],
  ])("is deleted with %s", async (_, change) => {
    await ask("PUT", "/v1/keys/mine", { generate: "hmac" });
    await ask("PUT", path, { push });
    expect(await kids()).toEqual(["mine", "orders.billing"]);
    expect((await change()).status).toBeLessThan(300);
    expect(await kids()).toEqual(["mine"]);
  });

  it("stays while another subscription uses it, and after somebody has put it", async () => {
    await ask("PUT", path, { push });
    await ask("PUT", "/v1/topics/orders/subscriptions/other", { push: { ...push, keys: ["orders.billing"] } });
    await ask("DELETE", path);
    expect(await kids()).toEqual(["orders.billing"]);
    await ask("DELETE", "/v1/topics/orders/subscriptions/other");

    await ask("PUT", path, { push });
    const [, second = ""] = await kids();
    await ask("PUT", `/v1/keys/${second}`, { generate: "hmac" });
    await ask("DELETE", path);
    expect(await kids()).toContain(second);
  });
});
