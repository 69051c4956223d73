/**
 * Real: a Chromium, a server with data, receivers that misbehave. Axe examines every screen in both themes and both
 * languages; nothing may be refused by the Content-Security-Policy or break in the page.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { AxeResults } from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startBrowser } from "../browser.ts";
import { addresses, screenPaths } from "../screen-addresses.ts";
import { startScene, type Scene } from "../started-scene.ts";
import { sizes, startVisit } from "../visit.ts";

const axe = readFileSync(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");
const started = new AsyncDisposableStack();
let browser: Browser;
let scene: Scene;

beforeAll(async () => {
  scene = started.use(await startScene());
  browser = await startBrowser();
  started.defer(() => browser.close());
});

afterAll(() => started.disposeAsync());

it("has an address for every screen", () => {
  expect(Object.keys(addresses).toSorted()).toEqual(screenPaths().toSorted());
});

describe.each(["en", "zh"] as const)("in %s", (language) => {
  it.each(screenPaths())("%s has no fault in either theme", async (path) => {
    await using visit = await startVisit(browser, scene.server.url, { language });
    await visit.show(addresses[path]?.(scene.ids) ?? "");
    expect(await visit.page.getByRole("alert").allTextContents()).toEqual([]);
    expect(await violations(visit.page), "light").toEqual([]);
    await visit.page.emulateMedia({ colorScheme: "dark" });
    await visit.page.locator("[data-theme=dark]").waitFor();
    expect(await violations(visit.page), "dark").toEqual([]);
    expect(await missingSentences(visit.page)).toEqual([]);
    await visit.page.setViewportSize(sizes.phone);
    // Charts are drawn anew a moment after the window has changed.
    await expect.poll(() => scrollsSideways(visit.page)).toBe(false);
    expect(visit.faults).toEqual([]);
  });
});

/** Findings of axe, as one line for each element. */
async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe);
  const results = await page.evaluate<AxeResults>("axe.run(document, { resultTypes: ['violations'] })");
  return results.violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary = "" }) => `${id} (${help}): ${html}\n${failureSummary}`),
  );
}

/** Keys of sentences that the page shows in place of the sentences. */
async function missingSentences(page: Page): Promise<readonly string[]> {
  const shown = await page.locator("body").innerText();
  return shown.split("\n").filter((line) => /^(?:nav|common|forms|label|field|home|topics)\.\w+$/.test(line));
}

function scrollsSideways(page: Page): Promise<boolean> {
  return page.evaluate<boolean>("document.documentElement.scrollWidth > innerWidth");
}
