/** Real: the HTTP application with every route, API keys and accounts. Faked: the store, in memory. */

import Fastify from "fastify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mayUse, roles, type AccessNeed, type Role } from "../domain/access-rules.ts";
import { settingsDefault } from "../engine/accounts/account-settings.ts";
import { guardAccess } from "./access-gate.ts";
import { call, type CallBody } from "./testing/call.ts";
import { createTestApp, testNowMs, type TestApp } from "./testing/test-app.ts";

const operatorToken = "operator-token-of-this-test-0123456789";
const otherTenant = "rival";

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly need: AccessNeed;
}

let test: TestApp;
let operations: readonly Operation[];
const tokens = new Map<string, string>();

beforeAll(async () => {
  test = await createTestApp({}, { isLocal: false, operatorToken });
  await test.accounts.put(otherTenant, settingsDefault);
  const { apiKeys } = test;
  for (const role of roles) {
    const settings = { name: role, role, topics: null, allAccounts: role === "operator", expiresAtMs: null };
    tokens.set(role, (await apiKeys.create(settings, null)).token ?? "");
    tokens.set(`expired ${role}`, (await apiKeys.create({ ...settings, expiresAtMs: testNowMs }, null)).token ?? "");
    const revoked = await apiKeys.create(settings, null);
    await apiKeys.delete(revoked.apiKey.id);
    tokens.set(`revoked ${role}`, revoked.token ?? "");
  }
  const rival = test.accounts.find(otherTenant);
  const rivalKeys = test.servicesOf(rival?.id ?? (0 as never)).apiKeys;
  const settings = { name: "rival", role: "admin" as const, topics: null, allAccounts: false, expiresAtMs: null };
  tokens.set("rival", (await rivalKeys.create(settings, null)).token ?? "");
  const { json } = await call(test.app, "GET", "/openapi.json");
  operations = Object.entries<object>(json.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { "x-ringback-role": need = "public" }]) => ({
      method: method.toUpperCase(),
      path: path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => examples[name] ?? "any"),
      need,
    })),
  );
});
afterAll(() => test.app.close());

/** Values of the parameters of paths: names of things that exist nowhere. */
const examples: Readonly<Record<string, string>> = { id: "AKIDnothing" };

interface Refusal {
  readonly status: number;
  readonly code: string | undefined;
  readonly text: string;
}

let clients = 0;

async function ask({ method, path }: Pick<Operation, "method" | "path">, headers: object, body?: CallBody) {
  const payload = method === "GET" || method === "DELETE" ? {} : (body ?? { json: {} });
  // Each request has an address of its own, so that wrong keys do not slow down the next request.
  const remoteAddress = `10.0.${clients >> 8}.${clients++ & 255}`;
  // All answers have the same request id, so that answers can be compared.
  const named = { "x-request-id": "one", ...headers };
  const answer = await call(test.app, method, path, { ...payload, headers: named, remoteAddress });
  const { status, headers: head, json } = answer;
  return { status, code: json?.code as string | undefined, text: JSON.stringify(json), json, headers: head };
}

const bearer = (token: string | undefined) => ({ authorization: `Bearer ${token}` });
const refusals = (given: readonly Refusal[]) => given.map(({ status, code }) => [status, code]);

/** Routes that anyone may use. A new one must be added here. */
const publicRoutes = [
  "GET /healthz",
  "GET /readyz",
  "GET /openapi.json",
  "GET /.well-known/jwks.json",
  "GET /v1/session",
  "POST /v1/session",
  "DELETE /v1/session",
  "GET /v1/portal-links/AKIDnothing/branding",
];
/** A route that serves some senders without a key. Others need this role. `inbox-access.test.ts` has the rule. */
const sendToInbox = { route: "POST /in/any", need: "publish" } as const;

const routeOf = ({ method, path }: Operation): string => `${method} ${path}`;

