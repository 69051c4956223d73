/**
 * Real: servers inside the test's process, SQLite and PostgreSQL, sockets. Nothing is faked. Whether a rate is reached
 * exactly is tested in virtual time and by the benchmark: here a busy machine may make every rate slower, and nothing
 * may make it faster.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PostgresServer } from "../src/store/postgres/testing/postgres-server.ts";
import { subscriptionPath } from "./harness/api.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { type Behaviour, type Receiver, startReceiver } from "./harness/receiver.ts";
import { type RunningServer, startServerInProcess } from "./harness/server.ts";
import { untilTrue } from "./harness/until.ts";

interface Rate {
  readonly perSecond: number;
  readonly burst?: number;
}

interface View {
  readonly rate: Rate | null;
  readonly code?: string;
  readonly errors?: readonly { readonly field: string; readonly message: string }[];
}

/** The clocks of the test, the server and the database are read in whole milliseconds. */
const clockMs = 50;

/**
 * Fails if a request arrived before the rate allowed it. `fromMs`: a time before the first of them could start. A stall
 * of any process makes requests later only.
 */
function expectAtMost({ perSecond, burst = 1 }: Rate, fromMs: number, times: readonly number[]): void {
  const earliest = times.map((_, index) => fromMs + ((index + 1 - burst) * 1_000) / perSecond - clockMs);
  expect(times.filter((at, index) => at < Number(earliest[index]))).toEqual([]);
}

const timesOf = ({ arrivals }: Receiver) => arrivals.map(({ atMs }) => atMs);

let topics = 0;

/** A subscription with a rate on a new topic, whose messages go to `receiver`. */
class Rated {
  readonly nodes: readonly RunningServer[];
  readonly topic = `rated${++topics}`;
  readonly path = subscriptionPath(this.topic, "mail");
  readonly receiver: Receiver;

  constructor(nodes: readonly RunningServer[], receiver: Receiver) {
    this.nodes = nodes;
    this.receiver = receiver;
  }

  get api() {
    return (this.nodes[0] as RunningServer).api;
  }

  async subscribe(rate: Rate, settings: object = {}): Promise<void> {
    await this.api.putTopic(this.topic);
    await this.api.subscribe(this.topic, "mail", { push: { url: this.receiver.url }, rate, ...settings });
  }

  /** Publishes through all nodes in turn. */
  async publish(count: number): Promise<void> {
    for (const [index, { api }] of this.nodes.entries()) {
      const share = Math.floor((count + index) / this.nodes.length);
      if (share > 0)
        await api.publishBatch(
          this.topic,
          Array.from({ length: share }, () => ({ body: "x" })),
        );
    }
  }

  patch(changes: object): Promise<View> {
    return (this.nodes.at(-1) as RunningServer).api.ok<View>("PATCH", this.path, { json: changes });
  }

  async arrived(count: number): Promise<void> {
    await untilTrue(`${count} requests arrived`, () => this.receiver.arrivals.length >= count);
  }
}

function describeRates(
  kind: string,
  start: () => Promise<{ nodes: RunningServer[]; stop: () => Promise<void> }>,
): void {
  describe(`a rate, with ${kind}`, { concurrent: true }, () => {
    let nodes: RunningServer[] = [];
    let started: Awaited<ReturnType<typeof start>> | null = null;
    beforeAll(async () => {
      started = await start();
      ({ nodes } = started);
    });
    afterAll(() => started?.stop());

    async function rated(work: (scene: Rated) => Promise<void>, behave?: Behaviour): Promise<void> {
      await using receiver = await startReceiver(behave);
      const scene = new Rated(nodes, receiver);
      await work(scene);
      await scene.api.ok("DELETE", scene.path);
    }

    it("is never exceeded, and nothing is lost or sent twice", () =>
      rated(async (scene) => {
        const rate = { perSecond: 50, burst: 1 };
        await scene.subscribe(rate);
        const fromMs = Date.now();
        await scene.publish(150);
        await scene.arrived(150);
        expectAtMost(rate, fromMs, timesOf(scene.receiver));
        expect(new Set(scene.receiver.arrivals.map(({ messageId }) => messageId)).size).toBe(150);
      }));

    it("counts retries like first attempts", () =>
      rated(
        async (scene) => {
          const rate = { perSecond: 20, burst: 1 };
          await scene.subscribe(rate, { retry: { delaysMs: [1, 1] } });
          const fromMs = Date.now();
          await scene.publish(10);
          await scene.arrived(30);
          expectAtMost(rate, fromMs, timesOf(scene.receiver));
        },
        () => 500,
      ));

    it("lets a burst through after silence, and holds what follows", () =>
      rated(async (scene) => {
        await scene.subscribe({ perSecond: 0.01, burst: 5 });
        await scene.publish(8);
        await scene.arrived(5);
        expect(await scene.patch({ rate: { perSecond: 10 } })).toMatchObject({ rate: { perSecond: 10, burst: 5 } });
        await scene.arrived(8);
      }));

    it("is changed while messages wait, through any node, and ends at once", () =>
      rated(async (scene) => {
        await scene.subscribe({ perSecond: 0.001 });
        await scene.publish(60);
        await scene.arrived(1);
        const rate = { perSecond: 20, burst: 1 };
        const fromMs = Date.now();
        expect((await scene.patch({ rate })).rate).toEqual(rate);
        await scene.arrived(30);
        expectAtMost(rate, fromMs, timesOf(scene.receiver).slice(1));
        await scene.patch({ rate: { perSecond: 0.001 } });
        await scene.patch({ rate: null });
        await scene.arrived(60);
        expect(await scene.api.ok<View>("GET", scene.path)).toMatchObject({ rate: null });
      }));

    it("keeps the order of messages", () =>
      rated(async (scene) => {
        await scene.subscribe({ perSecond: 40, burst: 3 }, { order: "strict" });
        const bodies = Array.from({ length: 30 }, (_, index) => `${index}`);
        await scene.api.publishBatch(
          scene.topic,
          bodies.map((body) => ({ body })),
        );
        await scene.arrived(30);
        expect(scene.receiver.arrivals.map(({ text }) => text)).toEqual(bodies);
      }));

    it("of one subscription does not slow another one of the same endpoint", () =>
      rated(async (scene) => {
        await scene.subscribe({ perSecond: 0.001 });
        await scene.api.subscribe(scene.topic, "quick", { push: { url: `${scene.receiver.url}/quick` } });
        await scene.publish(300);
        await untilTrue("the other one got everything", () => scene.receiver.at("/quick").length === 300);
        expect(scene.receiver.at("/")).toHaveLength(1);
      }));
  });
}

