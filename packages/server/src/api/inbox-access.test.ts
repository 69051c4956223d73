/** Real: the HTTP application, API keys, accounts, inboxes. Faked: the store, in memory, and the clock. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { limits } from "../domain/limits.ts";
import { call } from "./testing/call.ts";
import { createTestApp } from "./testing/test-app.ts";
import type { TestApp } from "./testing/test-app.ts";

const operatorToken = "o".repeat(40);
const operator = { authorization: `Bearer ${operatorToken}` };
let test: TestApp;

beforeEach(async () => {
  test = await createTestApp({}, { operatorToken, isLocal: false });
});

afterEach(() => test.app.close());

async function put(url: string, json: object, headers: Record<string, string> = operator) {
  const answer = await call(test.app, "PUT", url, { json, headers });
  expect(answer.status).toBeLessThan(300);
  return answer.json as { receivePath: string };
}

async function tokenOf(role: string, more: object = {}): Promise<Record<string, string>> {
  const { json } = await call(test.app, "POST", "/v1/api-keys", {
    json: { name: role, role, ...more },
    headers: { ...operator, ...(role === "operator" ? {} : { "ringback-account": "default" }) },
  });
  return { authorization: `Bearer ${(json as { token: string }).token}` };
}

async function post(url: string, headers: Record<string, string> = {}) {
  // All answers have the same request id, so that answers can be compared.
  const named = { "x-request-id": "one", ...headers };
  const { statusCode, body } = await test.app.inject({ method: "POST", url, payload: "x", headers: named });
  return { status: statusCode, body };
}

const postFrom = (remoteAddress: string, url: string, headers: Record<string, string>) =>
  test.app.inject({ method: "POST", url, payload: "x", headers, remoteAddress });

const statusOf = async (...given: Parameters<typeof post>) => (await post(...given)).status;

/** The names in the key set, and how it may be cached. */
const kidsOf = async (headers: Record<string, string>) => {
  const answer = await call(test.app, "GET", "/.well-known/jwks.json", { headers });
  const kids = (answer.json as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
  return [kids, answer.headers["cache-control"]];
};

const verify = { method: "token", secrets: ["s3cret-token"] };

describe("on a server that is not open, a sender without an API key", () => {
  it("may send by the receivePath, to an inbox of whatever account", async () => {
    await put("/v1/accounts/acme", {});
    const acme = { ...operator, "ringback-account": "acme" };
    const { receivePath } = await put("/v1/inboxes/arrivals", {}, acme);
    expect(await statusOf(receivePath)).toBe(200);
    const taken = await test.app.inject({ method: "GET", url: "/in/arrivals", headers: acme });
    expect([taken.statusCode, taken.body]).toEqual([200, "x"]);
    expect(await statusOf(`${receivePath.slice(0, -1)}${receivePath.endsWith("a") ? "b" : "a"}`)).toBe(404);
    await call(test.app, "DELETE", "/v1/accounts/acme", { headers: operator });
    expect(await statusOf(receivePath)).toBe(404);
  });

  it("may send by the name if the inbox verifies requests", async () => {
    const { receivePath } = await put("/v1/inboxes/verified", { verify });
    const sender = { authorization: "Bearer s3cret-token" };
    expect([await statusOf("/in/verified", sender), await statusOf(receivePath, sender)]).toEqual([200, 200]);
    expect(await statusOf(receivePath)).toBe(401);
  });

  it("does not find out which inboxes exist", async () => {
    await put("/v1/inboxes/verified", { verify });
    await put("/v1/inboxes/plain", {});
    const answers = [
      await post("/in/verified"),
      await post("/in/plain"),
      await post("/in/missing"),
      await post("/in/plain", { authorization: "Bearer s3cret-token" }),
      await post("/in/missing", { authorization: "Basic x" }),
    ];
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
    expect(answers[0]?.status).toBe(401);
    expect(JSON.parse(answers[0]?.body ?? "")).toMatchObject({ code: "signature_invalid" });
  });

  it("may not take a message, not even by the receivePath", async () => {
    const { receivePath } = await put("/v1/inboxes/plain", {});
    await post(receivePath);
    for (const url of ["/in/plain", receivePath]) {
      expect((await test.app.inject({ method: "GET", url })).statusCode).toBe(401);
    }
    const headers = await tokenOf("consume");
    expect((await test.app.inject({ method: "GET", url: receivePath, headers })).body).toBe("x");
  });
});

describe("a sender that guesses", () => {
  it.each([
    ["the secret of an inbox", "/in/verified", 401],
    ["the name of an inbox", "/in/missing", 401],
    ["a receivePath", `/in/inb_${"0".repeat(32)}`, 404],
  ])("%s is slowed down, and others are served", async (_what, url, refused) => {
    await put("/v1/inboxes/verified", { verify });
    const statuses: number[] = [];
    for (let count = 0; count < limits.authFailuresMax; count++) {
      statuses.push((await postFrom("192.0.2.7", url, { authorization: `Bearer guess${count}` })).statusCode);
    }
    expect(new Set(statuses)).toEqual(new Set([refused]));
    const right = { authorization: "Bearer s3cret-token" };
    const slowed = await postFrom("192.0.2.7", "/in/verified", right);
    expect([slowed.statusCode, slowed.json().code]).toEqual([429, "too_many_failures"]);
    expect((await postFrom("192.0.2.8", "/in/verified", right)).statusCode).toBe(200);
    test.clock.nowMs += limits.authFailureForgottenMs;
    expect((await postFrom("192.0.2.7", "/in/verified", right)).statusCode).toBe(200);
  });

  it("is not a sender with an API key that names a missing inbox", async () => {
    const headers = await tokenOf("publish");
    const statuses: number[] = [];
    for (let count = 0; count <= limits.authFailuresMax; count++) {
      statuses.push((await postFrom("192.0.2.7", "/in/missing", headers)).statusCode);
    }
    expect(new Set(statuses)).toEqual(new Set([404]));
  });
});

describe("the receivePath", () => {
  it("is shown only to callers that may change the inbox", async () => {
    await put("/v1/inboxes/plain", {});
    const shown: Record<string, unknown> = {};
    for (const role of ["admin", "read"]) {
      const headers = await tokenOf(role);
      const one = await call(test.app, "GET", "/v1/inboxes/plain", { headers });
      const all = await call(test.app, "GET", "/v1/inboxes", { headers });
      shown[role] = [one.json.receivePath, all.json.items[0].receivePath];
    }
    const path = expect.stringMatching(/^\/in\/inb_/);
    expect(shown).toEqual({ admin: [path, path], read: [null, null] });
  });
});

describe("on a server that is not open, an API key", () => {
  it("may send by the name if its role is publish or includes it", async () => {
    await put("/v1/inboxes/plain", {});
    const statuses: Record<string, number> = {};
    for (const role of ["admin", "publish", "consume", "read"]) {
      statuses[role] = await statusOf("/in/plain", await tokenOf(role));
    }
    expect(statuses).toEqual({ admin: 200, publish: 200, consume: 403, read: 403 });
    expect(await statusOf("/in/missing", await tokenOf("publish"))).toBe(404);
    expect(await statusOf("/in/missing", await tokenOf("read"))).toBe(403);
  });

  it("that is limited to topics may send to the inboxes of these topics", async () => {
    for (const topic of ["orders", "other"]) {
      await put(`/v1/topics/${topic}`, {});
      await put(`/v1/inboxes/${topic}`, { topic });
    }
    await put("/v1/inboxes/plain", {});
    const headers = await tokenOf("publish", { topics: ["ord*"] });
    const statuses = [];
    for (const inbox of ["orders", "other", "plain", "missing"]) statuses.push(await statusOf(`/in/${inbox}`, headers));
    expect(statuses).toEqual([200, 403, 403, 403]);
  });

  it("does not replace the signature that an inbox requires", async () => {
    await put("/v1/inboxes/verified", { verify });
    expect(await statusOf("/in/verified", await tokenOf("publish"))).toBe(401);
  });

  it("of another account does not reach the inbox by its token for a GET", async () => {
    await put("/v1/accounts/acme", {});
    const { receivePath } = await put("/v1/inboxes/arrivals", {}, { ...operator, "ringback-account": "acme" });
    const answer = await test.app.inject({ method: "GET", url: receivePath, headers: await tokenOf("consume") });
    expect(answer.statusCode).toBe(404);
  });
});

describe("the key set", () => {
  it("of the default account is public, and that of another account needs its key", async () => {
    await put("/v1/accounts/acme", {});
    await put("/v1/keys/ours", { generate: "ed25519" });
    await put("/v1/keys/theirs", { generate: "ed25519" }, { ...operator, "ringback-account": "acme" });
    expect(await kidsOf({})).toEqual([["ours"], "public, max-age=300"]);
    expect(await kidsOf({ ...operator, "ringback-account": "acme" })).toEqual([["theirs"], "private, max-age=300"]);
  });
});
