import { mkdirSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import type { Browser, Route } from "playwright-core";
import { temporaryFolder } from "../../../server/test/harness/folder.ts";
import { startServerInProcess } from "../../../server/test/harness/server.ts";
import { until } from "../../../server/test/harness/until.ts";
import { startBrowser } from "../browser.ts";
import { addresses } from "../screen-addresses.ts";
import { startScene, type Scene } from "../started-scene.ts";
import { startVisit } from "../visit.ts";
import { quietOf } from "./quiet-page.ts";
import { answerKey, fileOf, isEventStream, operatorScreenName, shownHost } from "./recording.ts";
import type { RecordedAnswer, RecordingName } from "./recording.ts";
import { busyStatistics, minutesAgo } from "./shown-numbers.ts";

interface Recorded {
  readonly browser: Browser;
  readonly url: string;
  readonly beginMs: number;
  readonly receiverUrl?: string;
}

/** Visits the screens of real servers, and writes what the servers answer. */
export async function record(): Promise<void> {
  await using started = new AsyncDisposableStack();
  const browser = await startBrowser();
  started.defer(() => browser.close());
  const { path: folder } = started.use(await temporaryFolder());
  const beginMs = Date.now();
  const empty = started.use(await startServerInProcess({ folder }));
  await recordScreens({ browser, url: empty.url, beginMs }, "first-run", { "first-run": "/" });

  const sceneBeginMs = Date.now();
  const scene = started.use(await startScene());
  await untilDelivered(scene);
  const { url, api } = scene.server;
  const recorded = { browser, url, beginMs: sceneBeginMs, receiverUrl: scene.receiverUrl };
  await recordScreens(recorded, "operator", operatorScreens(scene));
  const link = await api.ok<{ readonly url: string }>("POST", "/v1/portal-links", { json: { name: "Anna" } });
  const { pathname, hash } = new URL(link.url);
  await recordScreens(recorded, "customer", { portal: pathname + hash });
  await api.ok("POST", "/v1/api-keys", { json: { name: "owner", role: "operator" } });
  await recordScreens(recorded, "sign-in", { "sign-in": "/" });
}

function operatorScreens({ ids }: Scene): Readonly<Record<string, string>> {
  const named = Object.entries(addresses).map(([path, address]) => [operatorScreenName(path), address(ids)] as const);
  return Object.fromEntries(named);
}

/** Waits until the endpoints that accept messages have got theirs. An endpoint that fails always has more to try. */
async function untilDelivered({ server: { api } }: Scene): Promise<void> {
  for (const name of ["accounting", "mobile"]) {
    await until(
      `${name} has every message`,
      () => api.counts("invoices", name),
      ({ backlog, parked, inFlight }) => backlog + parked + inFlight === 0,
    );
  }
}

async function recordScreens(
  { browser, url, beginMs, receiverUrl }: Recorded,
  name: RecordingName,
  screens: Readonly<Record<string, string>>,
): Promise<void> {
  const nowMs = Date.now();
  const answers = new Map<string, RecordedAnswer>();
  for (const address of Object.values(screens)) {
    await using visit = await startVisit(browser, url);
    const { page } = visit;
    const quiet = quietOf(page);
    await page.route(isRecorded, (route) => keep(route, answers));
    await page.clock.setFixedTime(nowMs);
    await visit.show(address);
    await quiet();
    await page.unrouteAll({ behavior: "wait" });
  }
  const sorted = Object.fromEntries([...answers].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const recording = { now: new Date(nowMs).toISOString(), screens, answers: sorted };
  const text = JSON.stringify(recording, null, 2)
    .replaceAll(url, `http://${shownHost}`)
    .replaceAll(receiverUrl ?? url, "https://hooks.example.com")
    .replaceAll(new URL(receiverUrl ?? url).host, "hooks.example.com")
    .replaceAll(`"${hostname()}"`, '"node-1"');
  mkdirSync(dirname(fileOf(name)), { recursive: true });
  writeFileSync(fileOf(name), `${minutesAgo(text, beginMs, nowMs)}\n`);
}

function isRecorded({ pathname }: URL): boolean {
  return pathname.startsWith("/v1/") && !isEventStream(pathname);
}

async function keep(route: Route, answers: Map<string, RecordedAnswer>): Promise<void> {
  const request = route.request();
  const response = await route.fetch();
  await route.fulfill({ response });
  const { pathname, search } = new URL(request.url());
  const { "content-type": type = "", etag } = response.headers();
  const text = await response.text();
  const json = /json/.test(type) && text !== "" ? (JSON.parse(text) as unknown) : text;
  answers.set(answerKey(request.method(), pathname + search, request.postData() ?? ""), {
    status: response.status(),
    headers: { ...(type !== "" && { "content-type": type }), ...(etag !== undefined && { etag }) },
    body: pathname === "/v1/statistics" && response.ok() ? busyStatistics(json as never) : json,
  });
}
