/**
 * Real: the server, its database with a size limit, a server as a child process whose file writes the kernel refuses.
 * Nothing is faked. A device that reports errors is not tested, because that needs more rights than a test should have.
 */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { copies } from "./harness/copies.ts";
import type { Api, ProblemView, PublishedView } from "./harness/api.ts";
import { subscriptionPath } from "./harness/api.ts";
import { limitFileSize } from "./harness/disk.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { isInstalled } from "./harness/program.ts";
import { startHeldReceiver } from "./harness/held-receiver.ts";
import { startReceiver } from "./harness/receiver.ts";
import { Server, startServerInProcess } from "./harness/server.ts";
import { until, untilTrue } from "./harness/until.ts";

const publishPath = "/v1/topics/t/messages";

interface Filled {
  readonly accepted: readonly string[];
  readonly refusal: { status: number; json: ProblemView; headers: Headers };
}

/** Publishes smaller and smaller messages, until even the smallest is refused. */
async function fill(api: Api): Promise<Filled> {
  const accepted: string[] = [];
  for (const bytes of [60_000, 4_000, 1]) {
    for (;;) {
      const answer = await api.call<PublishedView & ProblemView>("POST", publishPath, {
        json: { body: "x".repeat(bytes) },
      });
      if (answer.status === 201) accepted.push(answer.json.id);
      else if (bytes === 1) return { accepted, refusal: answer };
      else break;
    }
  }
  throw new Error("not reached");
}

describe("a database at its size limit", { concurrent: true }, () => {
  it("refuses publishes with 503, keeps and delivers accepted messages, reports the state, and continues with a higher limit", async () => {
    await using folder = await temporaryFolder();
    await using receiver = await startReceiver();
    let accepted: readonly string[] = [];
    {
      const args = ["--database-bytes-max", "2MiB"];
      await using server = await startServerInProcess({ folder: folder.path, args });
      const { api } = server;
      await api.putTopic("t");
      await api.subscribe("t", "s", { push: { url: receiver.url } });
      const filled = await fill(api);
      accepted = filled.accepted;
      expect(accepted.length).toBeGreaterThan(10);
      expect(filled.refusal).toMatchObject({ status: 503, json: { code: "storage_full" } });
      expect(filled.refusal.json.detail.length).toBeGreaterThan(10);
      expect(Number(filled.refusal.headers.get("retry-after"))).toBeGreaterThan(0);
      await untilTrue("what was accepted has arrived", () =>
        accepted.every((id) => receiver.arrivals.some(({ messageId }) => messageId === id)),
      );
      const notReady = await until(
        "it says that it is not ready",
        () => api.call<ProblemView>("GET", "/readyz"),
        ({ status }) => status === 503,
      );
      expect(notReady.json.code).toMatch(/^storage_/);
      // The server is still alive, and reads still work.
      expect((await api.call("GET", "/healthz")).status).toBe(200);
      expect((await api.message(accepted[0] ?? "")).body).toHaveLength(60_000);

      expect((await server.stop()).code).toBe(0);
    }
    await using server = await startServerInProcess({ folder: folder.path, args: ["--database-bytes-max", "64MiB"] });
    const { api } = server;
    expect((await api.call("GET", "/readyz")).status).toBe(200);
    for (const id of accepted) expect((await api.call("GET", `/v1/messages/${id}`)).status).toBe(200);
    const { id } = await api.publish("t", { body: "x".repeat(60_000) });
    const last = await until(
      "it is delivered",
      () => api.delivery(id, "s"),
      ({ state }) => state === "delivered",
    );
    expect(last.attempts).toHaveLength(1);
    await until(
      "nothing is left to do",
      () => api.counts("t", "s"),
      ({ backlog, parked, inFlight }) => backlog + parked + inFlight === 0,
    );
  });

  it("accepts publishes again as soon as dead letters have been purged, without a restart", async () => {
    await using folder = await temporaryFolder();
    await using receiver = await startReceiver(() => 500);
    await using server = await startServerInProcess({ folder: folder.path, args: ["--database-bytes-max", "2MiB"] });
    const { api } = server;
    await api.putTopic("t");
    // Each dead letter keeps a copy of its message.
    await api.subscribe("t", "s", { push: { url: receiver.url }, retry: "none" });
    const half = await api.publishBatch("t", copies(12, { body: "x".repeat(60_000) }));
    await until(
      "they are dead letters",
      () => api.counts("t", "s"),
      ({ deadLetters }) => deadLetters === half.length,
    );
    await api.ok("POST", `${subscriptionPath("t", "s")}/pause`);
    const { refusal } = await fill(api);
    expect(refusal.json.code).toBe("storage_full");
    expect(await api.ok("DELETE", `${subscriptionPath("t", "s")}/dead-letters?all=true`)).toEqual({
      count: half.length,
    });
    const { id } = await api.publish("t", { body: "x".repeat(60_000) });
    expect((await api.message(id)).body).toHaveLength(60_000);
    await until(
      "it is ready again",
      () => api.call("GET", "/readyz"),
      ({ status }) => status === 200,
    );
  });
});

