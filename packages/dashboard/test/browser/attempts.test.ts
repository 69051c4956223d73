/**
 * Real: a Chromium, a server with data, receivers that misbehave, a shell with curl. The reader only clicks and types.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { startReceiver } from "../../../server/test/harness/receiver.ts";
import { until } from "../../../server/test/harness/until.ts";
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
  await visit.context.grantPermissions(["clipboard-read", "clipboard-write"]);
});

afterEach(async () => {
  expect(visit.faults).toEqual([]);
  await visit[Symbol.asyncDispose]();
});

afterAll(() => started.disposeAsync());

interface Listed {
  readonly items: readonly { readonly id: string; readonly messageId: string; readonly attempt: number }[];
}

/** The attempts of a subscription whose request and reply are kept. */
async function keptAttempts(topic: string, subscription: string): Promise<Listed["items"]> {
  const path = `/v1/topics/${topic}/subscriptions/${subscription}/attempts`;
  const { items } = await scene.server.api.ok<Listed>("GET", `${path}?limit=200`);
  const kept = await Promise.all(
    items.map(async ({ id }) => {
      const { exchange } = await scene.server.api.ok<{ readonly exchange: unknown }>("GET", `${path}/${id}`);
      return exchange !== null;
    }),
  );
  return items.filter((_, index) => kept[index]);
}

const addressOf = (topic: string, subscription: string, id: string): string =>
  `/ui/topics/${topic}/subscriptions/${subscription}/attempts/${id}`;
const region = (name: string | RegExp) => page.getByRole("region", { name });

it("shows what was sent and what came back, from a message's page", async () => {
  const [attempt] = await keptAttempts("invoices", "crm");
  await visit.show(`/ui/messages/${attempt?.messageId}`);
  const panel = region(/^crm/);
  await panel.getByRole("link", { name: `Open the request and reply of attempt ${attempt?.attempt}` }).click();
  await page.getByRole("heading", { name: `Attempt ${attempt?.attempt}`, level: 1 }).waitFor();
  await region("Request").getByText("webhook-signature: v1,").waitFor();
  await region("Request").getByText('"type": "invoice.').waitFor();
  await region("Reply 503").getByText("retry-after: 1").waitFor();
  await region("Reply 503").getByText('"error": "database is down"').waitFor();
  for (const step of ["Name look-up", "Connect", "TLS", "First byte", "Body"]) {
    await region("Outcome").getByText(step, { exact: true }).waitFor();
  }
});

it("compares two attempts, and the address shows the same to others", async () => {
  const attempts = await keptAttempts("invoices", "crm");
  const one = attempts.find(({ attempt }) => attempt === 2);
  await visit.show(addressOf("invoices", "crm", one?.id ?? ""));
  await page.getByLabel("Compare with").selectOption({ label: "Attempt 1: failed 503" });
  await region("Body of the request").getByText("the same").waitFor();
  const changed = region("Request").locator("mark");
  await changed.filter({ hasText: "webhook-timestamp" }).first().waitFor();
  expect(await changed.filter({ hasText: "webhook-id" }).count()).toBe(0);
  expect(new URL(page.url()).searchParams.get("with")).toBe(`${one?.messageId}-1-${startOf(attempts, one?.messageId)}`);
  await visit.show(page.url());
  await region("Request").locator("mark").first().waitFor();
});

function startOf(attempts: Listed["items"], messageId: string | undefined): string | undefined {
  return attempts.find((each) => each.messageId === messageId && each.attempt === 1)?.id.split("-")[2];
}

it("draws an image, and shows markup as text", async () => {
  const [image] = await keptAttempts("builds", "chat");
  await visit.show(addressOf("builds", "chat", image?.id ?? ""));
  const picture = region("Reply 422").getByRole("img", { name: "Body of the reply" });
  await picture.waitFor();
  await until(
    "the image is drawn",
    () => page.evaluate<number | undefined>("document.querySelector('section img')?.naturalWidth"),
    (width) => width === 10,
  );
  const [markup] = await keptAttempts("hostile", "page");
  await visit.show(addressOf("hostile", "page", markup?.id ?? ""));
  await region("Reply 400").getByText("<script>window.hacked = true</script>").waitFor();
  await region("Reply 400").getByText("x-note: <img src=x onerror=alert(1)>").waitFor();
  expect(await page.evaluate("window.hacked")).toBeUndefined();
});

it("copies a command that sends the same request again", async () => {
  const [attempt] = await keptAttempts("hostile", "page");
  await using receiver = await startReceiver();
  await visit.show(addressOf("hostile", "page", attempt?.id ?? ""));
  await page.getByRole("button", { name: "Copy: curl command" }).click();
  await page.getByText("Copied: curl command").waitFor();
  const command = await page.evaluate<string>("navigator.clipboard.readText()");
  const { exchange } = await scene.server.api.ok<{
    readonly exchange: { readonly request: { readonly url: string; readonly body: string; readonly headers: object } };
  }>("GET", `/v1/topics/hostile/subscriptions/page/attempts/${attempt?.id}`);
  const { origin } = new URL(exchange.request.url);
  await promisify(execFile)("sh", ["-c", command.replaceAll(origin, receiver.url)]);
  const [arrival] = receiver.arrivals;
  expect(arrival?.text).toBe(exchange.request.body);
  const sent = (exchange.request.headers as readonly { readonly name: string; readonly value: string }[])
    .filter(({ name }) => !/^(?:host|connection|content-length)$/i.test(name))
    .map(({ name, value }) => [name.toLowerCase(), value]);
  for (const [name = "", value] of sent) expect([name, arrival?.headers[name]]).toEqual([name, value]);
});

it("says why a request was not kept, and leads to the setting", async () => {
  const path = "/v1/topics/builds/subscriptions/quiet";
  const push = { url: `${scene.receiverUrl}/fine`, keepExchanges: "none" };
  await scene.server.api.ok("PUT", path, { json: { push } });
  await scene.server.api.publish("builds", { body: "a" });
  const { items } = await until(
    "it is attempted",
    () => scene.server.api.ok<Listed>("GET", `${path}/attempts`),
    (list) => list.items.length > 0,
  );
  await visit.show(addressOf("builds", "quiet", items[0]?.id ?? ""));
  await page.getByText("This subscription keeps no requests and replies.").waitFor();
  await page.getByRole("link", { name: "Change what is kept" }).click();
  await page.getByText("Keep requests and replies").click();
  expect(await page.getByLabel(/^Keep requests and replies/).inputValue()).toBe("none");
});

it("says that there is no such page, and leads home", async () => {
  await visit.show("/ui/nothing/here");
  await page.getByRole("heading", { name: "There is no page at this address.", level: 1 }).waitFor();
  await page.getByRole("link", { name: "Home" }).last().click();
  await page.waitForURL(`${scene.server.url}/`);
});
