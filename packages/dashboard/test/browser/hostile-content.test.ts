/**
 * Real: a Chromium, a server with texts that would run if a page took them for HTML: in bodies, headers, descriptions,
 * labels, attributes, replies and names.
 */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startBrowser } from "../browser.ts";
import { hostileText } from "../scene-data.ts";
import { startScene, type Scene } from "../started-scene.ts";
import { startVisit } from "../visit.ts";

const started = new AsyncDisposableStack();
let browser: Browser;
let scene: Scene;

beforeAll(async () => {
  scene = started.use(await startScene());
  browser = await startBrowser();
  started.defer(() => browser.close());
  const { api } = scene.server;
  await api.ok("PUT", "/v1/inboxes/hostile", { json: { description: hostileText } });
  await api.ok("PUT", "/v1/event-types/hostile.type", { json: { description: hostileText, example: hostileText } });
  await api.ok("PUT", "/v1/hooks/hostile", {
    json: { urls: [`${scene.receiverUrl}/hostile`], protocol: "json", onError: "reject" },
  });
  await api.ok("PUT", "/v1/accounts/hostile", { json: { description: hostileText } });
  await api.ok("POST", "/v1/api-keys", { json: { name: hostileText.slice(-64), role: "publish" } });
});

afterAll(() => started.disposeAsync());

/** The text of the page and of its fields. */
const allText =
  "document.body.innerText + Array.from(document.querySelectorAll('input, textarea'), ({ value }) => value).join()";

it.each([
  ["/ui/topics", "onerror"],
  ["/ui/topics/hostile", "onerror"],
  ["/ui/topics/hostile/edit", "onerror"],
  ["/ui/topics/hostile/subscriptions/page", "400"],
  ["/ui/messages?topic=hostile", "hostile"],
  ["/ui/messages/{message}", "onerror"],
  ["/ui/dead-letters?topic=hostile", "hostile"],
  ["/ui/inboxes/hostile", "onerror"],
  ["/ui/event-types/hostile.type", "onerror"],
  ["/ui/accounts/hostile", "onerror"],
  ["/ui/api-keys", "onerror"],
  ["/ui/audit", "hostile"],
  [`/ui/topics/${encodeURIComponent(hostileText)}`, "onerror"],
  [`/ui/messages?type=${encodeURIComponent(hostileText)}`, "Messages"],
  ["/ui/subscriptions?name=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E", "onerror"],
])("shows as text what comes in %s", async (address, shown) => {
  await using visit = await startVisit(browser, scene.server.url);
  const { page } = visit;
  await visit.show(address.replace("{message}", scene.ids.hostileMessage));
  await expect.poll(() => page.evaluate(allText)).toContain(shown);
  expect(await page.evaluate("window.hacked")).toBeUndefined();
  expect(await page.locator("#root img[src=x], #root script, a[href^='javascript:' i]").count()).toBe(0);
  expect(visit.faults).toEqual([]);
});

it("shows a hostile reply of a test as text", async () => {
  await using visit = await startVisit(browser, scene.server.url);
  const { page } = visit;
  await visit.show("/ui/topics/hostile/subscriptions/page");
  await page.getByRole("button", { name: "Test", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Send" }).click();
  await dialog.getByText("window.hacked").first().waitFor();
  expect(await page.evaluate("window.hacked")).toBeUndefined();
  expect(visit.faults).toEqual([]);
});

it("shows a hostile outcome of a hook as text", async () => {
  await using visit = await startVisit(browser, scene.server.url);
  const { page } = visit;
  await visit.show("/ui/hooks/hostile");
  await page.getByRole("button", { name: "Call now" }).click();
  await page.getByText("reject", { exact: true }).first().waitFor();
  expect(await page.evaluate("window.hacked")).toBeUndefined();
  expect(visit.faults).toEqual([]);
});

it("shows a hostile arrival in an inbox as text: body, query and headers", async () => {
  await using visit = await startVisit(browser, scene.server.url);
  const { page } = visit;
  const { api } = scene.server;
  const { receivePath } = await api.ok<{ receivePath: string }>("GET", "/v1/inboxes/hostile");
  const headers = { "content-type": "text/html", "x-note": hostileText };
  await api.ok("POST", `${receivePath}?q=${encodeURIComponent(hostileText)}`, { body: hostileText, headers });
  await visit.show("/ui/inboxes/hostile");
  await page.getByRole("button", { name: "Start watching" }).click();
  const article = page.getByRole("article");
  await article.getByText("Headers", { exact: true }).first().click();
  await expect.poll(() => article.innerText()).toContain("x-note");
  expect(await page.evaluate("window.hacked")).toBeUndefined();
  expect(await page.locator("#root img[src=x], #root script").count()).toBe(0);
  expect(visit.faults).toEqual([]);
});