describe("every route", () => {
  it("declares the role that it needs, and only a few need none", () => {
    const open = operations.filter(({ need }) => need === "public").map(routeOf);
    expect(open.sort()).toEqual([...publicRoutes, sendToInbox.route].sort());
    expect(operations.length).toBeGreaterThan(50);
  });

  it("without a declared role stops the start", () => {
    const app = Fastify();
    guardAccess(app, test.access);
    expect(() => app.get("/v1/new", () => "")).toThrow("GET /v1/new does not declare its access");
    app.get("/v1/declared", { config: { access: "read" } }, () => "");
  });

  it.each<[string, object, string]>([
    ["no key", {}, "api_key_missing"],
    ["an empty key", bearer(""), "invalid_api_key"],
    ["another kind of credentials", { authorization: "Basic dXNlcjpwYXNz" }, "invalid_api_key"],
    [
      "a key of another server",
      bearer("rbk_z8krbsJ5yKBZQpn74WFkmLPx3gnPhESA_Gu5t9xGARNpq86cd98joQYCN3EXAMPLE0Kq2xz"),
      "invalid_api_key",
    ],
  ])("refuses a request with %s with 401, before its body is read", async (_what, headers, code) => {
    for (const operation of operations.filter(({ need }) => need !== "public")) {
      const answer = await ask(operation, headers, { body: "{not json" });
      expect([operation, answer.status, answer.code]).toEqual([operation, 401, code]);
      expect(answer.headers["www-authenticate"]).toBe('Bearer realm="ringback"');
    }
  });

  it.each(["expired", "revoked"])("refuses an %s key like an unknown one, whatever its role", async (what) => {
    const unknown = await ask({ method: "GET", path: "/v1/topics" }, bearer("rbk_unknown"));
    for (const operation of operations.filter(({ need }) => need !== "public")) {
      for (const role of roles) {
        const answer = await ask(operation, bearer(tokens.get(`${what} ${role}`)));
        expect([operation, answer.status, answer.text]).toEqual([operation, 401, unknown.text]);
      }
    }
  });

  it("refuses a key whose role is not enough with 403, and serves the others", async () => {
    for (const operation of operations.filter(({ path }) => !unparsed.has(path))) {
      const need = routeOf(operation) === sendToInbox.route ? sendToInbox.need : operation.need;
      for (const role of roles) {
        const answer = await ask(operation, bearer(tokens.get(role)));
        expect([operation, role, answer.code === "forbidden"]).toEqual([operation, role, !mayUse(role, need)]);
        expect(answer.status).not.toBe(500);
      }
    }
  });

  it("answers the same to another tenant's key, whether the thing exists or not", async () => {
    const headers = bearer(operatorToken);
    await call(test.app, "PUT", "/v1/topics/mine", { json: {}, headers });
    const push = { url: "http://127.0.0.1:9/" };
    await call(test.app, "PUT", "/v1/topics/mine/subscriptions/mine", { json: { push }, headers });
    await call(test.app, "PUT", "/v1/hooks/mine", { json: { urls: [push.url] }, headers });
    await call(test.app, "PUT", "/v1/inboxes/mine", { json: {}, headers });
    await call(test.app, "PUT", "/v1/keys/mine", {
      json: { jwk: { kty: "oct", k: "MDEyMzQ1Njc4OWFiY2RlZg" } },
      headers,
    });
    const rival = bearer(tokens.get("rival"));
    const reads = operations.filter(({ method, need }) => method === "GET" && need !== "operator" && need !== "public");
    for (const { path } of reads.filter(({ path }) => path.includes("any") && !path.includes("/in/"))) {
      const [mine, none] = [path.replaceAll("any", "mine"), path.replaceAll("any", "none")];
      const [one, other] = [
        await ask({ method: "GET", path: mine }, rival),
        await ask({ method: "GET", path: none }, rival),
      ];
      expect([path, one.status, one.text.replaceAll("mine", "none")]).toEqual([path, 404, other.text]);
    }
    const topics = (await call(test.app, "GET", "/v1/topics", { headers: rival })).json.items;
    expect(topics).toMatchObject([{ name: "ringback.events" }]);
    for (const path of ["/v1/hooks", "/v1/inboxes", "/v1/keys"]) {
      expect([path, (await call(test.app, "GET", path, { headers: rival })).json.items]).toEqual([path, []]);
    }
  });

  it("refuses an account header that the key has no right to, whether the account exists or not", async () => {
    for (const role of ["admin", "publish", "consume", "read"] as const) {
      const path = operations.find(({ need }) => need === role)?.path ?? "";
      const method = operations.find(({ need }) => need === role)?.method ?? "";
      const named = (account: string) => ({ ...bearer(tokens.get(role)), "ringback-account": account });
      const [existing, missing] = [
        await ask({ method, path }, named(otherTenant)),
        await ask({ method, path }, named("x")),
      ];
      expect([existing.status, existing.code, existing.text]).toEqual([403, "forbidden", missing.text]);
    }
    const operated = await Promise.all(
      [otherTenant, "x"].map((account) =>
        ask({ method: "GET", path: "/v1/topics" }, { ...bearer(operatorToken), "ringback-account": account }),
      ),
    );
    expect(refusals(operated)).toEqual([
      [200, undefined],
      [404, "account_not_found"],
    ]);
  });
});

