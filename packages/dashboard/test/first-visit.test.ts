/**
 * Real: a Chromium, a server without topics. The shortest path through the dashboard; `npm run test:dashboard` has the
 * others.
 */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startChromium } from "../../server/test/harness/chromium.ts";
import { temporaryFolder } from "../../server/test/harness/folder.ts";
import { startServerInProcess, type RunningServer } from "../../server/test/harness/server.ts";
import { startVisit } from "./visit.ts";

const started = new AsyncDisposableStack();
let browser: Browser;
let whyNot: string | null = null;
let server: RunningServer;

beforeAll(async () => {
  const chromium = await startChromium([]);
  if (typeof chromium === "string") {
    whyNot = chromium;
    return;
  }
  browser = chromium;
  started.defer(() => browser.close());
  const { path: folder } = started.use(await temporaryFolder());
  server = started.use(await startServerInProcess({ folder }));
});

afterAll(() => started.disposeAsync());

it("leads from an empty server to a verified delivery by clicking alone, and later asks for a key", async ({
  skip,
}) => {
  if (whyNot !== null) skip(whyNot);
  await using visit = await startVisit(browser, server.url);
  const { page } = visit;
  await page.goto(server.url);
  for (const name of ["Create the topic", "Add the endpoint", "Publish"]) {
    await page.locator(`button:not([aria-disabled]):text-is("${name}")`).click();
  }
  await page.getByText("The signature is valid.").waitFor();
  await page.getByRole("link", { name: "See this endpoint and its attempts" }).click();
  await page.getByRole("heading", { name: "first-endpoint", level: 1 }).waitFor();
  await page.getByRole("table").getByText("accepted").first().waitFor();

  const key = { name: "owner", role: "operator" };
  const { token } = await server.api.ok<{ readonly token: string }>("POST", "/v1/api-keys", { json: key });
  await page.reload();
  await page.getByLabel("Token of an API key").fill("rbk_wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("The server does not accept this token").waitFor();
  await page.getByLabel("Token of an API key").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "first-endpoint", level: 1 }).waitFor();
  expect(visit.faults).toEqual([]);
});
