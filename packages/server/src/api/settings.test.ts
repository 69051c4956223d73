/**
 * Real: the HTTP application, through `inject`. Faked: the store, in memory. The tests cover the behaviour of PUT,
 * PATCH and their conditions that is the same for every resource.
 */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { limits } from "../domain/limits.ts";
import { call, type CallBody } from "./testing/call.ts";
import { createTestApp, type TestApp } from "./testing/test-app.ts";

const url = "http://127.0.0.1:9/";

interface Resource {
  readonly what: string;
  readonly list: string;
  /** A body with the required members only. */
  readonly least: object;
  readonly setting: string;
  readonly values: readonly [unknown, unknown];
  readonly byDefault: unknown;
}

const resources: readonly Resource[] = [
  {
    what: "a topic",
    list: "/v1/topics",
    least: {},
    setting: "retentionMs",
    values: [60_000, 70_000],
    byDefault: limits.retentionMsDefault,
  },
  {
    what: "a subscription",
    list: "/v1/topics/orders/subscriptions",
    least: { push: { url } },
    setting: "order",
    values: ["key", "strict"],
    byDefault: "none",
  },
  {
    what: "a hook",
    list: "/v1/hooks",
    least: { urls: [url] },
    setting: "onError",
    values: ["reject", "continue"],
    byDefault: "continue",
  },
  {
    what: "an inbox",
    list: "/v1/inboxes",
    least: {},
    setting: "messagesMax",
    values: [5, 6],
    byDefault: limits.inboxMessagesDefault,
  },
];

let test: TestApp;
beforeAll(async () => {
  test = await createTestApp();
});
beforeEach(async () => {
  await call(test.app, "DELETE", "/v1/topics/orders");
  for (const { list } of resources) await call(test.app, "DELETE", `${list}/it`);
  await call(test.app, "PUT", "/v1/topics/orders");
});
afterEach(() => vi.restoreAllMocks());
afterAll(() => test.app.close());

const ask = (method: string, path: string, json?: unknown, headers: CallBody["headers"] = {}) =>
  call(test.app, method, path, json === undefined ? { headers } : { json, headers });

