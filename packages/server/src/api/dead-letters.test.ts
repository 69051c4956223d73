/**
 * Real: the HTTP application, which is called through `inject`; the memory driver. Faked: publisher, event bus, clock.
 */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Subscription } from "../domain/model.ts";
import { call } from "./testing/call.ts";
import { deliver, failedAttempt, settleNext, storedSubscriptions } from "./testing/stored.ts";
import { createTestApp } from "./testing/test-app.ts";
import type { TestApp } from "./testing/test-app.ts";

const subscription = "/v1/topics/orders/subscriptions/billing";
const path = `${subscription}/dead-letters`;

const giveUp = { kind: "dead", reason: "retries_exhausted" } as const;
const retry = { kind: "parked", dueAtMs: 0, retriesMade: 1 } as const;

describe("dead letters", () => {
  let test: TestApp;
  beforeEach(async () => {
    test = await createTestApp();
    await call(test.app, "PUT", "/v1/topics/orders");
    await call(test.app, "PUT", subscription, { json: { push: { url: "http://127.0.0.1:9/" } } });
    const [billing] = (await storedSubscriptions(test.store)) as [Subscription];
    const attempt = failedAttempt({ status: 503, reply: Buffer.from("busy") });
    const all = (settled: typeof giveUp | typeof retry) => [1, 2, 3].map(() => ({ attempt, settled }));
    await deliver(test.store, billing, all(retry));
    await settleNext(test.store, billing.id, all(retry));
    await settleNext(test.store, billing.id, all(giveUp));
    ids = await left();
  });
  afterEach(() => test.app.close());

  /** Ids of the dead letters, in the order of their messages. */
  let ids: string[];
  const left = async () => {
    const { items } = (await call(test.app, "GET", path)).json as { items: { id: string }[] };
    return items.map(({ id }) => id).toReversed();
  };

  it("are listed without bodies, page by page", async () => {
    const first = await call(test.app, "GET", `${path}?limit=2`);
    expect(first.json.items.map(({ id }: { id: string }) => id)).toEqual([ids[2], ids[1]]);
    expect(first.json.items[0].message).toMatchObject({ topic: "orders", bodyBytes: 6 });
    expect(first.json.items[0].message).not.toHaveProperty("body");
    const second = await call(test.app, "GET", `${path}?limit=2&after=${first.json.next}`);
    expect([second.json.items.length, second.json.next]).toEqual([1, null]);
  });

  it("are shown one by one with body, reason and last reply", async () => {
    const { json } = await call(test.app, "GET", `${path}/${ids[1]}`);
    expect(json).toMatchObject({
      id: ids[1],
      reason: "retries_exhausted",
      attempts: 3,
      diedAt: "2026-01-31T08:15:30.250Z",
      lastStatus: 503,
      lastErrorCode: "http_status",
      reply: "busy",
      message: { id: expect.stringMatching(/^[0-9]{13,19}$/) as string, body: "body 2" },
    });
  });

  it("are removed one by one, and all of them only on explicit request", async () => {
    expect((await call(test.app, "DELETE", `${path}/${ids[1]}`)).status).toBe(204);
    expect(await left()).toEqual([ids[0], ids[2]]);
    for (const query of ["", "?all=false", "?all=1", "?all="]) {
      expect(await call(test.app, "DELETE", path + query)).toMatchObject({
        status: 400,
        json: { errors: [{ field: "all" }] },
      });
    }
    expect(await left()).toEqual([ids[0], ids[2]]);
    expect((await call(test.app, "DELETE", `${path}?all=true`)).json).toEqual({ count: 2 });
    expect(await left()).toEqual([]);
  });

  it("are redriven one by one, by a list, or all", async () => {
    expect(await call(test.app, "POST", `${path}/${ids[0]}/redrive`)).toMatchObject({
      status: 200,
      json: { count: 1 },
    });
    expect((await call(test.app, "POST", `${path}/redrive`, { json: { ids: [ids[1], "77", "abc"] } })).json).toEqual({
      count: 1,
    });
    expect((await call(test.app, "POST", `${path}/redrive`, { json: { all: true } })).json).toEqual({ count: 1 });
    expect(await left()).toEqual([]);
  });

  it.each([{}, { all: false }, { ids: ["1"], all: true }, { ids: [] }, { ids: [1] }, { ids: "1" }, { all: "true" }])(
    "are not redriven by %j",
    async (json) => {
      const answer = await call(test.app, "POST", `${path}/redrive`, { json });
      expect(answer).toMatchObject({ status: 400, json: { code: "invalid_request" } });
      expect(await left()).toHaveLength(3);
    },
  );

  it("are not redriven without a body, and the answer says what to give", async () => {
    expect(await call(test.app, "POST", `${path}/redrive`)).toMatchObject({
      status: 400,
      json: { code: "invalid_request", detail: 'ids: give either "ids" or "all": true' },
    });
    expect((await call(test.app, "POST", `${path}/redrive`, { body: "ids=1" })).status).toBe(415);
    expect(await left()).toHaveLength(3);
  });

  it.each(["77", "0", "abc", "1e1", "9".repeat(30)])("that are not there answer 404: %s", async (id) => {
    for (const [method, url] of [
      ["GET", `${path}/${id}`],
      ["DELETE", `${path}/${id}`],
      ["POST", `${path}/${id}/redrive`],
    ] as const) {
      expect(await call(test.app, method, url)).toMatchObject({ status: 404, json: { code: "dead_letter_not_found" } });
    }
    expect(await left()).toHaveLength(3);
  });
});
