import { array, assert, asyncProperty, constantFrom } from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { limits } from "../../domain/limits.ts";
import { engineLimits } from "../engine-limits.ts";
import type { LeasedMessage } from "../pull/leased-delivery.ts";
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
    const step = constantFrom("keep", "take", "give back", "die");
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

describe("waiting for a message", () => {
  beforeEach(() => scene.put("in"));

  it("ends with the message as soon as it arrives, and makes no claim meanwhile", async () => {
    const waiting = scene.take("in", minuteMs);
    await scene.time.advance(59_000);
    expect(scene.claims).toBe(1);
    await scene.keep("in", "1");
    expect(textOf(await waiting)).toBe("1");
    expect(scene.claims).toBe(2);
    expect(scene.timers.waiting.size).toBe(0);
  });

  it("ends with nothing when its time is over, and leaves no timer", async () => {
    const waiting = scene.take("in", 1_000);
    await scene.time.advance(1_000);
    expect(await waiting).toBeNull();
    expect(scene.timers.waiting.size).toBe(0);
  });

  it("ends when the client leaves, and the next client gets the message", async () => {
    const leaving = new AbortController();
    const first = scene.take("in", minuteMs, leaving.signal);
    const second = scene.take("in", minuteMs);
    await scene.time.quiet();
    const kept = scene.keep("in", "1");
    leaving.abort();
    await kept;
    expect([await first, textOf(await second)]).toEqual([null, "1"]);
  });

  it("ends with nothing for a client that leaves in the moment of the wake-up, and no message is lost", async () => {
    const leaving = new AbortController();
    const first = scene.take("in", minuteMs, leaving.signal);
    await scene.time.quiet();
    scene.store.log.onReady(() => leaving.abort());
    await scene.keep("in", "1");
    expect(await first).toBeNull();
    await scene.time.quiet();
    expect(await scene.all("in")).toEqual(["1"]);
  });

  it("ends with a message that another client did not receive", async () => {
    await scene.keep("in", "1");
    const taken = await scene.take("in");
    const waiting = scene.take("in", minuteMs);
    await scene.time.quiet();
    taken?.done(false);
    await scene.time.quiet();
    expect(textOf(await waiting)).toBe("1");
  });

  it("ends with a message whose lease has expired", async () => {
    await scene.keep("in", "1");
    await scene.take("in");
    await scene.time.advance(engineLimits.inboxLeaseMs - 10_000);
    const waiting = scene.take("in", minuteMs);
    await scene.time.advance(10_000);
    expect(textOf(await waiting)).toBe("1");
    expect(scene.timers.waiting.size).toBe(0);
  });

  it("serves one client per message, first come, first served, with one claim for all messages that are there", async () => {
    const order: string[] = [];
    const waiting = ["a", "b", "c"].map(async (who) => {
      const taken = await scene.take("in", minuteMs);
      order.push(`${who} ${textOf(taken)}`);
      taken?.done(true);
    });
    await scene.time.quiet();
    await scene.keep("in", "1");
    await scene.time.quiet();
    expect([order, scene.claims]).toEqual([["a 1"], 2]);
    const topic = await scene.store.catalog.getTopic(scene.store.catalog.defaultAccount().id, "inbox:in");
    await scene.publish(topic as NonNullable<typeof topic>, "2", "3");
    await Promise.all(waiting);
    expect([order, scene.claims]).toEqual([["a 1", "b 2", "c 3"], 3]);
  });

  it("misses no message that arrives during a claim", async () => {
    scene.store.latencyMsMax = 50;
    const taken = Array.from({ length: 20 }, () => scene.take("in", minuteMs));
    const kept = Array.from({ length: 20 }, (_, at) => scene.keep("in", `${at}`));
    await scene.time.advance(10_000);
    await Promise.all(kept);
    const texts = (await Promise.all(taken)).map(textOf);
    expect(new Set(texts).size).toBe(20);
    expect(texts).not.toContain(null);
  });

  it("misses no message that arrives after a claim and before its answer", async () => {
    scene.afterNextClaim(() => scene.keep("in", "1"));
    expect(textOf(await scene.take("in", minuteMs))).toBe("1");
  });

  it("of a client that leaves in whatever turn after the claim loses no message", async () => {
    for (let turns = 0; turns < 20; turns++) {
      await scene.keep("in", `${turns}`);
      const leaving = new AbortController();
      scene.afterNextClaim(() => {
        void afterTurns(turns, () => leaving.abort());
      });
      const taken = await scene.take("in", 0, leaving.signal);
      taken?.done(false);
      await scene.time.quiet();
      expect(await scene.all("in")).toEqual([`${turns}`]);
    }
  });

  it("misses no message that arrives between the claim and the wait, in whatever turn", async () => {
    for (let turns = 0; turns < 40; turns++) {
      const waiting = scene.take("in", minuteMs);
      await afterTurns(turns, () => {});
      const topic = await scene.topic("inbox:in");
      await scene.publish(topic, `${turns}`);
      const taken = await waiting;
      expect(textOf(taken)).toBe(`${turns}`);
      taken?.done(true);
      await scene.time.quiet();
    }
  });

  it("is refused past a number of clients, and the other clients go on waiting", async () => {
    const waiting = Array.from({ length: limits.inboxWaitersMax }, () => scene.take("in", minuteMs));
    await scene.time.quiet();
    await expect(scene.take("in", minuteMs)).rejects.toMatchObject({ code: "too_many_waiters" });
    expect(await scene.take("in")).toBeNull();
    await scene.keep("in", "1");
    expect(textOf(await (waiting[0] as (typeof waiting)[number]))).toBe("1");
    scene.inboxes.stopWaiting();
    expect((await Promise.all(waiting)).filter((taken) => taken !== null)).toHaveLength(1);
    expect(scene.timers.waiting.size).toBe(0);
  });

  it("is refused past a number of clients over all inboxes", async () => {
    const perInbox = limits.inboxWaitersMax;
    const names = Array.from({ length: limits.inboxWaitersTotalMax / perInbox + 1 }, (_, at) => `in${at}`);
    for (const name of names) await scene.put(name);
    const last = names.pop() as string;
    const waiting = names.flatMap((name) => Array.from({ length: perInbox }, () => scene.take(name, minuteMs)));
    await scene.time.quiet();
    await expect(scene.take(last, minuteMs)).rejects.toMatchObject({ code: "too_many_waiters" });
    scene.inboxes.stopWaiting();
    await Promise.all(waiting);
  });

  it("goes on for the other clients when one is refused because slow clients hold all the memory", async () => {
    const perInbox = engineLimits.pullUnreadBytesMax / limits.bodyBytesMax;
    const waiting = [scene.take("in", minuteMs), scene.take("in", minuteMs)];
    const out: (LeasedMessage | null)[] = [];
    while (out.length * limits.bodyBytesMax < engineLimits.pullUnreadBytesTotalMax) {
      const slow = `slow${Math.floor(out.length / perInbox)}`;
      await scene.put(slow);
      await scene.keep(slow, "x".repeat(limits.bodyBytesMax));
      out.push(await scene.take(slow));
    }
    await scene.keep("in", "1");
    await expect(waiting[0]).rejects.toMatchObject({ code: "overloaded" });
    out[0]?.done(true);
    expect(textOf((await waiting[1]) ?? null)).toBe("1");
  });

  it("goes on when a slow client of the same inbox has read its message", async () => {
    const outMax = engineLimits.pullUnreadBytesMax / limits.bodyBytesMax;
    const taken: (LeasedMessage | null)[] = [];
    const refused: unknown[] = [];
    for (let at = 0; at < outMax + 2; at++) {
      scene.take("in", minuteMs).then(
        (one) => taken.push(one),
        (error: unknown) => refused.push(error),
      );
    }
    await scene.time.quiet();
    for (let at = 0; at <= outMax; at++) {
      await scene.keep("in", "x".repeat(limits.bodyBytesMax));
      await scene.time.quiet();
    }
    // The wake-up found no memory, so one client was refused; the other waits on.
    expect([taken.length, refused]).toMatchObject([outMax, [{ code: "overloaded" }]]);
    taken[0]?.done(true);
    await scene.time.quiet();
    expect(taken).toHaveLength(outMax + 1);
  });

  it("ends with an error when the inbox is deleted", async () => {
    const waiting = scene.take("in", minuteMs);
    await scene.time.quiet();
    await scene.inboxes.delete("in");
    await expect(waiting).rejects.toMatchObject({ code: "inbox_not_found" });
  });

  it("ends for all clients when the server stops, and no client waits after that", async () => {
    const waiting = [scene.take("in", minuteMs), scene.take("in", minuteMs)];
    await scene.time.quiet();
    scene.inboxes.stopWaiting();
    expect(await Promise.all(waiting)).toEqual([null, null]);
    expect(await scene.take("in", minuteMs)).toBeNull();
  });

  it("lets the server stop only when the outcome of a taken message is written", async () => {
    await scene.keep("in", "1");
    const letGo = scene.store.holdSettlements();
    (await scene.take("in"))?.done(true);
    let idle = false;
    void scene.pullQueues.idle().then(() => (idle = true));
    await scene.time.quiet();
    expect(idle).toBe(false);
    letGo();
    await scene.time.quiet();
    expect(idle).toBe(true);
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
    const expired = { type: "delivery.expired", at, topic: "inbox:in", subscription: "inbox:in", count: 3 };
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

describe("an inbox with a topic", () => {
  it("publishes its messages to every subscription of the topic, and gives those that others publish there", async () => {
    const topic = await scene.topic("orders");
    await scene.publish(topic, "before");
    await scene.put("in", { topic: "orders" });
    const { subscription } = await scene.store.catalog.putSubscription(topic.id, "other", pulled, "now");
    const { id } = await scene.keep("in", "1");
    await scene.publish(topic, "2");
    expect(await scene.store.records.subscriptionCounts(subscription.id)).toMatchObject({ backlog: 2 });
    expect(await scene.store.records.getMessage(topic.accountId, id as NonNullable<typeof id>)).toMatchObject({
      topic: "orders",
    });
    expect(await scene.all("in")).toEqual(["1", "2"]);
  });

  it("gives waiting clients what is published to the topic, delayed messages when they are due", async () => {
    const topic = await scene.topic("orders");
    await scene.put("in", { topic: "orders" });
    const at = scene.time.now();
    const waiting = Promise.all(
      [1, 2].map(async () => {
        const text = textOf(await scene.take("in", minuteMs));
        return `${text} at ${scene.time.now() - at}`;
      }),
    );
    await scene.time.quiet();
    await scene.publish(topic, { body: Buffer.from("late"), delayMs: 5_000 }, "now");
    await scene.time.advance(10_000);
    expect(await waiting).toEqual(["now at 0", "late at 5000"]);
    expect(scene.timers.waiting.size).toBe(0);
  });

  it("publishes although nobody polls, and drops messages only for itself", async () => {
    const topic = await scene.topic("orders");
    const { subscription } = await scene.store.catalog.putSubscription(topic.id, "other", pulled, "now");
    await scene.put("in", { topic: "orders", whilePolledMs: 1_000 });
    await scene.keep("in", "1");
    await scene.time.advance(1_000);
    const dropped = await scene.keep("in", "2");
    expect(dropped).toMatchObject({ kept: false, id: expect.any(String) });
    expect(await scene.all("in")).toEqual([]);
    expect(await scene.store.records.subscriptionCounts(subscription.id)).toMatchObject({ backlog: 2 });
  });

  it("fails while the topic is missing, and gets every message of a new topic of that name", async () => {
    await scene.topic("orders");
    await scene.put("in", { topic: "orders" });
    await scene.keep("in", "gone with its topic");
    await scene.store.catalog.deleteTopic(scene.store.catalog.defaultAccount().id, "orders");
    for (const use of [
      () => scene.keep("in", "1"),
      () => scene.take("in"),
      () => scene.put("in", { topic: "orders" }),
    ]) {
      await expect(use()).rejects.toMatchObject({
        code: "topic_not_found",
        message: 'The inbox publishes into the topic "orders", which does not exist.',
      });
    }
    expect(await scene.waiting("in")).toBe(0);
    await scene.time.advance(1_000);
    await scene.publish(await scene.topic("orders"), "1");
    await scene.keep("in", "2");
    expect(await scene.all("in")).toEqual(["1", "2"]);
  });

  it("leaves the topic as it is when it is deleted", async () => {
    const topic = await scene.topic("orders");
    await scene.put("in", { topic: "orders" });
    const { id } = await scene.keep("in", "1");
    await scene.inboxes.delete("in");
    expect(await scene.store.records.getMessage(topic.accountId, id as NonNullable<typeof id>)).not.toBeNull();
    expect(await scene.store.records.statistics()).toMatchObject({ backlog: 0 });
  });

  it("cannot be created without its topic, and cannot change it", async () => {
    await expect(scene.put("in", { topic: "orders" })).rejects.toMatchObject({ code: "topic_not_found" });
    expect(await scene.inboxes.get("in")).toBeNull();
    for (const name of ["orders", "others"]) await scene.topic(name);
    await scene.put("in", { topic: "orders" });
    await expect(scene.put("in", { topic: "others" })).rejects.toMatchObject({ code: "immutable_field" });
    await expect(scene.put("in")).rejects.toMatchObject({
      code: "immutable_field",
      message: 'topic: is "orders" and cannot be changed',
    });
  });
});

async function afterTurns(turns: number, work: () => void): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await Promise.resolve();
  work();
}

const pulled = {
  push: null,
  filter: { tags: [], types: [] },
  retry: "none",
  order: "none",
  maxInFlight: 1,
} as const;