describe.each(resources)("$what", ({ list, least, setting, values, byDefault }) => {
  const path = `${list}/it`;
  const [first, second] = values;
  const put = (body: object = {}, headers: CallBody["headers"] = {}) =>
    ask("PUT", path, { ...least, ...body }, headers);
  const patch = (body: unknown, headers: CallBody["headers"] = {}) => ask("PATCH", path, body, headers);
  const get = () => ask("GET", path);
  /** Returns every part of an answer that describes the state of the resource. */
  const state = async () => {
    const { status, json, headers } = await get();
    return { status, json: json as unknown, tag: headers["etag"] };
  };

  it("is replaced as a whole by PUT: what a body leaves out gets its default", async () => {
    await put({ [setting]: first, labels: { a: "b" } });
    const again = await put();
    expect(again).toMatchObject({ status: 200, json: { [setting]: byDefault, labels: {} } });
    expect((await get()).json).toMatchObject(again.json);
  });

  it("is changed by PATCH in what the body names, and nothing else", async () => {
    const before = await put({ [setting]: first, labels: { a: "1", b: "2" } });
    const changed = await patch({ labels: { b: null, c: "3" } });
    expect(changed.status).toBe(200);
    expect(changed.json).toEqual({
      ...before.json,
      labels: { a: "1", c: "3" },
      updatedAt: expect.any(String),
    });
    expect((await get()).json).toMatchObject(changed.json);
    expect((await patch({ [setting]: second })).json).toMatchObject({ [setting]: second, labels: { a: "1", c: "3" } });
  });

  it("has its default again after a PATCH with null, and does not change after a PATCH without members", async () => {
    await put({ [setting]: first, labels: { a: "1" } });
    expect((await patch({ [setting]: null, labels: null })).json).toMatchObject({ [setting]: byDefault, labels: {} });
    const { json, headers } = await get();
    const unchanged = await patch({});
    expect(json).toMatchObject(unchanged.json);
    expect(unchanged.headers["etag"]).toBe(headers["etag"]);
  });

  it("takes a patch as JSON or as a merge patch, and as nothing else", async () => {
    await put();
    for (const type of ["application/merge-patch+json", "application/json; charset=utf-8"]) {
      expect((await patch({}, { "content-type": type })).status).toBe(200);
    }
    const refused = await patch({}, { "content-type": "application/json-patch+json" });
    expect(refused).toMatchObject({ status: 415, json: { errors: [{ field: "Content-Type" }] } });
    expect((await ask("PATCH", path)).status).toBe(415);
    expect((await put({}, { "content-type": "application/merge-patch+json" })).status).toBe(415);
  });

  it.each([
    [{ nothing: 1 }, "nothing"],
    [{ createdAt: "2026-01-31T08:15:30Z" }, "createdAt"],
    [{ labels: { a: 1 } }, "labels.a"],
    [{ labels: { "-a": "b" } }, "labels.-a"],
    [{ labels: { a: "b\n" } }, "labels.a"],
    [{ labels: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`l${i}`, ""])) }, "labels"],
    [[], ""],
    ["text", ""],
    [null, ""],
  ])("is not changed by the PATCH %j", async (body, field) => {
    await put({ labels: { kept: "yes" } });
    const before = await state();
    const answer = await patch(body);
    expect(answer).toMatchObject({ status: 400, json: { code: "invalid_request", errors: [{ field }] } });
    expect(await state()).toEqual(before);
  });

  it("has to exist to be patched", async () => {
    const answer = await patch({ labels: {} });
    expect(answer.status).toBe(404);
    expect((await get()).status).toBe(404);
  });

  it("has an ETag that changes with every change", async () => {
    const made = await put();
    const tag = made.headers["etag"];
    expect(tag).toMatch(/^"\d+-1"$/);
    expect((await get()).headers["etag"]).toBe(tag);
    expect((await put()).headers["etag"]).toBe(tag);
    const changed = await patch({ [setting]: first });
    expect(changed.headers["etag"]).not.toBe(tag);
    expect((await get()).headers["etag"]).toBe(changed.headers["etag"]);
  });

  it.each(["PUT", "PATCH", "DELETE"])("is left alone by a %s on another state", async (method) => {
    const stale = (await put()).headers["etag"] ?? "";
    await put({ [setting]: first });
    const before = await state();
    const body = method === "DELETE" ? undefined : { ...least, [setting]: second };
    const unmet = [
      { "if-match": stale },
      { "if-match": `W/${before.tag}` },
      { "if-none-match": "*" },
      { "if-none-match": `${stale}, W/${before.tag}` },
    ];
    for (const headers of unmet) {
      const answer = await ask(method, path, body, headers);
      expect(answer).toMatchObject({ status: 412, json: { code: "precondition_failed" } });
    }
    for (const tags of ["12-3", '"12-3""12-4"', '"12-3" "12-4"', '"12-3",x', '"12-3","', ",", ""]) {
      const malformed = await ask(method, path, body, { "if-match": tags });
      expect(malformed).toMatchObject({ status: 400, json: { errors: [{ field: "If-Match" }] } });
    }
    expect(await state()).toEqual(before);
    const current = { "if-match": `, ${stale},, ${before.tag} , ` };
    expect((await ask(method, path, body, current)).status).toBe(method === "DELETE" ? 204 : 200);
  });

  it("is created only if it does not exist, or changed only if it exists, when the request says so", async () => {
    expect(await put({}, { "if-match": "*" })).toMatchObject({ status: 412, json: { code: "precondition_failed" } });
    expect((await get()).status).toBe(404);
    expect((await put({}, { "if-none-match": "*" })).status).toBe(201);
    expect((await put({}, { "if-none-match": "*" })).status).toBe(412);
    expect((await put({}, { "if-match": "*" })).status).toBe(200);
  });

  it("has the changes of all concurrent PATCHes", async () => {
    await put();
    const names = Array.from({ length: 12 }, (_, i) => `l${i}`);
    const answers = await Promise.all(names.map((name) => patch({ labels: { [name]: name } })));
    expect(answers.map(({ status }) => status)).toEqual(names.map(() => 200));
    expect((await get()).json.labels).toEqual(Object.fromEntries(names.map((name) => [name, name])));
  });

  it("is changed by one of several PUTs and PATCHes with the same If-Match", async () => {
    const tag = (await put()).headers["etag"] ?? "";
    const requests = [1, 2, 3, 4].map((i) =>
      ask(i % 2 === 0 ? "PUT" : "PATCH", path, { ...least, labels: { writer: `${i}` } }, { "if-match": tag }),
    );
    const answers = await Promise.all(requests);
    const [winner, ...others] = answers.toSorted((a, b) => a.status - b.status);
    expect([winner?.status, ...others.map(({ status }) => status)]).toEqual([200, 412, 412, 412]);
    expect((await get()).json).toMatchObject(winner?.json);
  });

  it("is either changed or deleted by two concurrent requests with the same If-Match", async () => {
    for (const methods of [
      ["DELETE", "PUT"],
      ["PUT", "DELETE"],
    ]) {
      const tag = (await put()).headers["etag"] ?? "";
      const body = { ...least, [setting]: first };
      const answers = await Promise.all(
        methods.map((method) => ask(method, path, method === "PUT" ? body : undefined, { "if-match": tag })),
      );
      const [winner, loser] = answers.toSorted((a, b) => a.status - b.status);
      expect(loser).toMatchObject({ status: 412, json: { code: "precondition_failed" } });
      expect((await get()).status).toBe(winner?.status === 204 ? 404 : 200);
    }
  });

  it("can be found in its list by a label", async () => {
    await put({ labels: { customer: "acme" } });
    await ask("PUT", `${list}/other`, { ...least, labels: { customer: "acme, inc=1" } });
    await ask("PUT", `${list}/third`, least);
    const names = async (label: string) => {
      const { json } = await ask("GET", `${list}?label=${encodeURIComponent(label)}`);
      return json.items.map(({ name }: { name: string }) => name);
    };
    expect(await names("customer=acme")).toEqual(["it"]);
    expect(await names("customer=acme, inc=1")).toEqual(["other"]);
    expect(await names("customer=")).toEqual([]);
    expect(await names("owner=acme")).toEqual([]);
  });

  it.each(["label=", "label=customer", "label=%3Dacme", "label=-a%3Db", "label=a%3Db%0A", "label=a%3Db&label=c%3Dd"])(
    "is not looked for with %s",
    async (query) => {
      const answer = await ask("GET", `${list}?${query}`);
      expect(answer).toMatchObject({ status: 400, json: { code: "invalid_request", errors: [{ field: "label" }] } });
    },
  );

  it("accepts 16 labels and a description at their limits", async () => {
    const labels = Object.fromEntries(Array.from({ length: 16 }, (_, n) => [`${n}`.padEnd(63, "a"), "🙂".repeat(255)]));
    const answer = await put({ labels, description: "漢".repeat(1_000) });
    expect(answer).toMatchObject({ status: 201, json: { labels } });
  });

  it.each(["text", [1], 1])("refuses %j as its labels, and says what labels are", async (labels) => {
    await put();
    const answer = await patch({ labels });
    const message = expect.stringContaining("must be an object or null") as string;
    expect(answer).toMatchObject({ status: 400, json: { errors: [{ field: "labels", message }] } });
  });

  it("accepts labels of every allowed form", async () => {
    const labels = { ["a".repeat(63)]: "ä".repeat(255), "0/b._-": "" };
    expect((await put({ labels })).json.labels).toEqual(labels);
    for (const bad of [
      { ["a".repeat(64)]: "" },
      { a: "b".repeat(256) },
      { "": "" },
      { "a b": "" },
      { a: "\u0000" },
      { a: "\ud800" },
    ]) {
      expect((await put({ labels: bad })).json.code).toBe("invalid_request");
    }
  });
});

