/** Real: the HTTP application with every route. Faked: the store, in memory, and the clock. */

import { generateKeyPairSync } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Subscription } from "../domain/model.ts";
import { settingsDefault } from "../engine/accounts/account-settings.ts";
import { call, type CallBody } from "./testing/call.ts";
import { deliver, failedAttempt, storedSubscriptions } from "./testing/stored.ts";
import { createTestApp, type TestApp } from "./testing/test-app.ts";
import { tlsChain } from "../transport/testing/tls-chain.ts";

const operatorToken = "operator-token-of-this-test-0123456789";

let test: TestApp;
beforeEach(async () => void (test = await createTestApp({}, { nowMs: Date.UTC(2026, 11, 1), operatorToken })));
afterEach(() => test.app.close());

const source = "192.0.2.7";
const bearer = (token = operatorToken) => ({ authorization: `Bearer ${token}` });
async function ask(method: string, path: string, json?: object, headers: CallBody["headers"] = {}) {
  const body = json === undefined ? {} : { json };
  const answer = await call(test.app, method, path, {
    ...body,
    headers: { ...bearer(), ...headers },
    remoteAddress: source,
  });
  expect([200, 201, 202, 204, 400, 404, 412]).toContain(answer.status);
  return answer;
}
const records = async (query = "") => (await ask("GET", `/v1/audit?${query}`)).json.items as Record<string, unknown>[];

const targets = async (query: string) => (await records(query)).map(({ target }) => target);

const topic = "/v1/topics/orders";
const subscription = `${topic}/subscriptions/mail`;
const push = { url: "https://127.0.0.1:9/" };

describe("the record of a change", () => {
  it("has who made it, from where, and the views before and after", async () => {
    const created = await ask("PUT", topic, { description: "one" });
    const patched = await ask("PATCH", topic, { description: "two" });
    await ask("DELETE", topic);
    const shared = { who: { id: "operator-token", name: null }, source, target: "topics/orders" };
    expect(await records("target=topics/orders")).toEqual([
      expect.objectContaining({ ...shared, action: "deleteTopic", before: patched.json, after: null }),
      expect.objectContaining({ ...shared, action: "patchTopic", before: created.json, after: patched.json }),
      expect.objectContaining({ ...shared, action: "putTopic", before: null, after: created.json }),
    ]);
  });

  it("is not written for a request that changes nothing or is refused", async () => {
    await ask("PUT", topic, { description: "one" });
    await ask("PUT", topic, { description: "one" });
    await ask("PATCH", topic, {});
    await ask("PUT", topic, { description: "two" }, { "if-none-match": "*" });
    await ask("PUT", topic, { retentionMs: -1 });
    await ask("DELETE", "/v1/topics/none");
    expect(await records()).toHaveLength(1);
  });

  it("names the API key, and is shown to administrators of its account only", async () => {
    await test.accounts.put("acme", settingsDefault);
    const acme = { "ringback-account": "acme" };
    const grant = { name: "ops", role: "admin" };
    const { json: own } = await ask("POST", "/v1/api-keys", grant, acme);
    const { json: reader } = await ask("POST", "/v1/api-keys", { ...grant, role: "read" }, acme);
    await ask("PUT", topic, {}, bearer(own.token));
    await ask("PUT", "/v1/topics/other");
    const seen = await call(test.app, "GET", "/v1/audit", { headers: bearer(own.token) });
    expect(seen.json.items.map(({ who, target }: Record<string, unknown>) => [who, target])).toEqual([
      [{ id: own.id, name: "ops" }, "topics/orders"],
      [{ id: "operator-token", name: null }, `api-keys/${reader.id}`],
      [{ id: "operator-token", name: null }, `api-keys/${own.id}`],
    ]);
    expect((await call(test.app, "GET", "/v1/audit", { headers: bearer(reader.token) })).status).toBe(403);
    expect(await targets("")).toEqual(["topics/other"]);
  });

  it("of an account itself is shown to operators, whatever account the request names", async () => {
    await test.accounts.put("acme", settingsDefault);
    await ask("PUT", "/v1/accounts/rival", {}, { "ringback-account": "acme" });
    expect(await records()).toMatchObject([{ action: "putAccount", target: "accounts/rival", before: null }]);
    expect((await ask("GET", "/v1/audit", undefined, { "ringback-account": "acme" })).json.items).toEqual([]);
    const { json: admin } = await ask("POST", "/v1/api-keys", { name: "ops", role: "admin" });
    const seen = await call(test.app, "GET", "/v1/audit", { headers: bearer(admin.token) });
    expect(seen.json.items).toMatchObject([{ target: `api-keys/${admin.id}` }]);
  });

  it("is found by time, author, action and target, page by page", async () => {
    await ask("PUT", topic);
    test.clock.nowMs += 1000;
    await ask("PUT", subscription, { push });
    await ask("PUT", "/v1/topics/orders2");
    const both = ["topics/orders/subscriptions/mail", "topics/orders"];
    expect(await targets("target=topics/orders")).toEqual(both);
    expect(await targets("target=topics/orders&to=2026-12-01T00:00:01Z")).toEqual(both.slice(1));
    expect(await targets("from=2026-12-01T00:00:01Z&action=putTopic")).toEqual(["topics/orders2"]);
    expect(await targets("who=operator-token&limit=1")).toEqual(["topics/orders2"]);
    expect(await targets("who=anyone")).toEqual([]);
    const { json } = await ask("GET", "/v1/audit?limit=2");
    expect(await targets(`after=${json.next}`)).toEqual(["topics/orders"]);
    expect((await ask("GET", `/v1/audit?who=x&after=${json.next}`)).json.code).toBe("invalid_cursor");
    expect((await ask("GET", "/v1/audit?from=yesterday")).json.code).toBe("invalid_request");
  });

  it("is only in the log if it cannot be written, because the change is made", async () => {
    test.store.failing.set("append", new Error("the disk is full"));
    expect((await ask("PUT", topic)).status).toBe(201);
    test.store.failing.clear();
    expect(await records()).toEqual([]);
    const lines = test.auditLines.map((line) => JSON.parse(line));
    expect(lines).toMatchObject([
      { level: "info", audit: true, action: "putTopic", target: "topics/orders", source },
      { level: "error", audit: true, action: "putTopic", err: { message: "the disk is full" } },
    ]);
  });

  it("is a line of the log that the ids of the other lines find", async () => {
    await ask("PUT", topic);
    const { headers } = await ask("PUT", subscription, { push }, { "x-request-id": "change-17" });
    expect(headers["x-request-id"]).toBe("change-17");
    await ask("PUT", "/v1/accounts/acme", {});
    const [put, subscribed, added] = test.auditLines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(put).toMatchObject({ account: "default", topic: "orders", requestId: expect.any(String) as string });
    expect(put).not.toHaveProperty("subscription");
    expect(subscribed).toMatchObject({
      account: "default",
      topic: "orders",
      subscription: "mail",
      requestId: "change-17",
    });
    expect(added).toMatchObject({ account: "default", target: "accounts/acme" });
    expect(await records("action=putSubscription")).toMatchObject([{ requestId: "change-17" }]);
  });

  it("has the hash of a long text, such as a certificate", async () => {
    await ask("PUT", topic);
    const tls = { ca: tlsChain.root.repeat(8) };
    await ask("PUT", subscription, { push: { ...push, tls } });
    const [{ after } = {}] = await records();
    expect(JSON.stringify(after)).toMatch(/"\d+ characters, SHA-256 [0-9a-f]{64}"/);
  });
});

