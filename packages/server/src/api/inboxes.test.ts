/**
 * Real: the HTTP application, the inboxes. Faked: the store, in memory, and the time. The time advances when a test
 * says so.
 */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { limits } from "../domain/limits.ts";
import { InboxScene } from "../engine/inboxes/testing/inbox-scene.ts";
import { call } from "./testing/call.ts";
import { createTestApp } from "./testing/test-app.ts";
import type { TestApp } from "./testing/test-app.ts";

let scene: InboxScene;
let test: TestApp;

beforeEach(async () => {
  scene = new InboxScene();
  test = await createTestApp({}, { inboxes: scene.inboxes, pullQueues: scene.pullQueues });
});

afterEach(() => test.app.close());

interface Sent {
  readonly body?: string | Uint8Array;
  readonly contentType?: string;
}

async function post(path: string, { body = "", contentType }: Sent = {}) {
  const response = await test.app.inject({
    method: "POST",
    url: path,
    headers: contentType === undefined ? {} : { "content-type": contentType },
    payload: Buffer.from(body),
  });
  return { status: response.statusCode, body: response.body, headers: response.headers };
}

/** Takes one message by GET, and waits until it is settled. */
async function take(path: string) {
  const response = await test.app.inject({ method: "GET", url: path });
  await scene.time.quiet();
  return { status: response.statusCode, body: response.rawPayload, text: response.body, headers: response.headers };
}

const defaults = {
  topic: null,
  accept: "any",
  whilePolledMs: null,
  retentionMs: limits.retentionMsDefault,
  messagesMax: 10_000,
  bodyBytesMax: limits.bodyBytesMax,
  verify: null,
  description: "",
  labels: {},
};

describe("an inbox", () => {
  it("is created by its name with defaults, changed, read and deleted", async () => {
    const made = await call(test.app, "PUT", "/v1/inboxes/arrivals");
    expect(made).toMatchObject({ status: 201, json: { name: "arrivals", ...defaults } });
    const settings = {
      accept: "json",
      whilePolledMs: 300_000,
      retentionMs: 60_000,
      messagesMax: 5,
      bodyBytesMax: 1024,
    };
    const changed = await call(test.app, "PUT", "/v1/inboxes/arrivals", { json: settings });
    expect(changed).toMatchObject({ status: 200, json: { name: "arrivals", topic: null, ...settings } });
    await post("/in/arrivals", { body: "{}" });
    expect((await call(test.app, "GET", "/v1/inboxes/arrivals")).json).toEqual({ ...changed.json, waiting: 1 });
    expect((await call(test.app, "DELETE", "/v1/inboxes/arrivals")).status).toBe(204);
    for (const method of ["DELETE", "GET"]) {
      const answer = await call(test.app, method, "/v1/inboxes/arrivals");
      expect(answer).toMatchObject({ status: 404, json: { code: "inbox_not_found" } });
    }
  });

  it("accepts the settings that it returns", async () => {
    const made = await call(test.app, "PUT", "/v1/inboxes/arrivals");
    const {
      name: _,
      receivePath: ____,
      createdAt: __,
      updatedAt: ___,
      ...settings
    } = made.json as Record<string, unknown>;
    expect(settings).toEqual(defaults);
    expect(await call(test.app, "PUT", "/v1/inboxes/arrivals", settings)).toMatchObject({
      status: 200,
      json: defaults,
    });
  });

  it("is listed by name, page by page", async () => {
    for (const name of ["c", "a", "b"]) await call(test.app, "PUT", `/v1/inboxes/${name}`);
    const first = await call(test.app, "GET", "/v1/inboxes?limit=2");
    const second = await call(test.app, "GET", `/v1/inboxes?limit=2&after=${first.json.next}`);
    const names = [first, second].map(({ json }) => json.items.map(({ name }: { name: string }) => name));
    expect([names, second.json.next]).toEqual([[["a", "b"], ["c"]], null]);
    const refused = await call(test.app, "GET", "/v1/inboxes?after=abcdefgh");
    expect(refused).toMatchObject({ status: 400, json: { code: "invalid_cursor" } });
  });

  it.each([
    [{ accept: "xml" }, "accept"],
    [{ messagesMax: 0 }, "messagesMax"],
    [{ messagesMax: limits.inboxMessagesMax + 1 }, "messagesMax"],
    [{ whilePolledMs: limits.whilePolledMsMin - 1 }, "whilePolledMs"],
    [{ whilePolledMs: false }, "whilePolledMs"],
    [{ retentionMs: limits.retentionMsMin - 1 }, "retentionMs"],
    [{ bodyBytesMax: limits.bodyBytesMax + 1 }, "bodyBytesMax"],
    [{ topic: "orders", retentionMs: 60_000 }, "retentionMs"],
    [{ topics: "orders" }, "topics"],
    [[], ""],
  ])("refuses the settings %j", async (json, field) => {
    const answer = await call(test.app, "PUT", "/v1/inboxes/arrivals", { json });
    expect(answer).toMatchObject({ status: 400, json: { code: "invalid_request", errors: [{ field }] } });
    expect(await scene.inboxes.get("arrivals")).toBeNull();
  });

  it.each(["_in", "..a", "inbox:a", "inbox%3Aa", "%E4%BD%A0", "__proto__", "a".repeat(129)])(
    "refuses the name %s in every request",
    async (name) => {
      for (const method of ["PUT", "GET", "DELETE"]) {
        const answer = await call(test.app, method, `/v1/inboxes/${name}`);
        expect(answer).toMatchObject({ status: 400, json: { code: "invalid_name", errors: [{ field: "inbox" }] } });
      }
      for (const method of ["POST", "GET"]) {
        const answer = await call(test.app, method, `/in/${name}`);
        expect(answer).toMatchObject({ status: 400, json: { code: "invalid_name" } });
      }
    },
  );

  it("refuses a name that no topic can have", async () => {
    const answer = await call(test.app, "PUT", "/v1/inboxes/arrivals", { json: { topic: "inbox:other" } });
    expect(answer).toMatchObject({ status: 400, json: { code: "invalid_name", errors: [{ field: "topic" }] } });
  });

  it("is refused past the limit of inboxes of an account", async () => {
    const { id } = scene.store.catalog.defaultAccount();
    for (let at = 0; at < limits.entriesMax; at++) await scene.store.entries.put(id, "inbox", `in${at}`, {});
    const answer = await call(test.app, "PUT", "/v1/inboxes/arrivals");
    expect(answer).toMatchObject({ status: 409, json: { code: "entry_limit" } });
    expect(await scene.store.catalog.getTopic(scene.store.catalog.defaultAccount().id, "inbox:arrivals")).toBeNull();
  });
});

