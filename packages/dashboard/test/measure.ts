/**
 * `npm run dashboard:measure [-- SECONDS]`: bytes of the first load, time until the page can be used on a slow machine,
 * and frames and memory while a thousand attempts a second arrive. Build the server before.
 */

import type { CDPSession, Page } from "playwright-core";
import { temporaryFolder } from "../../server/test/harness/folder.ts";
import { startReceiver } from "../../server/test/harness/receiver.ts";
import { Server } from "../../server/test/harness/server.ts";
import { startBrowser } from "./browser.ts";

/** A function of browsers. */
declare const requestAnimationFrame: (task: (nowMs: number) => void) => number;

const seconds = Number(process.argv[2] ?? 30);
const perSecond = 1_000;
const batchMs = 100;
/** As slow as a middling phone beside this machine. */
const throttling = 4;

await using folder = await temporaryFolder();
await using receiver = await startReceiver(() => 204);
await using server = await Server.start({ folder: folder.path });
const { api } = server;
await api.putTopic("busy");
await api.subscribe("busy", "fast", { push: { url: `${receiver.url}/fine`, protocol: "raw" } });
const browser = await startBrowser();

await measureFirstLoad();
await measureStream();
await browser.close();

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
  const heapBefore = await heapMb(session);
  const frames = await page.evaluate(measureFrames, seconds * 1_000);
  const heapAfter = await heapMb(session);
  stop.abort();
  const published = await publishing;
  const sorted = frames.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(1);
  console.log(`${published} messages in ${seconds} s, ${receiver.arrivals.length} arrived at the receiver`);
  console.log(`frames: ${frames.length}, half ${at(0.5)} ms, 99 % ${at(0.99)} ms, longest ${at(1)} ms`);
  console.log(`frames over 50 ms: ${frames.filter((ms) => ms > 50).length}`);
  console.log(`heap of the page: ${heapBefore.toFixed(1)} MB, then ${heapAfter.toFixed(1)} MB`);
  await page.close();
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

/** In the page: the time between frames. */
function measureFrames(forMs: number): Promise<number[]> {
  return new Promise((resolve) => {
    const frames: number[] = [];
    const beganMs = performance.now();
    let lastMs = beganMs;
    const next = (nowMs: number): void => {
      frames.push(nowMs - lastMs);
      lastMs = nowMs;
      if (nowMs - beganMs < forMs) requestAnimationFrame(next);
      else resolve(frames.slice(1));
    };
    requestAnimationFrame(next);
  });
}
