import { setTimeout as pause } from "node:timers/promises";
import { copies } from "../harness/copies.ts";
import { subscriptionPath } from "../harness/api.ts";
import { refusing } from "../harness/dead-endpoints.ts";
import { temporaryFolder } from "../harness/folder.ts";
import { startReceiver } from "../harness/receiver.ts";
import { Server } from "../harness/server.ts";
import { SettableClock } from "../harness/settable-clock.ts";
import { SmallDisk } from "../harness/small-disk.ts";
import { until } from "../harness/until.ts";
import { clusterCases } from "./cluster-cases.ts";
import { type AlertCase, metricsOf, type Scrape, Timeline } from "./timeline.ts";

/** Longer than the time for which the states of subscriptions are cached for the metrics. */
const seriesReadMs = 5_200;

async function healthy(): Promise<readonly Scrape[]> {
  await using folder = await temporaryFolder();
  await using server = await Server.start({ folder: folder.path, args: ["--database-bytes-max", "1GiB"] });
  await using receiver = await startReceiver();
  const { api } = server;
  await api.putTopic("orders");
  await api.subscribe("orders", "mail", { push: { url: receiver.url }, rate: { perSecond: 1000, burst: 100 } });
  const timeline = new Timeline([server.url]);
  await timeline.run(20, async () => {
    const before = receiver.arrivals.length;
    for (let n = 0; n < 20; n++) await api.publish("orders", { body: "x" });
    await until(
      "the messages have arrived",
      () => receiver.arrivals.length,
      (count) => count === before + 20,
    );
  });
  return timeline.scrapes;
}

/** Endpoints that fail in different ways, and backlogs. The clock is set two hours ahead at the end. */
async function troubled(): Promise<readonly Scrape[]> {
  await using folder = await temporaryFolder();
  const clock = new SettableClock(`${folder.path}/clock`);
  await using server = await Server.start({ folder: folder.path, env: clock.env });
  await using receiver = await startReceiver(({ path }) => (path === "/gone" ? 410 : 200));
  await using dead = await refusing();
  const { api, url } = server;
  for (const topic of ["orders", "many", "gone"]) await api.putTopic(topic);
  await api.subscribe("orders", "failing", { push: { url: `${dead.url}/failing` }, retry: "none", breaker: null });
  const breaker = { failures: 5, probeMs: 600_000 };
  await api.subscribe("orders", "open", { push: { url: `${dead.url}/open` }, breaker });
  await api.subscribe("many", "slow", { push: { url: receiver.url }, rate: { perSecond: 0.5 } });
  await api.subscribe("gone", "left", { push: { url: `${receiver.url}/gone` } });
  const timeline = new Timeline([url]);
  await api.publish("gone", { body: "x" });
  await api.publishBatch("many", copies(1000, { body: "x" }));
  await timeline.run(10, async () => {
    await api.publishBatch("orders", copies(50, { body: "x" }));
    await api.publishBatch("many", copies(200, { body: "x" }));
    await pause(seriesReadMs);
  });
  clock.set(2 * 3600_000);
  await timeline.run(3, () => pause(seriesReadMs));
  return timeline.scrapes;
}

const away = ["one", "two", "three"];

/** No endpoint can be reached. */
async function networkAway(): Promise<readonly Scrape[]> {
  await using folder = await temporaryFolder();
  await using server = await Server.start({ folder: folder.path });
  await using dead = await refusing();
  const { api, url } = server;
  await api.putTopic("orders");
  for (const name of away) {
    await api.subscribe("orders", name, { push: { url: `${dead.url}/${name}` }, retry: "none", breaker: null });
  }
  const timeline = new Timeline([url]);
  await timeline.run(8, async () => {
    await api.publishBatch("orders", copies(50, { body: "x" }));
    await pause(seriesReadMs);
  });
  return timeline.scrapes;
}