describe.each(resources)("the description of $what", ({ list, least }) => {
  it("is a text of at most 1,000 characters", async () => {
    const description = `Line one\n${"x".repeat(991)}`;
    expect((await ask("PUT", `${list}/it`, least)).json.description).toBe("");
    expect((await ask("PUT", `${list}/it`, { ...least, description })).json.description).toBe(description);
    for (const bad of [`${description}x`, "\u0000", "\ud800", 1, null]) {
      const answer = await ask("PUT", `${list}/it`, { ...least, description: bad });
      expect(answer).toMatchObject({ status: 400, json: { errors: [{ field: "description" }] } });
    }
    expect((await ask("PATCH", `${list}/it`, { description: null })).json.description).toBe("");
  });
});

describe("a PATCH of a subscription", () => {
  const path = "/v1/topics/orders/subscriptions/billing";

  it("changes objects member by member, and replaces lists", async () => {
    await ask("PUT", path, {
      push: { url, timeoutMs: 2000, headers: { a: "1", b: "2" } },
      filter: { tags: ["x", "y"] },
    });
    const { json } = await ask("PATCH", path, {
      push: { headers: { a: null, c: "3" }, timeoutMs: null },
      filter: { tags: ["z"] },
      retry: { baseMs: 10 },
    });
    expect(json).toMatchObject({
      push: { url, timeoutMs: limits.attemptTimeoutMsDefault, headers: { b: null, c: null } },
      filter: { tags: ["z"], types: [] },
      retry: { baseMs: 10, factor: 2 },
    });
    expect(json.push.headers).toEqual({ b: null, c: null });
    expect((await ask("PATCH", path, { retry: { factor: 3 } })).json.retry).toMatchObject({ baseMs: 10, factor: 3 });
    const forms = await ask("PATCH", path, { retry: { delaysMs: [1] } });
    expect(forms).toMatchObject({ status: 400, json: { code: "invalid_retry_policy" } });
  });

  it.each([
    [{ push: { url: null } }, "invalid_request", "push.url"],
    [{ push: { url: "ftp://h/" } }, "invalid_url", "push.url"],
    [{ push: null }, "invalid_request", "push"],
    [{ push: { uri: url } }, "invalid_request", "push.uri"],
    [{ push: { timeoutMs: 1 } }, "invalid_request", "push.timeoutMs"],
    [{ pull: {} }, "invalid_request", "pull"],
    [{ retry: { factor: 2 } }, "invalid_retry_policy", "retry.baseMs"],
    [{ filter: { tags: ["a", "b,c"] } }, "invalid_tag", "filter.tags[1]"],
    [{ filter: { tags: [null] } }, "invalid_request", "filter.tags[0]"],
  ])("of %j is refused, and changes nothing", async (body, code, field) => {
    await ask("PUT", path, { push: { url } });
    const before = await ask("GET", path);
    const answer = await ask("PATCH", path, body);
    expect(answer).toMatchObject({ status: 400, json: { code, errors: [{ field }] } });
    expect((await ask("GET", path)).json).toEqual(before.json);
  });

  it("does not turn a push subscription into a pull subscription", async () => {
    await ask("PUT", path, { push: { url } });
    for (const body of [
      { push: null, pull: {} },
      { push: null, pull: {}, retry: null, maxInFlight: null },
    ]) {
      const answer = await ask("PATCH", path, body);
      expect(answer).toMatchObject({ status: 409, json: { code: "immutable_field", errors: [{ field: "pull" }] } });
    }
  });

  it("does not turn a pull subscription into a push subscription", async () => {
    await ask("PUT", path, { pull: {} });
    const answer = await ask("PATCH", path, { pull: null, push: { url } });
    expect(answer).toMatchObject({ status: 409, json: { code: "immutable_field", errors: [{ field: "push" }] } });
  });

  it("of a pull subscription accepts the settings of pull subscriptions", async () => {
    await ask("PUT", path, { pull: { visibilityMs: 1000 } });
    const { json } = await ask("PATCH", path, { pull: { receivesMax: 3 }, order: "strict" });
    expect(json).toMatchObject({ pull: { visibilityMs: 1000, receivesMax: 3 }, order: "strict", retry: null });
    const refused = await ask("PATCH", path, { maxInFlight: 3 });
    expect(refused).toMatchObject({ status: 400, json: { errors: [{ field: "maxInFlight" }] } });
  });

  it("is paused and resumed only in the state that the request names", async () => {
    const tag = (await ask("PUT", path, { push: { url } })).headers["etag"] ?? "";
    const paused = await ask("POST", `${path}/pause`, undefined, { "if-match": tag });
    expect(paused).toMatchObject({ status: 200, json: { state: "paused" } });
    expect(paused.headers["etag"]).not.toBe(tag);
    const late = await ask("POST", `${path}/resume`, undefined, { "if-match": tag });
    expect(late).toMatchObject({ status: 412, json: { code: "precondition_failed" } });
    expect((await ask("GET", path)).json.state).toBe("paused");
  });
});

