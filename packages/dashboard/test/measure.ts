/**
 * `npm run dashboard:measure [-- SECONDS]`: bytes of the first load, time until the page can be used on a slow machine,
 * and frames and memory while a thousand attempts a second arrive. Build the server before.
 */

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { CDPSession, Page } from "playwright-core";
import { temporaryFolder } from "../../server/test/harness/folder.ts";
import { Server } from "../../server/test/harness/server.ts";
import { startBrowser } from "./browser.ts";

/** A function of browsers. */
declare const requestAnimationFrame: (task: (nowMs: number) => void) => number;

const seconds = Number(process.argv[2] ?? 30);
const perSecond = 1_000;
const batchMs = 100;
/** The page's memory is read this often. */
const steps = 12;
/** As slow as a middling phone beside this machine. */
const throttling = 4;

await using folder = await temporaryFolder();
let arrived = 0;
// Millions of requests arrive in an hour, so none is kept.
const receiver = createServer((request, response) => {
  arrived++;
  request.resume();
  response.writeHead(204).end();
});
receiver.listen(0, "127.0.0.1");
await once(receiver, "listening");
const { port } = receiver.address() as AddressInfo;
await using server = await Server.start({ folder: folder.path });
const { api } = server;
await api.putTopic("busy");
await api.subscribe("busy", "fast", { push: { url: `http://127.0.0.1:${port}/fine`, protocol: "raw" } });
const browser = await startBrowser();

await measureFirstLoad();
await measureStream();
await browser.close();
receiver.close();
receiver.closeAllConnections();

async function newPage(): Promise<{ page: Page; session: CDPSession }> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, locale: "en-GB" });
  return { page, session: await page.context().newCDPSession(page) };
}

async function measureFirstLoad(): Promise<void> {
  const { page, session } = await newPage();
  let bytes = 0;
  await session.send("Network.enable");
  session.on("Network.loadingFinished", ({ encodedDataLength }) => (bytes += encodedDataLength));
  await session.send("Emulation.setCPUThrottlingRate", { rate: throttling });
  await page.goto(server.url);
  await page.locator("h1").waitFor();
  const shownMs = await page.evaluate(() => performance.now());
  const quietMs = await page.evaluate(afterLongTasks);
  console.log(`first load: ${(bytes / 1024).toFixed(0)} KB over the network`);
  console.log(
    `processor ${throttling} times slower: title after ${shownMs.toFixed(0)} ms, quiet after ${quietMs.toFixed(0)} ms`,
  );
  await page.close();
}

/** In the page: when the last task over 50 ms ended, once there was none for a second. */
function afterLongTasks(): Promise<number> {
  return new Promise((resolve) => {
    let lastMs = performance.now();
    new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries()) lastMs = startTime + duration;
    }).observe({ type: "longtask" as never, buffered: true });
    const check = setInterval(() => {
      if (performance.now() - lastMs < 1_000) return;
      clearInterval(check);
      resolve(lastMs);
    }, 100);
  });
}

async function measureStream(): Promise<void> {
  const { page, session } = await newPage();
  await page.goto(`${server.url}/ui/topics/busy/subscriptions/fast`);
  await page.getByText("Live").first().waitFor();
  const stop = new AbortController();
  const publishing = publishSteadily(stop.signal);
  const heaps = [await heapMb(session)];
  let frames: readonly number[] = [];
  for (let step = 0; step < steps; step++) {
    const counted = await page.evaluate(countFrames, (seconds * 1_000) / steps);
    frames = counted.map((count, ms) => count + (frames[ms] ?? 0));
    heaps.push(await heapMb(session));
  }
  stop.abort();
  const published = await publishing;
  console.log(`${published} messages in ${seconds} s, ${arrived} arrived at the receiver`);
  console.log(describeFrames(frames));
  console.log(`heap of the page, MB, in ${steps} steps: ${heaps.map((mb) => mb.toFixed(1)).join(" ")}`);
  await page.close();
}

/** From the number of frames for each whole millisecond that they took, the last with all that took longer. */
function describeFrames(frames: readonly number[]): string {
  const total = frames.reduce((sum, count) => sum + count, 0);
  const at = (share: number): number => {
    let seen = 0;
    return frames.findIndex((count) => (seen += count) >= share * total);
  };
  const over = frames.slice(51).reduce((sum, count) => sum + count, 0);
  const longest = frames.findLastIndex((count) => count > 0);
  return `frames: ${total}, half ${at(0.5)} ms, 99 % ${at(0.99)} ms, longest ${longest} ms, over 50 ms: ${over}`;
}

async function publishSteadily(signal: AbortSignal): Promise<number> {
  const count = (perSecond * batchMs) / 1_000;
  const messages = Array.from({ length: count }, (_, index) => ({ type: "busy.event", body: { index } }));
  let published = 0;
  for (let nextMs = performance.now(); !signal.aborted; nextMs += batchMs) {
    await api.publishBatch("busy", messages);
    published += count;
    const waitMs = nextMs + batchMs - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
  return published;
}

async function heapMb(session: CDPSession): Promise<number> {
  await session.send("HeapProfiler.collectGarbage");
  return (await session.send("Runtime.getHeapUsage")).usedSize / 1_048_576;
}

/** In the page: how many frames took each whole millisecond, the last with all that took longer. */
function countFrames(forMs: number): Promise<number[]> {
  return new Promise((resolve) => {
    const counts = Array.from({ length: 2_000 }, () => 0);
    let beganMs = 0;
    let lastMs = 0;
    const next = (nowMs: number): void => {
      const ms = Math.min(Math.round(nowMs - lastMs), counts.length - 1);
      if (lastMs > 0) counts[ms] = (counts[ms] ?? 0) + 1;
      else beganMs = nowMs;
      lastMs = nowMs;
      if (nowMs - beganMs < forMs) requestAnimationFrame(next);
      else resolve(counts);
    };
    requestAnimationFrame(next);
  });
}
