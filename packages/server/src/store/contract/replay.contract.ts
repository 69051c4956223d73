import { expect } from "vitest";
import { limits } from "../../domain/limits.ts";
import { dead, delivered, message, parkedUntil, Scene, textsOf } from "./fixtures.ts";
import type { Part } from "./part.ts";
import { planOfReplay, startReplay, stepOf } from "./replay-fixtures.ts";

export function replayContract(part: Part): void {
  parking(part);
  rates(part);
  choosing(part);
  ending(part);
}

function parking({ promise, shared, fresh }: Part): void {
  promise("sends every message of a range once more, and counts what it has sent", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a", "b", "c", "d");
    await scene.settleNext(reader, delivered);
    const replay = await startReplay(scene, reader, { source: { fromSeq: 2, toSeq: 3 } });
    expect(replay).toMatchObject({
      state: "running",
      matched: 2,
      isExact: true,
      sent: 0,
      examined: 0,
      endedAtMs: null,
    });
    const { replay: parked, isOpen } = await stepOf(scene, replay);
    expect([parked, isOpen]).toEqual([expect.objectContaining({ examined: 2, waiting: 2, sent: 0 }), true]);
    const claim = await scene.claim(reader);
    expect(textsOf(claim)).toEqual(["b", "c"]);
    expect(claim.deliveries).toMatchObject([{ attemptsMade: 1, retriesMade: 0 }, { attemptsMade: 1 }]);
    await scene.settle(claim, delivered);
    const { replay: done, isOpen: isStillOpen } = await stepOf(scene, replay);
    expect(isStillOpen).toBe(false);
    expect(done).toMatchObject({ state: "done", sent: 2, waiting: 0, skipped: 0, endedAtMs: scene.now });
    expect((await scene.claim(reader)).deliveries).toEqual([]);
    expect(await scene.deliveryOf(2, reader)).toMatchObject({ state: "delivered" });
  });

  promise("parks each copy once, although the process ends between the steps", () =>
    fresh(async (under) => {
      const scene = await Scene.make(under);
      const reader = await scene.subscribe("reader");
      const count = limits.replayParkedMax * 2 + 7;
      await scene.publish(...Array.from({ length: count }, (_, index) => String(index)));
      for (const claim of await scene.claimUntil(reader, count)) await scene.settle(claim, delivered);
      const replay = await startReplay(scene, reader);
      const sent: string[] = [];
      for (let isOpen = true; isOpen;) {
        ({ isOpen } = await stepOf(scene, replay));
        const { waiting = 0 } = (await scene.store.replays.get(replay.accountId, replay.id)) ?? {};
        expect(waiting).toBeLessThanOrEqual(limits.replayParkedMax);
        await under.crash();
        under.clock.advance(60_000);
        await scene.store.replays.acquire(10, 10_000);
        for (const claim of await scene.claimUntil(reader, waiting)) {
          sent.push(...textsOf(claim));
          await scene.settle(claim, delivered);
        }
      }
      expect(sent).toHaveLength(count);
      expect(new Set(sent).size).toBe(count);
      const done = await scene.store.replays.get(replay.accountId, replay.id);
      expect(done).toMatchObject({ state: "done", sent: count, examined: count });
    }),
  );

  promise("skips messages that the target still has to deliver", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("parked", "open");
    await scene.settle(await scene.claim(reader, { deliveriesMax: 1 }), parkedUntil(scene.now + 60_000));
    await scene.claim(reader);
    await scene.publish("unread");
    const replay = await startReplay(scene, reader);
    const { replay: done } = await stepOf(scene, replay);
    expect(done).toMatchObject({ state: "done", matched: 3, examined: 3, skipped: 3, sent: 0 });
  });

  promise("skips messages of which a copy of another replay waits, and counts them", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a", "b", "c");
    await scene.settleNext(reader, delivered);
    const first = await startReplay(scene, reader, { source: { toSeq: 2 } });
    await stepOf(scene, first);
    const second = await startReplay(scene, reader);
    const { replay } = await stepOf(scene, second);
    expect(replay).toMatchObject({ matched: 3, examined: 3, skipped: 2, waiting: 1 });
    await scene.settleNext(reader, delivered);
    expect((await stepOf(scene, first)).replay).toMatchObject({ state: "done", sent: 2, skipped: 0 });
    expect((await stepOf(scene, second)).replay).toMatchObject({ state: "done", sent: 1, skipped: 2 });
  });

  promise("parks no further copy while many of the replay wait", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    const count = limits.replayWaitingMax + 50;
    await scene.publish(...Array.from({ length: count }, (_, index) => String(index)));
    for (const claim of await scene.claimUntil(reader, count)) await scene.settle(claim, delivered);
    const replay = await startReplay(scene, reader);
    for (let step = 0; step < 4; step++) await stepOf(scene, replay);
    const { replay: full } = await stepOf(scene, replay);
    expect(full).toMatchObject({ waiting: limits.replayWaitingMax, examined: limits.replayWaitingMax });
    await scene.settleNext(reader, delivered, { deliveriesMax: 100 });
    expect((await stepOf(scene, replay)).replay).toMatchObject({ sent: 100, examined: count });
  });

  promise("skips positions that have expired, and counts them", () =>
    fresh(async (under) => {
      const scene = await Scene.make(under, { retentionMs: 60_000 });
      const reader = await scene.subscribe("reader");
      await scene.publish("old");
      await scene.settleNext(reader, delivered);
      under.clock.advance(50_000);
      await scene.publish("new");
      await scene.settleNext(reader, delivered);
      const replay = await startReplay(scene, reader);
      under.clock.advance(20_000);
      while ((await scene.store.log.retain()).more);
      await scene.store.replays.acquire(10, 10_000);
      const { replay: after } = await stepOf(scene, replay);
      expect(after).toMatchObject({ expired: 1, examined: 1, waiting: 1 });
      expect(textsOf(await scene.claim(reader))).toEqual(["new"]);
    }),
  );
}

