/**
 * Real: the server as a child process, its database, sockets, receivers on loopback. Faked: the machine's clock, which
 * the test sets while the server runs.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startReceiver } from "./harness/receiver.ts";
import { Server } from "./harness/server.ts";
import { SettableClock } from "./harness/settable-clock.ts";
import { until, untilTrue } from "./harness/until.ts";

const HOUR_MS = 3600_000;
const DAY_MS = 24 * HOUR_MS;

const folder = mkdtempSync(join(tmpdir(), "ringback-clock-"));
const clock = new SettableClock(join(folder, "clock"));
let server: Server;

function start(): Promise<Server> {
  return Server.start({ folder: join(folder, "data"), env: clock.env });
}

/** Sets the server's clock this far ahead of the test's clock, and waits until the server has logged the jump. */
async function setClock(aheadMs: number, jumpMs: number): Promise<void> {
  clock.set(aheadMs);
  const digits = String(Math.abs(jumpMs)).slice(0, -3);
  const direction = jumpMs > 0 ? "ahead" : "back";
  // The rest of the number depends on rounding, as 7200000 and 7199999 do.
  const size = `${jumpMs > 0 ? "" : "-"}(?:${digits}\\d{3}|${Number(digits) - 1}\\d{3})`;
  await server.logged(new RegExp(`"byMs":${size},.*clock was set ${direction}`));
}

beforeAll(async () => {
  server = await start();
});

afterAll(async () => {
  await server.kill();
  rmSync(folder, { recursive: true, force: true });
});

it("retries on time after the clock was set back by an hour", async () => {
  await using receiver = await startReceiver((_arrival, _response, index) => (index === 0 ? 500 : 200));
  await server.api.putTopic("back");
  const retry = { delaysMs: [2_000] };
  await server.api.subscribe("back", "s", { push: { url: receiver.url }, retry });
  await server.api.publish("back", { body: "a" });
  await untilTrue("the first attempt", () => receiver.arrivals.length === 1);
  await setClock(-HOUR_MS, -HOUR_MS);
  await untilTrue("the second attempt", () => receiver.arrivals.length === 2);
  const [first, second] = receiver.arrivals.map(({ atMs }) => atMs) as [number, number];
  expect(second - first).toBeGreaterThan(1_990);
  await setClock(0, HOUR_MS);
});

it("sends nothing a second time because the clock was set two hours ahead during the first POST", async () => {
  let release: (() => void) | null = null;
  await using receiver = await startReceiver((_arrival, response, index) => {
    const answer = (): void => void response.writeHead(200).end();
    if (index === 0) release = answer;
    else answer();
  });
  await server.api.putTopic("ahead");
  await server.api.subscribe("ahead", "s", { push: { url: receiver.url, timeoutMs: 60_000 } });
  await server.api.publish("ahead", { body: "held" });
  await untilTrue("the POST is under way", () => receiver.arrivals.length === 1);
  await setClock(2 * HOUR_MS, 2 * HOUR_MS);
  await server.api.publish("ahead", { body: "next" });
  await untilTrue("the next message arrives", () => receiver.arrivals.some(({ text }) => text === "next"));
  (release as (() => void) | null)?.();
  await until(
    "both are settled",
    () => server.api.counts("ahead", "s"),
    ({ inFlight, backlog, parked }) => inFlight + backlog + parked === 0,
  );
  expect(receiver.arrivals.map(({ text }) => text)).toEqual(["held", "next"]);
  await setClock(0, -2 * HOUR_MS);
});

it("counts a delay from now, and shows the time of today, after a message two days in the future", async () => {
  await using receiver = await startReceiver(() => 200);
  await server.api.putTopic("future");
  await server.api.subscribe("future", "s", { push: { url: receiver.url } });
  await setClock(2 * DAY_MS, 2 * DAY_MS);
  await server.api.publish("future", { body: "in the future" });
  await setClock(0, -2 * DAY_MS);
  for (const restarts of [false, true]) {
    if (restarts) {
      await server.stop();
      server = await start();
    }
    const count = receiver.arrivals.length;
    const { publishedAt } = await server.api.publish("future", { body: "delayed", delayMs: 1_000 });
    expect(Math.abs(Date.parse(publishedAt) - Date.now())).toBeLessThan(HOUR_MS);
    // Without the fix, this would take two days.
    await untilTrue(
      "it arrives",
      () => receiver.arrivals.length > count && receiver.arrivals.at(-1)?.text === "delayed",
    );
  }
});
