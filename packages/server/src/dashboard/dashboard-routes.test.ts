/** Real: the HTTP application, the routes of the page and its files. Faked: the store, in memory; the built page. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { portalOf } from "../api/portal-branding.ts";
import { createTestApp, type TestApp } from "../api/testing/test-app.ts";
import { settingsDefault } from "../engine/accounts/account-settings.ts";
import { StaticFiles } from "../http/static-files.ts";
import { dashboardRoutes } from "./dashboard-routes.ts";

const script = "console.log('a script that is long enough');\n".repeat(20);
const operatorToken = "operator-token-of-this-test-0123456789";

let test: TestApp;
let folder: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "ringback-page-"));
  mkdirSync(join(folder, "dashboard/assets"), { recursive: true });
  writeFileSync(join(folder, "secret.txt"), "secret");
  writeFileSync(join(folder, "dashboard/index.html"), "<title>Ringback</title>");
  writeFileSync(join(folder, "dashboard/assets/a-1.js"), script);
  writeFileSync(join(folder, "dashboard/assets/a-1.js.gz"), gzipSync(script));
  test = await start(StaticFiles.of(join(folder, "dashboard")));
});
afterEach(async () => {
  await test.app.close();
  rmSync(folder, { recursive: true });
});

async function start(files: StaticFiles | null): Promise<TestApp> {
  const callers = { listenHost: "127.0.0.1", machineName: "m", allowedHosts: [], allowedOrigins: [] };
  const started = await createTestApp({}, { isLocal: false, operatorToken, callers });
  const frameAncestorsOf = async (linkId: string) => (await portalOf(started, linkId))?.portal?.frameAncestors ?? [];
  dashboardRoutes(started.app, { files, frameAncestorsOf });
  return started;
}

const get = (url: string, headers: Readonly<Record<string, string>> = {}, method: "GET" | "HEAD" | "POST" = "GET") =>
  test.app.inject({ method, url, headers });

describe("the page", () => {
  it.each(["/ui", "/ui/", "/ui/topics/orders", "/ui/topics?q=1"])("is the same for %s", async (url) => {
    const { statusCode, headers, body } = await get(url);
    expect([statusCode, body]).toEqual([200, "<title>Ringback</title>"]);
    expect(headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-cache",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": "no-referrer",
      "cross-origin-opener-policy": "same-origin",
    });
    const policy = String(headers["content-security-policy"]).split("; ");
    expect(policy).toEqual(expect.arrayContaining(["default-src 'none'", "script-src 'self'", "base-uri 'none'"]));
    expect(policy).toContain("frame-ancestors 'none'");
  });

  it("is not sent again if the browser has it", async () => {
    const etag = String((await get("/ui")).headers.etag);
    const { statusCode, body } = await get("/ui", { "if-none-match": etag });
    expect([statusCode, body]).toEqual([304, ""]);
  });

  it("may be opened by a link on another site, which nothing else may", async () => {
    const link = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" };
    expect((await get("/ui/portal/x", link)).statusCode).toBe(200);
    expect((await get("/ui/portal/x", { ...link, "sec-fetch-mode": "no-cors" })).statusCode).toBe(403);
    expect((await get("/ui/portal/x", { ...link, origin: "https://evil.example" })).statusCode).toBe(403);
    expect((await get("/v1/topics", link)).statusCode).toBe(403);
    expect((await get("/assets/a-1.js", link)).statusCode).toBe(403);
    expect((await get("/ui", { ...link, host: "rebound.example" })).json()).toMatchObject({ code: "host_not_allowed" });
  });

  it("that is not built says how to build it", async () => {
    await test.app.close();
    test = await start(null);
    const { statusCode, body } = await get("/ui");
    expect([statusCode, body]).toEqual([404, expect.stringContaining("npm run build")]);
  });
});

describe("a file of the page", () => {
  it("may be kept for ever, and is sent in the best form that the client accepts", async () => {
    const plain = await get("/assets/a-1.js");
    expect(plain.headers).toMatchObject({
      "content-type": "text/javascript; charset=utf-8",
      "cache-control": "public, max-age=31536000, immutable",
      vary: "Accept-Encoding",
    });
    expect([plain.body, plain.headers["content-encoding"]]).toEqual([script, undefined]);
    const small = await get("/assets/a-1.js", { "accept-encoding": "br, gzip" });
    expect([small.headers["content-encoding"], small.rawPayload]).toEqual(["gzip", gzipSync(script)]);
    expect(small.headers.etag).not.toBe(plain.headers.etag);
    expect((await get("/assets/a-1.js", { "accept-encoding": "gzip;q=0" })).body).toBe(script);
  });

  it("is described by HEAD", async () => {
    const { statusCode, body, headers } = await get("/assets/a-1.js", {}, "HEAD");
    expect([statusCode, body, headers["content-length"]]).toEqual([200, "", String(script.length)]);
  });

  it.each([
    "/assets/other.js",
    "/assets/../../secret.txt",
    "/assets/..%2f..%2fsecret.txt",
    "/assets/%2e%2e%2f%2e%2e%2fsecret.txt",
    "/assets/..%5c..%5csecret.txt",
    "/assets/a-1.js%00.txt",
    "/assets//etc/passwd",
    "/assets/constructor",
    "/assets/",
  ])("is not %s", async (url) => {
    const { statusCode, body } = await get(url);
    expect([statusCode, body.includes('"secret"')]).toEqual([404, false]);
  });
});

it("only the pages of a link may stand in a frame of the origins that its account names", async () => {
  await test.accounts.put("acme", {
    ...settingsDefault,
    portal: { name: "", logo: null, accent: null, accentDark: null, frameAncestors: ["https://app.example.com"] },
  });
  const made = await test.app.inject({
    method: "POST",
    url: "/v1/portal-links",
    headers: { authorization: `Bearer ${operatorToken}`, "ringback-account": "acme" },
  });
  const { id } = made.json<{ id: string }>();
  for (const rest of ["", "/", "/ui/messages?topic=a"]) {
    const framed = (await get(`/ui/portal/${id}${rest}`)).headers;
    expect(framed["content-security-policy"]).toMatch(/; frame-ancestors https:\/\/app\.example\.com$/);
    expect(framed["x-frame-options"]).toBeUndefined();
  }
  for (const url of ["/ui", `/ui/${id}/x`, "/ui/portal/AKIDunknown"]) {
    expect((await get(url)).headers["content-security-policy"]).toMatch(/; frame-ancestors 'none'$/);
  }
});
