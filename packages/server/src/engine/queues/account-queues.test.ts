import { beforeEach, describe, expect, it } from "vitest";
import { queueLogName } from "../../domain/internal-names.ts";
import { engineLimits } from "../engine-limits.ts";
import { PullScene, textOf, visibilityMs } from "../pull/testing/pull-scene.ts";

const dayMs = 24 * 3600_000;
let scene: PullScene;

beforeEach(() => {
  scene = new PullScene();
});

async function receiveAndLetGo(name: string): Promise<string[]> {
  const messages = await scene.receive(name, { messagesMax: 16 });
  await scene.time.advance(visibilityMs);
  return messages.map(textOf);
}

describe("a queue", () => {
  it("delivers messages oldest first, and not again after an acknowledgement", async () => {
    await scene.queue("jobs");
    const ids = await scene.send("jobs", "1", "2");
    await scene.send("jobs", "3");
    const messages = await scene.receive("jobs", { messagesMax: 16 });
    expect(messages.map(textOf)).toEqual(["1", "2", "3"]);
    expect(messages.slice(0, 2).map(({ id }) => id)).toEqual(ids);
    const receiptHandles = messages.map(({ receiptHandle }) => receiptHandle);
    expect(await scene.queues.acknowledge("jobs", receiptHandles)).toEqual(["done", "done", "done"]);
    await scene.time.advance(visibilityMs);
    expect(await scene.receive("jobs")).toEqual([]);
  });

  it("is found by its name in any case, keeps its original spelling, and cannot be created twice", async () => {
    const { id } = await scene.queue("Jobs-A");
    await expect(scene.queue("jobs-a")).rejects.toMatchObject({ code: "queue_exists" });
    expect(await scene.queues.get("JOBS-A")).toMatchObject({ name: "Jobs-A", id });
    await scene.send("jobs-A", "1");
    expect(await scene.drain("JOBS-a")).toEqual(["1"]);
  });

  it("is listed by name with its settings, but not as a topic", async () => {
    await scene.queue("b", { waitMs: 3_000 });
    await scene.queue("A");
    const { items, next } = await scene.queues.list({ after: null, limit: 10 });
    expect(items).toMatchObject([{ name: "A" }, { name: "b", waitMs: 3_000 }]);
    expect(next).toBeNull();
    expect(
      (await scene.store.catalog.listTopics(scene.store.catalog.defaultAccount().id, { after: null, limit: 10 })).items,
    ).toEqual([]);
  });

  it("does not exist before its creation and after its deletion, and is empty when created again", async () => {
    const notFound = { code: "queue_not_found" };
    await expect(scene.send("jobs", "1")).rejects.toMatchObject(notFound);
    const { id } = await scene.queue("jobs");
    await scene.send("jobs", "1");
    expect(await scene.queues.delete("JOBS")).toBe(true);
    expect(await scene.queues.delete("jobs")).toBe(false);
    expect(await scene.queues.get("jobs")).toBeNull();
    const received = await Promise.allSettled([
      scene.send("jobs", "1"),
      scene.receive("jobs"),
      scene.queues.acknowledge("jobs", []),
      scene.queues.counts("jobs"),
      scene.queues.rewind("jobs", 0),
      scene.queues.change("jobs", {}),
    ]);
    expect(received).toMatchObject(received.map(() => ({ status: "rejected", reason: notFound })));
    expect((await scene.queue("jobs")).id).not.toBe(id);
    expect(await scene.drain("jobs")).toEqual([]);
  });

  it("ends waiting receives when it is deleted", async () => {
    await scene.queue("jobs", { waitMs: 20_000 });
    const waiting = scene.queues.receive("jobs", {
      messagesMax: 1,
      waitMs: null,
      visibilityMs: null,
      gone: new AbortController().signal,
    });
    waiting.catch(() => {});
    await scene.time.quiet();
    await scene.queues.delete("jobs");
    await expect(scene.finished(waiting)).rejects.toMatchObject({ code: "queue_not_found" });
  });

  it("waits as its settings say when a receive names no wait", async () => {
    await scene.queue("jobs", { waitMs: 7_000 });
    const beginMs = scene.time.now();
    const received = scene.queues.receive("jobs", {
      messagesMax: 1,
      waitMs: null,
      visibilityMs: null,
      gone: new AbortController().signal,
    });
    expect(await scene.finished(received)).toEqual([]);
    expect(scene.time.now() - beginMs).toBe(7_000);
  });

  it("can be changed in part, and keeps its messages", async () => {
    const { id } = await scene.queue("jobs");
    await scene.send("jobs", "1");
    const changed = await scene.queues.change("Jobs", { visibilityMs: 1_000, bodyBytesMax: 2_048 });
    expect(changed).toMatchObject({ name: "jobs", id, visibilityMs: 1_000, bodyBytesMax: 2_048, messagesMax: 1_000 });
    const [message] = await scene.receive("jobs");
    expect((message?.visibleAtMs ?? 0) - scene.time.now()).toBe(1_000);
  });

  it("refuses a body that is too large, and with it the whole batch", async () => {
    await scene.queue("jobs", { bodyBytesMax: 1024 });
    await expect(scene.send("jobs", "1", "x".repeat(1025))).rejects.toMatchObject({
      code: "body_too_large",
      message: 'messages[1].body: has 1025 bytes; the queue "jobs" accepts at most 1024',
    });
    await scene.send("jobs", "x".repeat(1024));
    expect(await scene.queues.counts("jobs")).toMatchObject({ visible: 1 });
  });

  it("never exceeds its limit of messages, however many are sent concurrently", async () => {
    await scene.queue("jobs", { messagesMax: 5 });
    scene.store.latencyMsMax = 20;
    const sent = await scene.finished(
      Promise.allSettled(Array.from({ length: 12 }, (_, index) => scene.send("jobs", `${index}`))),
    );
    scene.store.latencyMsMax = 0;
    expect(sent.filter(({ status }) => status === "fulfilled")).toHaveLength(5);
    await expect(scene.send("jobs", "6")).rejects.toMatchObject({ code: "queue_full" });
    const [message] = await scene.receive("jobs");
    await expect(scene.send("jobs", "6")).rejects.toMatchObject({ code: "queue_full" });
    await scene.queues.acknowledge("jobs", [message?.receiptHandle ?? ""]);
    await scene.send("jobs", "6");
    await expect(scene.send("jobs", "7", "8")).rejects.toMatchObject({ code: "queue_full" });
  });

  it("counts visible, invisible, delayed and rewindable messages", async () => {
    await scene.queue("jobs", { rewindMs: dayMs });
    await scene.send("jobs", "1", "2", "3");
    await scene.queues.send("jobs", [{ body: Buffer.from("later"), delayMs: 60_000 }]);
    const [first] = await scene.receive("jobs", { messagesMax: 2 });
    await scene.queues.acknowledge("jobs", [first?.receiptHandle ?? ""]);
    const oldestAtMs = scene.time.now();
    expect(await scene.queues.counts("jobs")).toEqual({
      visible: 1,
      invisible: 1,
      delayed: 1,
      oldestAtMs,
      rewindable: 1,
    });
  });

  it("delivers acknowledged messages again after a rewind, which its settings limit", async () => {
    await scene.queue("jobs", { rewindMs: 60_000 });
    await scene.send("jobs", "1");
    await scene.time.advance(10_000);
    const backToMs = scene.time.now();
    await scene.send("jobs", "2", "3");
    expect(await scene.drain("jobs")).toEqual(["1", "2", "3"]);
    const waiting = scene.request(await logOf("jobs"), { waitMs: 20_000, messagesMax: 16 });
    await scene.time.quiet();
    await scene.queues.rewind("jobs", backToMs);
    expect((await scene.finished(waiting)).map(textOf)).toEqual(["2", "3"]);
    await scene.time.advance(60_001);
    await expect(scene.queues.rewind("jobs", backToMs)).rejects.toMatchObject({ code: "invalid_request" });
    await expect(scene.queue("other", { rewindMs: 5 * dayMs })).rejects.toMatchObject({ code: "invalid_request" });
  });

  it("creates its log again after a crash has left it without one", async () => {
    const { id } = await scene.queue("jobs");
    await scene.store.catalog.deleteTopic(scene.store.catalog.defaultAccount().id, queueLogName("jobs"));
    await Promise.all([scene.send("jobs", "1"), scene.send("jobs", "2"), scene.queues.get("jobs")]);
    expect((await scene.queues.get("jobs"))?.id).not.toBe(id);
    expect((await scene.drain("jobs")).toSorted()).toEqual(["1", "2"]);
  });

  it("does not contain messages of an earlier queue of its name", async () => {
    await scene.queue("jobs");
    await scene.send("jobs", "old");
    await scene.store.entries.delete(scene.store.catalog.defaultAccount().id, "queue", "jobs");
    await scene.time.advance(1);
    await scene.queue("jobs");
    expect(await scene.drain("jobs")).toEqual([]);
  });

  it("keeps visible and invisible messages after the end of the process", async () => {
    await scene.queue("jobs");
    await scene.send("jobs", "1", "2");
    const [first] = await scene.receive("jobs");
    scene.restart();
    expect(await scene.drain("jobs")).toEqual(["2"]);
    await scene.time.advance(visibilityMs);
    const [again] = await scene.receive("jobs");
    expect(again).toMatchObject({ id: first?.id, receives: 2 });
  });
});

