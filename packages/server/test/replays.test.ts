/**
 * Real: servers, as child processes where one is killed with `kill -9`, SQLite and PostgreSQL, sockets, receivers.
 * Nothing is faked. Each sentence is tested on both databases; on PostgreSQL, two nodes share the database.
 */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { limits } from "../src/domain/limits.ts";
import { PostgresServer } from "../src/store/postgres/testing/postgres-server.ts";
import { subscriptionPath, type Api, type Page } from "./harness/api.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { startReceiver, type Receiver } from "./harness/receiver.ts";
import { type RunningServer, Server, type ServerOptions, startServerInProcess } from "./harness/server.ts";
import { until, untilTrue } from "./harness/until.ts";

interface ReplayView {
  readonly id: string;
  readonly state: string;
  readonly matched: number;
  readonly sent: number;
  readonly waiting: number;
  readonly skipped: number;
}

const env = { RINGBACK_MASTER_KEY: randomBytes(32).toString("base64") };

let database: PostgresServer;
beforeAll(async () => void (database = await PostgresServer.start()));
afterAll(() => database.stop());

/** Starts a node on a new database. Each further call starts another node on the same database. */
async function installation<Node extends RunningServer>(
  resources: AsyncDisposableStack,
  driver: "sqlite" | "postgres",
  startServer: (options: ServerOptions) => Promise<Node>,
): Promise<() => Promise<Node>> {
  const folder = resources.use(await temporaryFolder());
  const args: string[] = [];
  if (driver === "postgres") {
    const name = `replays_${randomBytes(6).toString("hex")}`;
    await database.query(`CREATE DATABASE ${name}`);
    args.push("--database", database.url(name), "--node-gone-after-ms", "10000");
  }
  return async () => resources.use(await startServer({ folder: folder.path, args, env }));
}

const replays = (name: string) => `${subscriptionPath("orders", name)}/replays`;

/** A topic with `count` messages that the subscription has received. */
async function deliveredBefore(api: Api, receiver: Receiver, count: number, settings: object = {}) {
  await api.putTopic("orders");
  await api.subscribe("orders", "mail", { push: { url: `${receiver.url}/mail` }, ...settings });
  const ids: string[] = [];
  for (let from = 0; from < count; from += 500) {
    const length = Math.min(500, count - from);
    const messages = Array.from({ length }, (_, index) => ({ body: `message ${from + index}`, type: "order.paid" }));
    ids.push(...(await api.publishBatch("orders", messages)).map(({ id }) => id));
  }
  await untilTrue("all are delivered", () => receiver.at("/mail").length >= count);
  await until(
    "all outcomes are written",
    () => api.counts("orders", "mail"),
    ({ backlog, inFlight }) => backlog + inFlight === 0,
  );
  return ids;
}

function replayOf(api: Api, { id }: Pick<ReplayView, "id">): Promise<ReplayView> {
  return api.ok<ReplayView>("GET", `/v1/replays/${id}`);
}

const untilDone = (api: Api, replay: Pick<ReplayView, "id">) =>
  until(
    "the replay is done",
    () => replayOf(api, replay),
    ({ state }) => state !== "running",
  );

/** How often each message arrived after the first `before` arrivals. */
function copiesOf(receiver: Receiver, before: number): Map<string, number> {
  const copies = new Map<string, number>();
  for (const { messageId } of receiver.at("/mail").slice(before)) {
    copies.set(messageId, (copies.get(messageId) ?? 0) + 1);
  }
  return copies;
}

