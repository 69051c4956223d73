/** Real: the HTTP application with every route, API keys and accounts. Faked: the store, in memory, and the clock. */

import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { settingsDefault } from "../engine/accounts/account-settings.ts";
import { portalRoutes } from "./portal-access.ts";
import { call } from "./testing/call.ts";
import { ReusedApps } from "./testing/reused-apps.ts";
import { createTestApp, type TestApp } from "./testing/test-app.ts";

const operatorToken = "operator-token-of-this-test-0123456789";
const operator = { authorization: `Bearer ${operatorToken}`, "ringback-account": "acme" };

let test: TestApp;
const apps = new ReusedApps(async () => {
  const app = await createTestApp({}, { isLocal: false, operatorToken });
  await app.accounts.put("acme", settingsDefault);
  return app;
});
beforeEach(async () => void (test = await apps.next()));
afterAll(() => apps.close());

const ask = (method: string, path: string, json?: object, headers: Readonly<Record<string, string>> = operator) =>
  call(test.app, method, path, { headers, ...(json !== undefined && { json }) });

interface Link {
  readonly id: string;
  readonly url: string;
  readonly expiresAt: string;
}

async function link(settings: object = {}): Promise<Link & { readonly headers: Readonly<Record<string, string>> }> {
  const { json } = await ask("POST", "/v1/portal-links", settings);
  const token = new URL(json.url).hash.replace("#token=", "");
  return { ...json, headers: { authorization: `Bearer ${token}` } };
}

