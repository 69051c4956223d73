/**
 * Real: the server, its database, sockets, SIGKILL. Nothing is faked. The server is restarted and killed. The receiver
 * refuses a tenth of the POSTs, at random from a fixed seed, and records the order of the arrivals.
 */
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "./harness/folder.ts";
import { OrderJudge } from "./harness/ordered-line.ts";
import { startReceiver } from "./harness/receiver.ts";
import { useServer } from "./harness/running-server.ts";
import { Server } from "./harness/server.ts";
import { untilTrue } from "./harness/until.ts";

const retry = { baseMs: 30, factor: 1, retriesMax: 1000, jitter: "none" };

/**
 * The runs of the server: the share of the messages after which each run ends, and whether the server is then killed.
 */
const lives = [
  { untilShare: 0.3, kill: true },
  { untilShare: 0.6, kill: false },
  { untilShare: 1, kill: true },
];
/** The server for tests that neither stop nor kill their server. */
const server = useServer();

describe("ordered subscriptions", () => {
  it("keep their order despite refusals, restarts and kills: `strict` over all messages, `key` within each key", async () => {
    await using folder = await temporaryFolder();
    await using judge = await OrderJudge.start({ seed: 1, delayMs: 3, refused: 0.1 });
    const keys = Array.from({ length: 6 }, (_, index) => `key${index}`);
    const each = 20;
    const strict = Array.from({ length: 80 }, (_, index) => ({ body: `strict ${index}` }));
    const keyed = Array.from({ length: each }, (_, number) =>
      keys.map((key) => ({ body: `${key} ${number}`, orderingKey: key })),
    ).flat();
    const total = strict.length + keyed.length;

    for (const [life, { untilShare, kill }] of lives.entries()) {
      judge.life = life;
      await using server = await Server.start({ folder: folder.path, args: ["--shutdown-grace-ms", "1000"] });
      if (life === 0) {
        for (const order of ["strict", "key"]) {
          await server.api.putTopic(order);
          await server.api.subscribe(order, "s", { push: { url: judge.url }, order, retry });
        }
        await server.api.publishBatch("strict", strict);
        await server.api.publishBatch("key", keyed);
      }
      await untilTrue(`${untilShare * 100} % are taken`, () => judge.taken >= untilShare * total);
      const { code } = await (kill ? server.kill() : server.stop());
      expect(code).toBe(kill ? null : 0);
    }

    expect([...judge.lines.keys()].toSorted()).toEqual([...keys, "strict"]);
    for (const [name, line] of judge.lines) {
      expect([name, line.faults((life) => lives[life]?.kill ?? false)]).toEqual([name, []]);
      expect([name, line.underWayMax]).toEqual([name, 1]);
      expect([name, line.taken]).toEqual([name, name === "strict" ? strict.length : each]);
    }
  });

  it("let a failing message hold only later messages of its own key", async () => {
    let mended = false;
    await using receiver = await startReceiver(({ text }) => (text.startsWith("bad") && !mended ? 500 : 200));
    const { api } = server();
    await api.putTopic("t");
    await api.subscribe("t", "s", { push: { url: receiver.url }, order: "key", retry });
    const messages = Array.from({ length: 60 }, (_, index) => {
      const key = ["bad", "good", "fine"][index % 3] ?? "";
      return { body: `${key} ${index}`, orderingKey: key };
    });
    await api.publishBatch("t", messages);
    await api.publish("t", { body: "without a key" });
    const bodies = (prefix: string) =>
      receiver.arrivals.map(({ text }) => text).filter((text) => text.startsWith(prefix));
    await untilTrue("the others are through", () => bodies("good").length + bodies("fine").length === 40);
    await untilTrue("one without a key is through", () => bodies("without").length === 1);
    await untilTrue("the bad one was tried again and again", () => bodies("bad").length > 3);
    expect(new Set(bodies("bad"))).toEqual(new Set(["bad 0"]));
    mended = true;
    await untilTrue("its successors are through", () => new Set(bodies("bad")).size === 20);
    const order = [...new Set(bodies("bad"))];
    expect(order).toEqual(messages.map(({ body }) => body).filter((body) => body.startsWith("bad")));
  });
});