describe.each(["sqlite", "postgres"] as const)("with %s", { concurrent: true }, (driver) => {
  it("a replay sends a range again, to its subscription or to another one, and counts in a dry run", async () => {
    await using receiver = await startReceiver();
    await using resources = new AsyncDisposableStack();
    const { api } = await (await installation(resources, driver, startServerInProcess))();
    const ids = await deliveredBefore(api, receiver, 50);
    await api.subscribe("orders", "archive", { push: { url: `${receiver.url}/archive` } });
    const range = { from: { seq: 11 }, to: { seq: 30 }, types: ["order.*"] };
    expect(await api.ok("POST", replays("mail"), { json: { ...range, dryRun: true } })).toEqual({
      matched: 20,
      exact: true,
    });
    const times = { from: { at: "2026-01-31T08:15:30Z" }, to: "now", dryRun: true };
    expect(await api.ok("POST", replays("mail"), { json: times })).toMatchObject({ matched: 50 });
    for (const refused of [{ from: { seq: 30 }, to: { seq: 11 } }, { from: { at: Date.now() + 3_600_000 } }]) {
      const answer = await api.call("POST", replays("mail"), { json: refused });
      expect(answer).toMatchObject({ status: 400, json: { code: "invalid_request" } });
    }
    const json = { ...range, target: "archive", perSecond: 1_000 };
    const replay = await api.ok<ReplayView>("POST", replays("mail"), { json });
    expect(await untilDone(api, replay)).toMatchObject({ state: "done", matched: 20, sent: 20, skipped: 0 });
    expect(
      receiver
        .at("/archive")
        .map(({ messageId }) => messageId)
        .toSorted(),
    ).toEqual(ids.slice(10, 30).toSorted());
    expect(receiver.at("/mail")).toHaveLength(50);
    const again = await api.ok<ReplayView>("POST", replays("mail"), { json: { from: { seq: 50 } } });
    await untilDone(api, again);
    expect(
      receiver
        .at("/mail")
        .slice(50)
        .map(({ messageId }) => messageId),
    ).toEqual(ids.slice(49));
    const { items } = await api.ok<Page<ReplayView>>("GET", "/v1/replays");
    expect(items.map(({ id }) => id)).toEqual([again.id, replay.id]);
  });

  it("what failed is sent again when the receiver is mended, by a replay or by a filtered redrive", async () => {
    let isBroken = true;
    await using receiver = await startReceiver(({ text }) => (isBroken && /[0-4]$/.test(text) ? 503 : 200));
    await using resources = new AsyncDisposableStack();
    const { api } = await (await installation(resources, driver, startServerInProcess))();
    await deliveredBefore(api, receiver, 20, { retry: "none" });
    await until(
      "ten have failed",
      () => api.counts("orders", "mail"),
      ({ deadLetters }) => deadLetters === 10,
    );
    isBroken = false;
    const redrive = `${subscriptionPath("orders", "mail")}/dead-letters/redrive`;
    for (const [filter, matched] of [
      [{ statuses: [404] }, 0],
      [{ reasons: ["expired"] }, 0],
      [{ reasons: ["retries_exhausted"], statuses: [503] }, 10],
      [{ from: Date.now() + 3_600_000 }, 0],
      [{ to: Date.now() + 3_600_000 }, 10],
    ] as const) {
      const counted = await api.ok("POST", redrive, { json: { ...filter, dryRun: true } });
      expect([filter, counted]).toMatchObject([filter, { matched }]);
    }
    const [purged] = (await api.deadLetters("orders", "mail")).items;
    await api.ok("DELETE", `${subscriptionPath("orders", "mail")}/dead-letters/${purged?.id}`);
    const failed = await api.ok<ReplayView>("POST", replays("mail"), {
      json: { from: "oldest", to: { seq: 10 }, only: "failed" },
    });
    expect(await untilDone(api, failed)).toMatchObject({ state: "done", matched: 5, sent: 5 });
    const json = { statuses: [503], perSecond: 100 };
    const letters = await api.ok<ReplayView>("POST", redrive, { json });
    expect(await untilDone(api, letters)).toMatchObject({ state: "done", sent: 4 });
    const last = await api.ok<ReplayView>("POST", replays("mail"), { json: { from: "oldest", only: "failed" } });
    expect(await untilDone(api, last)).toMatchObject({ matched: 1, sent: 1 });
    expect(await api.counts("orders", "mail")).toMatchObject({ deadLetters: 0, parked: 0 });
    expect(receiver.at("/mail")).toHaveLength(30);
  });

  it("no message is parked twice when the process is killed in the middle of a replay", async () => {
    await using receiver = await startReceiver((_arrival, response) => void setTimeout(() => response.end("ok"), 20));
    await using resources = new AsyncDisposableStack();
    const start = await installation(resources, driver, (options) => Server.start(options));
    const first = await start();
    const survivor = driver === "postgres" ? await start() : null;
    const count = 600;
    const ids = await deliveredBefore(first.api, receiver, count, { maxInFlight: 8 });
    const replay = await first.api.ok<ReplayView>("POST", replays("mail"), {
      json: { from: "oldest", perSecond: 200 },
    });
    await untilTrue("a part was sent", () => receiver.at("/mail").length > count + 150);
    const { sent: sentBefore } = await replayOf(first.api, replay);
    await first.kill();
    const { api } = survivor ?? (await start());
    // Copies whose outcomes were not written yet were in flight at the kill, and may come once more.
    const inFlightAtKill = receiver.at("/mail").length - count - sentBefore;
    expect(await untilDone(api, replay)).toMatchObject({ state: "done", matched: count, sent: count });
    const copies = copiesOf(receiver, count);
    expect([...copies.keys()].toSorted()).toEqual(ids.toSorted());
    const twice = [...copies].filter(([, times]) => times > 1);
    expect(twice.every(([, times]) => times === 2)).toBe(true);
    expect(twice.length).toBeLessThanOrEqual(inFlightAtKill);
  });

  it("a cancelled replay sends nothing more, and can be removed from the list", async () => {
    await using receiver = await startReceiver();
    await using resources = new AsyncDisposableStack();
    const start = await installation(resources, driver, startServerInProcess);
    const creator = await start();
    const { api } = driver === "postgres" ? await start() : creator;
    await deliveredBefore(api, receiver, 300);
    const replay = await creator.api.ok<ReplayView>("POST", replays("mail"), {
      json: { from: "oldest", perSecond: 20 },
    });
    await untilTrue("a part was sent", () => receiver.at("/mail").length > 305);
    expect(await api.ok("DELETE", `/v1/replays/${replay.id}`)).toMatchObject({ state: "cancelled" });
    const { sent } = await until(
      "no copy is in flight",
      () => replayOf(api, replay),
      ({ waiting }) => waiting === 0,
    );
    expect(receiver.at("/mail")).toHaveLength(300 + sent);
    expect(sent).toBeLessThan(300);
    await until(
      "it is removed",
      () => api.call("DELETE", `/v1/replays/${replay.id}`),
      ({ status }) => status === 204,
    );
    expect((await api.call("GET", `/v1/replays/${replay.id}`)).status).toBe(404);
    expect(receiver.at("/mail")).toHaveLength(300 + sent);
  });

  it("a replay is paused and changed while it runs, and leaves the order of live traffic alone", async () => {
    await using receiver = await startReceiver();
    await using resources = new AsyncDisposableStack();
    const start = await installation(resources, driver, startServerInProcess);
    const { api } = await start();
    const changer = driver === "postgres" ? (await start()).api : api;
    const count = 40;
    const ids = await deliveredBefore(api, receiver, count, { order: "strict" });
    const create = () => api.call<ReplayView>("POST", replays("mail"), { json: { from: "oldest", perSecond: 1 } });
    const { json: replay } = await create();
    const change = (json: object) => changer.ok("PATCH", `/v1/replays/${replay.id}`, { json });
    expect(await change({ paused: true })).toMatchObject({ state: "paused", perSecond: 1 });
    const live = Array.from({ length: 30 }, (_, index) => `live ${index}`);
    await api.publishBatch(
      "orders",
      live.slice(0, 15).map((body) => ({ body })),
    );
    expect(await change({ paused: false, perSecond: 1_000 })).toMatchObject({ state: "running", perSecond: 1_000 });
    await api.publishBatch(
      "orders",
      live.slice(15).map((body) => ({ body })),
    );
    expect(await untilDone(changer, replay)).toMatchObject({ state: "done", sent: count });
    const after = receiver.at("/mail").slice(count);
    const copies = after.filter(({ text }) => text.startsWith("message"));
    expect(copies.map(({ messageId }) => messageId)).toEqual(ids);
    await untilTrue("the live messages arrive", () => receiver.at("/mail").length === 2 * count + live.length);
    const arrived = receiver.at("/mail").map(({ text }) => text);
    expect(arrived.filter((text) => text.startsWith("live"))).toEqual(live);
  });

  it("of many replays at once as many are created as an account may have", async () => {
    await using receiver = await startReceiver();
    await using resources = new AsyncDisposableStack();
    const start = await installation(resources, driver, startServerInProcess);
    const { api } = await start();
    const nodes = driver === "postgres" ? [api, (await start()).api] : [api];
    const count = limits.replaysOpenMax + 10;
    await deliveredBefore(api, receiver, count);
    // While the subscription is paused, the copy of each replay waits.
    await api.ok("POST", `${subscriptionPath("orders", "mail")}/pause`);
    const requests = Array.from({ length: count }, (_, index) => {
      const json = { from: { seq: index + 1 }, to: { seq: index + 1 } };
      return (nodes[index % nodes.length] ?? api).call("POST", replays("mail"), { json });
    });
    const answers = await Promise.all(requests);
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(limits.replaysOpenMax);
    const refused = answers.filter(({ status }) => status !== 202);
    for (const answer of refused) expect(answer).toMatchObject({ status: 409, json: { code: "replay_limit" } });
    expect(receiver.at("/mail")).toHaveLength(count);
  });

  it("one delivery is sent again at once, or given up", async () => {
    let status = 500;
    await using receiver = await startReceiver(() => status);
    await using resources = new AsyncDisposableStack();
    const start = await installation(resources, driver, startServerInProcess);
    const { api } = await start();
    const changer = driver === "postgres" ? (await start()).api : api;
    await api.putTopic("orders");
    const retry = { delaysMs: [3_600_000, 3_600_000] };
    await api.subscribe("orders", "mail", { push: { url: `${receiver.url}/mail` }, retry, order: "strict" });
    const [first, second] = (await api.publishBatch("orders", [{ body: "1" }, { body: "2" }])).map(({ id }) => id);
    const stateOf = async (id = "") => (await api.delivery(id, "mail")).state;
    const change = (id = "", verb: string) =>
      changer.call<{ outcome?: string; code?: string }>("POST", `/v1/messages/${id}/deliveries/mail/${verb}`);
    await until(
      "the first waits",
      () => stateOf(first),
      (state) => state === "parked",
    );
    expect((await change(second, "retry")).json.code).toBe("delivery_conflict");
    expect((await change(first, "cancel")).json).toEqual({ outcome: "cancelled" });
    expect(await api.delivery(first ?? "", "mail")).toMatchObject({ state: "dead", reason: "cancelled" });
    await until(
      "the second waits",
      () => stateOf(second),
      (state) => state === "parked",
    );
    status = 200;
    expect((await change(second, "retry")).json).toEqual({ outcome: "retried" });
    await until(
      "the second is delivered",
      () => stateOf(second),
      (state) => state === "delivered",
    );
    expect((await change(first, "retry")).json).toEqual({ outcome: "redriven" });
    await until(
      "the first is delivered",
      () => stateOf(first),
      (state) => state === "delivered",
    );
    expect((await change(first, "cancel")).json.code).toBe("delivery_conflict");
    expect((await change(first, "retry")).json).toEqual({ outcome: "copied" });
    await untilTrue("the copy has arrived", () => receiver.at("/mail").length === 5);
    await until(
      "its outcome is written",
      () => stateOf(first),
      (state) => state === "delivered",
    );
    await changer.ok("POST", `${subscriptionPath("orders", "mail")}/pause`);
    expect((await change(first, "retry")).json).toEqual({ outcome: "copied" });
    expect(await stateOf(first)).toBe("parked");
    await api.ok("POST", `${subscriptionPath("orders", "mail")}/resume`);
    await untilTrue("it is sent after the resume", () => receiver.at("/mail").length === 6);
  });
});
