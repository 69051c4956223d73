/** Real: the server as a child process, signals, its folder, sockets. Measured against the limits it was given itself. */
import { once } from "node:events";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { copies } from "./harness/copies.ts";
import { startHanging } from "./harness/dead-endpoints.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { startProgram } from "./harness/program.ts";
import { startReceiver } from "./harness/receiver.ts";
import { Server, spawnServer } from "./harness/server.ts";
import { until, untilTrue } from "./harness/until.ts";
import { Api } from "./harness/api.ts";

async function timed<T>(work: Promise<T>): Promise<{ value: T; tookMs: number }> {
  const startedAt = performance.now();
  const value = await work;
  return { value, tookMs: performance.now() - startedAt };
}

describe.concurrent("SIGTERM", () => {
  it("lets POSTs under way end, exits with 0, and the next start sends none of them again", async () => {
    await using folder = await temporaryFolder();
    await using receiver = await startReceiver((_arrival, response) => {
      setTimeout(() => response.writeHead(200).end(), 400);
    });
    const ids: string[] = [];
    {
      await using server = await Server.start({ folder: folder.path });
      await server.api.putTopic("t");
      await server.api.subscribe("t", "s", { push: { url: receiver.url } });
      const receipts = await server.api.publishBatch("t", copies(8, { body: "x" }));
      ids.push(...receipts.map(({ id }) => id));
      await untilTrue("all are under way", () => receiver.arrivals.length === 8);
      expect(await server.stop()).toMatchObject({ code: 0, stderr: "" });
    }
    await using server = await Server.start({ folder: folder.path });
    for (const id of ids) {
      expect(await server.api.delivery(id, "s")).toMatchObject({
        state: "delivered",
        attempts: [{ attempt: 1, verdict: "accepted" }],
      });
    }
    expect(await server.api.counts("t", "s")).toMatchObject({ backlog: 0, parked: 0, inFlight: 0 });
    expect(receiver.arrivals).toHaveLength(8);
  });

  it("cuts off what does not end in time and exits with 0; it goes out again after the next start, as the same attempt", async () => {
    await using folder = await temporaryFolder();
    let silent = true;
    await using receiver = await startReceiver(() => (silent ? undefined : 200));
    await using first = await Server.start({ folder: folder.path, args: ["--shutdown-grace-ms", "300"] });
    await first.api.putTopic("t");
    await first.api.subscribe("t", "s", { push: { url: receiver.url, timeoutMs: 60_000 } });
    const { id } = await first.api.publish("t", { body: "x" });
    await untilTrue("it is under way", () => receiver.arrivals.length === 1);
    const { value, tookMs } = await timed(first.stop());
    expect(value.code).toBe(0);
    expect(tookMs).toBeGreaterThan(250);

    silent = false;
    await using second = await Server.start({ folder: folder.path });
    const delivered = await until(
      "it is delivered",
      () => second.api.delivery(id, "s"),
      ({ state }) => state === "delivered",
    );
    // Ours to have cut it: no attempt of the receiver's is counted.
    expect(delivered.attempts).toMatchObject([{ attempt: 1, verdict: "accepted" }]);
    expect(receiver.arrivals.map(({ messageId }) => messageId)).toEqual([id, id]);
  });

  it("while programs publish loses nothing that was answered 201, and the rest hear a plain refusal", async () => {
    await using folder = await temporaryFolder();
    await using receiver = await startReceiver();
    const accepted: string[] = [];
    const refusals = new Set<string>();
    {
      await using server = await Server.start({ folder: folder.path });
      await server.api.putTopic("t");
      await server.api.subscribe("t", "s", { push: { url: receiver.url } });
      const publishers = Array.from({ length: 8 }, async (_, publisher) => {
        for (let count = 0; ; count++) {
          const body = `${publisher}.${count}`;
          const answer = await server.api
            .call<{ code?: string }>("POST", "/v1/topics/t/messages", { json: { body } })
            .catch(() => null);
          if (answer?.status !== 201) {
            refusals.add(answer === null ? "no connection" : `${answer.status} ${answer.json.code}`);
            return;
          }
          accepted.push(body);
        }
      });
      await untilTrue("they publish", () => accepted.length > 100);
      expect((await server.stop()).code).toBe(0);
      await Promise.all(publishers);
    }
    await using second = await Server.start({ folder: folder.path });
    await second.api.ok("GET", "/readyz");
    const arrived = () => new Set(receiver.arrivals.map(({ text }) => text));
    await untilTrue("all that was accepted has arrived", () => {
      const texts = arrived();
      return accepted.every((body) => texts.has(body));
    });
    for (const refusal of refusals) expect(["no connection", "503 shutting_down"]).toContain(refusal);
  });

  it("is not held up by clients that listen to events, upload slowly or keep their connection", async () => {
    await using folder = await temporaryFolder();
    await using server = await Server.start({ folder: folder.path, args: ["--shutdown-grace-ms", "300"] });
    await server.api.putTopic("t");
    const events = await fetch(`${server.url}/v1/events`);
    const upload = connect(server.port, "127.0.0.1").on("error", () => undefined);
    await once(upload, "connect");
    upload.write(
      "POST /v1/topics/t/messages HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nslow",
    );
    const idle = connect(server.port, "127.0.0.1").on("error", () => undefined);
    await once(idle, "connect");
    // Answered on the same connection, so the server has taken the slow one's bytes, which were sent before, too.
    await server.api.ok("GET", "/healthz");
    const ended = await server.stop();
    upload.destroy();
    idle.destroy();
    await events.body?.cancel().catch(() => undefined);
    expect(ended).toMatchObject({ code: 0, stderr: "" });
  });

  it("given twice ends the process at once, and the next start is an ordinary one", async () => {
    await using folder = await temporaryFolder();
    await using endpoint = await startHanging();
    await using server = await Server.start({ folder: folder.path, args: ["--shutdown-grace-ms", "60s"] });
    await server.api.putTopic("t");
    await server.api.subscribe("t", "s", { push: { url: endpoint.url, timeoutMs: 60_000 } });
    await server.api.publish("t", { body: "x" });
    await untilTrue("it is under way", () => endpoint.connections() === 1);
    server.signal("SIGTERM");
    await server.logged(/"msg":"stopping"/);
    // A second signal so soon after the first one is taken for npm passing the same one on; this one is a person's.
    const { code } = await until(
      "it has ended",
      async () => {
        server.signal("SIGTERM");
        return Promise.race([server.ended, new Promise<null>((resolve) => setTimeout(resolve, 50, null))]);
      },
      (ended) => ended !== null,
    ).then((ended) => ended ?? { code: null });
    expect(code).toBe(1);
    await using second = await Server.start({ folder: folder.path });
    expect(await second.api.counts("t", "s")).toMatchObject({ backlog: 0, inFlight: 1 });
  });
});

