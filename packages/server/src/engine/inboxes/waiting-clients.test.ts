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
    scene.pullQueues.stop();
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
    scene.pullQueues.stop();
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
    // There was no memory for the last message, so one of the two waiting clients was refused. The other client still
    // waits.
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
    scene.pullQueues.stop();
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

async function afterTurns(turns: number, work: () => void): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await Promise.resolve();
  work();
}