describe("a pull from a database at its size limit", { concurrent: true }, () => {
  it("is refused at once, waiting or not, and gets its message when there is room, received for the first time", async () => {
    await using folder = await temporaryFolder();
    let ids: readonly string[] = [];
    {
      await using server = await startServerInProcess({ folder: folder.path, args: ["--database-bytes-max", "2MiB"] });
      const { api } = server;
      await api.putTopic("t");
      await api.subscribe("t", "s", { pull: {} });
      // While another program reads, the write-ahead log cannot be emptied. So even a write that needs no page fails.
      using reader = new DatabaseSync(join(folder.path, "ringback.db"), { readOnly: true });
      reader.exec("BEGIN");
      reader.prepare("SELECT count(*) FROM topic").get();
      ids = (await fill(api)).accepted;
      for (const waitMs of [0, 60_000]) {
        const refused = await api.call<ProblemView>("POST", `${subscriptionPath("t", "s")}/pull`, { json: { waitMs } });
        expect([refused.status, refused.json.code]).toEqual([503, "storage_full"]);
      }
    }
    await using server = await startServerInProcess({ folder: folder.path, args: ["--database-bytes-max", "64MiB"] });
    const last = await server.api.ok<{ messages: { id: string; receives: number }[] }>(
      "POST",
      `${subscriptionPath("t", "s")}/pull`,
      { json: { messagesMax: 1 } },
    );
    expect(last.messages).toEqual([expect.objectContaining({ receives: 1 })]);
    expect(ids).toContain(last.messages[0]?.id);
  });
});

describe("settlements that together do not fit into a database at its size limit", { concurrent: true }, () => {
  it("are written as far as they fit, before publishes; pulls do not wait for them, and the server stops", async () => {
    await using folder = await temporaryFolder();
    await using receiver = await startReceiver(() => 403);
    const args = ["--database-bytes-max", "2MiB"];
    await using server = await Server.start({ folder: folder.path, args });
    const { api } = server;
    await api.putTopic("big");
    await api.publishBatch("big", copies(15, { body: "x".repeat(50_000) }));
    await api.putTopic("t");
    await api.subscribe("t", "p", { pull: {} });
    await api.subscribe("t", "h", {
      push: { url: receiver.url },
      retry: { delaysMs: [200, 200, 200, 200, 200] },
      breaker: null,
    });
    const { accepted } = await fill(api);
    await untilTrue("every message has failed once", () =>
      accepted.every((id) => receiver.arrivals.some(({ messageId }) => messageId === id)),
    );
    const pullCounts = async () =>
      (await api.ok<{ pullCounts: { visible: number } }>("GET", subscriptionPath("t", "p"))).pullCounts;
    const pull = (json: unknown) =>
      api.call<ProblemView & { messages: unknown[] }>("POST", `${subscriptionPath("t", "p")}/pull`, { json });
    {
      // While another program reads, the write-ahead log cannot be emptied, so soon every write fails.
      using reader = new DatabaseSync(join(folder.path, "ringback.db"), { readOnly: true });
      reader.exec("BEGIN");
      reader.prepare("SELECT count(*) FROM topic").get();
      await until(
        "a pull is refused",
        () => pull({ messagesMax: 1 }),
        ({ status }) => status === 503,
      );
      // No answer says that there is no message: what a refused pull has claimed is free again at once.
      for (const json of [{ messagesMax: 100 }, { messagesMax: 2 }, { messagesMax: 1 }, { waitMs: 1_500 }]) {
        const { status, json: problem } = await pull(json);
        expect([json, status, problem.code]).toEqual([json, 503, "storage_full"]);
      }
      expect((await pullCounts()).visible).toBeGreaterThan(0);
    }
    await api.ok("DELETE", "/v1/topics/big");
    await until(
      "a pull gets a message",
      () => pull({ messagesMax: 1 }),
      ({ status }) => status === 200,
    );
    await until(
      "deliveries become dead letters",
      () => api.counts("t", "h"),
      ({ deadLetters }) => deadLetters > 0,
    );
    expect(await server.stop()).toMatchObject({ code: 0 });

    await using next = await Server.start({ folder: folder.path, args: ["--database-bytes-max", "64MiB"] });
    await until(
      "every delivery is a dead letter, once",
      () => next.api.counts("t", "h"),
      ({ deadLetters, backlog, parked, inFlight }) =>
        deadLetters === accepted.length && backlog + parked + inFlight === 0,
    );
    const { code, stdout, stderr } = await next.stop();
    expect([code, `${stdout}${stderr}`.includes("write-ahead log")]).toEqual([0, false]);
  });
});

