/** Real: the built site, a Chromium, axe. A plain web server of files takes the place of the operator's. */
import { readFile } from "node:fs/promises";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorTable } from "../../../packages/server/src/domain/errors.ts";
import { siteBase } from "../../../packages/server/src/domain/site-base.ts";
import { startChromium } from "../../../packages/server/test/harness/chromium.ts";
import { listening } from "../../../packages/server/test/harness/listening.ts";
import { builtPages, serveSite } from "./built-site.ts";

interface Seen {
  readonly links: readonly string[];
  readonly ids: ReadonlySet<string>;
}

const axeFile = new URL("../node_modules/axe-core/axe.min.js", import.meta.url);
const pages = builtPages();
const started = new AsyncDisposableStack();
let browser: Browser;
let origin = "";
/** Links and ids of each page, by its path. */
const seen = new Map<string, Seen>();
/** Addresses that pages have asked for in vain. */
const missing = new Set<string>();

beforeAll(async () => {
  const chromium = await startChromium([]);
  if (typeof chromium === "string") throw new Error(chromium);
  browser = chromium;
  started.defer(() => chromium.close());
  origin = started.use(await listening(serveSite)).url.replace(/\/$/, "");
  const context = await newContext("light");
  const page = await context.newPage();
  for (const path of pages) seen.set(path, await read(page, path));
  await context.close();
});

afterAll(() => started.disposeAsync());

async function newContext(colorScheme: "light" | "dark"): Promise<BrowserContext> {
  const context = await browser.newContext({ colorScheme, reducedMotion: "reduce" });
  context.on("response", (response) => {
    if (response.status() >= 400) missing.add(response.url());
  });
  return context;
}

async function read(page: Page, path: string): Promise<Seen> {
  const response = await page.goto(origin + path);
  expect({ path, status: response?.status() }).toEqual({ path, status: 200 });
  const found = await page.evaluate(`({
    links: [...document.querySelectorAll("a[href]")].map((link) => link.href),
    ids: [...document.querySelectorAll("[id]")].map((element) => element.id),
  })`);
  const { links, ids } = found as { links: string[]; ids: string[] };
  return { links, ids: new Set(ids) };
}

function pathsFrom(path: string): string[] {
  const links = seen.get(path)?.links ?? [];
  return links.filter((link) => link.startsWith(origin)).map((link) => new URL(link).pathname);
}

it("has a page for each error, where the type of the problem points", () => {
  for (const code of Object.keys(errorTable)) expect(pages).toContain(`${siteBase}reference/errors/${code}`);
});

it("has no link into nothing: every linked page and section exists", () => {
  const broken = pages.flatMap((path) =>
    (seen.get(path)?.links ?? [])
      .filter((link) => link.startsWith(origin))
      .filter((link) => {
        const { pathname, hash } = new URL(link);
        const target = seen.get(pathname);
        return target === undefined || (hash !== "" && !target.ids.has(decodeURIComponent(hash.slice(1))));
      })
      .map((link) => `${path} → ${link.slice(origin.length)}`),
  );
  expect(broken).toEqual([]);
});

it.each([siteBase, `${siteBase}zh/`])("reaches every page of its language in two clicks from %s", (home) => {
  const isChinese = home !== siteBase;
  const once = pathsFrom(home);
  const twice = new Set([...once, ...once.flatMap(pathsFrom)]);
  const own = pages.filter((path) => path.startsWith(`${siteBase}zh/`) === isChinese);
  expect(own.filter((path) => !twice.has(path))).toEqual([]);
});

describe.each(["light", "dark"] as const)("in %s", (colorScheme) => {
  it("has nothing that axe objects to", async () => {
    const axe = await readFile(axeFile, "utf8");
    const context = await newContext(colorScheme);
    const page = await context.newPage();
    const objections: string[] = [];
    for (const path of examined()) {
      await page.goto(origin + path);
      await page.evaluate(axe);
      const result = await page.evaluate(`axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) =>
        nodes.map(({ target }) => id + " at " + target.join(" "))))`);
      objections.push(...(result as string[]).map((objection) => `${path}: ${objection}`));
    }
    await context.close();
    expect(objections).toEqual([]);
  });
});

function isAlike(path: string): boolean {
  return /\/(?:errors|adr)\/./.test(path);
}

/** All pages, but of those that are made from one template (errors, decisions) a few. */
function examined(): string[] {
  return [...pages.filter((path) => !isAlike(path)), ...pages.filter(isAlike).filter((_, index) => index % 20 === 0)];
}

it.each([
  [siteBase, "dead letter", "dead"],
  [siteBase, "topic_not_found", "topic_not_found"],
  [`${siteBase}zh/`, "订阅", "订阅"],
  [`${siteBase}zh/`, "无缝更换密钥", "无缝更换密钥"],
])("finds something with the search at %s: %s", async (home, words, expected) => {
  const context = await newContext("light");
  const page = await context.newPage();
  const hosts = new Set<string>();
  page.on("request", (request) => hosts.add(new URL(request.url()).origin));
  await page.goto(origin + home);
  await page.locator(".VPNavBarSearch button").first().click();
  await page.locator("#localsearch-input").fill(words);
  await page.locator("#localsearch-list .result").first().waitFor();
  expect((await page.locator("#localsearch-list").innerText()).toLowerCase()).toContain(expected);
  expect([...hosts]).toEqual([origin]);
  await context.close();
});

it("has every file that its pages ask for", () => {
  expect([...missing]).toEqual([]);
});
