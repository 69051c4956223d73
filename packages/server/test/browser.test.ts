/**
 * Real: a Chromium, the server with all of its APIs, their sockets. Faked: the name servers; Chromium resolves every
 * name to this machine. A naive server that admits every request shows that the pages really send their requests.
 */
import type { RequestListener } from "node:http";
import type { Browser, BrowserContext, Page, Request } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { startChromium } from "./harness/chromium.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { listening } from "./harness/listening.ts";
import { pageOfEveryWay, wayNames } from "./harness/page-requests.ts";
import { startServerInProcess, type RunningServer } from "./harness/server.ts";
import { untilTrue } from "./harness/until.ts";

const started = new AsyncDisposableStack();
let browser: Browser | null = null;
let whyNot = "";
let context: BrowserContext;
let server: RunningServer;
let naiveUrl = "";
let pagesPort = "";
/** The requests to the naive server. */
const arrived: string[] = [];

beforeAll(async () => {
  const chromium = await startChromium(["--host-resolver-rules=MAP *.example 127.0.0.1"]);
  if (typeof chromium === "string") {
    whyNot = chromium;
    return;
  }
  browser = chromium;
  started.defer(() => chromium.close());
  naiveUrl = started.use(await listening(answerNaively)).url;
  pagesPort = new URL(started.use(await listening(showPage)).url).port;
  const { path: folder } = started.use(await temporaryFolder());
  const args = ["--allowed-origins", `http://console.example:${pagesPort}`];
  server = started.use(await startServerInProcess({ folder, args }));
  await server.api.putTopic("kept");
  await server.api.subscribe("kept", "kept", { pull: {} });
  for (const name of wayNames) {
    await server.api.ok("PUT", `/v1/inboxes/${name}`, { json: {} });
    await server.api.ok("POST", `/in/${name}`, { json: "precious" });
  }
});

beforeEach(async ({ skip }) => {
  if (browser === null) return skip(whyNot);
  context = await browser.newContext();
  return () => context.close();
});

afterAll(() => started.disposeAsync());

const answerNaively: RequestListener = (request, response) => {
  arrived.push(`${request.method} ${request.url} ${request.headers.host}`);
  request.resume();
  response.writeHead(200, { "content-type": "text/plain" }).end("precious");
};

const showPage: RequestListener = (request, response) => {
  request.resume();
  const to = new URL(request.url ?? "/", "http://pages").searchParams.get("to");
  if (to === null) response.writeHead(200, { "content-type": "text/html" }).end(pageOfEveryWay);
  else response.writeHead(307, { location: to }).end();
};

async function open(url: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(url);
  return page;
}

const pageOf = (site: string) => open(`http://${site}.example:${pagesPort}/`);

/** Everything that a page could change or destroy. */
async function state(): Promise<unknown> {
  const paths = ["/v1/topics", "/v1/topics/kept/subscriptions", "/v1/inboxes", "/v1/hooks", "/v1/keys", "/v1/api-keys"];
  return Promise.all(paths.map((path) => server.api.ok("GET", path)));
}

/** Lets the page send its requests, and returns what it could read when every request has ended. */
async function sendEveryWay(page: Page, base: string): Promise<{ read: unknown; statuses: Set<number> }> {
  const ended = new Set<string>();
  const statuses = new Set<number>();
  context.on("response", (response) => {
    if (response.url().startsWith(`${base}/in/`)) statuses.add(response.status());
  });
  const end = (request: Request) => ended.add(/\/in\/([\w-]+)/.exec(request.url())?.[1] ?? "");
  context.on("requestfinished", end).on("requestfailed", end);
  page.on("websocket", () => ended.add("web-socket"));
  const read = await page.evaluate(`sendEveryWay(${JSON.stringify(base)})`);
  await untilTrue("every request has ended", () => wayNames.every((name) => ended.has(name)));
  return { read, statuses };
}

