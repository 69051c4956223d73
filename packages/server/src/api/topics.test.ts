/**
 * Real: the HTTP application, which is called through `inject`; the memory driver. Faked: publisher, event bus, clock.
 */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { call } from "./testing/call.ts";
import { storedTopics } from "./testing/stored.ts";
import { createTestApp, testNowMs } from "./testing/test-app.ts";
import type { TestApp } from "./testing/test-app.ts";

describe("topics", () => {
  let test: TestApp;
  beforeEach(async () => {
    test = await createTestApp();
  });
  afterEach(() => test.app.close());

  it("are created with 201, and putting again answers 200 with the current settings", async () => {
    const made = await call(test.app, "PUT", "/v1/topics/orders", { json: { retentionMs: 60_000 } });
    expect(made.status).toBe(201);
    expect(made.json).toEqual({
      name: "orders",
      retentionMs: 60_000,
      bodyBytesMax: limits.bodyBytesMax,
      accepts: { types: "any", bodies: "any" },
      description: "",
      labels: {},
      createdAt: "2026-01-31T08:15:30.250Z",
      updatedAt: "2026-01-31T08:15:30.250Z",
    });
    const again = await call(test.app, "PUT", "/v1/topics/orders", { json: { bodyBytesMax: 2048 } });
    expect(again.status).toBe(200);
    expect(again.json).toMatchObject({ retentionMs: limits.retentionMsDefault, bodyBytesMax: 2048 });
    expect((await call(test.app, "GET", "/v1/topics/orders")).json).toEqual(again.json);
  });

  it("need no body", async () => {
    expect((await call(test.app, "PUT", "/v1/topics/orders")).status).toBe(201);
  });

  it("are removed with 204, and then are not found", async () => {
    await call(test.app, "PUT", "/v1/topics/orders");
    const gone = await call(test.app, "DELETE", "/v1/topics/orders");
    expect([gone.status, gone.json]).toEqual([204, null]);
    for (const method of ["DELETE", "GET"]) {
      const answer = await call(test.app, method, "/v1/topics/orders");
      expect(answer).toMatchObject({
        status: 404,
        json: { code: "topic_not_found", detail: expect.stringContaining("orders") },
      });
    }
  });

  it("are reported to listeners to live events", async () => {
    await call(test.app, "PUT", "/v1/topics/orders");
    await call(test.app, "DELETE", "/v1/topics/orders");
    await call(test.app, "DELETE", "/v1/topics/orders");
    expect(test.events.emitted).toEqual([
      { type: "topic.changed", accountId: 1, at: testNowMs, topic: "orders" },
      { type: "topic.deleted", accountId: 1, at: testNowMs, topic: "orders" },
    ]);
  });

  it.each([
    [{ filterType: "tag" }, "filterType"],
    [{ retentionMs: limits.retentionMsMin - 1 }, "retentionMs"],
    [{ retentionMs: limits.retentionMsMax + 1 }, "retentionMs"],
    [{ bodyBytesMax: limits.topicBodyBytesMin - 1 }, "bodyBytesMax"],
    [{ bodyBytesMax: limits.bodyBytesMax + 1 }, "bodyBytesMax"],
    [{ bodyBytesMax: "2048" }, "bodyBytesMax"],
    [{ retention: 1 }, "retention"],
    [[], ""],
    [null, ""],
  ])("refuse the settings %j", async (json, field) => {
    const answer = await call(test.app, "PUT", "/v1/topics/orders", { json });
    expect(answer).toMatchObject({ status: 400, json: { code: "invalid_request", errors: [{ field }] } });
    expect(await storedTopics(test.store)).toEqual([]);
  });

  it.each([".orders", "a%3Ab", "a%20b", "%E4%BD%A0", "a".repeat(129), "a".repeat(5000)])(
    "refuse the name %s",
    async (name) => {
      for (const method of ["PUT", "GET", "DELETE"]) {
        const answer = await call(test.app, method, `/v1/topics/${name}`);
        expect(answer).toMatchObject({ status: 400, json: { code: "invalid_name", errors: [{ field: "topic" }] } });
      }
    },
  );

  it("refuse a query parameter that means nothing", async () => {
    const answer = await call(test.app, "PUT", "/v1/topics/orders?dryRun=true");
    expect(answer).toMatchObject({ status: 400, json: { code: "invalid_request", errors: [{ field: "dryRun" }] } });
  });

  it("return an error of the store, with Retry-After", async () => {
    await call(test.app, "PUT", "/v1/topics/orders");
    for (const code of ["storage_full", "storage_unavailable", "overloaded"] as const) {
      test.store.failure = new RingbackError(code);
      const refused = await call(test.app, "PUT", "/v1/topics/orders");
      expect(refused).toMatchObject({ status: 503, json: { code } });
      expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
    }
  });

  it("are listed by name, page by page, each once", async () => {
    const names = Array.from({ length: 7 }, (_, i) => `t${i}`);
    for (const name of names) await call(test.app, "PUT", `/v1/topics/${name}`);
    const seen: string[] = [];
    let next: string | null = "";
    while (next !== null) {
      const page = await call(test.app, "GET", `/v1/topics?limit=3${next && `&after=${next}`}`);
      seen.push(...page.json.items.map((topic: { name: string }) => topic.name));
      next = page.json.next;
    }
    expect(seen).toEqual(["ringback.events", ...names]);
  });

  it.each(["limit=0", "limit=201", "limit=1.5", "limit=ten", "limit=", "limit=1&limit=2", "limit=1e1", "offset=3"])(
    "refuse a list with %s",
    async (query) => {
      const answer = await call(test.app, "GET", `/v1/topics?${query}`);
      const field = query.split("=")[0];
      expect(answer).toMatchObject({ status: 400, json: { code: "invalid_request", errors: [{ field }] } });
    },
  );

  it("refuse a cursor that they did not issue", async () => {
    const answer = await call(test.app, "GET", "/v1/topics?after=abcdefgh");
    expect(answer).toMatchObject({ status: 400, json: { code: "invalid_cursor", errors: [{ field: "after" }] } });
  });
});
