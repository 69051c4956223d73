/** Real: the HTTP application, through `inject`, and the sealing. Faked: the store, in memory. */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { limits } from "../domain/limits.ts";
import { call } from "./testing/call.ts";
import { createTestApp, type TestApp } from "./testing/test-app.ts";

const path = "/v1/topics/orders/subscriptions/mail";
const url = "http://127.0.0.1:9/";
const secret = "Bearer 7f3a-secret";
const headers = { Authorization: secret, "X-Team": "blue-team-value" };
const shownHeaders = { Authorization: null, "X-Team": null };

let test: TestApp;
beforeEach(async () => {
  test = await createTestApp();
  await call(test.app, "PUT", "/v1/topics/orders");
});
afterEach(() => test.app.close());

const put = (push: object = {}, more: object = {}) =>
  call(test.app, "PUT", path, { json: { push: { url, headers, ...push }, ...more } });
const patch = (json: object) =>
  call(test.app, "PATCH", path, { json, headers: { "content-type": "application/merge-patch+json" } });
const etag = async () => (await call(test.app, "GET", path)).headers["etag"];

async function stored(): Promise<Readonly<Record<string, unknown>>> {
  const { catalog } = test.store;
  const topic = await catalog.getTopic(catalog.defaultAccount().id, "orders");
  if (topic === null) throw new Error("there is no topic");
  const subscription = await catalog.getSubscription(topic.id, "mail");
  return { ...subscription?.settings.push?.headers };
}

describe("the values of push headers", () => {
  it("are null in every response, and are in no event, log line or stored setting", async () => {
    const answers = [
      await put(),
      await put(),
      await patch({ push: { timeoutMs: 1000, headers: { "X-Team": "blue-team-value" } } }),
      await call(test.app, "GET", path),
      await call(test.app, "GET", "/v1/topics/orders/subscriptions"),
      await call(test.app, "POST", `${path}/pause`),
      await call(test.app, "POST", `${path}/resume`),
      await call(test.app, "POST", `${path}/rewind`, { json: { to: "oldest" } }),
    ];
    for (const { status, json } of answers) {
      expect([200, 201]).toContain(status);
      expect((json.items?.[0] ?? json).push.headers).toEqual(shownHeaders);
    }
    const seen = JSON.stringify([answers, test.events.emitted, test.logLines, await stored()]);
    for (const value of Object.values(headers)) expect(seen).not.toContain(value);
    expect(Object.keys(await stored())).toEqual(Object.keys(headers));
  });

  it("are kept by a PATCH of another setting, one by one, and null removes one", async () => {
    await put();
    const before = await stored();
    expect((await patch({ push: { timeoutMs: 1000 }, maxInFlight: 3 })).status).toBe(200);
    expect(await stored()).toEqual(before);
    expect((await patch({ push: { headers: { "X-Team": "red" } } })).json.push.headers).toEqual(shownHeaders);
    const changed = await stored();
    expect(changed["Authorization"]).toEqual(before["Authorization"]);
    expect(changed["X-Team"]).not.toEqual(before["X-Team"]);
    const { json } = await patch({ push: { headers: { "X-Team": null } } });
    expect(json.push.headers).toEqual({ Authorization: null });
    expect(await stored()).toEqual({ Authorization: before["Authorization"] });
    expect((await patch({ push: { headers: null } })).json.push.headers).toEqual({});
  });

  it("are removed and replaced by a PATCH that spells the name with other letter case", async () => {
    await put();
    expect((await patch({ push: { headers: { AUTHORIZATION: null } } })).json.push.headers).toEqual({ "X-Team": null });
    expect(Object.keys(await stored())).toEqual(["X-Team"]);
    const replaced = await patch({ push: { headers: { "x-team": "red" } } });
    expect([replaced.status, replaced.json.push.headers]).toEqual([200, { "x-team": null }]);
    const twice = await patch({ push: { headers: { "x-team": "red", "X-TEAM": "blue" } } });
    expect([twice.status, twice.json.errors]).toMatchObject([400, [{ field: "push.headers.X-TEAM" }]]);
  });

  it("that are equal to the stored ones change nothing when they are given again", async () => {
    await put();
    const before = await etag();
    await put();
    await patch({ push: { headers: { Authorization: secret } } });
    expect(await etag()).toBe(before);
    await put({ headers: { ...headers, Authorization: "Bearer other" } });
    expect(await etag()).not.toBe(before);
  });

  it("are removed by a PUT that leaves them out", async () => {
    await put();
    await call(test.app, "PUT", path, { json: { push: { url } } });
    expect(await stored()).toEqual({});
  });

  it("cannot be null in a PUT, such as one with the body of a GET, and the error says what to do", async () => {
    await put();
    const before = await etag();
    const { status, json } = await put({ headers: shownHeaders });
    expect(status).toBe(400);
    expect(json).toMatchObject({
      code: "invalid_request",
      detail:
        "push.headers.Authorization: must be a string, not null: responses hide the value, so give it again, or use PATCH to keep it",
    });
    expect(await etag()).toBe(before);
  });

  it("cannot be given in their stored form", async () => {
    await put();
    const before = await stored();
    const form = { headers: { "X-Copy": before["Authorization"] } };
    for (const { status, json } of [await put(form), await patch({ push: form })]) {
      expect([status, json.errors[0].field]).toEqual([400, "push.headers.X-Copy"]);
    }
    expect(await stored()).toEqual(before);
  });

  it("count with those that a PATCH keeps, for the limit on all of them together", async () => {
    const half = "v".repeat(limits.pushHeaderBytesMax / 2 - 1);
    await put({ headers: { a: half } });
    expect((await patch({ push: { headers: { b: half } } })).status).toBe(200);
    const { status, json } = await patch({ push: { headers: { c: "" } } });
    expect([status, json.errors]).toEqual([400, [{ field: "push.headers", message: expect.any(String) }]]);
  });

  it("cannot be stored without a master key, but a subscription without headers can", async () => {
    await test.app.close();
    test = await createTestApp({}, { masterKeys: [] });
    await call(test.app, "PUT", "/v1/topics/orders");
    const { status, json } = await put();
    expect([status, json.code]).toEqual([409, "master_key_missing"]);
    expect(json.detail).toContain("RINGBACK_MASTER_KEY");
    expect(json.detail).not.toContain(secret);
    expect((await put({ headers: {} })).status).toBe(201);
    expect(await patch({ push: { headers } })).toMatchObject({ status: 409, json: { code: "master_key_missing" } });
  });
});
