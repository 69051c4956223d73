/** Real: the HTTP application, the inboxes. Faked: the store, in memory, and the clock. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { call } from "./testing/call.ts";
import { createTestApp, testNowMs } from "./testing/test-app.ts";
import type { TestApp } from "./testing/test-app.ts";

let test: TestApp;

beforeEach(async () => {
  test = await createTestApp();
});

afterEach(() => test.app.close());

const path = "/v1/inboxes/arrivals";

async function receivePath(method = "GET", url = path, json?: object): Promise<string> {
  const answer = await call(test.app, method, url, json === undefined ? {} : { json });
  return String((answer.json as { receivePath: unknown }).receivePath);
}

const rotate = (overlapMs?: number) => receivePath("POST", `${path}/rotate-path`, { overlapMs });

async function post(url: string, payload = "x"): Promise<number> {
  return (await test.app.inject({ method: "POST", url, payload })).statusCode;
}

async function pathEntries(): Promise<number> {
  const account = test.store.catalog.defaultAccount().id;
  return (await test.store.entries.list(account, "@inbox-path", { after: null, limit: 100 })).items.length;
}

describe("the receivePath of an inbox", () => {
  it("leads to the inbox, for a POST and for a GET, and has 32 random characters", async () => {
    const made = await receivePath("PUT");
    expect(made).toMatch(/^\/in\/inb_[A-Za-z0-9]{32}$/);
    expect(await receivePath("PUT", "/v1/inboxes/other")).not.toBe(made);
    expect(await post(made, "hello")).toBe(200);
    expect((await test.app.inject({ method: "GET", url: "/in/arrivals" })).body).toBe("hello");
    await post("/in/arrivals", "again");
    expect((await test.app.inject({ method: "GET", url: made })).body).toBe("again");
  });

  it("stays the same through PUT and PATCH, and is gone with the inbox", async () => {
    const made = await receivePath("PUT");
    expect(await receivePath("PUT", path, { messagesMax: 5 })).toBe(made);
    expect(await receivePath("PATCH", path, { messagesMax: 6 })).toBe(made);
    expect(await receivePath()).toBe(made);
    await call(test.app, "DELETE", path);
    expect(await post(made)).toBe(404);
    expect(await pathEntries()).toBe(0);
    expect(await receivePath("PUT")).not.toBe(made);
    expect(await post(made)).toBe(404);
  });

  it("is verified like the inbox's name", async () => {
    const made = await receivePath("PUT", path, { verify: { method: "token", secrets: ["s3cret-token"] } });
    expect(await post(made)).toBe(401);
    const headers = { authorization: "Bearer s3cret-token" };
    expect((await test.app.inject({ method: "POST", url: made, payload: "x", headers })).statusCode).toBe(200);
  });

  it("is replaced at once, or after an overlap", async () => {
    const first = await receivePath("PUT");
    const second = await rotate();
    expect([await post(first), await post(second)]).toEqual([404, 200]);
    const third = await rotate(60_000);
    expect(await receivePath()).toBe(third);
    expect([await post(second), await post(third)]).toEqual([200, 200]);
    test.clock.nowMs = testNowMs + 59_999;
    expect(await post(second)).toBe(200);
    test.clock.nowMs = testNowMs + 60_000;
    expect([await post(second), await post(third)]).toEqual([404, 200]);
  });

  it("has one old path at most, and no entry of an older one stays", async () => {
    const first = await receivePath("PUT");
    const second = await rotate(60_000);
    const third = await rotate(60_000);
    expect([await post(first), await post(second), await post(third)]).toEqual([404, 200, 200]);
    expect(await pathEntries()).toBe(2);
    await rotate();
    expect(await pathEntries()).toBe(1);
  });

  it("is replaced under the conditions of the request", async () => {
    const { headers } = await call(test.app, "PUT", path);
    const ifMatch = { headers: { "if-match": String(headers["etag"]) } };
    const rotated = await call(test.app, "POST", `${path}/rotate-path`, ifMatch);
    expect(rotated.status).toBe(200);
    expect(rotated.headers["etag"]).not.toBe(headers["etag"]);
    expect(await call(test.app, "POST", `${path}/rotate-path`, ifMatch)).toMatchObject({ status: 412 });
    expect(await pathEntries()).toBe(1);
  });

  it("of a missing inbox is not replaced, and the overlap has limits", async () => {
    expect(await call(test.app, "POST", `${path}/rotate-path`)).toMatchObject({ json: { code: "inbox_not_found" } });
    await call(test.app, "PUT", path);
    for (const overlapMs of [-1, 1e12, "1"]) {
      const answer = await call(test.app, "POST", `${path}/rotate-path`, { json: { overlapMs } });
      expect(answer).toMatchObject({ status: 400, json: { errors: [{ field: "overlapMs" }] } });
    }
  });

  it("cannot be the name of an inbox", async () => {
    const name = `inb_${"a".repeat(32)}`;
    const answer = await call(test.app, "PUT", `/v1/inboxes/${name}`);
    expect(answer).toMatchObject({ status: 400, json: { code: "invalid_name" } });
    expect((await call(test.app, "PUT", `/v1/inboxes/${name}b`)).status).toBe(201);
    expect(await post(`/in/${name}b`)).toBe(200);
    expect(await post(`/in/${name}`)).toBe(404);
  });

  it("stays when several requests change the inbox at the same time", async () => {
    await call(test.app, "PUT", path);
    const changes = Array.from({ length: 5 }, (_, index) => receivePath("PUT", path, { messagesMax: index + 1 }));
    await Promise.all([...changes, rotate(), rotate()]);
    expect(await post(await receivePath())).toBe(200);
    expect(await pathEntries()).toBe(1);
  });

  it("is made by the next change of an inbox that has none", async () => {
    const made = await receivePath("PUT");
    const account = test.store.catalog.defaultAccount().id;
    const entry = await test.store.entries.get(account, "inbox", "arrivals");
    const { path: _, verify: __, ...older } = { ...(entry?.value as object) } as Record<string, unknown>;
    await test.store.entries.put(account, "inbox", "arrivals", older);
    expect(await receivePath()).toBe("null");
    expect(await post(made)).toBe(404);
    expect(await post("/in/arrivals")).toBe(200);
    expect(await post(await rotate(1_000))).toBe(200);
  });
});
