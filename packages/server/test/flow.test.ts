/** Real: servers inside the test's process, SQLite and PostgreSQL, sockets, receivers on loopback. Nothing is faked. */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PostgresServer } from "../src/store/postgres/testing/postgres-server.ts";
import { subscriptionPath } from "./harness/api.ts";
import type { Api, CountsView, Page } from "./harness/api.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { startHeldReceiver } from "./harness/held-receiver.ts";
import { listen } from "./harness/live-events.ts";
import { type Behaviour, startReceiver } from "./harness/receiver.ts";
import { startServerInProcess } from "./harness/server.ts";
import { until, untilTrue } from "./harness/until.ts";

interface View {
  readonly state: string;
  readonly health: string;
  readonly failing: {
    readonly scope: string;
    readonly status: number | null;
    readonly error: string | null;
    readonly nextProbeAt: string | null;
  } | null;
  readonly disabledReason: string | null;
  readonly counts: CountsView;
  readonly flow: { readonly window: number; readonly pausedUntil: string | null } | null;
}

const env = { RINGBACK_MASTER_KEY: randomBytes(32).toString("base64") };
/** Opens as soon as attempts have failed for ten seconds. */
const breaker = { failures: 5, probeMs: 500 };
const retry = { baseMs: 500, factor: 1, delayMsMax: 500, retriesMax: 1000, totalMsMax: 3600_000 };

const read = (api: Api, topic: string, name = "s") => api.ok<View>("GET", subscriptionPath(topic, name));
const bodies = (count: number) => Array.from({ length: count }, (_, index) => ({ body: `${index}` }));

async function untilHealth(api: Api, topic: string, health: string, name = "s"): Promise<View> {
  return until(
    `the health of ${topic}/${name} is ${health}`,
    () => read(api, topic, name),
    (view) => view.health === health,
  );
}

async function expectAllDelivered(api: Api, topic: string, name = "s"): Promise<void> {
  const { counts } = await until(
    "everything is delivered",
    () => read(api, topic, name),
    (view) => view.counts.backlog + view.counts.parked + view.counts.inFlight === 0 && view.health === "healthy",
  );
  expect(counts).toMatchObject({ deadLetters: 0, expired: 0 });
}

let database: PostgresServer;
beforeAll(async () => {
  database = await PostgresServer.start();
});
afterAll(() => database.stop());

async function onDatabase(name: string): Promise<string[]> {
  await database.query(`CREATE DATABASE ${name}`);
  return ["--database", database.url(name)];
}

const drivers = [
  { driver: "SQLite", argsOf: () => Promise.resolve<string[]>([]) },
  { driver: "PostgreSQL", argsOf: onDatabase },
] as const;

const faults: Readonly<Record<string, { readonly behave: Behaviour; readonly failing: object }>> = {
  unavailable: { behave: () => 503, failing: { status: 503, error: "http_status" } },
  hanging: { behave: () => undefined, failing: { status: null, error: "timeout" } },
  cut: {
    behave: (_arrival, response) => void response.socket?.destroy(),
    failing: { status: null, error: "connection_reset" },
  },
};

