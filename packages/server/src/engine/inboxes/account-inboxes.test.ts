import { array, assert, asyncProperty, constantFrom } from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { limits } from "../../domain/limits.ts";
import { engineLimits } from "../engine-limits.ts";
import { InboxScene, textOf } from "./testing/inbox-scene.ts";

const minuteMs = 60_000;
let scene: InboxScene;

beforeEach(() => {
  scene = new InboxScene();
});

describe("an inbox", () => {
  it("gives messages oldest first, each with its bytes, content type and id, and then nothing", async () => {
    await scene.put("in");
    const { id } = await scene.keep("in", "1", "text/x; a=b");
    await scene.keep("in", "2");
    const first = await scene.take("in");
    expect(first).toMatchObject({
      id,
      message: { body: Buffer.from("1"), contentType: "text/x; a=b" },
    });
    first?.done(true);
    expect(await scene.all("in")).toEqual(["2"]);
    expect(await scene.take("in")).toBeNull();
  });

  it("gives a message that its client did not receive to the next client, before later messages", async () => {
    await scene.put("in");
    for (const text of ["1", "2"]) await scene.keep("in", text);
    (await scene.take("in"))?.done(false);
    await scene.time.quiet();
    expect(await scene.all("in")).toEqual(["1", "2"]);
  });

  it("never gives a message to two clients at once", async () => {
    await scene.put("in");
    for (const text of ["1", "2", "3"]) await scene.keep("in", text);
    const taken = await Promise.all(["a", "b", "c", "d"].map(() => scene.take("in")));
    expect(taken).toHaveLength(4);
    expect(new Set(taken.map(textOf))).toEqual(new Set(["1", "2", "3", null]));
    expect(await scene.waiting("in")).toBe(3);
    taken[1]?.done(false);
    await scene.time.quiet();
    expect(textOf(await scene.take("in"))).toBe(textOf(taken[1] ?? null));
  });

  it("records when a message was taken and how long the answer took, and records nothing for one that was put back", async () => {
    await scene.put("in");
    const { id } = await scene.keep("in", "1");
    const record = () =>
      scene.store.records.getMessage(scene.store.catalog.defaultAccount().id, id as NonNullable<typeof id>);
    (await scene.take("in"))?.done(false);
    await scene.time.quiet();
    expect(await record()).toMatchObject({
      deliveries: [{ subscription: "inbox:in", state: "pending", attempts: [] }],
    });
    const at = scene.time.now();
    const taken = await scene.take("in");
    await scene.time.advance(20);
    taken?.done(true);
    await scene.time.quiet();
    const attempts = [{ attempt: 1, startedAtMs: at, durationMs: 20, verdict: "accepted", status: null }];
    expect(await record()).toMatchObject({ deliveries: [{ state: "delivered", attempts }] });
  });

  it("counts only the first outcome of a taken message", async () => {
    await scene.put("in");
    await scene.keep("in", "1");
    const taken = await scene.take("in");
    taken?.done(true);
    taken?.done(false);
    await scene.time.quiet();
    expect(await scene.take("in")).toBeNull();
  });

  it("keeps its messages over the end of the process, including one that was on its way to a client", async () => {
    await scene.put("in");
    for (const text of ["1", "2", "3"]) await scene.keep("in", text);
    expect(await scene.next("in")).toBe("1");
    await scene.take("in");
    scene.restart();
    expect(await scene.all("in")).toEqual(["2", "3"]);
  });

  it("gives a message again when its lease ends without an outcome", async () => {
    await scene.put("in");
    await scene.keep("in", "1");
    await scene.take("in");
    await scene.time.advance(engineLimits.inboxLeaseMs);
    expect(await scene.all("in")).toEqual(["1"]);
  });

  it("is a queue: whatever is kept, taken or put back, each message is delivered once, in order", async () => {
    const step = constantFrom("keep", "take", "put back", "die");
    await assert(
      asyncProperty(array(step, { maxLength: 40 }), async (steps) => {
        const run = new InboxScene();
        await run.put("in");
        const queue: string[] = [];
        for (const [at, what] of steps.entries()) {
          if (what === "keep") {
            await run.keep("in", `${at}`);
            queue.push(`${at}`);
            continue;
          }
          const taken = await run.take("in");
          expect(textOf(taken)).toBe(queue[0] ?? null);
          if (what === "die") run.restart();
          else taken?.done(what === "take");
          if (what === "take") queue.shift();
          await run.time.quiet();
        }
        expect(await run.all("in")).toEqual(queue);
        expect(run.failures).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it("refuses messages past its limit, and keeps again when one was taken", async () => {
    await scene.put("in", { messagesMax: 2 });
    const results = await Promise.allSettled(["1", "2", "3", "4"].map((text) => scene.keep("in", text)));
    expect(results.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "fulfilled", "rejected", "rejected"]);
    await expect(scene.keep("in", "5")).rejects.toMatchObject({ code: "inbox_full" });
    // A message on its way to a client still counts.
    const taken = await scene.take("in");
    await expect(scene.keep("in", "5")).rejects.toMatchObject({ code: "inbox_full" });
    taken?.done(true);
    await scene.time.quiet();
    await scene.keep("in", "6");
    expect(await scene.waiting("in")).toBe(2);
  });

  it("refuses a body that is larger than its limit", async () => {
    await scene.put("in", { bodyBytesMax: 1024 });
    await scene.keep("in", "x".repeat(1024));
    await expect(scene.keep("in", "x".repeat(1025))).rejects.toMatchObject({
      code: "body_too_large",
      message: 'body: has 1025 bytes; the inbox "in" takes at most 1024',
    });
  });

  it("bounds the bytes on their way to slow clients, and goes on when one has read", async () => {
    await scene.put("in");
    const body = "x".repeat(limits.bodyBytesMax);
    const outMax = engineLimits.pullUnreadBytesMax / limits.bodyBytesMax;
    for (let at = 0; at <= outMax; at++) await scene.keep("in", body);
    const results = await Promise.allSettled(Array.from({ length: 2 * outMax }, () => scene.take("in")));
    const taken = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    const refused = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
    expect(taken).toHaveLength(outMax);
    expect(refused).toHaveLength(outMax);
    await scene.put("other");
    await scene.keep("other", "not held up by it");
    expect(await scene.next("other")).toBe("not held up by it");
    expect(refused[0]).toMatchObject({ code: "overloaded" });
    taken[0]?.done(true);
    expect(await scene.next("in")).toBe(body);
    expect(await scene.next("in")).toBeNull();
  });

  it("loses messages that are past their retention, and counts them as expired", async () => {
    await scene.put("in", { retentionMs: minuteMs });
    await scene.keep("in", "old");
    await scene.time.advance(minuteMs + 1);
    await scene.keep("in", "new");
    expect((await scene.store.log.retain()).expired).toMatchObject([{ count: 1 }]);
    expect(await scene.all("in")).toEqual(["new"]);
  });

  it("applies settings that are put again, and keeps its messages", async () => {
    const { inbox, created } = await scene.put("in", { messagesMax: 1, bodyBytesMax: 1024 });
    expect(created).toBe(true);
    await scene.keep("in", "1");
    expect(await scene.put("in", { messagesMax: 1, bodyBytesMax: 1024 })).toEqual({ inbox, created: false });
    await scene.put("in", { bodyBytesMax: 2048, retentionMs: minuteMs });
    await scene.keep("in", "x".repeat(2048));
    await scene.time.advance(minuteMs + 1);
    await scene.store.log.retain();
    expect(await scene.all("in")).toEqual([]);
  });

  it("can be read, listed and deleted with its log, and a new one of the same name is empty", async () => {
    for (const name of ["b", "a"]) await scene.put(name);
    await scene.keep("a", "old");
    const { items } = await scene.inboxes.list({ after: null, limit: 10 });
    expect(items.map(({ name }) => name)).toEqual(["a", "b"]);
    expect(await scene.inboxes.delete("a")).toBe(true);
    expect(await scene.inboxes.delete("a")).toBe(false);
    expect(await scene.inboxes.get("a")).toBeNull();
    for (const use of [() => scene.keep("a", "1"), () => scene.take("a")]) {
      await expect(use()).rejects.toMatchObject({ code: "inbox_not_found", message: 'There is no inbox "a".' });
    }
    expect(await scene.store.records.statistics()).toMatchObject({ backlog: 0 });
    await scene.put("a");
    expect(await scene.all("a")).toEqual([]);
  });

  it("works after a crash in the middle of its creation", async () => {
    const { id } = scene.store.catalog.defaultAccount();
    const { inbox } = await scene.put("whole");
    await scene.store.entries.put(id, "inbox", "half", { ...inbox });
    await scene.keep("half", "1");
    expect(await scene.all("half")).toEqual(["1"]);
  });

  it("keeps nothing when the store fails, and returns the error", async () => {
    await scene.put("in");
    const append = scene.store.log.append.bind(scene.store);
    scene.store.log.append = () => Promise.reject(new Error("the disk is gone"));
    await expect(scene.keep("in", "1")).rejects.toThrow("the disk is gone");
    scene.store.log.append = append;
    await scene.keep("in", "2");
    expect(await scene.all("in")).toEqual(["2"]);
  });
});

describe("an inbox that keeps only while it is polled", () => {
  const whilePolledMs = 300_000;

  it("keeps messages within the time after the last poll, and drops all of them when one comes later", async () => {
    await scene.put("in", { whilePolledMs });
    await scene.take("in");
    await scene.time.advance(whilePolledMs - 1);
    expect(await scene.keep("in", "1")).toMatchObject({ kept: true });
    await scene.keep("in", "2");
    await scene.time.advance(1);
    expect(await scene.keep("in", "3")).toEqual({ kept: false, id: null });
    expect(await scene.all("in")).toEqual([]);
    await scene.keep("in", "4");
    expect(await scene.all("in")).toEqual(["4"]);
  });

  it("is emptied when a message arrives and not before", async () => {
    await scene.put("in", { whilePolledMs });
    await scene.keep("in", "1");
    await scene.time.advance(2 * whilePolledMs);
    expect(await scene.all("in")).toEqual(["1"]);
  });

  it("counts as polled at its creation and at each start of the server", async () => {
    await scene.time.advance(whilePolledMs);
    await scene.put("in", { whilePolledMs });
    await scene.time.advance(whilePolledMs - 1);
    await scene.keep("in", "1");
    scene.restart();
    await scene.time.advance(whilePolledMs - 1);
    await scene.keep("in", "2");
    expect(await scene.all("in")).toEqual(["1", "2"]);
  });

  it("counts as polled while a client waits, and at the end of the wait", async () => {
    await scene.put("in", { whilePolledMs: 1_000 });
    const waiting = scene.take("in", minuteMs);
    await scene.time.advance(minuteMs - 1);
    await scene.keep("in", "1");
    expect(textOf(await waiting)).toBe("1");
    await scene.time.advance(999);
    await scene.keep("in", "2");
    await scene.time.advance(1);
    await scene.keep("in", "3");
    expect(await scene.all("in")).toEqual([]);
  });

  it("reports how many messages it dropped, and writes nothing while it stays unpolled", async () => {
    await scene.put("in", { whilePolledMs });
    for (const text of ["1", "2", "3"]) await scene.keep("in", text);
    await scene.time.advance(whilePolledMs);
    scene.liveEvents.length = 0;
    await scene.keep("in", "4");
    const at = scene.time.now();
    const about = { accountId: scene.store.catalog.defaultAccount().id, topic: "inbox:in", subscription: "inbox:in" };
    const expired = { type: "delivery.expired", at, ...about, count: 3 };
    expect([scene.liveEvents, scene.observer.expiredCount]).toEqual([[expired], 3]);
    scene.store.catalog.deleteSubscription = () => Promise.reject(new Error("called again"));
    await scene.keep("in", "5");
    expect(await scene.waiting("in")).toBe(0);
  });

  it("keeps a message that comes after a poll while earlier messages are still being removed", async () => {
    await scene.put("in", { whilePolledMs });
    await scene.keep("in", "1");
    await scene.time.advance(whilePolledMs);
    const remove = scene.store.catalog.deleteSubscription.bind(scene.store);
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    scene.store.catalog.deleteSubscription = async (...about) => {
      begin();
      await held;
      return remove(...about);
    };
    const late = scene.keep("in", "2");
    await begun;
    (await scene.take("in"))?.done(true);
    const kept = scene.keep("in", "3");
    await scene.time.quiet();
    letGo();
    expect([(await late).kept, (await kept).kept]).toEqual([false, true]);
    expect(await scene.all("in")).toEqual(["3"]);
  });

  it("has a limit of messages like any other inbox", async () => {
    await scene.put("in", { whilePolledMs, messagesMax: 1 });
    await scene.keep("in", "1");
    await expect(scene.keep("in", "2")).rejects.toMatchObject({ code: "inbox_full" });
  });
});
