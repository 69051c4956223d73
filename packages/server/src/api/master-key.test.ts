/** Real: the HTTP application, all services with secrets, their seals. Faked: the store, in memory, and the clock. */
import { createHmac } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { clockAt } from "../domain/testing/clock-at.ts";
import { EndpointSecrets, subscriptionOwner } from "../engine/keys/endpoint-secrets.ts";
import { call } from "./testing/call.ts";
import { createTestApp, testMasterKey, testNowMs } from "./testing/test-app.ts";
import type { TestApp } from "./testing/test-app.ts";

let test: TestApp;
afterEach(() => test.app.close());

const secondMasterKey = Buffer.alloc(32, 8).toString("base64url");
const url = "/v1/keys/rotate-master";
const acme = { "ringback-account": "acme" };

async function put(path: string, json: object, headers = {}): Promise<void> {
  expect((await call(test.app, "PUT", path, { json, headers })).status).toBe(201);
}

/** Makes one secret of each kind, in two accounts. */
async function makeSecrets(): Promise<void> {
  await put("/v1/accounts/acme", {});
  for (const headers of [{}, acme]) {
    await put("/v1/keys/k", { generate: "hmac" }, headers);
    await call(test.app, "POST", "/v1/keys/k/rotate", { headers });
    await put("/v1/inboxes/i", { verify: { method: "github", secrets: ["a shared secret"] } }, headers);
    await put("/v1/topics/t", {}, headers);
    const push = { url: "https://example.com/", headers: { authorization: "Bearer x" } };
    await put("/v1/topics/t/subscriptions/s", { push }, headers);
    const auth = { type: "bearer", token: "token-of-the-hook" };
    await put("/v1/hooks/h", { urls: ["https://example.com/"], auth }, headers);
    const pair = { secretId: `AKID${"a".repeat(32)}`, secretKey: "b".repeat(32) };
    if (headers !== acme)
      await call(test.app, "POST", "/v1/api-keys", { json: { name: "n", role: "publish", ...pair } });
  }
}

async function rotate() {
  const total = { keys: 0, apiKeys: 0, inboxes: 0, hooks: 0, subscriptions: 0 };
  let steps = 0;
  for (let after: string | null = null; ;) {
    const { status, json } = await call(test.app, "POST", url, { json: after === null ? {} : { after } });
    expect(status).toBe(200);
    steps++;
    for (const part of Object.keys(total) as (keyof typeof total)[]) total[part] += json.resealed[part];
    after = json.next;
    if (after === null) return { total, steps, masterKid: json.masterKid as string };
  }
}

const storedText = async (kind: string, name: string) =>
  JSON.stringify(await test.store.entries.get(test.store.catalog.defaultAccount().id, kind, name));

/** Four sealed texts: the key and the one that it has replaced, the inbox, and the hook. */
const storedTexts = () => Promise.all([storedText("key", "k"), storedText("inbox", "i"), storedText("hook", "h")]);

const headersOf = async () => {
  const [subscription] = await test.store.catalog.subscriptionsWithSecrets(0 as never, 1);
  const push = subscription?.settings.push ?? null;
  if (subscription === undefined || push === null) throw new Error("there is no subscription with headers");
  const options = { masterKeys: [secondMasterKey], failed: () => {}, clock: clockAt(() => testNowMs) };
  return (await new EndpointSecrets(options).open(subscriptionOwner(subscription), push))?.headers;
};

describe("rotating the master key", () => {
  it("seals every secret of every account with the new key, and everything still works", async () => {
    test = await createTestApp({}, { makeMasterKey: () => secondMasterKey });
    await makeSecrets();
    const before = await storedTexts();
    const { total, masterKid } = await rotate();
    expect(total).toEqual({ keys: 2, apiKeys: 1, inboxes: 2, hooks: 2, subscriptions: 2 });
    const after = await storedTexts();
    expect(new Set(before.flatMap(masterKids))).not.toContain(masterKid);
    expect(after.flatMap(masterKids)).toEqual(Array(4).fill(masterKid));
    expect(await headersOf()).toEqual(["authorization", "Bearer x"]);

    const signature = `sha256=${createHmac("sha256", "a shared secret").update("x").digest("hex")}`;
    const headers = { "x-hub-signature-256": signature };
    const sent = await test.app.inject({ method: "POST", url: "/in/i", payload: "x", headers });
    expect(sent.statusCode).toBe(200);
    expect((await call(test.app, "GET", "/v1/keys/k")).json).toMatchObject({ usable: true });
  });

  it("changes nothing the second time, if the key stays", async () => {
    test = await createTestApp({}, { masterKeys: [testMasterKey] });
    await makeSecrets();
    const nothing = { keys: 0, apiKeys: 0, inboxes: 0, hooks: 0, subscriptions: 0 };
    expect((await rotate()).total).toEqual(nothing);
  });

  it("goes on step by step, and may begin again in between", async () => {
    test = await createTestApp({}, { makeMasterKey: () => secondMasterKey });
    const count = 30;
    for (let number = 0; number < count; number++) {
      await put(`/v1/accounts/a${number}`, {});
      await put("/v1/keys/k", { generate: "hmac" }, { "ringback-account": `a${number}` });
    }
    const first = await call(test.app, "POST", url, {});
    expect(first.json.next).toEqual(expect.any(String));
    expect(first.json.newKey).toBe(true);
    const { total, steps } = await rotate();
    expect(first.json.resealed.keys + total.keys).toBe(count);
    expect(steps).toBeGreaterThan(2);
  });

  it("keeps what another request changes at the same time", async () => {
    test = await createTestApp({}, { makeMasterKey: () => secondMasterKey });
    await put("/v1/keys/k", { generate: "hmac" });
    const { entries } = test.store;
    const write = entries.put.bind(entries);
    entries.put = async (...given) => {
      entries.put = write;
      await call(test.app, "PUT", "/v1/keys/k", { json: { generate: "ed25519" } });
      return write(...given);
    };
    await rotate();
    expect((await call(test.app, "GET", "/v1/keys/k")).json).toMatchObject({ kty: "OKP", usable: true });
  });

  it("needs a master key, an operator, and a cursor of its own", async () => {
    test = await createTestApp({}, { masterKeys: [] });
    expect((await call(test.app, "POST", url)).json).toMatchObject({ code: "master_key_missing" });
    expect((await call(test.app, "POST", url, { json: { after: "x" } })).json).toMatchObject({
      code: "invalid_cursor",
    });
  });
});

/** The master keys of all sealed texts in an entry. */
function masterKids(text: string): string[] {
  const heads = [...text.matchAll(/"sealed":"([\w-]+)\./g)].map(([, head = ""]) => Buffer.from(head, "base64url"));
  return heads.map((head) => (JSON.parse(head.toString()) as { kid: string }).kid);
}