/** Routes whose answers are streams or text. */
const unparsed = new Set(["/v1/events", "/metrics"]);

async function status(url: string, key: string | undefined): Promise<number> {
  return (await test.app.inject({ method: "GET", url, headers: bearer(key) })).statusCode;
}

const publish = (topic: string, headers: object) =>
  ask({ method: "POST", path: `/v1/topics/${topic}/messages` }, headers, { json: { body: "x" } });

describe("the metrics and the events", () => {
  it("need the role read, and the metrics a key for all accounts", async () => {
    const settings = { name: "monitor", role: "read" as const, topics: null, allAccounts: true, expiresAtMs: null };
    const { token } = await test.apiKeys.create(settings, null);
    expect(await status("/metrics", token ?? "")).toBe(200);
    expect(await status("/metrics", operatorToken)).toBe(200);
    for (const role of ["admin", "publish", "consume", "read"]) {
      expect([role, await status("/metrics", tokens.get(role))]).toEqual([role, 403]);
    }
    for (const role of ["publish", "consume"]) {
      expect([role, await status("/v1/events", tokens.get(role))]).toEqual([role, 403]);
    }
  });
});

describe("a key that is limited to topics", () => {
  it("is valid for these topics only, and lists show no others", async () => {
    const admin = bearer(operatorToken);
    for (const topic of ["orders-eu", "orders-us", "invoices"]) {
      await call(test.app, "PUT", `/v1/topics/${topic}`, { json: {}, headers: admin });
    }
    const limited = async (role: Role) => {
      const settings = { name: "limited", role, topics: ["orders*"], allAccounts: false, expiresAtMs: null };
      return bearer((await test.apiKeys.create(settings, null)).token ?? "");
    };
    const [reader, publisher, administrator] = [
      await limited("read"),
      await limited("publish"),
      await limited("admin"),
    ];
    const sent = await publish("orders-eu", publisher);
    expect(sent.status).toBe(201);
    const refused = await Promise.all([publish("invoices", publisher), publish("nothing", publisher)]);
    expect(refusals(refused)).toEqual([
      [403, "forbidden"],
      [403, "forbidden"],
    ]);
    const { items } = (await call(test.app, "GET", "/v1/topics", { headers: reader })).json;
    expect(items.map(({ name }: { name: string }) => name)).toEqual(["orders-eu", "orders-us"]);
    const invisible = (await publish("invoices", admin)).json.id;
    const shown = sent.json.id;
    const message = (id: string) => ask({ method: "GET", path: `/v1/messages/${id}` }, reader);
    expect(refusals([await message(shown), await message(invisible)])).toEqual([
      [200, undefined],
      [404, "message_not_found"],
    ]);
    for (const path of ["/v1/hooks", "/v1/api-keys", "/v1/keys", "/v1/inboxes"]) {
      expect([path, (await ask({ method: "GET", path }, administrator)).code]).toEqual([path, "forbidden"]);
    }
  });
});

describe("a client that guesses", () => {
  it("is refused unread after some wrong keys, while others and known keys are served", async () => {
    const from = (remoteAddress: string, token: string) =>
      test.app.inject({ method: "GET", url: "/v1/topics", remoteAddress, headers: bearer(token) });
    const codes: number[] = [];
    for (let i = 0; i < 25; i++) codes.push((await from("192.0.2.7", `rbk_guess${i}`)).statusCode);
    expect(new Set(codes.slice(0, 20))).toEqual(new Set([401]));
    expect(new Set(codes.slice(20))).toEqual(new Set([429]));
    const slowed = await from("192.0.2.7", "rbk_another");
    expect([slowed.headers["retry-after"], slowed.json().code]).toEqual(["10", "too_many_failures"]);
    const known = tokens.get("read") ?? "";
    expect((await from("192.0.2.8", known)).statusCode).toBe(200);
    expect((await from("192.0.2.7", known)).statusCode).toBe(200);
    test.clock.nowMs += 10_000;
    expect((await from("192.0.2.7", "rbk_another")).statusCode).toBe(401);
    test.clock.nowMs = testNowMs;
  });
});