describe("a portal link", () => {
  it("has the secret in the fragment, and expires after an hour", async () => {
    const { status, json } = await ask("POST", "/v1/portal-links");
    expect(status).toBe(201);
    const url = new URL(json.url);
    expect(url.pathname).toBe(`/ui/portal/${json.id}`);
    expect(url.hash).toMatch(/^#token=rbk_\w+$/);
    expect(Date.parse(json.expiresAt) - test.clock.nowMs).toBe(3_600_000);
  });

  it("opens one account, and says so", async () => {
    const { headers } = await link();
    expect((await ask("GET", "/v1/session", undefined, headers)).json).toMatchObject({ account: "acme", portal: true });
    const other = { ...headers, "ringback-account": "default" };
    expect((await ask("GET", "/v1/topics", undefined, other)).json.code).toBe("forbidden");
  });

  it("is valid for the routes of the portal only", async () => {
    const { headers } = await link();
    const { json } = await ask("GET", "/openapi.json");
    const operations = Object.entries<object>(json.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => [method.toUpperCase(), path] as const),
    );
    // A stream of events would not end.
    const isLeftOut = /^\/v1\/events$|^\/(?:healthz|readyz|openapi\.json|\.well-known)|\/branding$/;
    for (const [method, path] of operations.filter(([, path]) => !isLeftOut.test(path))) {
      const name = `${method} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`;
      const answer = await ask(method, path.replaceAll(/\{\w+\}/g, "any"), method === "GET" ? undefined : {}, headers);
      const isRefused = answer.json?.detail === "A portal link is not valid for this request.";
      expect([name, isRefused]).toEqual([name, !portalRoutes.has(name)]);
    }
  });

  it("names only routes that exist", async () => {
    const { json } = await ask("GET", "/openapi.json");
    const known = new Set(
      Object.entries<object>(json.paths).flatMap(([path, methods]) =>
        Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`),
      ),
    );
    expect([...portalRoutes].filter((route) => !known.has(route))).toEqual([]);
  });

  it("with the role read changes nothing", async () => {
    await ask("PUT", "/v1/topics/t", {});
    const { headers } = await link({ role: "read" });
    const { json } = await ask("PUT", "/v1/topics/t/subscriptions/s", { pull: {} }, headers);
    expect(json.code).toBe("forbidden");
    expect((await ask("GET", "/v1/topics", undefined, headers)).status).toBe(200);
  });

  it("may be limited to topics", async () => {
    await ask("PUT", "/v1/topics/orders", {});
    await ask("PUT", "/v1/topics/secret", {});
    const { headers } = await link({ topics: ["ord*"] });
    expect((await ask("GET", "/v1/topics/orders", undefined, headers)).status).toBe(200);
    expect((await ask("GET", "/v1/topics/secret", undefined, headers)).json.code).toBe("forbidden");
  });

  it("cannot make links or keys, and is not in the list of keys", async () => {
    const { headers, id } = await link();
    expect((await ask("POST", "/v1/portal-links", {}, headers)).json.code).toBe("forbidden");
    expect((await ask("POST", "/v1/api-keys", { name: "n" }, headers)).json.code).toBe("forbidden");
    expect((await ask("GET", "/v1/api-keys")).json.items).toEqual([]);
    expect((await ask("GET", "/v1/portal-links")).json.items).toEqual([expect.objectContaining({ id, role: "admin" })]);
  });

  it("ends when it expires or is revoked, and is removed a day later", async () => {
    const first = await link({ expiresInS: 60 });
    test.clock.nowMs += 60_000;
    expect((await ask("GET", "/v1/session", undefined, first.headers)).json.code).toBe("invalid_api_key");
    expect((await ask("GET", `/v1/portal-links/${first.id}/branding`, undefined, {})).status).toBe(200);
    const second = await link();
    expect((await ask("DELETE", `/v1/portal-links/${second.id}`)).status).toBe(204);
    expect((await ask("GET", "/v1/session", undefined, second.headers)).json.code).toBe("invalid_api_key");
    test.clock.nowMs += 24 * 3600_000 + 1;
    const third = await link();
    expect((await ask("GET", "/v1/portal-links")).json.items.map(({ id }: Link) => id)).toEqual([third.id]);
  });

  it("shows the secret of a new endpoint once", async () => {
    await ask("PUT", "/v1/topics/t", {});
    const { headers } = await link();
    const push = { url: "https://example.com/", protocol: "standard-webhooks" };
    const path = "/v1/topics/t/subscriptions/s";
    expect((await ask("PUT", path, { push }, headers)).json.secret).toMatch(/^whsec_/);
    expect((await ask("GET", path, undefined, headers)).json).not.toHaveProperty("secret");
  });

  it("is named in the record of changes", async () => {
    await ask("PUT", "/v1/topics/t", {});
    const { id, headers } = await link({ name: "anna@acme.example" });
    await ask("PUT", "/v1/topics/t/subscriptions/s", { pull: {} }, headers);
    const { json } = await ask("GET", `/v1/audit?who=portal:${id}`);
    expect(json.items).toEqual([
      expect.objectContaining({
        who: { id: `portal:${id}`, name: "anna@acme.example" },
        target: "topics/t/subscriptions/s",
      }),
    ]);
  });

  it("is not shown, rotated or revoked as an API key", async () => {
    const { id } = await link();
    expect((await ask("GET", `/v1/api-keys/${id}`)).json.code).toBe("api_key_not_found");
    expect((await ask("POST", `/v1/api-keys/${id}/rotate`)).json.code).toBe("api_key_not_found");
    expect((await ask("DELETE", `/v1/api-keys/${id}`)).json.code).toBe("api_key_not_found");
  });

  it("is not an API key that can be revoked as a link", async () => {
    const { json } = await ask("POST", "/v1/api-keys", { name: "n", role: "read" });
    expect((await ask("DELETE", `/v1/portal-links/${json.id}`)).json.code).toBe("portal_link_not_found");
  });

  it.each([{ role: "operator" }, { expiresInS: 59 }, { expiresInS: 86_401 }, { topics: [] }, { name: "" }])(
    "is refused with %j",
    async (settings) => expect((await ask("POST", "/v1/portal-links", settings)).status).toBe(400),
  );
});

const put = (portal: object | null) =>
  ask("PUT", "/v1/accounts/acme", { portal }, { authorization: `Bearer ${operatorToken}` });

describe("the branding of an account", () => {
  const logo = "data:image/png;base64,iVBORw0KGgo=";

  it("is shown to everybody who has a link", async () => {
    expect((await put({ name: "ACME hooks", logo, accent: "#112233" })).status).toBe(200);
    const { id } = await link();
    expect((await ask("GET", `/v1/portal-links/${id}/branding`, undefined, {})).json).toEqual({
      account: "acme",
      name: "ACME hooks",
      logo,
      accent: "#112233",
      accentDark: null,
    });
  });

  it.each<[string, unknown]>([
    ["logo", "https://example.com/logo.png"],
    ["logo", "data:text/html;base64,PHNjcmlwdD4="],
    ["logo", `data:image/png;base64,${"A".repeat(32_768)}`],
    ["accent", "red"],
    ["accent", "#112233; background: url(//evil.example)"],
    ["frameAncestors", ["*"]],
    ["frameAncestors", ["https://*.example.com"]],
    ["frameAncestors", ["https://a.example; script-src *"]],
    ["frameAncestors", ["https://a.example\r\nx: y"]],
    ["frameAncestors", ["https://a.example/path"]],
    ["frameAncestors", ["http://a.example"]],
    ["frameAncestors", ["'self'"]],
    ["frameAncestors", ["data:"]],
  ])("refuses the %s %j", async (field, value) => {
    const { status, json } = await put({ [field]: value });
    expect([status, json.errors?.[0]?.field]).toEqual([400, expect.stringMatching(`portal.${field}`)]);
  });

  it("accepts origins, and loses nothing of them by a PATCH of another member", async () => {
    const frameAncestors = ["https://app.example.com", "http://localhost:3000", "https://a.example:8443"];
    await put({ frameAncestors });
    const headers = { authorization: `Bearer ${operatorToken}` };
    const { json } = await ask("PATCH", "/v1/accounts/acme", { portal: { name: "n" } }, headers);
    expect(json.portal).toMatchObject({ name: "n", frameAncestors, logo: null });
  });
});