describe("a message that is POSTed to an inbox", () => {
  beforeEach(() => scene.put("arrivals"));

  it("is answered with success and its id, and is delivered unchanged", async () => {
    const body = '{ "msgSvrID": 3604851935629391762, "wxid":"小明" }\n';
    const answer = await post("/in/arrivals", { body, contentType: "application/json" });
    expect(answer).toMatchObject({ status: 200, body: '{"response":"success"}' });
    expect(answer.headers["content-type"]).toMatch(/^application\/json/);
    const taken = await take("/in/arrivals");
    expect([taken.status, taken.text]).toEqual([200, body]);
    expect(taken.headers).toMatchObject({
      "content-type": "application/json",
      "ringback-message-id": answer.headers["ringback-message-id"],
    });
  });

  it.each([
    ["application/octet-stream", new Uint8Array([0, 255, 13, 10, 0])],
    ["plain/text", "koipy"],
    ["image/png", new Uint8Array(0)],
    ["json", "{}"],
    ["application/json; charset=gbk", "\ufeff{"],
    [undefined, "of no type"],
  ])("is kept whatever its type is: %s", async (contentType, body) => {
    const sent = contentType === undefined ? { body } : { body, contentType };
    expect((await post("/in/arrivals?signature=x&__proto__=y", sent)).status).toBe(200);
    const taken = await take("/in/arrivals");
    expect(taken.body).toEqual(Buffer.from(body));
    expect(taken.headers["content-type"]).toBe(contentType ?? "application/octet-stream");
    expect(taken.headers["ringback-message-id"]).toBeDefined();
  });

  it("cannot run scripts in a browser that shows it", async () => {
    await post("/in/arrivals", { body: "<script>alert(1)</script>", contentType: "text/html" });
    expect((await take("/in/arrivals")).headers).toMatchObject({
      "content-security-policy": "default-src 'none'; sandbox",
      "x-content-type-options": "nosniff",
      "cache-control": "no-store",
    });
  });

  it.each([`text/${"x".repeat(300)}`, "", "a\tb", "t\u00e9xt/plain"])(
    "is kept without a content type that no header can hold: %.20j",
    async (contentType) => {
      expect((await post("/in/arrivals", { body: "x", contentType })).status).toBe(200);
      const taken = await take("/in/arrivals");
      expect([taken.text, taken.headers["content-type"]]).toEqual(["x", "application/octet-stream"]);
    },
  );

  it("must be JSON if the inbox accepts only JSON, and is stored unchanged", async () => {
    await scene.put("json", { accept: "json" });
    for (const [body, code] of [
      ["", "malformed_json"],
      ['{"a":1,}', "malformed_json"],
      [new Uint8Array([0x22, 0xff, 0x22]), "invalid_utf8"],
    ] as const) {
      const answer = await post("/in/json", { body, contentType: "application/json" });
      expect([answer.status, JSON.parse(answer.body)]).toMatchObject([400, { code }]);
    }
    const text = '{"id":123456789012345678901, "a" : 1.0}';
    await post("/in/json", { body: text, contentType: "text/plain" });
    expect((await take("/in/json")).text).toBe(text);
  });

  it("is refused when it is larger than the inbox allows, or than any message may be", async () => {
    await scene.put("small", { bodyBytesMax: 1024 });
    const larger = await post("/in/small", { body: "x".repeat(1025) });
    expect([larger.status, JSON.parse(larger.body)]).toMatchObject([413, { code: "body_too_large" }]);
    const largest = await post("/in/arrivals", { body: "x".repeat(limits.bodyBytesMax + 1) });
    expect([largest.status, JSON.parse(largest.body)]).toMatchObject([413, { code: "request_too_large" }]);
    expect((await post("/in/arrivals", { body: "x".repeat(limits.bodyBytesMax) })).status).toBe(200);
  });

  it("is refused when the inbox is full, with a time to retry after", async () => {
    await scene.put("one", { messagesMax: 1 });
    await post("/in/one", { body: "1" });
    const answer = await call(test.app, "POST", "/in/one", { body: "2" });
    expect(answer).toMatchObject({ status: 503, json: { code: "inbox_full" } });
    expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
  });

  it("is answered with success although it is dropped because nobody polls", async () => {
    await scene.put("polled", { whilePolledMs: 300_000 });
    await scene.time.advance(300_000);
    const answer = await call(test.app, "POST", "/in/polled", { body: "1" });
    expect(answer).toMatchObject({ status: 200, json: { response: "success" } });
    expect(answer.headers).not.toHaveProperty("ringback-message-id");
    expect((await take("/in/polled")).text).toBe("");
  });

  it("is refused when the inbox does not exist, and while its topic is missing", async () => {
    expect(await call(test.app, "POST", "/in/nobody", { body: "1" })).toMatchObject({
      status: 404,
      json: { code: "inbox_not_found" },
    });
    const topic = await scene.topic("orders");
    await scene.put("orders", { topic: "orders" });
    await scene.store.catalog.deleteTopic(topic.accountId, "orders");
    for (const method of ["POST", "GET"]) {
      const answer = await call(test.app, method, "/in/orders");
      expect(answer).toMatchObject({ status: 404, json: { code: "topic_not_found" } });
    }
  });
});

