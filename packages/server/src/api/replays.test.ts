/** Real: the HTTP application, the memory driver. Faked: event bus, clock. No engine runs, so no replay advances. */

import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { limits } from "../domain/limits.ts";
import type { Subscription } from "../domain/model.ts";
import { settingsDefault } from "../engine/accounts/account-settings.ts";
import { call } from "./testing/call.ts";
import { deliver, failedAttempt, settleNext, storedSubscriptions } from "./testing/stored.ts";
import { ReusedApps } from "./testing/reused-apps.ts";
import { createTestApp, type TestApp } from "./testing/test-app.ts";

const nowMs = Date.UTC(2026, 11, 1);
const subscription = "/v1/topics/orders/subscriptions/billing";
const path = `${subscription}/replays`;
const push = { url: "http://127.0.0.1:9/" };

let test: TestApp;
const apps = new ReusedApps(async () => {
  test = await createTestApp({}, { nowMs });
  await call(test.app, "PUT", "/v1/topics/orders");
  await call(test.app, "PUT", subscription, { json: { push } });
  const [billing] = (await storedSubscriptions(test.store)) as [Subscription];
  const attempt = failedAttempt({ status: 503 });
  const dead = { kind: "dead", reason: "retries_exhausted" } as const;
  const message = { type: "invoice.paid" };
  await deliver(test.store, billing, [
    { attempt: { ...attempt, verdict: "accepted" }, settled: { kind: "delivered" }, message },
    { attempt, settled: dead, message },
    { attempt, settled: { kind: "parked", dueAtMs: nowMs + 60_000, retriesMade: 1 } },
  ]);
  return test;
});
beforeEach(async () => void (test = await apps.next()));
afterAll(() => apps.close());

const ask = (method: string, to: string, json?: unknown) =>
  call(test.app, method, to, json === undefined ? {} : { json });

describe("a replay", () => {
  it("is created, listed, changed, cancelled and removed", async () => {
    const created = await ask("POST", path, { from: { seq: 1 }, types: ["invoice.*"], perSecond: null });
    expect(created).toMatchObject({
      status: 202,
      json: {
        kind: "messages",
        state: "running",
        reason: null,
        topic: "orders",
        subscription: "billing",
        target: "billing",
        from: 1,
        to: 3,
        types: ["invoice.*"],
        only: "all",
        order: "separate",
        perSecond: null,
        matched: 2,
        exact: true,
        sent: 0,
        waiting: 0,
        createdAt: "2026-12-01T00:00:00.000Z",
        endedAt: null,
      },
    });
    const one = `/v1/replays/${created.json.id}`;
    test.clock.nowMs += 5;
    const second = await ask("POST", path, { from: "oldest" });
    expect((await ask("GET", "/v1/replays?limit=1")).json).toMatchObject({ items: [{ id: second.json.id }] });
    const { next } = (await ask("GET", "/v1/replays?limit=1")).json;
    expect((await ask("GET", `/v1/replays?after=${next}`)).json).toEqual({ items: [created.json], next: null });
    expect((await ask("PATCH", one, { perSecond: 7, paused: true })).json).toMatchObject({
      perSecond: 7,
      state: "paused",
    });
    expect((await ask("GET", one)).json).toMatchObject({ perSecond: 7, state: "paused" });
    const cancelled = await ask("DELETE", one);
    expect(cancelled).toMatchObject({ status: 200, json: { state: "cancelled" } });
    expect((await ask("PATCH", one, { perSecond: 9 })).json).toMatchObject({ state: "cancelled", perSecond: 7 });
    expect((await ask("DELETE", one)).status).toBe(204);
    expect((await ask("GET", one)).json.code).toBe("replay_not_found");
    const types = test.events.emitted.map(({ type }) => type).filter((type) => type.startsWith("replay."));
    expect(types).toEqual(["replay.started", "replay.started", "replay.ended"]);
  });

  it("only counts in a dry run", async () => {
    const dry = { from: "oldest", dryRun: true };
    expect(await ask("POST", path, dry)).toMatchObject({ status: 200, json: { matched: 3, exact: true } });
    expect((await ask("POST", path, { ...dry, only: "failed" })).json).toEqual({ matched: 1, exact: true });
    expect((await ask("POST", path, { ...dry, types: ["other"] })).json).toEqual({ matched: 0, exact: true });
    const letters = { reasons: ["retries_exhausted"], statuses: [503], dryRun: true };
    const redrive = `${subscription}/dead-letters/redrive`;
    expect(await ask("POST", redrive, letters)).toMatchObject({ status: 200, json: { matched: 1, exact: true } });
    expect((await ask("POST", redrive, { ...letters, statuses: [404] })).json.matched).toBe(0);
    expect((await ask("GET", "/v1/replays")).json.items).toEqual([]);
  });

  it("counts no more than an upper bound if the target has a filter that is applied to each copy", async () => {
    await ask("PATCH", subscription, { filter: { where: "data.n > 1" } });
    const dry = { from: "oldest", dryRun: true };
    expect((await ask("POST", path, dry)).json).toEqual({ matched: 3, exact: false });
    expect((await ask("POST", path, { ...dry, types: ["other"] })).json).toEqual({ matched: 0, exact: true });
    expect((await ask("POST", `${subscription}/dead-letters/redrive`, { all: true, dryRun: true })).json).toEqual({
      matched: 1,
      exact: false,
    });
    expect((await ask("POST", path, { from: "oldest" })).json).toMatchObject({ matched: 3, exact: false });
  });

  it("redrives dead letters with filters", async () => {
    const redrive = `${subscription}/dead-letters/redrive`;
    const created = await ask("POST", redrive, { reasons: ["retries_exhausted"], perSecond: 5 });
    expect(created).toMatchObject({
      status: 202,
      json: { kind: "dead-letters", matched: 1, perSecond: 5, order: "live", from: null },
    });
    expect((await ask("POST", redrive, { all: true })).json).toEqual({ count: 1 });
    const both = await ask("POST", redrive, { ids: ["x"], perSecond: 5 });
    expect([both.status, both.json.code]).toEqual([400, "invalid_request"]);
  });
});

