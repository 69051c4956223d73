/** Real: the HTTP application, through `inject`. Fake: store, publisher and event bus, in memory. */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TopicId } from "../domain/model.ts";
import type { DeadLetter } from "../store/records.ts";
import { call } from "./testing/call.ts";
import { createTestApp } from "./testing/test-app.ts";
import type { TestApp } from "./testing/test-app.ts";

const subscription = "/v1/topics/orders/subscriptions/billing";
const path = `${subscription}/dead-letters`;

function letter(id: string): DeadLetter {
  return {
    id,
    message: {
      topicId: 1 as TopicId,
      seq: Number(id),
      body: Buffer.from(`body ${id}`),
      contentType: null,
      tags: [],
      type: null,
      orderingKey: null,
      attributes: {},
      publishedAtMs: 1_000,
      deliverAtMs: null,
    },
    reason: "retries_exhausted",
    attemptsMade: 3,
    diedAtMs: 9_000,
    lastStatus: 503,
    lastErrorCode: "http_status",
    lastReply: Buffer.from("busy"),
  };
}

describe("dead letters", () => {
  let test: TestApp;
  beforeEach(async () => {
    test = await createTestApp();
    await call(test.app, "PUT", "/v1/topics/orders");
    await call(test.app, "PUT", subscription, { json: { push: { url: "http://127.0.0.1:9/" } } });
    test.store.deadLetters = [letter("1"), letter("2"), letter("3")];
  });
  afterEach(() => test.app.close());

  const left = () => test.store.deadLetters.map(({ id }) => id);

  it("are listed without bodies, page by page", async () => {
    const first = await call(test.app, "GET", `${path}?limit=2`);
    expect(first.json.items.map(({ id }: { id: string }) => id)).toEqual(["1", "2"]);
    expect(first.json.items[0].message).toMatchObject({ topic: "orders", bodyBytes: 6 });
    expect(first.json.items[0].message).not.toHaveProperty("body");
    const second = await call(test.app, "GET", `${path}?limit=2&after=${first.json.next}`);
    expect([second.json.items.length, second.json.next]).toEqual([1, null]);
  });

  it("are shown one by one with body, reason and last reply", async () => {
    const { json } = await call(test.app, "GET", `${path}/2`);
    expect(json).toMatchObject({
      id: "2",
      reason: "retries_exhausted",
      attempts: 3,
      diedAt: "1970-01-01T00:00:09.000Z",
      lastStatus: 503,
      lastErrorCode: "http_status",
      reply: "busy",
      message: { id: "1099511627778", body: "body 2" },
    });
  });

  it("are removed one by one, and all only when that is said", async () => {
    expect((await call(test.app, "DELETE", `${path}/2`)).status).toBe(204);
    expect(left()).toEqual(["1", "3"]);
    for (const query of ["", "?all=false", "?all=1", "?all="]) {
      expect(await call(test.app, "DELETE", path + query)).toMatchObject({
        status: 400,
        json: { errors: [{ field: "all" }] },
      });
    }
    expect(left()).toEqual(["1", "3"]);
    expect((await call(test.app, "DELETE", `${path}?all=true`)).json).toEqual({ count: 2 });
    expect(left()).toEqual([]);
  });

  it("are redriven one by one, by a list, or all", async () => {
    expect(await call(test.app, "POST", `${path}/1/redrive`)).toMatchObject({ status: 200, json: { count: 1 } });
    expect((await call(test.app, "POST", `${path}/redrive`, { json: { ids: ["2", "77", "abc"] } })).json).toEqual({
      count: 1,
    });
    expect((await call(test.app, "POST", `${path}/redrive`, { json: { all: true } })).json).toEqual({ count: 1 });
    expect(left()).toEqual([]);
  });

  it.each([{}, { all: false }, { ids: ["1"], all: true }, { ids: [] }, { ids: [1] }, { ids: "1" }, { all: "true" }])(
    "are not redriven by %j",
    async (json) => {
      const answer = await call(test.app, "POST", `${path}/redrive`, { json });
      expect(answer).toMatchObject({ status: 400, json: { code: "invalid_request" } });
      expect(left()).toHaveLength(3);
    },
  );

  it.each(["77", "0", "abc", "1e1", "9".repeat(30)])("that are not there answer 404: %s", async (id) => {
    for (const [method, url] of [
      ["GET", `${path}/${id}`],
      ["DELETE", `${path}/${id}`],
      ["POST", `${path}/${id}/redrive`],
    ] as const) {
      expect(await call(test.app, method, url)).toMatchObject({ status: 404, json: { code: "dead_letter_not_found" } });
    }
    expect(left()).toHaveLength(3);
  });
});