describe.concurrent("a start", () => {
  it("on a folder that another server uses is refused in one line, and the other one is not disturbed", async () => {
    await using folder = await temporaryFolder();
    await using first = await Server.start({ folder: folder.path });
    const { code, stderr, stdout } = await spawnServer({ folder: folder.path }).ended;
    expect(code).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^ringback: The data folder is in use by another Ringback \(process \d+\)\. .*\n$/);
    await first.api.putTopic("still-here");
    expect((await first.api.publish("still-here", { body: "x" })).seq).toBe(1);
  });

  it.each([
    ["a file", "/etc/hostname", "it is a file"],
    ["a folder that the system does not let be made", "/proc/ringback", "ENOENT"],
  ])("on %s is refused in one line", { skip: process.platform !== "linux" }, async (_what, path, reason) => {
    const { code, stderr, stdout } = await spawnServer({ folder: path }).ended;
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(`ringback: The data folder "${path}" cannot be used: ${reason}`);
    expect(stderr.trimEnd()).not.toContain("\n");
  });

  it("on a port that is in use is refused in one line, and leaves the folder free", async () => {
    await using folder = await temporaryFolder();
    await using other = await temporaryFolder();
    await using first = await Server.start({ folder: folder.path });
    const { code, stderr, stdout } = await spawnServer({ folder: other.path, port: first.port }).ended;
    expect(code).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toBe(
      `ringback: 127.0.0.1:${first.port} is in use already; stop what listens there, or give --listen another address\n`,
    );
    await using second = await Server.start({ folder: other.path });
    await second.api.ok("GET", "/readyz");
  });

  it("on a folder that a newer version has written is refused in one line", async () => {
    await using folder = await temporaryFolder();
    await (await Server.start({ folder: folder.path })).stop();
    const db = new DatabaseSync(join(folder.path, "ringback.db"));
    db.exec("PRAGMA user_version = 999");
    db.close();
    const { code, stderr } = await spawnServer({ folder: folder.path }).ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^ringback: The data folder was written by a newer Ringback .*\n$/);
  });

  it("by `npm start -- --listen … --data …` is the same server, and Ctrl-C, which npm passes on once more, stops it in order", async () => {
    await using folder = await temporaryFolder();
    const root = fileURLToPath(new URL("../../..", import.meta.url));
    const args = ["start", "--", "--listen", "127.0.0.1:0", "--data", folder.path];
    await using npm = startProgram("npm", args, root);
    await untilTrue("it listens", () => /"msg":"listening"/.test(npm.output()));
    const api = new Api(/"url":"(http:[^"]+)"/.exec(npm.output())?.[1] ?? "");
    await api.putTopic("t");
    npm.signalGroup("SIGINT");
    await npm.ended;
    expect(npm.output()).toMatch(/"msg":"stopped"/);
    await using again = await Server.start({ folder: folder.path });
    expect(await again.api.ok("GET", "/v1/topics/t")).toMatchObject({ name: "t" });
  });
});