/** Routes that change no setting. A new one must be added here, or to `changes`. */
const unrecorded = new Set([
  "pull",
  "acknowledge",
  "putBack",
  "publish",
  "publishBatch",
  "callHook",
  "keepInInbox",
  "testExpression",
  "createSession",
  "deleteSession",
]);

const jwk = { kty: "oct", k: Buffer.alloc(32, 5).toString("base64url") };
const keyOf = async () => (await ask("POST", "/v1/api-keys", { name: "n", role: "read" })).json.id as string;

/** For each recorded operation, what must exist before, and the change: the path and the body. */
const changes: Record<string, (given: TestApp) => Promise<readonly [path: string, body?: object]>> = {
  putTopic: async () => [topic, {}],
  patchTopic: async () => (await ask("PUT", topic), [topic, { description: "new" }]),
  deleteTopic: async () => (await ask("PUT", topic), [topic]),
  putSubscription: async () => (await ask("PUT", topic), [subscription, { push }]),
  patchSubscription: async () => (await withSubscription(), [subscription, { description: "new" }]),
  deleteSubscription: async () => (await withSubscription(), [subscription]),
  rewindSubscription: async () => (await withSubscription(), [`${subscription}/rewind`, { to: "oldest" }]),
  verifySubscription: async () => {
    await ask("PUT", topic);
    await ask("PUT", subscription, { push: { ...push, verify: "challenge" } });
    return [`${subscription}/verify`];
  },
  testSubscription: async () => (await withSubscription(), [`${subscription}/test`]),
  pauseSubscription: async () => (await withSubscription(), [`${subscription}/pause`]),
  resumeSubscription: async () => {
    await withSubscription();
    await ask("POST", `${subscription}/pause`);
    return [`${subscription}/resume`];
  },
  purgeDeadLetters: async (given) => (await withDeadLetter(given), [`${subscription}/dead-letters?all=true`]),
  deleteDeadLetter: async (given) => [`${subscription}/dead-letters/${await withDeadLetter(given)}`],
  redriveDeadLetter: async (given) => [`${subscription}/dead-letters/${await withDeadLetter(given)}/redrive`],
  redriveDeadLetters: async (given) => (
    await withDeadLetter(given),
    [`${subscription}/dead-letters/redrive`, { all: true }]
  ),
  createReplay: async () => (await withSubscription(), [`${subscription}/replays`, { from: "oldest" }]),
  patchReplay: async () => [`/v1/replays/${await replayId()}`, { paused: true }],
  deleteReplay: async () => [`/v1/replays/${await replayId()}`],
  retryDelivery: async (given) => [`/v1/messages/${await deadMessage(given)}/deliveries/mail/retry`],
  cancelDelivery: async (given) => {
    const delivery = `/v1/messages/${await deadMessage(given)}/deliveries/mail`;
    await ask("POST", `${delivery}/retry`);
    return [`${delivery}/cancel`];
  },
  putInbox: async () => ["/v1/inboxes/i", {}],
  patchInbox: async () => (await ask("PUT", "/v1/inboxes/i"), ["/v1/inboxes/i", { description: "new" }]),
  rotateInboxPath: async () => (await ask("PUT", "/v1/inboxes/i"), ["/v1/inboxes/i/rotate-path"]),
  deleteInbox: async () => (await ask("PUT", "/v1/inboxes/i"), ["/v1/inboxes/i"]),
  putEventType: async () => ["/v1/event-types/a.b", { description: "new" }],
  patchEventType: async () => {
    await ask("PUT", "/v1/event-types/a.b");
    return ["/v1/event-types/a.b", { schema: { type: "object" } }];
  },
  deleteEventType: async () => {
    await ask("PUT", "/v1/event-types/a.b");
    return ["/v1/event-types/a.b"];
  },
  putHook: async () => ["/v1/hooks/h", { urls: [push.url] }],
  patchHook: async () => (
    await ask("PUT", "/v1/hooks/h", { urls: [push.url] }),
    ["/v1/hooks/h", { description: "new" }]
  ),
  deleteHook: async () => (await ask("PUT", "/v1/hooks/h", { urls: [push.url] }), ["/v1/hooks/h"]),
  putKey: async () => ["/v1/keys/k", { jwk }],
  rotateKey: async () => (await ask("PUT", "/v1/keys/k", { jwk }), ["/v1/keys/k/rotate"]),
  rotateMasterKey: async () => (await ask("PUT", "/v1/keys/k", { jwk }), ["/v1/keys/rotate-master"]),
  deleteKey: async () => (await ask("PUT", "/v1/keys/k", { jwk }), ["/v1/keys/k"]),
  createApiKey: async () => ["/v1/api-keys", { name: "n", role: "read" }],
  rotateApiKey: async () => [`/v1/api-keys/${await keyOf()}/rotate`],
  deleteApiKey: async () => [`/v1/api-keys/${await keyOf()}`],
  createPortalLink: async () => ["/v1/portal-links", { role: "read" }],
  deletePortalLink: async () => {
    const { id } = (await ask("POST", "/v1/portal-links")).json as { id: string };
    return [`/v1/portal-links/${id}`];
  },
  putAccount: async () => ["/v1/accounts/acme", {}],
  patchAccount: async () => (await ask("PUT", "/v1/accounts/acme"), ["/v1/accounts/acme", { description: "new" }]),
  deleteAccount: async () => (await ask("PUT", "/v1/accounts/acme"), ["/v1/accounts/acme"]),
};

