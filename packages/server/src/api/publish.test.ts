/**
 * Real: the HTTP application, which is called through `inject`; the rules of a message. Faked: store, engine and event
 * bus, in memory.
 */

import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { call } from "./testing/call.ts";
import { storedMessages } from "./testing/stored.ts";
import { createTestApp } from "./testing/test-app.ts";
import { ReusedApps } from "./testing/reused-apps.ts";
import type { TestApp } from "./testing/test-app.ts";

const path = "/v1/topics/orders/messages";
const json = { "content-type": "application/json" };

const nested = (levels: number) => `{"body":${"[".repeat(levels)}${"]".repeat(levels)}}`;

describe("publishing", () => {
  let test: TestApp;
  const apps = new ReusedApps(async () => {
    test = await createTestApp();
    await call(test.app, "PUT", "/v1/topics/orders");
    return test;
  });
  beforeEach(async () => void (test = await apps.next()));
  afterAll(() => apps.close());

  async function stored(): Promise<{ body: string; contentType: string | null }[]> {
    const messages = await storedMessages(test.store);
    return messages.map(({ body, contentType }) => ({ body: Buffer.from(body).toString(), contentType }));
  }

  it("answers 201 with the receipt", async () => {
    const answer = await call(test.app, "POST", path, { json: { body: "hello" } });
    expect(answer.status).toBe(201);
    expect(answer.json).toEqual({
      id: expect.stringMatching(/^[0-9]{13,19}$/) as string,
      topic: "orders",
      seq: 1,
      publishedAt: "2026-01-31T08:15:30.250Z",
    });
    expect(answer.headers["idempotency-replayed"]).toBeUndefined();
  });

  it("stores every member of a message", async () => {
    const message = {
      tags: ["a", "b"],
      orderingKey: "k",
      attributes: { "trace-id": "1" },
      contentType: "text/html",
      delayMs: 5,
    };
    await call(test.app, "POST", path, { json: { ...message, body: "x" } });
    const { delayMs: _delay, ...rest } = message;
    const [kept] = await storedMessages(test.store);
    expect(kept).toMatchObject({ ...rest, type: null });
    expect(kept?.deliverAtMs).toBe((kept?.publishedAtMs ?? 0) + 5);
  });

  it.each([
    ['{"body":"hé\\n\\u0041"}', "hé\nA", "text/plain; charset=utf-8"],
    ['{"body":""}', "", "text/plain; charset=utf-8"],
    [
      '{ "body" : {"n": 12345678901234567890, "x":1.0 , "e":"\\u0041"} , "tags":[]}',
      '{"n": 12345678901234567890, "x":1.0 , "e":"\\u0041"}',
      "application/json",
    ],
    ['{"body":null}', "null", "application/json"],
    ['{"body":1e400}', "1e400", "application/json"],
    ['{"body":[ ]}', "[ ]", "application/json"],
    ['{"body":{"body":1},"x":0}'.replace(',"x":0', ""), '{"body":1}', "application/json"],
    ['{"body":{},"contentType":"application/x-own"}', "{}", "application/x-own"],
    ['{"bodyBase64":"aGVsbG8="}', "hello", null],
    ['{"bodyBase64":""}', "", null],
  ])("delivers %s as %j of type %j", async (body, expected, contentType) => {
    const answer = await call(test.app, "POST", path, { body, headers: json });
    expect(answer.status).toBe(201);
    expect(await stored()).toEqual([{ body: expected, contentType }]);
  });

  it.each([
    ["{}", "body"],
    ['{"body":"a","bodyBase64":"YQ=="}', "body"],
    ['{"bodyBase64":"YQ"}', "bodyBase64"],
    ['{"bodyBase64":"YR=="}', "bodyBase64"],
    ['{"bodyBase64":"Y Q=="}', "bodyBase64"],
    ['{"bodyBase64":"-_8="}', "bodyBase64"],
    ['{"bodyBase64":null}', "bodyBase64"],
    ['{"body":"\\ud83d"}', "body"],
    ['{"body":"a","tags":"a"}', "tags"],
    ['{"body":"a","tags":[1]}', "tags[0]"],
    ['{"body":"a","delayMs":"1"}', "delayMs"],
    ['{"body":"a","delayMs":-1}', "delayMs"],
    [`{"body":"a","delayMs":${limits.delayMsMax + 1}}`, "delayMs"],
    ['{"body":"a","attributes":{"a":1}}', "attributes.a"],
    ['{"body":"a","attributes":{"__proto__":"x"}}', "attributes"],
    ['{"body":"a","type":null}', "type"],
    ['{"body":"a","__proto__":{"tags":["x"]}}', "__proto__"],
    ['{"body":"a","Tags":[]}', "Tags"],
    ["[]", ""],
    ['"text"', ""],
  ])("refuses %s", async (body, field) => {
    const answer = await call(test.app, "POST", path, { body, headers: json });
    expect(answer).toMatchObject({ status: 400, json: { code: "invalid_request", errors: [{ field }] } });
    expect(await stored()).toEqual([]);
  });

  it.each([
    [{ body: "a", tags: Array<string>(21).fill("a") }, 400, "too_many_tags", "tags"],
    [{ body: "a", tags: ["t".repeat(65)] }, 400, "invalid_tag", "tags[0]"],
    [{ body: "a", type: "a".repeat(129) }, 400, "invalid_type", "type"],
    [{ body: "a".repeat(limits.bodyBytesMax + 1) }, 413, "body_too_large", "body"],
  ])("names the field of what the message rules refuse", async (message, status, code, field) => {
    const answer = await call(test.app, "POST", path, { json: message });
    expect(answer).toMatchObject({ status, json: { code, errors: [{ field }] } });
    expect(answer.json.detail).toMatch(new RegExp(`^${field.replace("[", "\\[")}`));
  });

  it.each([
    ["", "empty"],
    ["  \n", "empty"],
    ['{"body":', "line 1, column 9"],
    ['{\n  "body": x\n}', "line 2, column 11"],
    ['\uFEFF{"body":"a"}', "byte order mark"],
    ['{"body":"a"}{}', "line 1, column 13"],
  ])("says where %j stops being JSON", async (body, where) => {
    const answer = await call(test.app, "POST", path, { body, headers: json });
    expect(answer).toMatchObject({
      status: 400,
      json: { code: "malformed_json", detail: expect.stringContaining(where) },
    });
  });

  it("refuses JSON that is not UTF-8", async () => {
    const body = Buffer.from('{"body":"\xff"}', "latin1");
    expect(await call(test.app, "POST", path, { body, headers: json })).toMatchObject({
      status: 400,
      json: { code: "invalid_utf8" },
    });
    for (const charset of ["utf-16", "latin1"]) {
      const headers = { "content-type": `application/json; charset=${charset}` };
      const answer = await call(test.app, "POST", path, { body: '{"body":"a"}', headers });
      expect(answer).toMatchObject({ status: 415, json: { code: "unsupported_media_type" } });
    }
  });

  it.each(["application/json; charset=utf-8", 'application/json;charset="UTF-8"', "Application/JSON"])(
    "knows %s as JSON",
    async (contentType) => {
      const headers = { "content-type": contentType };
      await call(test.app, "POST", path, { body: '{"body":"a"}', headers });
      expect(await stored()).toEqual([{ body: "a", contentType: "text/plain; charset=utf-8" }]);
    },
  );

  it("stores a deeply nested body unchanged, and refuses one that is too deep for most receivers", async () => {
    // The request is one level itself.
    const levelsMax = limits.jsonDepthMax - 1;
    const kept = await call(test.app, "POST", path, { body: nested(levelsMax), headers: json });
    expect(kept.status).toBe(201);
    expect((await storedMessages(test.store))[0]?.body).toHaveLength(2 * levelsMax);
    const refused = await call(test.app, "POST", path, { body: nested(levelsMax + 1), headers: json });
    expect(refused).toMatchObject({ status: 400, json: { code: "json_too_complex" } });
  });

  describe("raw", () => {
    const formType = "application/x-www-form-urlencoded";

    it.each([
      // The first is `curl -d`, the second `fetch` without headers.
      [formType, '{"body":"x"}'],
      ["text/plain;charset=UTF-8", '{"body":"x"}'],
      ["Application/X-WWW-Form-Urlencoded; charset=utf-8", ' \r\n{"event":"paid"}'],
      [formType, '[{"body":"x"}]'],
      [formType, "{"],
      ["application/octet-stream", '{"bodyBase64":"eA==","tags":["a"]}'],
      ["text/json", '{"body":{"a":1}}'],
      [undefined, '{"body":"x","delayMs":5}'],
    ])("is refused as %s if it is JSON that lacks its type: %s", async (contentType, body) => {
      const headers = contentType === undefined ? {} : { "content-type": contentType };
      const answer = await call(test.app, "POST", path, { body, headers });
      expect([answer.status, answer.json.code]).toEqual([415, "unsupported_media_type"]);
      expect(answer.json.detail).toMatch(
        /^Content-Type: is .*, but the body is JSON: send Content-Type: application\/json/,
      );
      expect(await stored()).toEqual([]);
    });

    it("is published if it is sent as the refusal advises", async () => {
      const body = '{"body":"x"}';
      const refused = await call(test.app, "POST", path, { body, headers: { "content-type": "text/plain" } });
      expect(refused.json.detail).toMatch(
        /if this text is itself the message, a JSON request with it as the string "body"/,
      );
      expect((await call(test.app, "POST", path, { json: { body } })).status).toBe(201);
      expect(await stored()).toEqual([{ body, contentType: "text/plain; charset=utf-8" }]);
    });

    it.each([
      [formType, "body=x&a=%7B%7D"],
      ["text/plain", '{"event":"paid"}'],
      ["text/plain", '{"body":"x","and":"more"}'],
      ["text/plain", '{"tags":["a"]}'],
      ["text/plain", "{"],
      ["application/cloudevents+json", '{"body":"x"}'],
      ["application/vnd.example+json", '{"body":"x"}'],
      ["text/html", '{"body":"x"}'],
    ])("is kept as %s if it can be the message itself: %s", async (contentType, body) => {
      expect((await call(test.app, "POST", path, { body, headers: { "content-type": contentType } })).status).toBe(201);
      expect(await stored()).toEqual([{ body, contentType }]);
    });

    it("keeps bytes and content type as sent", async () => {
      const body = Uint8Array.of(0, 255, 13, 10, 128);
      const headers = { "content-type": "Image/PNG;  q=1" };
      expect((await call(test.app, "POST", path, { body, headers })).status).toBe(201);
      const [kept] = await storedMessages(test.store);
      expect(Buffer.compare(kept?.body ?? new Uint8Array(), body)).toBe(0);
      expect(kept?.contentType).toBe("Image/PNG;  q=1");
    });

    it("refuses a query that does not decode, and stores nothing", async () => {
      for (const query of ["tags=%E6%A0%87,%FF", "orderingKey=%", "tags=%zz"]) {
        const answer = await call(test.app, "POST", `${path}?${query}`, {
          body: "x",
          headers: { "content-type": "a/b" },
        });
        expect([answer.status, answer.json]).toEqual([400, expect.objectContaining({ code: "malformed_request" })]);
      }
      expect(await stored()).toHaveLength(0);
    });

    it("may come without a content type", async () => {
      await call(test.app, "POST", path, { body: "plain", headers: { "content-length": "5" } });
      expect(await stored()).toEqual([{ body: "plain", contentType: null }]);
    });

    it("takes the other members from the query", async () => {
      const query = "?tags=a,b&tags=c&orderingKey=k%201&delayMs=7";
      await call(test.app, "POST", path + query, { body: "x", headers: { "content-type": "text/plain" } });
      const [kept] = await storedMessages(test.store);
      expect(kept).toMatchObject({ tags: ["a", "b", "c"], orderingKey: "k 1" });
      expect(kept?.deliverAtMs).toBe((kept?.publishedAtMs ?? 0) + 7);
    });

    it.each([
      ["?delayMs=1.5", "delayMs"],
      ["?delayMs=99999999999", "delayMs"],
      ["?orderingKey=a&orderingKey=b", "orderingKey"],
      ["?tag=a", "tag"],
      ["?__proto__=a", "__proto__"],
    ])("refuses the query %s", async (query, field) => {
      const answer = await call(test.app, "POST", path + query, {
        body: "x",
        headers: { "content-type": "text/plain" },
      });
      expect(answer).toMatchObject({ status: 400, json: { code: "invalid_request", errors: [{ field }] } });
    });

    it("cannot be mixed with JSON: a JSON publish refuses members in the query", async () => {
      const answer = await call(test.app, "POST", `${path}?tags=a`, { json: { body: "x" } });
      expect(answer).toMatchObject({ status: 400, json: { code: "invalid_request", errors: [{ field: "tags" }] } });
    });

    it("needs a body or at least a content type", async () => {
      const answer = await call(test.app, "POST", path);
      expect(answer).toMatchObject({ status: 400, json: { code: "invalid_request", errors: [{ field: "body" }] } });
      const empty = await call(test.app, "POST", path, { headers: { "content-type": "text/plain" } });
      expect(empty.status).toBe(201);
    });

    it("needs a content type of the form type/subtype", async () => {
      const answer = await call(test.app, "POST", path, { body: "x", headers: { "content-type": "text" } });
      expect(answer).toMatchObject({ status: 415, json: { code: "unsupported_media_type" } });
    });

    it("is not compressed", async () => {
      const headers = { "content-type": "text/plain", "content-encoding": "gzip" };
      const answer = await call(test.app, "POST", path, { body: "x", headers });
      expect(answer).toMatchObject({ status: 415, json: { errors: [{ field: "Content-Encoding" }] } });
    });
  });

  describe("with an Idempotency-Key", () => {
    const once = { json: { body: "a" }, headers: { "idempotency-key": "k-1" } };

    it("publishes once and repeats the first answer", async () => {
      const first = await call(test.app, "POST", path, once);
      const second = await call(test.app, "POST", path, once);
      expect([second.status, second.json]).toEqual([201, first.json]);
      expect([first.headers["idempotency-replayed"], second.headers["idempotency-replayed"]]).toEqual([
        undefined,
        "true",
      ]);
      expect(await stored()).toHaveLength(1);
    });

    it.each([
      ["other bytes", path, { json: { body: "b" }, headers: once.headers }],
      [
        "another content type",
        path,
        { body: '{"body":"a"}', headers: { ...once.headers, "content-type": "text/x-message" } },
      ],
      ["the batch", `${path}/batch`, { json: { messages: [{ body: "a" }] }, headers: once.headers }],
    ])("refuses %s under the same key", async (_what, url, other) => {
      await call(test.app, "POST", path, once);
      expect(await call(test.app, "POST", url, other)).toMatchObject({
        status: 409,
        json: { code: "idempotency_conflict" },
      });
      expect(await stored()).toHaveLength(1);
    });

    it("refuses another query under the same key", async () => {
      const raw = { body: "a", headers: { ...once.headers, "content-type": "text/plain" } };
      await call(test.app, "POST", `${path}?tags=a`, raw);
      expect((await call(test.app, "POST", `${path}?tags=b`, raw)).status).toBe(409);
    });

    it.each(["", "k".repeat(257), "schlüssel", "a\tb"])("refuses the key %j", async (key) => {
      const answer = await call(test.app, "POST", path, { json: { body: "a" }, headers: { "idempotency-key": key } });
      expect(answer).toMatchObject({
        status: 400,
        json: { code: "invalid_idempotency_key", errors: [{ field: "Idempotency-Key" }] },
      });
      expect(await stored()).toEqual([]);
    });
  });

  describe("in a batch", () => {
    const batch = `${path}/batch`;

    it("answers a receipt for each, in order", async () => {
      const body = '{"messages":[{"body": [1.0 ]},{"body":"two"},{"bodyBase64":"Mw=="},{"body": {"a": 1 }}]}';
      const answer = await call(test.app, "POST", batch, { body, headers: json });
      expect(answer.status).toBe(201);
      expect(answer.json.messages.map(({ seq }: { seq: number }) => seq)).toEqual([1, 2, 3, 4]);
      expect(new Set(answer.json.messages.map(({ id }: { id: string }) => id)).size).toBe(4);
      expect((await stored()).map(({ body }) => body)).toEqual(["[1.0 ]", "two", "3", '{"a": 1 }']);
    });

    it.each([
      [{ messages: [{ body: "a" }, {}] }, 400, "invalid_request", "messages[1].body"],
      [{ messages: [{ body: "a" }, { body: "b", bodyBase64: "Yg==" }] }, 400, "invalid_request", "messages[1].body"],
      [{ messages: [{ body: "a" }, { body: "b", tags: ["t".repeat(65)] }] }, 400, "invalid_tag", "messages[1].tags[0]"],
      [{ messages: [{ body: "b", tags: ["t".repeat(65)] }] }, 400, "invalid_tag", "messages[0].tags[0]"],
      [{ messages: [1] }, 400, "invalid_request", "messages[0]"],
      [{ messages: [] }, 400, "empty_batch", "messages"],
      [{ messages: Array.from({ length: 1001 }, () => ({ body: "a" })) }, 413, "batch_too_large", "messages"],
      [{}, 400, "invalid_request", "messages"],
      [{ messages: {}, more: 1 }, 400, "invalid_request", "messages"],
    ])("refuses all when one is wrong, and says which", async (given, status, code, field) => {
      const answer = await call(test.app, "POST", batch, { json: given });
      expect(answer).toMatchObject({
        status,
        json: { code, errors: expect.arrayContaining([expect.objectContaining({ field })]) },
      });
      expect(await stored()).toEqual([]);
    });

    it("is JSON only", async () => {
      const answer = await call(test.app, "POST", batch, { body: "x", headers: { "content-type": "text/plain" } });
      expect(answer).toMatchObject({ status: 415, json: { code: "unsupported_media_type" } });
    });
  });

  it("to a missing topic answers 404", async () => {
    for (const url of ["/v1/topics/none/messages", "/v1/topics/none/messages/batch"]) {
      const answer = await call(test.app, "POST", url, { json: { body: "a" } });
      expect(answer).toMatchObject({ status: 404, json: { code: "topic_not_found" } });
    }
  });

  it("answers 503 with Retry-After while the store cannot write", async () => {
    test.store.failure = new RingbackError("storage_full");
    const answer = await call(test.app, "POST", path, { json: { body: "a" } });
    expect(answer).toMatchObject({ status: 503, headers: { "retry-after": "15" }, json: { code: "storage_full" } });
    test.store.failure = null;
    expect((await call(test.app, "POST", path, { json: { body: "a" } })).status).toBe(201);
  });

  it("hides an unexpected error, and logs it under the id in the answer", async () => {
    test.store.failure = new Error("secret path /var/lib/ringback");
    const answer = await call(test.app, "POST", path, { json: { body: "a" } });
    expect(answer).toMatchObject({ status: 500, json: { code: "internal", requestId: expect.any(String) } });
    expect(JSON.stringify(answer.json)).not.toContain("secret path");
    const line = JSON.parse(test.logLines.join("")) as Record<string, unknown>;
    expect(line).toMatchObject({
      level: "error",
      requestId: answer.json.requestId,
      err: { message: expect.stringContaining("secret path") },
    });
  });
});