describe("a disk that refuses writes", { concurrent: true }, () => {
  it("refuses each call that writes at once, and serves each call that reads", async (test) => {
    if (!(await isInstalled("prlimit"))) test.skip("there is no prlimit on this machine");
    await using folder = await temporaryFolder();
    await using server = await Server.start({ folder: folder.path });
    const { api } = server;
    await api.putTopic("t");
    // A receipt handle that has expired needs no write, so these last longer than the test.
    await api.subscribe("t", "pulled", { pull: { visibilityMs: 3_600_000 } });
    await api.subscribe("t", "pushed", { push: { url: "http://127.0.0.1:9/" }, retry: "none" });
    await api.ok("PUT", "/v1/inboxes/box", { json: {} });
    await api.ok("PUT", "/v1/hooks/hook", { json: { urls: ["http://127.0.0.1:9/"], protocol: "json" } });
    await api.publishBatch("t", copies(20, { body: "x" }));
    await api.call("POST", "/in/box", { json: { kept: true } });
    const path = subscriptionPath("t", "pulled");
    const pulled = await api.ok<{ messages: { receiptHandle: string }[] }>("POST", `${path}/pull`, {
      json: { messagesMax: 2 },
    });
    const receiptHandles = pulled.messages.map(({ receiptHandle }) => receiptHandle);
    await until(
      "the failed deliveries are dead letters",
      () => api.counts("t", "pushed"),
      ({ deadLetters }) => deadLetters === 20,
    );
    const writes: readonly [string, string, unknown?][] = [
      ["POST", publishPath, { body: "x" }],
      ["POST", `${publishPath}/batch`, { messages: [{ body: "x" }] }],
      ["POST", `${path}/pull`, { messagesMax: 1 }],
      ["POST", `${path}/pull`, { messagesMax: 1, waitMs: 60_000 }],
      ["POST", `${path}/ack`, { receiptHandles: receiptHandles.slice(0, 1) }],
      ["POST", `${path}/nack`, { receiptHandles: receiptHandles.slice(1) }],
      ["POST", `${path}/rewind`, { to: "oldest" }],
      ["POST", `${path}/pause`],
      ["POST", "/in/box", { x: 1 }],
      ["PUT", "/v1/topics/other", {}],
      ["PATCH", "/v1/topics/t", { retentionMs: 3_600_000 }],
      ["PUT", subscriptionPath("t", "new"), { pull: {} }],
      ["PATCH", path, { description: "changed" }],
      ["PUT", "/v1/inboxes/other", {}],
      ["PUT", "/v1/hooks/other", { urls: ["http://127.0.0.1:9/"], protocol: "json" }],
      ["POST", `${subscriptionPath("t", "pushed")}/dead-letters/redrive`, { all: true }],
      ["DELETE", `${subscriptionPath("t", "pushed")}/dead-letters?all=true`],
      ["DELETE", "/v1/hooks/hook"],
      ["DELETE", "/v1/inboxes/box"],
      ["DELETE", path],
      ["DELETE", "/v1/topics/t"],
    ];
    await limitFileSize(folder.path, 1);
    // Twice: before and after the server knows that the disk refuses writes.
    for (const round of [1, 2]) {
      for (const [method, url, json] of writes) {
        const answer = await api.call<ProblemView>(method, url, json === undefined ? {} : { json });
        expect([round, method, url, answer.status, answer.json.code]).toEqual([
          round,
          method,
          url,
          503,
          "storage_unavailable",
        ]);
      }
    }
    for (const url of ["/v1/topics", "/v1/topics/t", path, "/v1/inboxes/box", "/v1/hooks", "/metrics", "/healthz"]) {
      expect([url, (await api.call("GET", url)).status]).toEqual([url, 200]);
    }
    await limitFileSize(folder.path, null);
    await until(
      "a publish is accepted",
      () => api.call("POST", publishPath, { json: { body: "x" } }),
      ({ status }) => status === 201,
    );
  });

  it("causes only 503 answers to publishes, and the server recovers by itself when writes succeed again", async (test) => {
    if (!(await isInstalled("prlimit"))) test.skip("there is no prlimit on this machine");
    await using folder = await temporaryFolder();
    await using receiver = await startReceiver();
    await using server = await Server.start({ folder: folder.path });
    const { api } = server;
    await api.putTopic("t");
    await api.subscribe("t", "s", { push: { url: receiver.url } });
    const before = await api.publish("t", { body: "before" });
    await until(
      "it is delivered",
      () => api.delivery(before.id, "s"),
      ({ state }) => state === "delivered",
    );

    await limitFileSize(folder.path, 1);
    for (let count = 0; count < 3; count++) {
      const answer = await api.call<ProblemView>("POST", publishPath, { json: { body: "meanwhile" } });
      expect([answer.status, answer.json.code]).toEqual([503, "storage_unavailable"]);
    }
    expect(await api.call("GET", "/readyz")).toMatchObject({ status: 503, json: { code: "storage_unavailable" } });
    expect((await api.call("PUT", "/v1/topics/other", { json: {} })).status).toBe(503);
    expect((await api.message(before.id)).body).toBe("before");

    await limitFileSize(folder.path, null);
    const after = await until(
      "a publish is taken again",
      () => api.call<PublishedView>("POST", publishPath, { json: { body: "after" } }),
      ({ status }) => status === 201,
    );
    expect(after.json.seq).toBe(before.seq + 1);
    await untilTrue("it has arrived", () => receiver.arrivals.length === 2);
    expect(receiver.arrivals.map(({ text }) => text)).toEqual(["before", "after"]);
    expect((await api.call("GET", "/readyz")).status).toBe(200);
    expect((await api.call("PUT", "/v1/topics/other", { json: {} })).status).toBe(201);
  });

  it("in the middle of deliveries loses no outcome: they are kept until they can be written", async (test) => {
    if (!(await isInstalled("prlimit"))) test.skip("there is no prlimit on this machine");
    await using folder = await temporaryFolder();
    await using receiver = await startHeldReceiver();
    await using server = await Server.start({ folder: folder.path });
    const { api } = server;
    await api.putTopic("t");
    await api.subscribe("t", "s", { push: { url: receiver.url } });
    const published = await api.publishBatch("t", copies(20, { body: "x" }));
    await untilTrue("some are under way", () => receiver.heldCount() > 0);
    await limitFileSize(folder.path, 1);
    receiver.letGo();
    await until(
      "an outcome could not be written",
      () => api.call("GET", "/readyz"),
      ({ status }) => status === 503,
    );
    await limitFileSize(folder.path, null);
    for (const { id } of published) {
      const { attempts } = await until(
        "its outcome is written",
        () => api.delivery(id, "s"),
        ({ state }) => state === "delivered",
      );
      expect(attempts).toMatchObject([{ attempt: 1, verdict: "accepted", status: 200 }]);
    }
    expect(receiver.arrivals).toHaveLength(published.length);
  });
});
