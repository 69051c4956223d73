/**
 * Real: the server inside the test's process, its database, sockets, a shell with the `curl` lines of the guide. Faked:
 * the receivers, by the tests. `kill.test.ts` tests pulled messages after a kill.
 */
import { describe, expect, it } from "vitest";
import type { DeadLetterView } from "./harness/api.ts";
import { runInShell } from "./harness/program.ts";
import { pulledFrom } from "./harness/pulled.ts";
import type { Pulled } from "./harness/pulled.ts";
import { curlLines, readmeServer } from "./harness/readme.ts";
import { useServer } from "./harness/running-server.ts";
import { until } from "./harness/until.ts";

const server = useServer();

describe("pulling", () => {
  it("delivers each message once while it is invisible, oldest first, and never again once it is acknowledged", async () => {
    const { pull, answer, counts, publish } = await pulledFrom(server().api, "work");
    await publish("1", "2", "3");
    const first = await pull({ messagesMax: 2 });
    expect(first.map(({ body, receives }) => [body, receives])).toEqual([
      ["1", 1],
      ["2", 1],
    ]);
    const second = await pull({ messagesMax: 100 });
    expect(second.map(({ body }) => body)).toEqual(["3"]);
    expect(await counts()).toMatchObject({ visible: 0, invisible: 3, delayed: 0 });
    const receiptHandles = [...first, ...second].map(({ receiptHandle }) => receiptHandle);
    expect(await answer("ack", receiptHandles)).toEqual({
      failed: 0,
      results: receiptHandles.map((receiptHandle) => ({ receiptHandle, result: "done" })),
    });
    expect(await answer("ack", [receiptHandles[0] ?? "", "nonsense"])).toMatchObject({
      failed: 2,
      results: [{ result: "ended" }, { result: "malformed" }],
    });
    expect([await pull(), await counts()]).toMatchObject([[], { visible: 0, invisible: 0, oldestAt: null }]);
  });

  it("returns as many messages in one answer as requested", async () => {
    const { pull, publish } = await pulledFrom(server().api, "many");
    const bodies = Array.from({ length: 101 }, (_, index) => `${index}`);
    await publish(...bodies);
    expect((await pull({ messagesMax: 100 })).map(({ body }) => body)).toEqual(bodies.slice(0, 100));
  });

  it("tells a waiting receiver that the subscription was deleted, and uses the current settings", async () => {
    const { api } = server();
    const { path, pull, publish } = await pulledFrom(api, "changing");
    await pull();
    await api.ok("PUT", path, { json: { pull: { visibilityMs: 1_000 } } });
    await publish("1");
    const [first] = await pull({ waitMs: 1_000 });
    expect(Date.parse(first?.visibleAt ?? "") - Date.now()).toBeLessThanOrEqual(1_000);
    const [again] = await pull({ waitMs: 50_000, visibilityMs: 60_000 });
    expect(again?.receives).toBe(2);
    const waiting = api.call("POST", `${path}/pull`, { json: { waitMs: 60_000 } });
    await api.ok("GET", path);
    await api.ok("DELETE", path);
    expect((await waiting).status).toBe(404);
  });

  it("wakes a waiting receiver", async () => {
    const { pull, publish } = await pulledFrom(server().api, "waiting");
    const waiting = pull({ waitMs: 60_000 });
    await publish("1");
    expect(await waiting).toMatchObject([{ body: "1" }]);
  });

  it("delivers again a message that was put back, at once to a waiting receiver, and one that was not acknowledged in time", async () => {
    const { pull, answer, publish } = await pulledFrom(server().api, "again");
    await publish("1");
    const [once] = await pull();
    const waiting = pull({ waitMs: 60_000, visibilityMs: 1_000 });
    expect(await answer("nack", [once?.receiptHandle ?? ""])).toMatchObject({ failed: 0 });
    expect(await waiting).toMatchObject([{ body: "1", receives: 2 }]);
    // No receiver acknowledges this message, so it is visible again a second later.
    const [third] = await pull({ waitMs: 60_000 });
    expect(third).toMatchObject({ body: "1", receives: 3 });
    expect(await answer("ack", [once?.receiptHandle ?? "", third?.receiptHandle ?? ""])).toMatchObject({
      results: [{ result: "ended" }, { result: "done" }],
    });
  });

  it("turns a message that was never acknowledged into a dead letter after the maximum of receives", async () => {
    const { api } = server();
    const { path, pull, answer, publish } = await pulledFrom(api, "poison", { pull: { receivesMax: 2 } });
    const [receiptHandle] = await publish("1");
    for (const receives of [1, 2]) {
      const [taken] = await pull({ waitMs: 10_000 });
      expect(taken).toMatchObject({ receives });
      await answer("nack", [taken?.receiptHandle ?? ""]);
    }
    expect(await pull()).toEqual([]);
    const { items } = await until(
      "the dead letter is there",
      () => api.ok<{ items: readonly DeadLetterView[] }>("GET", `${path}/dead-letters`),
      ({ items }) => items.length > 0,
    );
    expect(items).toMatchObject([{ reason: "receives_exhausted", message: { id: receiptHandle?.id } }]);
    expect(await api.delivery(receiptHandle?.id ?? "", "workers")).toMatchObject({
      state: "dead",
      reason: "receives_exhausted",
    });
  });

  it("delivers earlier messages again after a rewind", async () => {
    const { api } = server();
    const { path, pull, answer, publish } = await pulledFrom(api, "back");
    await publish("1", "2", "3");
    const taken = await pull({ messagesMax: 3 });
    await answer(
      "ack",
      taken.slice(0, 2).map(({ receiptHandle }) => receiptHandle),
    );
    await api.ok("POST", `${path}/rewind`, { json: { to: { seq: 2 } } });
    expect(await answer("ack", [taken[2]?.receiptHandle ?? ""])).toMatchObject({ results: [{ result: "ended" }] });
    expect((await pull({ messagesMax: 3 })).map(({ body }) => body)).toEqual(["2", "3"]);
    await api.ok("POST", `${path}/rewind`, { json: { to: "oldest" } });
    expect((await pull({ messagesMax: 3 })).map(({ body }) => body)).toEqual(["1", "2", "3"]);
  });

  it("holds the successors of an invisible message in an ordered subscription", async () => {
    const { pull, answer, publish } = await pulledFrom(server().api, "ordered", { order: "strict" });
    await publish("1", "2");
    const [first] = await pull({ messagesMax: 10 });
    expect(first).toMatchObject({ body: "1" });
    expect(await pull({ messagesMax: 10 })).toEqual([]);
    await answer("ack", [first?.receiptHandle ?? ""]);
    expect(await pull({ messagesMax: 10, waitMs: 10_000 })).toMatchObject([{ body: "2" }]);
  });
});

describe("docs/guide/pull.md", () => {
  it("works line by line", async () => {
    const { url } = server();
    let receiptHandle = "";
    const answers: unknown[] = [];
    for (const line of curlLines("docs/guide/pull.md")) {
      const typed = line.replaceAll(readmeServer, new URL(url).host).replaceAll("RECEIPT", receiptHandle);
      const answer = JSON.parse(await runInShell(`${typed} --silent --show-error --fail-with-body`)) as {
        messages?: readonly Pulled[];
      };
      answers.push(answer);
      receiptHandle = answer.messages?.[0]?.receiptHandle ?? receiptHandle;
    }
    expect(answers).toMatchObject([
      { name: "jobs" },
      { pull: { visibilityMs: 30_000, receivesMax: 5 } },
      { id: expect.stringMatching(/^\d+$/) },
      { messages: [{ body: "resize cat.jpg", receives: 1 }] },
      { failed: 0, results: [{ result: "done" }] },
      // The previous command has acknowledged the message.
      { failed: 1, results: [{ result: "ended" }] },
      { name: "workers" },
    ]);
  });
});
