/** Real: a Chromium, a server with data, receivers that misbehave. The reader only clicks and types. */
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { startBrowser } from "../browser.ts";
import { startScene, type Scene } from "../started-scene.ts";
import { startVisit, type Visit } from "../visit.ts";

const started = new AsyncDisposableStack();
let browser: Browser;
let scene: Scene;
let visit: Visit;
let page: Page;

beforeAll(async () => {
  scene = started.use(await startScene());
  browser = await startBrowser();
  started.defer(() => browser.close());
});

beforeEach(async () => {
  visit = await startVisit(browser, scene.server.url);
  page = visit.page;
});

afterEach(async () => {
  expect(visit.faults).toEqual([]);
  await visit[Symbol.asyncDispose]();
});

afterAll(() => started.disposeAsync());

const button = (name: string | RegExp) => page.getByRole("button", { name, exact: true });
const link = (name: string | RegExp) => page.getByRole("link", { name, exact: true });

it("shows why an endpoint gets nothing, from the list of subscriptions to the reply", async () => {
  await visit.show("/");
  await link("Subscriptions").click();
  await link("crm").first().click();
  const messages = page.getByRole("group", { name: "Attempts" }).getByRole("link", { name: /^\d{15,}$/ });
  await messages.first().click();
  await page.getByText("database is down").first().waitFor();
});

it("redrives a dead letter after a look at it", async () => {
  await visit.show("/");
  await link("Dead letters").click();
  await page.getByLabel("Subscription", { exact: true }).fill("page");
  await button("Inspect").first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("All retries failed").waitFor();
  await dialog.getByRole("button", { name: "Redrive 1" }).click();
  await page.getByText("1 dead letter is on its way again.").waitFor();
});

it("counts the messages of a replay, starts it, and cancels it", async () => {
  await visit.show("/ui/topics/invoices/subscriptions/accounting");
  await link("Replay…").click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Messages per second").fill("1");
  await dialog.getByRole("button", { name: "Count first" }).click();
  await dialog.getByText("40 messages match.").waitFor();
  await dialog.getByRole("button", { name: "Replay 40 messages" }).click();
  await page.getByRole("heading", { name: "Replay", level: 1 }).waitFor();
  await page.getByText("running").first().waitFor();
  await button("Cancel the replay").click();
  await dialog.getByRole("button", { name: "Cancel the replay" }).click();
  await page.getByText("The replay is cancelled.").waitFor();
  await page.getByText("cancelled", { exact: true }).first().waitFor();
  const { items } = await scene.server.api.ok<{ items: { state: string }[] }>("GET", "/v1/replays?limit=1");
  expect(items[0]?.state).toBe("cancelled");
});

it("shows the change of another writer, and saves what the reader chooses", async () => {
  const path = "/v1/topics/builds";
  await visit.show("/ui/topics/builds/edit");
  await page.getByLabel(/^Description/).fill("mine");
  const merge = { "content-type": "application/merge-patch+json" };
  const theirs = JSON.stringify({ description: "theirs", labels: { team: "infra" } });
  await scene.server.api.ok("PATCH", path, { body: theirs, headers: merge });
  await button("Save").click();
  await page.getByText("Somebody else was faster").waitFor();
  const changes = page.getByRole("group", { name: "Changes since you opened this form" });
  await changes.getByText('"mine"').waitFor();
  await changes.getByText('"theirs"').waitFor();
  expect(await scene.server.api.ok("GET", path)).toMatchObject({ description: "theirs" });
  await button("Go on with these").click();
  await button("Save").click();
  await page.getByRole("heading", { name: "builds", level: 1, exact: true }).waitFor();
  await page.getByText("Saved", { exact: true }).waitFor();
  expect(await scene.server.api.ok("GET", path)).toMatchObject({ description: "mine", labels: { team: "infra" } });
});

it("does without a mouse: the palette, a form, a dialog", async () => {
  await visit.show("/");
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: /A screen/ }).waitFor();
  await page.keyboard.type("Create a topic");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "New topic", level: 1 }).waitFor();
  await tabTo("Name");
  await page.keyboard.type("typed");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "typed", level: 1 }).waitFor();
  await tabTo("Delete");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  // The reader is where the dialog was opened.
  expect(await focused()).toBe("Delete");
  await page.keyboard.press("Enter");
  await tabTo("Type typed to confirm");
  await page.keyboard.type("typed");
  await tabTo("Delete");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Topics", level: 1 }).waitFor();
  expect(await scene.server.api.call("GET", "/v1/topics/typed")).toMatchObject({ status: 404 });
});

/** Presses Tab until the control with this name has the keyboard. */
async function tabTo(name: string): Promise<void> {
  for (let presses = 0; presses < 80; presses++) {
    await page.keyboard.press("Tab");
    if ((await focused()).startsWith(name)) return;
  }
  throw new Error(`Tab does not reach ${name}`);
}

function focused(): Promise<string> {
  return page.evaluate<string>(
    "(document.activeElement?.labels?.[0] ?? document.activeElement)?.textContent?.trim() ?? ''",
  );
}
