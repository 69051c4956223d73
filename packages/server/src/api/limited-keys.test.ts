/** Real: the HTTP application with API keys, inboxes and queues. Faked: the store, in memory. */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Role } from "../domain/access-rules.ts";
import type { LiveEvent } from "../engine/live-events.ts";
import { call, type CallBody } from "./testing/call.ts";
import { listen } from "./testing/raw-connection.ts";
import { createTestApp, type TestApp } from "./testing/test-app.ts";

const operatorToken = "operator-token-of-this-test-0123456789";
const operator = { authorization: `Bearer ${operatorToken}` };
const subscription = "/v1/topics/orders/subscriptions/s";

let test: TestApp;
beforeEach(async () => {
  test = await createTestApp({ eventHeartbeatMs: 20 }, { isLocal: false, operatorToken });
});
afterEach(() => test.app.close());

async function limited(role: Role, ...topics: readonly string[]) {
  const settings = { name: "limited", role, topics, allAccounts: false, expiresAtMs: null };
  return { authorization: `Bearer ${(await test.apiKeys.create(settings, null)).token ?? ""}` };
}

async function ask(headers: object, method: string, path: string, json?: unknown) {
  const {
    status,
    json: answer,
    headers: answered,
  } = await call(test.app, method, path, {
    headers,
    ...(json !== undefined && { json }),
  } as CallBody);
  return { status, json: answer, headers: answered };
}

const toQueue = (queue: string) => ({ push: { url: `queue:${queue}` } });

describe("a subscription that a key limited to topics writes", () => {
  const http = { push: { url: "http://127.0.0.1:9/" } };
  const signedBy = (...keys: string[]) => ({
    push: { ...http.push, protocol: "standard-webhooks", keys },
  });
  let admin: object;
  beforeEach(async () => {
    admin = await limited("admin", "orders*");
    await ask(operator, "PUT", "/v1/topics/orders", {});
    const jwk = { kty: "oct", k: "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY" };
    for (const kid of ["first", "second"]) {
      expect((await ask(operator, "PUT", `/v1/keys/${kid}`, { jwk })).status).toBe(201);
    }
  });

  it("cannot name a queue or a signing key, and the answer does not tell whether it exists", async () => {
    expect((await ask(admin, "GET", "/v1/keys/first")).json.code).toBe("forbidden");
    const refused = { status: 403, json: { code: "forbidden" } };
    for (const settings of [toQueue("other"), signedBy("first"), signedBy("nothing")]) {
      expect(await ask(admin, "PUT", subscription, settings)).toMatchObject(refused);
    }
    expect((await ask(admin, "PUT", subscription, http)).status).toBe(201);
    for (const settings of [toQueue("other"), signedBy("first"), signedBy("nothing")]) {
      expect(await ask(admin, "PATCH", subscription, settings)).toMatchObject(refused);
    }
    expect((await ask(operator, "GET", subscription)).json.push.url).toBe(http.push.url);
  });

  it("can keep the queue that is stored", async () => {
    expect((await ask(operator, "PUT", subscription, toQueue("stored"))).status).toBe(201);
    expect((await ask(admin, "PATCH", subscription, { maxInFlight: 3 })).status).toBe(200);
    expect((await ask(admin, "PUT", subscription, toQueue("stored"))).status).toBe(200);
    expect((await ask(admin, "PUT", subscription, toQueue("other"))).json.code).toBe("forbidden");
  });

  it("can keep the signing keys that are stored", async () => {
    expect((await ask(operator, "PUT", subscription, signedBy("first"))).status).toBe(201);
    expect((await ask(admin, "PATCH", subscription, { maxInFlight: 3 })).status).toBe(200);
    expect((await ask(admin, "PATCH", subscription, signedBy("first", "second"))).json.code).toBe("forbidden");
  });

  it("can sign with the key that the server makes", async () => {
    const { status, json } = await ask(admin, "PUT", subscription, signedBy());
    expect([status, json.push.keys.length]).toEqual([201, 1]);
    expect((await ask(admin, "PATCH", subscription, { maxInFlight: 3 })).status).toBe(200);
  });
});

describe("the list of topics for a key limited to topics", () => {
  it("has full pages, and cursors without the names of other topics", async () => {
    const invisible = Array.from({ length: 5 }, (_, i) => [`a-other-${i}`, `m-other-${i}`, `z-other-${i}`]).flat();
    const granted = ["b-mine", "n-mine", "o-mine"];
    for (const topic of [...invisible, ...granted]) await ask(operator, "PUT", `/v1/topics/${topic}`, {});
    const reader = await limited("read", "*-mine");
    const seen: string[][] = [];
    let after: string | null = null;
    do {
      const query: string = after === null ? "" : `&after=${after}`;
      const { json } = await ask(reader, "GET", `/v1/topics?limit=2${query}`);
      seen.push(json.items.map(({ name }: { name: string }) => name));
      after = json.next as string | null;
      expect(Buffer.from(after ?? "", "base64url").toString()).not.toContain("other");
    } while (after !== null);
    expect(seen).toEqual([["b-mine", "n-mine"], ["o-mine"]]);
    const nobody = await limited("read", "nothing");
    expect((await ask(nobody, "GET", "/v1/topics?limit=1")).json).toEqual({ items: [], next: null });
  });
});

describe("what belongs to no topic", () => {
  it("is not shown as an event to a key for all topics", async () => {
    const base = `http://127.0.0.1:${await listen(test.app)}`;
    const controller = new AbortController();
    const headers = await limited("read", "*", "i*");
    const response = await fetch(`${base}/v1/events`, { headers, signal: controller.signal });
    const accountId = test.accounts.default.id;
    const published = (topic: string): LiveEvent => ({ type: "message.published", accountId, at: 1, topic, ids: [] });
    test.events.emit(published("inbox:box"));
    test.events.emit(published("queue:q"));
    test.events.emit({ type: "hook.called", accountId, at: 1, hook: "h" } as never);
    test.events.emit(published("orders"));
    let text = "";
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString();
      if (text.includes("orders")) break;
    }
    controller.abort();
    expect(text.match(/^event: .*$/gm)).toEqual(["event: message.published"]);
    expect(text).not.toMatch(/inbox|queue/);
  });

  it("is not found by the id of a message", async () => {
    const reader = await limited("read", "*");
    expect((await ask(operator, "PUT", "/v1/inboxes/box", {})).status).toBe(201);
    const sent = await ask(operator, "POST", "/in/box", { any: "body" });
    expect(sent.status).toBeLessThan(300);
    const path = `/v1/messages/${sent.headers["ringback-message-id"]}`;
    expect((await ask(operator, "GET", path)).json.topic).toBe("inbox:box");
    expect((await ask(reader, "GET", path)).json.code).toBe("message_not_found");
    expect((await ask(reader, "GET", "/v1/inboxes/box")).json.code).toBe("forbidden");
  });
});