async function withSubscription(): Promise<void> {
  await ask("PUT", topic);
  await ask("PUT", subscription, { push });
}

async function withDeadLetter({ store }: TestApp): Promise<string> {
  await withSubscription();
  const [mail] = (await storedSubscriptions(store)) as [Subscription];
  const settled = { kind: "dead", reason: "retries_exhausted" } as const;
  await deliver(store, mail, [{ attempt: failedAttempt({ status: 503 }), settled }]);
  const { json } = await ask("GET", `${subscription}/dead-letters`);
  return json.items[0].id;
}

describe("every route that changes something", () => {
  it("leaves exactly one record, whose target is the path", async () => {
    const { json } = await call(test.app, "GET", "/openapi.json");
    const operations = Object.values<object>(json.paths)
      .flatMap((methods) => Object.entries(methods))
      .filter(([method]) => method !== "get")
      .map(([method, { operationId }]) => ({ method: method.toUpperCase(), operationId: String(operationId) }))
      .filter(({ operationId }) => !unrecorded.has(operationId));
    for (const { method, operationId } of operations) {
      const given = await createTestApp({}, { operatorToken });
      await test.app.close();
      test = given;
      const change = changes[operationId];
      if (change === undefined) throw new Error(`the test has no example of ${operationId}, which must be recorded`);
      const [path, body] = await change(given);
      const before = (await records()).length;
      expect([operationId, (await ask(method, path, body)).status]).not.toContain(400);
      const [newest, ...others] = await records();
      expect([operationId, newest?.["action"], others.length]).toEqual([operationId, operationId, before]);
      expect(path.replace("/v1/", "")).toContain(String(newest?.["target"]).split("/AKID")[0]);
    }
    expect(operations.map(({ operationId }) => operationId).sort()).toEqual(Object.keys(changes).sort());
  });
});