describe.each(drivers)("with $driver", { concurrent: true }, ({ argsOf }) => {
  it("a breaker opens, stays open over a restart, probes, and closes with the whole backlog delivered", async () => {
    await using folder = await temporaryFolder();
    const args = await argsOf("breaker_restart");
    let isWell = false;
    const names = Object.keys(faults);
    await using receivers = new AsyncDisposableStack();
    const start = () => startServerInProcess({ folder: folder.path, args, env });
    const first = await start();
    await using events = await listen(first.url);
    for (const name of names) {
      const receiver = receivers.use(
        await startReceiver((arrival, response, index) =>
          isWell ? 200 : faults[name]?.behave(arrival, response, index),
        ),
      );
      await first.api.putTopic(name);
      const push = { url: receiver.url, timeoutMs: 1_000 };
      await first.api.subscribe(name, "s", { push, breaker, retry });
      await first.api.publishBatch(name, bodies(60));
    }
    for (const name of names) {
      const { failing, counts, flow } = await untilHealth(first.api, name, "open");
      expect(failing).toMatchObject({ scope: "subscription", ...faults[name]?.failing });
      expect(counts.deadLetters).toBe(0);
      expect(flow?.window).toBeLessThan(8);
    }
    await first.logged(/a breaker opened/);
    const seen = (type: string) => events.events.filter(({ event }) => event === type).length;
    await untilTrue("each breaker has an event", () => seen("breaker.opened") === names.length);
    expect(seen("subscription.failing")).toBe(names.length);
    await first.stop();

    await using second = await start();
    for (const name of names) expect(await read(second.api, name)).toMatchObject({ health: "open" });
    isWell = true;
    for (const name of names) await expectAllDelivered(second.api, name);
  });

  it("a Retry-After holds every subscription of the origin", async () => {
    await using folder = await temporaryFolder();
    await using server = await startServerInProcess({ folder: folder.path, args: await argsOf("retry_after"), env });
    const { api } = server;
    let repliedAtMs = 0;
    await using receiver = await startReceiver((_arrival, response) => {
      if (repliedAtMs > 0) return 200;
      repliedAtMs = Date.now();
      return void response.writeHead(429, { "retry-after": "3" }).end();
    });
    await api.putTopic("one");
    await api.putTopic("other");
    await api.subscribe("one", "s", { push: { url: `${receiver.url}/one` } });
    await api.subscribe("other", "s", { push: { url: `${receiver.url}/other` } });
    await api.publish("one", { body: "first" });
    // The attempt is written after the pause has begun.
    await until(
      "the attempt is recorded",
      () => read(api, "one"),
      ({ counts, flow }) => counts.parked === 1 && flow !== null,
    );
    await api.publish("other", { body: "second" });
    const isShown = ({ flow }: View): boolean =>
      Date.parse(flow?.pausedUntil ?? "") >= repliedAtMs + 2_990 || receiver.arrivals.length > 1;
    for (const name of ["one", "other"]) await until(`the pause of ${name} is shown`, () => read(api, name), isShown);
    await expectAllDelivered(api, "one");
    await expectAllDelivered(api, "other");
    for (const { atMs } of receiver.arrivals.slice(1)) expect(atMs - repliedAtMs).toBeGreaterThanOrEqual(2_990);
  });

  it("an overloaded endpoint gets fewer POSTs at a time, and more again when it has recovered", async () => {
    await using folder = await temporaryFolder();
    await using server = await startServerInProcess({ folder: folder.path, args: await argsOf("overloaded"), env });
    const { api } = server;
    let isWell = false;
    await using receiver = await startReceiver(() => (isWell ? 200 : 429));
    await api.putTopic("t");
    await api.subscribe("t", "s", { push: { url: receiver.url }, retry, breaker: null });
    await api.publishBatch("t", bodies(50));
    const windowUntil = (what: string, holds: (window: number) => boolean) =>
      until(
        what,
        async () => (await read(api, "t")).flow?.window ?? 8,
        (window) => holds(window),
      );
    const low = await windowUntil("the window is below one", (window) => window < 1);
    isWell = true;
    await windowUntil("the window grows", (window) => window > low);
    expect(await read(api, "t")).toMatchObject({ state: "active", counts: { deadLetters: 0 } });
  });

  it("subscriptions of one origin share a breaker, and the first success of one closes it for all", async () => {
    await using folder = await temporaryFolder();
    await using server = await startServerInProcess({ folder: folder.path, args: await argsOf("origin"), env });
    const { api } = server;
    let isWell = false;
    await using receiver = await startReceiver((_arrival, response) =>
      isWell ? 200 : void response.socket?.destroy(),
    );
    const names = ["one", "other"];
    for (const name of names) {
      await api.putTopic(name);
      // Neither subscription opens a breaker of its own.
      const settings = { retry, breaker: { failures: 1_000, probeMs: 1_000 } };
      await api.subscribe(name, "s", { push: { url: `${receiver.url}/${name}` }, ...settings });
      await api.publishBatch(name, bodies(20));
    }
    for (const name of names) {
      expect((await untilHealth(api, name, "open")).failing).toMatchObject({ scope: "origin" });
    }
    isWell = true;
    for (const name of names) expect((await untilHealth(api, name, "healthy")).counts.deadLetters).toBe(0);
  });

  it("a subscription of which nothing but failure comes is disabled, and resumes with all its messages", async () => {
    await using folder = await temporaryFolder();
    await using server = await startServerInProcess({ folder: folder.path, args: await argsOf("disabling"), env });
    const { api } = server;
    let status = 500;
    await using receiver = await startReceiver(() => status);
    await api.putTopic("t");
    await api.subscribe("t", "s", { push: { url: receiver.url }, retry, breaker: null, disableAfterMs: 3_000 });
    await api.publishBatch("t", bodies(10));
    const view = await until(
      "it is disabled",
      () => read(api, "t"),
      ({ state }) => state === "disabled",
    );
    expect(view).toMatchObject({ disabledReason: "failing", health: "healthy", counts: { deadLetters: 0 } });
    await server.logged(/nothing but failure has come from its endpoint/);
    status = 200;
    await api.ok("POST", `${subscriptionPath("t", "s")}/resume`);
    await expectAllDelivered(api, "t");
    expect(new Set(receiver.arrivals.map(({ text }) => text)).size).toBe(10);
  });
});