describe("a GET of an inbox", () => {
  beforeEach(() => scene.put("arrivals"));

  it("takes the oldest message, and answers 200 with nothing when there is none", async () => {
    for (const body of ["1", "2"]) await post("/in/arrivals", { body });
    expect((await take("/in/arrivals")).text).toBe("1");
    expect((await take("/in/arrivals")).text).toBe("2");
    const none = await take("/in/arrivals");
    expect([none.status, none.text, none.headers["content-length"]]).toEqual([200, "", "0"]);
    expect(none.headers).not.toHaveProperty("ringback-message-id");
  });

  it("waits as long as its parameter says", async () => {
    const waiting = take("/in/arrivals?waitMs=60000");
    await expect.poll(() => scene.pullQueues.waiting).toBe(1);
    await post("/in/arrivals", { body: "1" });
    expect((await waiting).text).toBe("1");
  });

  it.each(["waitMs=-1", `waitMs=${limits.inboxWaitMsMax + 1}`, "waitMs=1.5", "waitMs=", "waitMs=1&waitMs=2", "wait=1"])(
    "refuses the query %s",
    async (query) => {
      const answer = await call(test.app, "GET", `/in/arrivals?${query}`);
      const field = query.split("=")[0];
      expect(answer).toMatchObject({ status: 400, json: { code: "invalid_request", errors: [{ field }] } });
    },
  );

  it("is the only method that takes a message: a HEAD is refused and takes nothing", async () => {
    await post("/in/arrivals", { body: "1" });
    for (const method of ["HEAD", "PUT", "DELETE"] as const) {
      const answer = await test.app.inject({ method, url: "/in/arrivals" });
      expect([answer.statusCode, answer.headers["allow"]]).toEqual([405, "GET, POST"]);
    }
    expect((await take("/in/arrivals")).text).toBe("1");
  });

  it("that waits is answered with nothing when the server stops", async () => {
    const waiting = take("/in/arrivals?waitMs=60000");
    await expect.poll(() => scene.pullQueues.waiting).toBe(1);
    await test.app.close();
    expect(await waiting).toMatchObject({ status: 200, text: "" });
  });

  it("that ends in an error leaves the message in the inbox", async () => {
    await scene.keep("arrivals", "1", "text/plain");
    const real = scene.inboxes.take.bind(scene.inboxes);
    scene.inboxes.take = async (...args) => {
      const taken = await real(...args);
      // No header can contain this content type, so the answer becomes an error.
      return taken && { ...taken, message: { ...taken.message, contentType: "a\r\nb: c" } };
    };
    expect((await take("/in/arrivals")).status).toBe(500);
    scene.inboxes.take = real;
    expect((await take("/in/arrivals")).text).toBe("1");
  });
});