function rates({ promise, shared }: Part): void {
  promise("makes copies due at the rate of the replay, and not much earlier", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish(...Array.from({ length: 100 }, (_, index) => String(index)));
    await scene.settleNext(reader, delivered);
    const replay = await startReplay(scene, reader, { perSecond: 20 });
    let sent = 0;
    for (let ms = 0; ms < 3_000; ms += 250) {
      await stepOf(scene, replay);
      sent += (await scene.settleNext(reader, delivered)).deliveries.length;
      scene.under.clock.advance(250);
    }
    expect(sent).toBeGreaterThanOrEqual(54);
    expect(sent).toBeLessThanOrEqual(62);
  });

  promise("changes the rate of a replay, and pauses it", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a", "b", "c");
    await scene.settleNext(reader, delivered);
    const { replays } = scene.store;
    const { id, accountId } = await startReplay(scene, reader, { perSecond: 1 });
    expect(await replays.change(accountId, id, { isPaused: true })).toMatchObject({ state: "paused", perSecond: 1 });
    expect((await stepOf(scene, { id })).replay).toMatchObject({ state: "paused", examined: 0 });
    expect(await replays.change(accountId, id, { isPaused: false, perSecond: null })).toMatchObject({
      state: "running",
      perSecond: null,
    });
    expect((await stepOf(scene, { id })).replay).toMatchObject({ waiting: 3 });
    expect(await replays.change((accountId + 1) as never, id, { isPaused: true })).toBeNull();
  });
}

function choosing({ promise, shared }: Part): void {
  promise("sends to another subscription what its filter and the types of the replay match", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish(
      message("a", { type: "order.paid", tags: ["eu"] }),
      message("b", { type: "order.lost", tags: ["eu"] }),
      message("c", { type: "order.paid", tags: ["us"] }),
      message("d", { type: "order.paid", tags: ["eu"] }),
    );
    await scene.settleNext(reader, delivered);
    const other = await scene.subscribe("other", { filter: { tags: ["eu"], types: [] } });
    const replay = await startReplay(scene, reader, { target: other, source: { types: ["*.paid"] } });
    expect(replay).toMatchObject({ matched: 2, subscription: "reader", target: "other" });
    await stepOf(scene, replay);
    expect(textsOf(await scene.claim(other))).toEqual(["a", "d"]);
    expect((await scene.claim(reader)).deliveries).toEqual([]);
  });

  promise("finds what was given up, with or without its dead letter", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    const { records } = scene.store;
    await scene.publish("delivered", "purged", "dead", "redriven", "retried");
    await scene.settleNext(reader, [delivered, dead, dead, dead, parkedUntil(scene.now + 60_000)] as never);
    const letters = (await records.listDeadLetters(reader.id, { after: null, limit: 10 })).items;
    const [redriven, , purged] = letters.map(({ id }) => id) as [string, string, string];
    await records.purgeDeadLetters(reader.id, [purged]);
    await records.redriveDeadLetters(reader.id, [redriven]);
    const [claim] = await scene.claimUntil(reader, 1);
    await scene.settle(claim as never, delivered);
    const replay = await startReplay(scene, reader, { source: { only: "failed" } });
    expect(replay).toMatchObject({ matched: 2, isExact: true });
    await stepOf(scene, replay);
    // The listed dead letter is redriven by its copy.
    expect((await records.listDeadLetters(reader.id, { after: null, limit: 10 })).items).toEqual([]);
    const copies = await scene.claim(reader);
    expect(textsOf(copies)).toEqual(["purged", "dead"]);
    await scene.settle(copies, [delivered, dead]);
    const [again] = (await records.listDeadLetters(reader.id, { after: null, limit: 10 })).items;
    expect(again).toMatchObject({ attemptsMade: 2 });
    expect(await scene.deliveryOf(2, reader)).toMatchObject({ state: "delivered" });
    expect((await stepOf(scene, replay)).replay).toMatchObject({ state: "done", sent: 2 });
  });

  promise("redrives the dead letters that match", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a", "b");
    await scene.settleNext(reader, dead);
    scene.under.clock.advance(1_000);
    const secondMs = scene.now;
    await scene.publish("c", "d");
    await scene.settleNext(reader, [{ kind: "dead", reason: "unencodable" }, dead] as never);
    const wanted = { fromMs: secondMs, reasons: ["retries_exhausted"], statuses: [500] } as const;
    const replay = await startReplay(scene, reader, { letters: wanted, order: "live" });
    expect(replay).toMatchObject({ matched: 1, isExact: true });
    await stepOf(scene, replay);
    const claim = await scene.claim(reader);
    expect(textsOf(claim)).toEqual(["d"]);
    await scene.settle(claim, delivered);
    expect((await stepOf(scene, replay)).replay).toMatchObject({ state: "done", sent: 1, examined: 4 });
    expect(await scene.store.records.subscriptionCounts(reader.id)).toMatchObject({ deadLetters: 3, parked: 0 });
    const none = await planOfReplay(scene, reader, { letters: { statuses: [404] } });
    expect(await scene.store.replays.count(none)).toEqual({ matched: 0, isExact: true });
    const early = await planOfReplay(scene, reader, { letters: { toMs: secondMs - 1 } });
    expect(await scene.store.replays.count(early)).toEqual({ matched: 2, isExact: true });
  });
}

