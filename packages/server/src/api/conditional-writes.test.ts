/** Real: the HTTP application, which is called through `inject`; the memory driver. Faked: publisher, events, clock. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { limits } from "../domain/limits.ts";
import { WriteConflict } from "../domain/write-condition.ts";
import { call, type CallBody } from "./testing/call.ts";
import { createTestApp, type TestApp } from "./testing/test-app.ts";

let test: TestApp;
beforeAll(async () => {
  test = await createTestApp();
});
beforeEach(async () => {
  await ask("DELETE", "/v1/topics/orders");
  await ask("PUT", "/v1/topics/orders");
});
afterEach(() => vi.restoreAllMocks());
afterAll(() => test.app.close());

const ask = (method: string, path: string, json?: unknown, headers: CallBody["headers"] = {}) =>
  call(test.app, method, path, json === undefined ? { headers } : { json, headers });

describe("a request that meets other writers", () => {
  it("waits only for earlier PATCHes of the same resource", async () => {
    await ask("PUT", "/v1/topics/others");
    const blocker = Promise.withResolvers<void>();
    const { catalog } = test.store;
    const putTopic = catalog.putTopic.bind(catalog);
    const put = vi.spyOn(catalog, "putTopic").mockImplementationOnce(async (...given) => {
      await blocker.promise;
      return putTopic(...given);
    });
    const blocked = ask("PATCH", "/v1/topics/orders", { description: "blocked" });
    await expect.poll(() => put.mock.calls.length).toBe(1);
    expect((await ask("PATCH", "/v1/topics/others", { description: "free" })).status).toBe(200);
    blocker.resolve();
    expect((await blocked).json.description).toBe("blocked");
    await ask("DELETE", "/v1/topics/others");
  });

  it("without a condition deletes whatever is there", async () => {
    const { catalog } = test.store;
    const getTopic = catalog.getTopic.bind(catalog);
    let retentionMs = 60_000;
    vi.spyOn(catalog, "getTopic").mockImplementation(async (account, name) => {
      const found = await getTopic(account, name);
      retentionMs++;
      if (found !== null) await catalog.putTopic(account, name, { retentionMs, bodyBytesMax: limits.bodyBytesMax });
      return found;
    });
    expect((await ask("DELETE", "/v1/topics/orders")).status).toBe(204);
  });

  it("is answered 503 when they change the resource before every try of a PATCH", async () => {
    const put = vi.spyOn(test.store.catalog, "putTopic").mockRejectedValue(new WriteConflict());
    const patched = await ask("PATCH", "/v1/topics/orders", { labels: { team: "billing" } });
    expect(patched).toMatchObject({ status: 503, json: { code: "overloaded" } });
    expect(put).toHaveBeenCalledTimes(limits.writeRoundsMax);
  });

  it.each([
    ["*", 200],
    ["the tag before", 412],
  ])("with If-Match of %s is answered %i after another write", async (header, status) => {
    const { catalog } = test.store;
    const tag = (await ask("GET", "/v1/topics/orders")).headers["etag"] ?? "";
    const putTopic = catalog.putTopic.bind(catalog);
    vi.spyOn(catalog, "putTopic").mockImplementationOnce(async (account, name, _settings, condition) => {
      const other = { retentionMs: 61_000, bodyBytesMax: limits.bodyBytesMax };
      await putTopic(account, name, other);
      return putTopic(account, name, other, condition);
    });
    const headers = { "if-match": header === "*" ? header : tag };
    const patched = await ask("PATCH", "/v1/topics/orders", { labels: { team: "billing" } }, headers);
    expect(patched.status).toBe(status);
    const labels = status === 200 ? { team: "billing" } : {};
    expect((await ask("GET", "/v1/topics/orders")).json).toMatchObject({ retentionMs: 61_000, labels });
  });

  it("loses no change and refuses none of a hundred PATCHes at once", async () => {
    const names = Array.from({ length: 100 }, (_, index) => `n${index}`);
    const answers = await Promise.all(names.map((name) => ask("PATCH", "/v1/topics/orders", { description: name })));
    expect(answers.map(({ status }) => status)).toEqual(names.map(() => 200));
    expect(new Set(answers.map(({ json }) => json.description))).toEqual(new Set(names));
  });
});
