/** Real: the HTTP application, the inboxes, the seals of their secrets. Faked: the store, in memory, and the clock. */
import { createHmac } from "node:crypto";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { call } from "./testing/call.ts";
import { createTestApp, testNowMs } from "./testing/test-app.ts";
import { ReusedApps } from "./testing/reused-apps.ts";
import type { TestApp } from "./testing/test-app.ts";

let test: TestApp;

const apps = new ReusedApps(async () => {
  test = await createTestApp();
  return test;
});
beforeEach(async () => void (test = await apps.next()));
afterAll(() => apps.close());

const secret = "It's a Secret to Everybody";
const body = "Hello, World!";
const github = { method: "github", secrets: [secret] };
const signature = (of = body, key = secret) => ({
  "x-hub-signature-256": `sha256=${createHmac("sha256", key).update(of).digest("hex")}`,
});

const put = (settings: object) => call(test.app, "PUT", "/v1/inboxes/arrivals", { json: settings });
const patch = (settings: object) => call(test.app, "PATCH", "/v1/inboxes/arrivals", { json: settings });

async function post(headers: Record<string, string>, payload: string = body, query = "") {
  // All answers have the same request id, so that answers can be compared.
  const named = { "x-request-id": "one", ...headers };
  const answer = await test.app.inject({ method: "POST", url: `/in/arrivals${query}`, headers: named, payload });
  return { status: answer.statusCode, problem: answer.body };
}

/** The answers to the signatures of the old and of the new secret. */
const codes = async () => [(await post(signature())).status, (await post(signature(body, "the new secret"))).status];

const take = () => test.app.inject({ method: "GET", url: "/in/arrivals" });

const waiting = async () => {
  const { json } = await call(test.app, "GET", "/v1/inboxes/arrivals");
  return (json as { waiting: number }).waiting;
};

describe("an inbox that verifies requests", () => {
  it("keeps a request with the sender's signature", async () => {
    await put({ verify: github });
    expect((await post(signature())).status).toBe(200);
    expect((await take()).body).toBe(body);
  });

  it("refuses every other request with one and the same answer, and keeps nothing of it", async () => {
    await put({ verify: github });
    const answers = [
      await post({}),
      await post(signature("Hello")),
      await post(signature(body, "another secret")),
      await post({ "x-hub-signature-256": "sha256=zz" }),
      await post(signature(body), "Hello, world!"),
    ];
    expect(new Set(answers.map(({ problem }) => problem)).size).toBe(1);
    expect(answers[0]?.status).toBe(401);
    expect(JSON.parse(answers[0]?.problem ?? "")).toMatchObject({ code: "signature_invalid" });
    expect(await waiting()).toBe(0);
    expect(test.logLines.join("")).not.toContain("Hello");
  });

  it("verifies before the body is read as JSON", async () => {
    await put({ verify: github, accept: "json" });
    expect((await post(signature())).status).toBe(400);
    expect((await post({})).status).toBe(401);
  });

  it("judges timestamps by the machine's clock", async () => {
    await put({ verify: { method: "stripe", secrets: ["whsec_test_secret"], toleranceMs: 60_000 } });
    const time = Math.floor(testNowMs / 1000);
    const v1 = createHmac("sha256", "whsec_test_secret").update(`${time}.${body}`).digest("hex");
    const headers = { "stripe-signature": `t=${time},v1=${v1}` };
    expect((await post(headers)).status).toBe(200);
    test.clock.nowMs = testNowMs + 61_000;
    expect((await post(headers)).status).toBe(401);
  });

  it("does not keep the token with the message", async () => {
    await put({ verify: { method: "token", secrets: ["s3cret-token"], header: "X-Token" } });
    expect((await post({ "x-token": "s3cret-token", "x-other": "1" })).status).toBe(200);
    const byHeader = await take();
    expect(byHeader.headers).toMatchObject({ "ringback-header-x-other": "1" });
    expect(JSON.stringify(byHeader.headers)).not.toContain("s3cret-token");
    await put({ verify: { method: "token", secrets: ["s3cret-token"], query: "to ken" } });
    expect((await post({}, body, "?a=%31&to%20ken=s3cret-token&b")).status).toBe(200);
    expect((await take()).headers).toMatchObject({ "ringback-query": "a=%31&b" });
  });
});