async function logOf(name: string) {
  const topic = await scene.store.catalog.getTopic(scene.store.catalog.defaultAccount().id, queueLogName(name));
  const subscription = topic && (await scene.store.catalog.getSubscription(topic.id, queueLogName(name)));
  if (subscription === null) throw new Error(`the queue ${name} has no log`);
  return subscription;
}

describe("dead letters of a queue", () => {
  const byReceives = { queue: "dead", after: "receives", receivesMax: 2 } as const;

  it("move to the dead-letter queue after the maximum number of receives", async () => {
    await scene.queue("dead");
    await scene.queue("jobs", { deadLetters: byReceives });
    await scene.send("jobs", "1");
    expect([await receiveAndLetGo("jobs"), await receiveAndLetGo("jobs")]).toEqual([["1"], ["1"]]);
    expect(await scene.receive("jobs")).toEqual([]);
    expect(await scene.drain("dead")).toEqual(["1"]);
    expect(scene.observer.deaths).toEqual(["receives_exhausted"]);
    expect(await scene.queues.counts("jobs")).toMatchObject({ visible: 0, invisible: 0 });
  });

  it("keep the number of their hops, and their trace", async () => {
    await scene.queue("dead");
    await scene.queue("jobs", { deadLetters: byReceives });
    const trace = { traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", tracestate: null };
    await scene.queues.send("jobs", [{ body: Buffer.from("1"), delayMs: 0, hops: 3, trace }]);
    for (const _ of [1, 2]) await receiveAndLetGo("jobs");
    expect(await scene.receive("jobs")).toEqual([]);
    expect((await scene.receive("dead")).map(({ message }) => message)).toMatchObject([{ hops: 3, trace }]);
  });

  it("move there when their time since the first receive is over", async () => {
    await scene.queue("dead");
    await scene.queue("jobs", { deadLetters: { queue: "DEAD", after: "time", ttlMs: 2 * visibilityMs } });
    await scene.send("jobs", "1");
    expect([await receiveAndLetGo("jobs"), await receiveAndLetGo("jobs")]).toEqual([["1"], ["1"]]);
    expect(await scene.receive("jobs")).toEqual([]);
    expect(await scene.drain("dead")).toEqual(["1"]);
    expect(scene.observer.deaths).toEqual(["expired"]);
  });

  it("are moved once even if a crash comes between the move and its record", async () => {
    await scene.queue("dead");
    await scene.queue("jobs", { deadLetters: byReceives });
    await scene.send("jobs", "1");
    await receiveAndLetGo("jobs");
    await receiveAndLetGo("jobs");
    scene.store.failing.set("settle", new Error("the database is gone"));
    await expect(scene.receive("jobs")).rejects.toThrow("the database is gone");
    scene.store.failing.clear();
    scene.restart();
    await scene.time.advance(engineLimits.pullLeaseMs);
    expect(await scene.receive("jobs")).toEqual([]);
    expect(await scene.drain("dead")).toEqual(["1"]);
    expect(await scene.queues.counts("jobs")).toMatchObject({ visible: 0, invisible: 0 });
  });

  it("become ordinary dead letters when the dead-letter queue was deleted", async () => {
    await scene.queue("dead");
    await scene.queue("jobs", { deadLetters: byReceives });
    await scene.send("jobs", "1");
    await receiveAndLetGo("jobs");
    await receiveAndLetGo("jobs");
    await scene.queues.delete("dead");
    expect(await scene.receive("jobs")).toEqual([]);
    const letters = await scene.store.records.listDeadLetters((await logOf("jobs")).id, { after: null, limit: 10 });
    expect(letters.items).toMatchObject([{ reason: "receives_exhausted" }]);
  });

  it("stay invisible while the dead-letter queue is full", async () => {
    await scene.queue("dead", { messagesMax: 1 });
    await scene.send("dead", "full");
    await scene.queue("jobs", { deadLetters: byReceives });
    await scene.send("jobs", "1");
    await receiveAndLetGo("jobs");
    await receiveAndLetGo("jobs");
    expect(await scene.receive("jobs")).toEqual([]);
    expect(await scene.drain("dead")).toEqual(["full"]);
    await scene.time.advance(engineLimits.deadLetterRetryMs);
    expect(await scene.receive("jobs")).toEqual([]);
    expect(await scene.drain("dead")).toEqual(["1"]);
  });

  it("cannot be acknowledged while they wait, because all receipt handles have expired", async () => {
    await scene.queue("dead", { messagesMax: 1 });
    await scene.send("dead", "full");
    await scene.queue("jobs", { deadLetters: { ...byReceives, receivesMax: 1 } });
    await scene.send("jobs", "1");
    const [had] = await scene.receive("jobs");
    await scene.time.advance(visibilityMs);
    expect(await scene.queues.acknowledge("jobs", [had?.receiptHandle ?? ""])).toEqual(["ended"]);
    expect(await scene.receive("jobs")).toEqual([]);
    expect(await scene.queues.acknowledge("jobs", [had?.receiptHandle ?? ""])).toEqual(["ended"]);
    await scene.drain("dead");
    await scene.time.advance(engineLimits.deadLetterRetryMs);
    expect(await scene.receive("jobs")).toEqual([]);
    expect(await scene.drain("dead")).toEqual(["1"]);
  });

  it("need an existing dead-letter queue that is another queue", async () => {
    await expect(scene.queue("jobs", { deadLetters: byReceives })).rejects.toMatchObject({ code: "queue_not_found" });
    expect(await scene.queues.get("jobs")).toBeNull();
    await scene.queue("dead");
    await expect(scene.queues.change("dead", { deadLetters: byReceives })).rejects.toMatchObject({
      code: "invalid_request",
    });
    await scene.queue("jobs", { deadLetters: byReceives });
    expect(await scene.queues.change("jobs", { deadLetters: null })).toMatchObject({ deadLetters: null });
  });
});