function ending({ promise, shared, fresh }: Part): void {
  promise("removes the copies of a cancelled replay that are not in flight, and no others", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    const { replays, records } = scene.store;
    await scene.publish("a", "b", "c", "d");
    await scene.settleNext(reader, [dead, delivered, delivered, delivered] as never);
    const replay = await startReplay(scene, reader);
    await stepOf(scene, replay);
    await scene.settleNext(reader, parkedUntil(scene.now + 3_600_000), { deliveriesMax: 1 });
    const open = await scene.claim(reader, { deliveriesMax: 1 });
    expect(textsOf(open)).toEqual(["b"]);
    const cancelled = await replays.cancel(replay.accountId, replay.id);
    expect(cancelled).toMatchObject({ state: "cancelled", waiting: 1, sent: 0, endedAtMs: scene.now });
    // The dead letter of "a" is listed again, with the attempt of its copy.
    const letters = await records.listDeadLetters(reader.id, { after: null, limit: 10 });
    expect(letters.items).toMatchObject([{ attemptsMade: 2 }]);
    expect(await records.subscriptionCounts(reader.id)).toMatchObject({ deadLetters: 1, parked: 0, inFlight: 1 });
    expect(await replays.remove(replay.accountId, replay.id)).toBe(false);
    // A copy that fails after the end of its replay is not tried again.
    await scene.settle(open, parkedUntil(scene.now + 1_000));
    expect(await stepOf(scene, replay)).toMatchObject({ isOpen: false, replay: { state: "cancelled", waiting: 0 } });
    scene.under.clock.advance(7_200_000);
    expect((await scene.claim(reader)).deliveries).toEqual([]);
    expect(await replays.remove(replay.accountId, replay.id)).toBe(true);
    expect(await replays.get(replay.accountId, replay.id)).toBeNull();
  });

  promise("ends the replays of a deleted subscription", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a");
    await scene.settleNext(reader, delivered);
    const replay = await startReplay(scene, reader);
    await scene.store.catalog.deleteSubscription(scene.topic.id, "reader");
    const { replay: failed } = await stepOf(scene, replay);
    expect(failed).toMatchObject({ state: "failed", reason: "subscription_deleted", topic: scene.topic.name });
  });

  promise("lists replays newest first, refuses too many, and forgets old ones", () =>
    fresh(async (under) => {
      const scene = await Scene.make(under);
      const reader = await scene.subscribe("reader");
      const { replays } = scene.store;
      const ids: number[] = [];
      const plan = await planOfReplay(scene, reader);
      const requested = { ...plan, matched: 0, isExact: true, perSecond: 1 };
      for (let index = 0; index < limits.replaysOpenMax; index++) {
        under.clock.advance(1);
        ids.unshift((await replays.create(requested)).id);
      }
      await expect(replays.create(requested)).rejects.toMatchObject({ code: "replay_limit" });
      const first = await replays.list(plan.accountId, { after: null, limit: 15 });
      const second = await replays.list(plan.accountId, { after: first.next, limit: 15 });
      expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(ids);
      expect(second.next).toBeNull();
      expect((await replays.list((plan.accountId + 1) as never, { after: null, limit: 10 })).items).toEqual([]);
      expect(await replays.get((plan.accountId + 1) as never, ids[0] as never)).toBeNull();
      for (const id of ids) await replays.cancel(plan.accountId, id as never);
      await replays.trim();
      expect((await replays.list(plan.accountId, { after: null, limit: 100 })).items).toHaveLength(ids.length);
      under.clock.advance(limits.replayKeptMs + 1);
      await replays.trim();
      expect((await replays.list(plan.accountId, { after: null, limit: 100 })).items).toEqual([]);
    }),
  );
}