describe("the secrets of an inbox", () => {
  it("are never shown", async () => {
    const shown = { method: "github", secrets: null, toleranceMs: 300_000, header: null, query: null };
    for (const { status, json } of [await put({ verify: github }), await patch({ description: "x" })]) {
      expect([status, (json as { verify: object }).verify]).toEqual([expect.any(Number), shown]);
    }
    const list = await call(test.app, "GET", "/v1/inboxes");
    expect(JSON.stringify(list.json)).not.toMatch(/Everybody|sealed/);
    const account = test.store.catalog.defaultAccount().id;
    const stored = await test.store.entries.get(account, "inbox", "arrivals");
    expect(JSON.stringify(stored)).not.toContain("Everybody");
  });

  it("stay when PATCH changes other settings, and when PUT gives the same ones nothing changes", async () => {
    const { headers: made } = await put({ verify: github });
    await patch({ verify: { toleranceMs: 10_000 }, messagesMax: 5 });
    expect((await post(signature())).status).toBe(200);
    await patch({ verify: { toleranceMs: null }, messagesMax: null });
    const before = await call(test.app, "GET", "/v1/inboxes/arrivals");
    const again = await put({ verify: github });
    expect(again.headers["etag"]).toBe(before.headers["etag"]);
    expect(again.headers["etag"]).not.toBe(made["etag"]);
  });

  it("are replaced in two steps, between which both are valid", async () => {
    await put({ verify: github });
    expect(await codes()).toEqual([200, 401]);
    await patch({ verify: { secrets: ["the new secret", secret] } });
    expect(await codes()).toEqual([200, 200]);
    await patch({ verify: { secrets: ["the new secret"] } });
    expect(await codes()).toEqual([401, 200]);
    await patch({ verify: null });
    expect(await codes()).toEqual([200, 200]);
  });

  it.each([
    [{ method: "gitlab", secrets: [secret] }, "verify.method"],
    [{ method: "github" }, "verify.secrets"],
    [{ method: "github", secrets: null }, "verify.secrets"],
    [{ method: "github", secrets: [] }, "verify.secrets"],
    [{ method: "github", secrets: ["short"] }, "verify.secrets[0]"],
    [{ method: "github", secrets: { sealed: "x", bytes: 1 } }, "verify.secrets"],
    [{ method: "github", secrets: Array(5).fill(secret) }, "verify.secrets"],
    [{ ...github, header: "X-Token" }, "verify.header"],
    [{ ...github, query: "token" }, "verify.query"],
    [{ method: "token", secrets: ["s3cret-token"], header: "X-Token", query: "token" }, "verify.query"],
    [{ method: "token", secrets: ["s3cret-token"], header: "authorization" }, "verify.header"],
    [{ method: "token", secrets: ["s3cret-token"], header: "X Token" }, "verify.header"],
    [{ method: "token", secrets: ["s3cret token"] }, "verify.secrets[0]"],
    [{ method: "standard-webhooks", secrets: [secret, "whsec_xxxx"] }, "verify.secrets[0]"],
    [{ method: "github", secrets: [secret], toleranceMs: 0 }, "verify.toleranceMs"],
  ])("and the method are checked: %j", async (verify, field) => {
    const { status, json } = await put({ verify });
    expect({ status, json }).toMatchObject({ status: 400, json: { code: "invalid_request" } });
    expect((json as { errors: { field: string }[] }).errors.map((error) => error.field)).toContain(field);
    expect(JSON.stringify(json)).not.toMatch(/Everybody|s3cret/);
  });

  it("that a response hides cannot be sent back, and the error says what to do", async () => {
    const { json } = await put({ verify: github });
    const { verify } = json as { verify: object };
    expect((await put({ verify })).json.errors[0].message).toContain("use PATCH to keep it");
  });

  it("must fit a method that PATCH sets", async () => {
    await put({ verify: github });
    const answer = await patch({ verify: { method: "standard-webhooks" } });
    expect(answer).toMatchObject({ status: 400, json: { errors: [{ field: "verify.secrets[0]" }] } });
  });

  it("cannot be stored without a master key, and a request is refused if they cannot be opened", async () => {
    await put({ verify: github });
    const account = test.store.catalog.defaultAccount().id;
    const { value } = (await test.store.entries.get(account, "inbox", "arrivals")) ?? {};
    const other = await createTestApp({}, { masterKeys: [] });
    const path = "/v1/inboxes/arrivals";
    expect(await call(other.app, "PUT", path, { json: { verify: github } })).toMatchObject({
      status: 409,
      json: { code: "master_key_missing" },
    });
    await call(other.app, "PUT", path);
    await other.store.entries.put(other.store.catalog.defaultAccount().id, "inbox", "arrivals", value);
    const answer = await other.app.inject({ method: "POST", url: "/in/arrivals", headers: signature(), payload: body });
    expect(answer.json()).toMatchObject({ code: "key_unavailable" });
    await other.app.close();
  });
});