const nothing = Object.fromEntries(wayNames.map((name) => [name, null]));

it("a page reaches a server that does not check its callers, in every way that the next tests try", async () => {
  await sendEveryWay(await pageOf("evil"), naiveUrl);
  const names = new Set(arrived.map((line) => /\/in\/([\w-]+)/.exec(line)?.[1]));
  expect(wayNames.filter((name) => !names.has(name))).toEqual([]);
});

it.each(["127.0.0.1", "localhost"])(
  "a page of another site can neither read nor change anything at %s",
  async (host) => {
    const before = await state();
    const base = `http://${host}:${server.port}`;
    const { read, statuses } = await sendEveryWay(await pageOf("evil"), base);
    expect(read).toEqual(nothing);
    expect([...statuses]).toEqual([403]);
    expect(await state()).toEqual(before);
  },
);

it("a page of another site cannot use the APIs that need no JSON content type", async () => {
  const page = await pageOf("evil");
  const before = await state();
  for (const path of [
    "/api/",
    "/v1/topics/kept/messages",
    "/v1/topics/kept/subscriptions/kept/pause",
    "/v1/topics/kept/subscriptions/kept/pull",
    "/v1/api-keys",
    "/v2/index.php",
    "/",
  ]) {
    const url = JSON.stringify(server.url + path);
    const body = `'{"type":1001,"protocol":2,"url":"http://127.0.0.1:9/"}'`;
    const sent = `fetch(${url}, { mode: "no-cors", method: "POST", body: ${body} }).then((answer) => answer.type)`;
    const [answer] = await Promise.all([page.waitForResponse(server.url + path), page.evaluate(sent)]);
    expect([path, answer.status()]).toEqual([path, 403]);
  }
  expect(await state()).toEqual(before);
  expect(await server.api.counts("kept", "kept")).toMatchObject({ backlog: 0 });
});

it("a page whose own name resolves to the server cannot use the server (DNS rebinding)", async () => {
  const url = `http://rebound.example:${server.port}`;
  // The name resolves to the server from the beginning. The document is the server's refusal, but code that runs in it
  // has the same origin as the code of a page whose name was changed later.
  const page = await open(`${url}/page`);
  for (const path of ["/v1/topics", "/metrics", "/healthz", "/openapi.json", "/in/image", "/api/", "/"]) {
    const read = `fetch(${JSON.stringify(path)}).then(async (answer) => [answer.status, await answer.text()])`;
    expect([path, await page.evaluate(read)]).toEqual([
      path,
      [421, expect.stringContaining("is not known as a name of this server")],
    ]);
  }
  const created = `fetch("/v1/api-keys", { method: "POST", headers: { "content-type": "application/json" }, body: "{}" })`;
  expect(await page.evaluate(`${created}.then((answer) => answer.status)`)).toBe(421);
  expect(await server.api.ok("GET", "/v1/api-keys")).toMatchObject({ items: [] });
});

it("a page of an allowed origin can publish, read, and listen to events", async () => {
  const page = await pageOf("console");
  const result = await page.evaluate(`(async () => {
    const base = ${JSON.stringify(server.url)};
    const events = new EventSource(base + "/v1/events");
    await new Promise((resolve) => events.addEventListener("open", resolve));
    events.close();
    const put = await fetch(base + "/v1/topics/of-page", {
      method: "PUT",
      headers: { "content-type": "application/json", "if-none-match": "*" },
      body: "{}",
    });
    const answer = await fetch(base + "/v1/topics/of-page");
    return [put.status, (await answer.json()).name, answer.headers.get("etag") !== null];
  })()`);
  expect(result).toEqual([201, "of-page", true]);
});

it("a person can open the server's own pages", async () => {
  const page = await context.newPage();
  expect((await page.goto(`${server.url}/healthz`))?.status()).toBe(200);
  expect(await page.evaluate(`fetch("/v1/topics").then((answer) => answer.status)`)).toBe(200);
});