describe("a request for a replay", () => {
  const future = new Date(nowMs + 60_000).toISOString();
  const past = new Date(nowMs - 60_000).toISOString();
  it.each([
    ["perSecond", { from: "oldest", perSecond: 0 }],
    ["perSecond", { from: "oldest", perSecond: limits.replayPerSecondMax + 1 }],
    ["from", {}],
    ["from.at", { from: { at: future } }],
    ["to.at", { from: "oldest", to: { at: future } }],
    ["to", { from: { seq: 3 }, to: { seq: 2 } }],
    ["to", { from: { at: new Date(nowMs).toISOString() }, to: { at: past } }],
    ["to", { from: { at: past }, to: { at: past } }],
    ["to.seq", { from: { seq: 1 }, to: { seq: 4 } }],
    ["from.seq", { from: { seq: 5 } }],
    ["only", { from: "oldest", only: "some" }],
    ["nonsense", { from: "oldest", nonsense: 1 }],
  ])("is refused at %s: %j", async (field, body) => {
    const refused = await ask("POST", path, body);
    expect([refused.status, refused.json.code]).toEqual([400, "invalid_request"]);
    expect(refused.json.errors[0].field).toBe(field);
    expect((await ask("GET", "/v1/replays")).json.items).toEqual([]);
  });

  it("is refused for what does not exist", async () => {
    const codes = [
      ["POST", path, { from: "oldest", target: "nobody" }, 404, "subscription_not_found"],
      ["POST", path, { from: "oldest", types: ["a\u0001"] }, 400, "invalid_type_pattern"],
      ["POST", path.replace("billing", "nobody"), { from: "oldest" }, 404, "subscription_not_found"],
      ["GET", "/v1/replays/1", undefined, 404, "replay_not_found"],
      ["DELETE", "/v1/replays/99999999999999999999", undefined, 404, "replay_not_found"],
      ["PATCH", "/v1/replays/x", { paused: true }, 404, "replay_not_found"],
      ["GET", "/v1/replays?after=x", undefined, 400, "invalid_cursor"],
    ] as const;
    for (const [method, to, body, status, code] of codes) {
      const refused = await ask(method, to, body);
      expect([to, refused.status, refused.json.code]).toEqual([to, status, code]);
    }
  });

  it("is refused for a range whose messages have all expired", async () => {
    test.clock.nowMs += 8 * 24 * 3_600_000;
    while ((await test.store.log.retain()).more);
    const refused = await ask("POST", path, { from: { seq: 1 }, to: { seq: 2 } });
    expect(refused.json).toMatchObject({ code: "invalid_request", errors: [{ field: "to" }] });
  });

  it("is refused beyond the limit of the account, however many come at once", async () => {
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => ask("POST", path, { from: "oldest" })));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 202)).toHaveLength(limits.replaysOpenMax);
    const refused = answers.filter(({ status }) => status !== 202);
    expect(new Set(refused.map(({ status, json }) => `${status} ${json.code}`))).toEqual(new Set(["409 replay_limit"]));
    expect(refused[0]?.json.detail).toContain(`${limits.replaysOpenMax} replays that have not ended`);
    expect((await ask("GET", "/v1/replays?limit=200")).json.items).toHaveLength(limits.replaysOpenMax);
  });
});

