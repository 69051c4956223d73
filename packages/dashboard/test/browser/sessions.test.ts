/** Real: a Chromium, a server that asks for keys. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Api } from "../../../server/test/harness/api.ts";
import { startBrowser } from "../browser.ts";
import { startScene, type Scene } from "../started-scene.ts";
import { startVisit, type Visit } from "../visit.ts";

const started = new AsyncDisposableStack();
let browser: Browser;
let scene: Scene;
let bearer: { readonly authorization: string };

interface MadeKey {
  readonly id: string;
  readonly token: string;
}

beforeAll(async () => {
  scene = started.use(await startScene());
  browser = await startBrowser();
  started.defer(() => browser.close());
  const owner = await scene.server.api.ok<MadeKey>("POST", "/v1/api-keys", {
    json: { name: "owner", role: "operator" },
  });
  bearer = { authorization: `Bearer ${owner.token}` };
});

afterAll(() => started.disposeAsync());

function makeKey(role: string): Promise<MadeKey> {
  return new Api(scene.server.url).ok("POST", "/v1/api-keys", { json: { name: `a-${role}`, role }, headers: bearer });
}

async function signIn({ page }: Visit, token: string): Promise<void> {
  await page.getByLabel("Token of an API key").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
}

it("keeps who wants to stay signed in, by a cookie that scripts cannot read, until the reader signs out", async () => {
  await using visit = await startVisit(browser, scene.server.url);
  const { page } = visit;
  const { token } = await makeKey("admin");
  await visit.show("/ui/topics");
  await page.getByLabel("Stay signed in on this browser").check();
  await signIn(visit, token);
  await page.getByRole("heading", { name: "Topics", level: 1 }).waitFor();
  const readable = "document.cookie + JSON.stringify({ ...localStorage, ...sessionStorage })";
  expect(await page.evaluate(readable)).not.toContain(token);
  await page.reload();
  await page.getByRole("heading", { name: "Topics", level: 1 }).waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in to Ringback" }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "Sign in to Ringback" }).waitFor();
  expect(visit.faults).toEqual([]);
});

it("blocks what a role may not do, and says why", async () => {
  await using visit = await startVisit(browser, scene.server.url);
  const { page } = visit;
  const { token } = await makeKey("read");
  await visit.show("/ui/topics/invoices/subscriptions/crm");
  await signIn(visit, token);
  await page.getByRole("heading", { name: "crm", level: 1 }).waitFor();
  const pause = page.getByRole("button", { name: "Pause" });
  expect(await pause.getAttribute("title")).toBe("Your role (read) does not allow this.");
  // The button can be reached, so that its reason is read, but does nothing.
  await pause.click({ force: true });
  expect(await page.getByRole("link", { name: "API keys" }).count()).toBe(0);
  const path = "/v1/topics/invoices/subscriptions/crm";
  expect(await new Api(scene.server.url).ok("GET", path, { headers: bearer })).toMatchObject({ state: "active" });
});

it("asks for a key again when the key is revoked in the middle of work", async () => {
  await using visit = await startVisit(browser, scene.server.url);
  const { page } = visit;
  const { id, token } = await makeKey("admin");
  await visit.show("/ui/topics/invoices/subscriptions/crm");
  await signIn(visit, token);
  await page.getByRole("heading", { name: "crm", level: 1 }).waitFor();
  await new Api(scene.server.url).ok("DELETE", `/v1/api-keys/${id}`, { headers: bearer });
  await page.getByText("Your session has ended. Please sign in again.").waitFor();
  const { token: next } = await makeKey("admin");
  await signIn(visit, next);
  await page.getByRole("heading", { name: "crm", level: 1 }).waitFor();
});

it("closes a customer's page when its link has expired, and says that", async () => {
  // The shortest time of a link, so this test takes a minute.
  const { url } = await new Api(scene.server.url).ok<{ readonly url: string }>("POST", "/v1/portal-links", {
    json: { name: "Anna", expiresInS: 60 },
    headers: bearer,
  });
  await using visit = await startVisit(browser, scene.server.url);
  const { page } = visit;
  await page.goto(url);
  await page.getByRole("heading", { name: "Webhooks", level: 1 }).waitFor();
  await page.getByRole("heading", { name: "This link is no longer valid", level: 1 }).waitFor();
  expect(await page.getByLabel("Token of an API key").count()).toBe(0);
});