/** A topic whose retention ends before its subscription can get the messages. */
async function expired(): Promise<readonly Scrape[]> {
  await using folder = await temporaryFolder();
  await using server = await Server.start({ folder: folder.path });
  await using receiver = await startReceiver();
  const { api, url } = server;
  await api.putTopic("short", { retentionMs: 60_000 });
  await api.subscribe("short", "paused", { push: { url: receiver.url }, retry: "none" });
  await api.ok("POST", `${subscriptionPath("short", "paused")}/pause`);
  await api.publish("short", { body: "x" });
  const timeline = new Timeline([url]);
  await timeline.run(2, async () => {});
  await until(
    "the message has expired",
    async () => /^ringback_expired_total [1-9]/m.test((await metricsOf(url)) ?? ""),
    Boolean,
  );
  await timeline.run(2, async () => {});
  return timeline.scrapes;
}

/** A database of which less than a tenth is free, and that refuses messages at last. */
async function fullDatabase(): Promise<readonly Scrape[]> {
  await using folder = await temporaryFolder();
  await using server = await Server.start({ folder: folder.path, args: ["--database-bytes-max", "2MiB"] });
  const { api, url } = server;
  await api.putTopic("orders");
  await api.subscribe("orders", "pulled", { pull: {} });
  const timeline = new Timeline([url]);
  await timeline.run(1, async () => {});
  const publish = () => api.call("POST", "/v1/topics/orders/messages", { json: { body: "x".repeat(4_000) } });
  await until("the database is full", publish, ({ status }) => status === 503);
  await timeline.run(4, () => Promise.all(Array.from({ length: 10 }, publish)));
  return timeline.scrapes;
}

async function fullDisk(): Promise<readonly Scrape[] | null> {
  if (!(await SmallDisk.isPossible())) return null;
  await using disk = await SmallDisk.mount(256 * 1024 ** 2);
  await using server = await Server.start({ folder: disk.inside, prefix: disk.prefix });
  const { api } = server;
  await api.putTopic("orders");
  const timeline = new Timeline([server.url]);
  await timeline.run(1, () => api.publishBatch("orders", copies(100, { body: "x".repeat(50_000) })));
  disk.fill(100_000);
  await timeline.run(4, async () => {});
  return timeline.scrapes;
}

/** The process gets no CPU time for a while, again and again. */
async function stalled(): Promise<readonly Scrape[]> {
  await using folder = await temporaryFolder();
  await using server = await Server.start({ folder: folder.path });
  const timeline = new Timeline([server.url]);
  await timeline.run(6, async () => {
    // The first sample after a scrape does not count.
    await pause(300);
    server.signal("SIGSTOP");
    await pause(700);
    server.signal("SIGCONT");
    await pause(500);
  });
  return timeline.scrapes;
}

export const cases: readonly AlertCase[] = [
  { name: "a healthy server", expected: {}, make: healthy },
  {
    name: "endpoints that fail, and backlogs",
    expected: {
      RingbackEndpointFailing: ["failing", "open"],
      RingbackBreakerOpen: ["open"],
      RingbackSubscriptionsDisabled: null,
      RingbackDeadLetters: ["failing"],
      RingbackBacklogGrowing: ["slow"],
      RingbackBacklogOld: ["slow", "open", "failing", "left"],
    },
    make: troubled,
  },
  {
    name: "a network that is away",
    expected: { RingbackMostAttemptsFail: null, RingbackEndpointFailing: away, RingbackDeadLetters: away },
    make: networkAway,
  },
  { name: "messages that expire", expected: { RingbackMessagesExpired: null }, make: expired },
  {
    name: "a full database",
    expected: { RingbackDatabaseNearlyFull: null, RingbackServerErrors: null },
    make: fullDatabase,
  },
  { name: "a full disk", expected: { RingbackDiskNearlyFull: null }, make: fullDisk },
  { name: "a process that stalls", expected: { RingbackEventLoopStalls: null }, make: stalled },
  ...clusterCases,
];