const delivery = async (seq: number) => {
  const { items } = (await ask("GET", `${subscription}/attempts`)).json as { items: { messageId: string }[] };
  return `/v1/messages/${items.toReversed()[seq - 1]?.messageId}/deliveries/billing`;
};

describe("one delivery", () => {
  it("is retried and cancelled", async () => {
    expect((await ask("POST", `${await delivery(3)}/retry`)).json).toEqual({ outcome: "retried" });
    expect((await ask("POST", `${await delivery(2)}/retry`)).json).toEqual({ outcome: "redriven" });
    expect((await ask("POST", `${await delivery(1)}/retry`)).json).toEqual({ outcome: "copied" });
    expect((await ask("POST", `${await delivery(3)}/cancel`)).json).toEqual({ outcome: "cancelled" });
    const message = await ask("GET", (await delivery(3)).replace("/deliveries/billing", ""));
    expect(message.json.deliveries).toMatchObject([{ state: "dead", reason: "cancelled" }]);
  });

  it("is refused with a sentence if its state does not allow the change", async () => {
    const dead = await ask("POST", `${await delivery(2)}/cancel`);
    expect([dead.status, dead.json.code]).toEqual([409, "delivery_conflict"]);
    expect(dead.json.detail).toBe("The delivery is given up already.");
    const [billing] = (await storedSubscriptions(test.store)) as [Subscription];
    await test.store.log.append({
      topicId: billing.topicId,
      messages: [
        {
          body: Buffer.from("x"),
          contentType: null,
          tags: [],
          type: null,
          orderingKey: null,
          attributes: {},
          delayMs: 0,
        },
      ],
      idempotency: null,
    });
    const first = await delivery(1);
    const id = BigInt(/messages\/(\d+)/.exec(first)?.[1] ?? 0) + 3n;
    for (const verb of ["retry", "cancel"]) {
      const refused = await ask("POST", `/v1/messages/${id}/deliveries/billing/${verb}`);
      expect([refused.status, refused.json.code]).toEqual([409, "delivery_conflict"]);
    }
    expect((await ask("POST", "/v1/messages/5/deliveries/billing/retry")).json.code).toBe("message_not_found");
    const other = await ask("POST", first.replace("billing", "nobody/retry"));
    expect(other.json.code).toBe("subscription_not_found");
    await settleNext(test.store, billing.id, []);
  });
});

const as = (token: string, account = "default") => ({
  headers: { authorization: `Bearer ${token}`, "ringback-account": account },
});

it("replays and deliveries of other accounts and of other topics do not exist", async () => {
  const operatorToken = "operator-token-of-this-test-0123456789";
  const scoped = await createTestApp({}, { operatorToken, isLocal: false });
  const made = as(operatorToken);
  await call(scoped.app, "PUT", "/v1/topics/orders", made);
  await call(scoped.app, "PUT", subscription, { ...made, json: { push } });
  const published = await call(scoped.app, "POST", "/v1/topics/orders/messages", { ...made, json: { body: "x" } });
  const { json } = await call(scoped.app, "POST", path, { ...made, json: { from: "oldest" } });
  const settings = { name: "n", role: "admin", allAccounts: false, expiresAtMs: null } as const;
  const other = await scoped.apiKeys.create({ ...settings, topics: ["other"] }, null);
  const own = await scoped.apiKeys.create({ ...settings, topics: ["orders"] }, null);
  await scoped.accounts.put("acme", settingsDefault);
  const delivery = `/v1/messages/${published.json.id}/deliveries/billing/retry`;
  for (const caller of [as(other.token ?? ""), as(operatorToken, "acme")]) {
    expect((await call(scoped.app, "GET", "/v1/replays", caller)).json.items).toEqual([]);
    for (const [method, to] of [
      ["GET", `/v1/replays/${json.id}`],
      ["DELETE", `/v1/replays/${json.id}`],
      ["POST", delivery],
    ] as const) {
      expect((await call(scoped.app, method, to, caller)).status).toBe(404);
    }
  }
  const mine = as(own.token ?? "");
  expect((await call(scoped.app, "GET", "/v1/replays", mine)).json.items).toHaveLength(1);
  expect((await call(scoped.app, "DELETE", `/v1/replays/${json.id}`, mine)).status).toBe(200);
  await scoped.app.close();
});
