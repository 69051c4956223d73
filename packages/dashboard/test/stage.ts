import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import type { Api } from "../../server/test/harness/api.ts";
import { startBrowser } from "./browser.ts";
import { startScene, type Scene } from "./started-scene.ts";
import { startVisit, type Visit, type VisitOptions } from "./visit.ts";

/** A server with data, and a page for the test that runs. */
export interface Stage {
  readonly browser: Browser;
  readonly scene: Scene;
  readonly api: Api;
  readonly visit: Visit;
  readonly page: Page;
  /** Exactly named, in the whole page. */
  readonly button: (name: string) => Locator;
  readonly link: (name: string) => Locator;
  readonly field: (name: string) => Locator;
  /** Waits until the page has this title. */
  readonly titled: (name: string) => Promise<void>;
  /** Deletes what the screen shows, by typing its name into the dialog that asks. */
  readonly deleteByName: (name: string) => Promise<void>;
  /** Waits until a text is shown. */
  readonly shows: (text: string | RegExp) => Promise<void>;
}

/**
 * Starts a scene for the tests of a file, and a page for each test. A test fails if anything was wrong in its page; the
 * page of a test that failed is printed.
 */
export function stageOfTests(options: VisitOptions = {}): Stage {
  const started = new AsyncDisposableStack();
  let browser: Browser;
  let scene: Scene;
  let visit: Visit;
  beforeAll(async () => {
    scene = started.use(await startScene());
    browser = await startBrowser();
    started.defer(() => browser.close());
  });
  beforeEach(async () => {
    visit = await startVisit(browser, scene.server.url, options);
  });
  afterEach(async ({ task }) => {
    await using ended = visit;
    if (task.result?.state === "fail") console.log(await shownNow(ended.page));
    expect(ended.faults).toEqual([]);
  });
  afterAll(() => started.disposeAsync());
  return {
    get browser() {
      return browser;
    },
    get scene() {
      return scene;
    },
    get api() {
      return scene.server.api;
    },
    get visit() {
      return visit;
    },
    get page() {
      return visit.page;
    },
    button: (name) => visit.page.getByRole("button", { name, exact: true }),
    link: (name) => visit.page.getByRole("link", { name, exact: true }),
    field: (name) => visit.page.getByLabel(name, { exact: true }),
    titled: (name) => visit.page.getByRole("heading", { name, level: 1, exact: true }).waitFor(),
    async deleteByName(name) {
      await visit.page.getByRole("button", { name: "Delete", exact: true }).click();
      const dialog = visit.page.getByRole("dialog");
      const confirm = dialog.getByRole("button", { name: "Delete", exact: true });
      expect(await confirm.getAttribute("aria-disabled")).toBe("true");
      await dialog.getByLabel(`Type ${name} to confirm`).fill(name);
      await confirm.click();
    },
    shows: (text) => visit.page.getByText(text, { exact: true }).first().waitFor(),
  };
}

/** The dialog that is open, or else the screen, as a screen reader has it. */
async function shownNow(page: Page): Promise<string> {
  const dialog = page.getByRole("dialog");
  return (await dialog.count()) > 0 ? dialog.first().ariaSnapshot() : page.locator("main, body").last().ariaSnapshot();
}