describe.each([
  { nodes: "one node, SQLite", count: 1, argsOf: () => Promise.resolve<string[]>([]) },
  { nodes: "one node, PostgreSQL", count: 1, argsOf: () => onDatabase("backlog_one") },
  { nodes: "two nodes", count: 2, argsOf: () => onDatabase("backlog_two") },
])("with $nodes", { concurrent: true }, ({ count, argsOf }) => {
  it("a backlog above its limit is one event, which is a message, and nothing of it is lost", async () => {
    await using folder = await temporaryFolder();
    const args = await argsOf();
    const start = () => startServerInProcess({ folder: folder.path, args, env });
    await using receiver = await startHeldReceiver();
    await using alarm = await startReceiver();
    {
      await using before = await start();
      await before.api.putTopic("t");
      await before.api.subscribe("t", "s", { push: { url: receiver.url }, maxInFlight: 1 });
      await before.api.ok("PUT", "/v1/topics/ringback.events/subscriptions/alarm", {
        json: { push: { url: alarm.url }, filter: { types: ["backlog.growing"] } },
      });
      await before.api.publishBatch("t", bodies(30));
      await untilTrue("a POST is in flight", () => receiver.heldCount() > 0);
      await before.api.ok("PATCH", subscriptionPath("t", "s"), { json: { backlog: { messagesMax: 10 } } });
    }
    // A server checks the backlogs when it starts, and then at intervals.
    await using nodes = new AsyncDisposableStack();
    const started = [];
    for (let node = 0; node < count; node++) started.push(nodes.use(await start()));
    await untilTrue("the event has arrived", () => alarm.arrivals.length > 0);
    expect(JSON.parse(alarm.arrivals[0]?.text ?? "")).toMatchObject({
      type: "backlog.growing",
      topic: "t",
      subscription: "s",
      limit: "messages",
      count: 30,
    });
    receiver.letGo();
    for (const { api } of started) await expectAllDelivered(api, "t");
    expect(new Set(receiver.arrivals.map(({ text }) => text)).size).toBe(30);
    expect(alarm.arrivals).toHaveLength(1);
  });
});

it.concurrent("two nodes disable a subscription once, and either of them resumes it", async () => {
  await using folder = await temporaryFolder();
  const args = await onDatabase("disabling_nodes");
  const start = () => startServerInProcess({ folder: folder.path, args, env });
  await using one = await start();
  await using other = await start();
  let status = 500;
  await using receiver = await startReceiver(() => status);
  await one.api.putTopic("t");
  await one.api.subscribe("t", "s", { push: { url: receiver.url }, retry, breaker: null, disableAfterMs: 2_000 });
  await Promise.all([one, other].map(({ api }) => api.publishBatch("t", bodies(10))));
  for (const { api } of [one, other]) {
    await until(
      "it is disabled",
      () => read(api, "t"),
      ({ state }) => state === "disabled",
    );
  }
  status = 200;
  await other.api.ok("POST", `${subscriptionPath("t", "s")}/resume`);
  await expectAllDelivered(one.api, "t");
  expect(new Set(receiver.arrivals.map(({ messageId }) => messageId)).size).toBe(20);
  const messages = "/v1/topics/ringback.events/messages?type=subscription.disabled";
  const { items } = await until(
    "the event is stored",
    () => one.api.ok<Page<object>>("GET", messages),
    (page) => page.items.length > 0,
  );
  expect(items).toHaveLength(1);
});

it.concurrent("two nodes share an open breaker, and each probe is sent by one of them", async () => {
  await using folder = await temporaryFolder();
  const args = await onDatabase("breaker_nodes");
  const start = () => startServerInProcess({ folder: folder.path, args, env });
  await using one = await start();
  await using other = await start();
  let isWell = false;
  await using receiver = await startReceiver(() => (isWell ? 200 : 503));
  await one.api.putTopic("t");
  const push = { url: receiver.url };
  await one.api.subscribe("t", "s", { push, retry, breaker: { failures: 5, probeMs: 1_000 } });
  await Promise.all([one, other].map(({ api }) => api.publishBatch("t", bodies(100))));
  await untilHealth(one.api, "t", "open");
  await untilHealth(other.api, "t", "open");
  // POSTs that were in flight when the breaker opened have arrived when the first probe comes.
  const before = receiver.arrivals.length;
  await untilTrue("some probes have come", () => receiver.arrivals.length >= before + 4);
  const probes = receiver.arrivals.slice(-3).map(({ atMs }) => atMs);
  for (const [index, atMs] of probes.slice(1).entries()) {
    // The pause doubles from probe to probe, and the second one is at least 1,600 ms. A busy machine may deliver a
    // probe late, but two nodes would send it together.
    expect(atMs - Number(probes[index])).toBeGreaterThanOrEqual(800);
  }
  isWell = true;
  await expectAllDelivered(other.api, "t");
  expect(new Set(receiver.arrivals.map(({ messageId }) => messageId)).size).toBe(200);
});