describe("a PATCH of an inbox", () => {
  it("does not give it a topic, or another one", async () => {
    await ask("PUT", "/v1/inboxes/it");
    await ask("PUT", "/v1/inboxes/reader", { topic: "orders" });
    for (const [name, topic] of [
      ["it", "orders"],
      ["reader", "others"],
      ["reader", null],
    ]) {
      const answer = await ask("PATCH", `/v1/inboxes/${name}`, { topic });
      expect(answer).toMatchObject({ status: 409, json: { code: "immutable_field", errors: [{ field: "topic" }] } });
    }
    await ask("DELETE", "/v1/inboxes/reader");
  });
});

describe("a key", () => {
  it("is replaced and deleted only in the state that the request names", async () => {
    const [one, two] = ["MDEyMzQ1Njc4OWFiY2RlZg", "MDEyMzQ1Njc4OWFiY2RlZw"].map((k) => ({ jwk: { kty: "oct", k } }));
    const made = await ask("PUT", "/v1/keys/k", one, { "if-none-match": "*" });
    expect(made.status).toBe(201);
    const tag = made.headers["etag"] ?? "";
    expect((await ask("GET", "/v1/keys/k")).headers["etag"]).toBe(tag);
    expect((await ask("PUT", "/v1/keys/k", two, { "if-none-match": "*" })).status).toBe(412);
    expect((await ask("PUT", "/v1/keys/k", two, { "if-match": tag })).status).toBe(200);
    expect((await ask("PUT", "/v1/keys/k", one, { "if-match": tag })).status).toBe(412);
    expect((await ask("DELETE", "/v1/keys/k", undefined, { "if-match": tag })).status).toBe(412);
    expect((await ask("DELETE", "/v1/keys/k", undefined, { "if-match": "*" })).status).toBe(204);
  });
});