describeRates("SQLite", async () => {
  const folder = await temporaryFolder();
  const server = await startServerInProcess({ folder: folder.path });
  return {
    nodes: [server],
    async stop() {
      await server.stop();
      await folder[Symbol.asyncDispose]();
    },
  };
});

describeRates("two nodes on PostgreSQL", async () => {
  const database = await PostgresServer.start();
  await database.query("CREATE DATABASE ringback");
  const folder = await temporaryFolder();
  const args = ["--database", database.url("ringback")];
  const env = { RINGBACK_MASTER_KEY: Buffer.alloc(32, 7).toString("base64") };
  const start = () => startServerInProcess({ folder: folder.path, args, env });
  const nodes = [await start(), await start()];
  return {
    nodes,
    async stop() {
      await Promise.all(nodes.map((node) => node.stop()));
      await database.stop();
      await folder[Symbol.asyncDispose]();
    },
  };
});

describe("the API", () => {
  let server: RunningServer;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeAll(async () => {
    folder = await temporaryFolder();
    const file = join(folder.path, "ringback.yaml");
    const declared = '{ push: { url: "http://127.0.0.1:9/" }, rate: { perSecond: 0.5 } }';
    await writeFile(file, `topics: { orders: { subscriptions: { declared: ${declared} } } }`);
    server = await startServerInProcess({ folder: join(folder.path, "data"), args: ["--config", file] });
  });
  afterAll(async () => {
    await server.stop();
    await folder[Symbol.asyncDispose]();
  });

  const path = subscriptionPath("orders", "mail");
  const push = { url: "http://127.0.0.1:9/" };

  const put = (settings: object) => server.api.ok<View>("PUT", path, { json: { push, ...settings } });

  it("shows the rate, and null without one", async () => {
    expect((await put({})).rate).toBeNull();
    expect((await put({ rate: { perSecond: 0.1 } })).rate).toEqual({ perSecond: 0.1, burst: 1 });
    expect((await put({ rate: { perSecond: 20, burst: 40 } })).rate).toEqual({ perSecond: 20, burst: 40 });
    expect((await put({ rate: null })).rate).toBeNull();
  });

  it("shows the rate that the configuration file declares", async () => {
    const view = await server.api.ok<View>("GET", subscriptionPath("orders", "declared"));
    expect(view.rate).toEqual({ perSecond: 0.5, burst: 1 });
  });

  it.each([
    [{ perSecond: 0 }, "rate.perSecond"],
    [{ perSecond: -1 }, "rate.perSecond"],
    [{ perSecond: "20" }, "rate.perSecond"],
    [{ perSecond: null }, "rate.perSecond"],
    [{ perSecond: 10_001 }, "rate.perSecond"],
    [{ perSecond: 0.000_01 }, "rate.perSecond"],
    [{ perSecond: 1, burst: 0 }, "rate.burst"],
    [{ perSecond: 1, burst: 1.5 }, "rate.burst"],
    [{ perSecond: 1, burst: 10_001 }, "rate.burst"],
    [{ perSecond: 1, perMinute: 2 }, "rate.perMinute"],
    [{}, "rate.perSecond"],
    [20, "rate"],
    [[], "rate"],
  ])("refuses the rate %j", async (rate, field) => {
    const answer = await server.api.call<View>("PUT", subscriptionPath("orders", "bad"), { json: { push, rate } });
    expect(answer).toMatchObject({ status: 400, json: { code: "invalid_request", errors: [{ field }] } });
  });

  it("refuses a rate beside `pull`", async () => {
    const json = { pull: {}, rate: { perSecond: 1 } };
    const answer = await server.api.call<View>("PUT", subscriptionPath("orders", "pulled"), { json });
    expect(answer).toMatchObject({ status: 400, json: { errors: [{ field: "rate" }] } });
  });
});