async function replayId(): Promise<string> {
  await withSubscription();
  return (await ask("POST", `${subscription}/replays`, { from: "oldest" })).json.id as string;
}

async function deadMessage(given: TestApp): Promise<string> {
  await withDeadLetter(given);
  return (await ask("GET", `${subscription}/dead-letters`)).json.items[0].message.id as string;
}

describe("records of changes", () => {
  it("contain no secret, and neither does the log", async () => {
    const secrets = {
      header: "header-5ecret",
      password: "pa55-w0rd-5ecret",
      token: "t0k3n-5ecret",
      clientSecret: "cl1ent-5ecret",
      tlsKey: tlsChain.key.split("\n")[1] ?? "",
      k: jwk.k,
      d: generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" }).d ?? "",
      inbox: "inb0x-5ecret",
      robotUrl: "r0b0t-url-5ecret",
      secretKey: "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE",
      operatorToken,
    };
    const { header, password, token, clientSecret } = secrets;
    await ask("PUT", topic);
    const auths = [
      { type: "basic", username: "u", password },
      { type: "bearer", token },
      { type: "oauth2", tokenUrl: "https://127.0.0.1:8/t", clientId: "c", clientSecret },
    ];
    const tls = { certificate: tlsChain.leaf + tlsChain.intermediate, key: tlsChain.key };
    for (const auth of auths) {
      for (const method of ["PUT", "DELETE"]) {
        const settings = { ...push, auth, tls, headers: { "x-key": header } };
        await ask(method, subscription, method === "PUT" ? { push: settings } : undefined);
        await ask(method, "/v1/hooks/h", method === "PUT" ? { urls: [push.url], auth, tls } : undefined);
      }
    }
    for (const protocol of ["slack", "dingtalk", "wecom", "feishu"]) {
      const url = `https://127.0.0.1:8/${secrets.robotUrl}?access_token=${secrets.robotUrl}`;
      await ask("PUT", `${topic}/subscriptions/${protocol}`, { push: { url, protocol } });
    }
    await ask("PUT", "/v1/keys/k", { jwk });
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const pair = { ...publicKey.export({ format: "jwk" }), ...privateKey.export({ format: "jwk" }) };
    await ask("PUT", "/v1/keys/k", { jwk: pair });
    const key = await ask("POST", "/v1/keys/k/rotate", { generate: "hmac" });
    await ask("DELETE", "/v1/keys/k");
    const inbox = await ask("PUT", "/v1/inboxes/i", { verify: { method: "github", secrets: [secrets.inbox] } });
    const moved = await ask("POST", "/v1/inboxes/i/rotate-path");
    await ask("DELETE", "/v1/inboxes/i");
    const secretId = "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA";
    const imported = await ask("POST", "/v1/api-keys", { name: "n", secretId, secretKey: secrets.secretKey });
    const rotated = await ask("POST", `/v1/api-keys/${secretId}/rotate`);
    await ask("DELETE", `/v1/api-keys/${secretId}`);
    const seen = JSON.stringify([await records("limit=200"), test.auditLines, test.logLines]);
    expect(test.auditLines).toHaveLength(1 + auths.length * 4 + 4 + 10);
    const made = [
      imported.json.token,
      rotated.json.token,
      rotated.json.secretKey,
      pair.d,
      key.json.secret,
      inbox.json.receivePath,
      moved.json.receivePath,
    ];
    for (const secret of [...Object.values(secrets), ...made]) {
      expect(String(secret).length).toBeGreaterThan(10);
      expect(seen).not.toContain(secret);
      expect(seen).not.toContain(Buffer.from(String(secret)).toString("base64"));
      expect(seen).not.toContain(Buffer.from(String(secret)).toString("base64url"));
    }
  });
});
