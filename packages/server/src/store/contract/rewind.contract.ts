import { expect } from "vitest";
import { limits } from "../../domain/limits.ts";
import type { PulledDelivery } from "../log.ts";
import {
  dead,
  delivered,
  keyed,
  LEASE_MS,
  message,
  parkedUntil,
  released,
  Scene,
  settlement,
  textsOf,
} from "./fixtures.ts";
import type { Part } from "./part.ts";
import { ack, pull, settleAsPulled, VISIBILITY_MS } from "./pull-fixtures.ts";

export function rewindContract({ promise, shared, empty }: Part): void {
  promise("returns every message from a position on once more, whatever its state was", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish(
      "before",
      "delivered",
      "dead",
      "invisible",
      message("delayed", { delayMs: LEASE_MS }),
      "open",
      "new",
    );
    const claim = await scene.claim(reader, { deliveriesMax: 5 });
    expect(textsOf(claim)).toEqual(["before", "delivered", "dead", "invisible", "open"]);
    const [first, second, third, fourth, fifth] = claim.deliveries.map((each) => each);
    await scene.store.log.settle([
      settlement(claim, first as never, delivered),
      settlement(claim, second as never, delivered),
      settlement(claim, third as never, dead),
      settlement(claim, fourth as never, parkedUntil(scene.now + VISIBILITY_MS)),
    ]);
    scene.under.clock.advance(1);
    expect(await scene.store.log.rewind(reader.id, { seq: 2 })).toBe(true);
    expect(await scene.store.log.settle([settlement(claim, fifth as never, delivered)])).toBe(0);
    expect(await scene.store.log.renew([claim.id], LEASE_MS)).toEqual([]);
    const again = await scene.claimUntil(reader, 5);
    expect(again.flatMap(textsOf)).toEqual(["delivered", "dead", "invisible", "open", "new"]);
    expect(again[0]?.deliveries).toMatchObject([{ retriesMade: 0, firstAttemptAtMs: null }, {}, {}, {}, {}]);
    for (const each of again) await scene.settle(each, delivered);
    scene.under.clock.advance(LEASE_MS);
    const late = await scene.claimUntil(reader, 1);
    expect(late.flatMap(textsOf)).toEqual(["delayed"]);
    for (const each of late) await scene.settle(each, delivered);
    expect(await scene.claim(reader)).toMatchObject({ deliveries: [], more: false });
    expect(await scene.store.records.subscriptionCounts(reader.id)).toEqual({
      backlog: 0,
      parked: 0,
      inFlight: 0,
      deadLetters: 1,
      expired: 0,
    });
  });

  promise("keeps the deliveries before the position in their claims", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a", "b", "c");
    const claim = await scene.claim(reader);
    await scene.store.log.rewind(reader.id, { seq: 2 });
    expect(await scene.settle(claim, delivered)).toBe(1);
    expect((await scene.claimUntil(reader, 2)).flatMap(textsOf)).toEqual(["b", "c"]);
  });

  promise("reports the new state of a message that is delivered again", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a", "b");
    await scene.settle(await scene.claim(reader), [delivered, dead]);
    await scene.store.log.rewind(reader.id, "oldest");
    expect(await scene.deliveryOf(1, reader)).toMatchObject({ state: "pending", attempts: [{ attempt: 1 }] });
    expect(await scene.deliveryOf(2, reader)).toMatchObject({ state: "pending", reason: null });
    await scene.claim(reader);
    expect(await scene.deliveryOf(1, reader)).toMatchObject({ state: "in_flight" });
  });

  promise("rejects answers for deliveries that were pulled before the rewind", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a", "b");
    const [one, two] = (await pull(scene, reader)) as [PulledDelivery, PulledDelivery];
    scene.under.clock.advance(1);
    await scene.store.log.rewind(reader.id, { seq: 2 });
    expect(await scene.store.log.settlePulled(reader.id, [ack(two)])).toEqual([false]);
    const [again] = (await pull(scene, reader, 1, 1)) as [PulledDelivery];
    expect(again.seq).toBe(2);
    expect(await scene.store.log.settlePulled(reader.id, [ack(two)])).toEqual([false]);
    expect(await scene.store.log.settlePulled(reader.id, [ack(one), ack(again)])).toEqual([true, true]);
  });

  promise("rewinds to a time: to the first message published at or after it", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    const startedAtMs = scene.now;
    for (const text of ["a", "b", "c"]) {
      await scene.publish(text);
      scene.under.clock.advance(1_000);
    }
    const deliverAll = async (count: number): Promise<readonly string[]> => {
      const claims = count === 0 ? [await scene.claim(reader)] : await scene.claimUntil(reader, count);
      for (const claim of claims) await scene.settle(claim, delivered);
      return claims.flatMap(textsOf);
    };
    await deliverAll(3);
    await scene.store.log.rewind(reader.id, { atMs: startedAtMs + 1_000 });
    expect(await deliverAll(2)).toEqual(["b", "c"]);
    await scene.store.log.rewind(reader.id, { atMs: startedAtMs + 1_001 });
    expect(await deliverAll(1)).toEqual(["c"]);
    await scene.store.log.rewind(reader.id, { atMs: 0 });
    expect(await deliverAll(3)).toEqual(["a", "b", "c"]);
    await scene.store.log.rewind(reader.id, { seq: -5 });
    expect(await deliverAll(3)).toEqual(["a", "b", "c"]);
    for (const to of [{ atMs: scene.now }, { atMs: scene.now + 1_000_000 }, { seq: 4 }]) {
      expect(await scene.store.log.rewind(reader.id, to)).toBe(true);
      expect(await deliverAll(0)).toEqual([]);
    }
    for (const seq of [5, 1e15]) {
      await expect(scene.store.log.rewind(reader.id, { seq })).rejects.toMatchObject({
        code: "invalid_request",
        details: [{ field: "to.seq", message: "must be at most 4, the next message's position" }],
      });
    }
    await scene.publish("d");
    expect(await deliverAll(1)).toEqual(["d"]);
  });

  promise("changes nothing when no claim has reached the position", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a", "b", "c");
    const claim = await scene.claim(reader, { deliveriesMax: 1 });
    await scene.store.log.rewind(reader.id, { seq: 3 });
    expect(textsOf(await scene.claim(reader, { deliveriesMax: 1 }))).toEqual(["b"]);
    expect(await scene.settle(claim, delivered)).toBe(1);
    expect(textsOf(await scene.claim(reader))).toEqual(["c"]);
  });

  promise("rewinds to a position after a released delivery, when later deliveries are settled", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a", "b", "c");
    await scene.settle(await scene.claim(reader), [released, delivered, delivered]);
    await scene.store.log.rewind(reader.id, { seq: 3 });
    expect((await scene.claimUntil(reader, 2)).flatMap(textsOf)).toEqual(["a", "c"]);
  });

  promise("returns messages before the subscription's start, but none that its filter does not match", async () => {
    const scene = await Scene.make(shared());
    await scene.publish("no", message("yes", { tags: ["x"] }));
    const reader = await scene.subscribe("reader", { filter: { tags: ["x"], types: [] } });
    await scene.publish("no", message("too", { tags: ["x"] }));
    await scene.settle((await scene.claimUntil(reader, 1))[0] as never, delivered);
    await scene.store.log.rewind(reader.id, "oldest");
    expect((await scene.claimUntil(reader, 2)).flatMap(textsOf)).toEqual(["yes", "too"]);
  });

  promise("unblocks every ordering key that a delivery at or after the position blocks", async () => {
    for (const order of ["key", "strict"] as const) {
      const scene = await Scene.make(shared());
      const reader = await scene.subscribe("reader", { order });
      await scene.publish(keyed("a1"), keyed("a2"), keyed("a3"));
      await pull(scene, reader, 1);
      await scene.claim(reader);
      await scene.store.log.rewind(reader.id, "oldest");
      for (const text of ["a1", "a2", "a3"]) {
        const [claim] = await scene.claimUntil(reader, 1);
        expect(textsOf(claim as never)[0]).toBe(text);
        await scene.settle(claim as never, [delivered, released, released].slice(0, claim?.deliveries.length));
      }
    }
  });

  promise("rewinds past more deliveries than one commit removes, and keeps all messages and their order", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader", { order: "key" });
    const count = 2 * limits.rewoundPerCommitMax + 2;
    const messages = Array.from({ length: count }, (_, index) => message(`${index + 1}`, { orderingKey: `k${index}` }));
    for (let from = 0; from < count; from += 500) await scene.publish(...messages.slice(from, from + 500));
    const handles: PulledDelivery[] = [];
    while (handles.length < count) handles.push(...(await pull(scene, reader, 1_000)));
    await Promise.all([scene.store.log.rewind(reader.id, { seq: 2 }), scene.publish("last")]);
    expect(await scene.store.records.unsettledCounts(reader.id)).toEqual({ backlog: count, parked: 1, inFlight: 0 });
    const answers = [1, count - 1, 0].map((index) => ack(handles[index] as PulledDelivery));
    expect(await scene.store.log.settlePulled(reader.id, answers)).toEqual([false, false, true]);
    const texts: string[] = [];
    while (texts.length < count) {
      const claim = await scene.claim(reader, { deliveriesMax: 1_000 });
      texts.push(...textsOf(claim));
      await scene.settle(claim, delivered);
    }
    expect(texts).toEqual([...messages.slice(1).map((_, index) => `${index + 2}`), "last"]);
  });

  promise("keeps an ordering key blocked if a delivery before the position blocks it", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader", { order: "key" });
    await scene.publish(keyed("a1"), keyed("a2"));
    const [first] = (await pull(scene, reader, 1)) as [PulledDelivery];
    expect(textsOf(await scene.claim(reader))).toEqual([]);
    await scene.store.log.rewind(reader.id, { seq: 2 });
    expect(textsOf(await scene.claim(reader))).toEqual([]);
    await scene.store.log.settlePulled(reader.id, [ack(first)]);
    expect((await scene.claimUntil(reader, 1)).flatMap(textsOf)).toEqual(["a2"]);
  });

  promise("keeps dead letters, and only drops one that is redriven after the rewind", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a", "b");
    await scene.settleNext(reader, dead);
    await scene.store.log.rewind(reader.id, "oldest");
    expect(await scene.store.records.subscriptionCounts(reader.id)).toMatchObject({ deadLetters: 2 });
    const [open] = await scene.claimUntil(reader, 1);
    expect(await scene.store.records.redriveDeadLetters(reader.id, null)).toBe(2);
    expect(await scene.store.records.subscriptionCounts(reader.id)).toMatchObject({ deadLetters: 0, parked: 0 });
    const texts = [...textsOf(open as never), ...(await scene.claimUntil(reader, 1)).flatMap(textsOf)];
    expect(texts).toEqual(["a", "b"]);
    expect(textsOf(await scene.claim(reader))).toEqual([]);
  });

  promise("drops a redriven delivery with its dead letter, and returns its message from the log", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a", "b");
    await scene.settleNext(reader, dead);
    await scene.store.records.redriveDeadLetters(reader.id, null);
    const open = await scene.claim(reader, { deliveriesMax: 1 });
    await scene.store.log.rewind(reader.id, "oldest");
    expect(await scene.settle(open, dead)).toBe(0);
    const claims = await scene.claimUntil(reader, 2);
    expect(claims.flatMap(textsOf)).toEqual(["a", "b"]);
    for (const claim of claims) await scene.settle(claim, delivered);
    expect(await scene.store.records.subscriptionCounts(reader.id)).toMatchObject({
      deadLetters: 0,
      parked: 0,
      backlog: 0,
    });
    expect(await scene.store.records.redriveDeadLetters(reader.id, null)).toBe(0);
  });

  promise("makes the rewind durable before it returns", async () => {
    await empty(async (under) => {
      const scene = await Scene.make(under);
      const reader = await scene.subscribe("reader");
      await scene.publish("a", "b", "c", "d");
      const claim = await scene.claim(reader, { deliveriesMax: 3 });
      await scene.settle(claim, [delivered, parkedUntil(scene.now + VISIBILITY_MS), delivered]);
      await scene.store.log.rewind(reader.id, { seq: 2 });
      await under.crash();
      expect((await scene.claimUntil(reader, 3)).flatMap(textsOf)).toEqual(["b", "c", "d"]);
      scene.under.clock.advance(VISIBILITY_MS);
      expect(textsOf(await scene.claim(reader, {}, 1))).toEqual([]);
    });
  });

  promise("loses nothing when it rewinds during publishes, claims, settlements and answers", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish(...Array.from({ length: 40 }, (_, index) => `${index}`));
    // A rewind invalidates open claims from its position on, and changes no other claim.
    const rewoundTo: number[] = [];
    let rewindCount = 0;
    const work = async (): Promise<void> => {
      for (let round = 0; round < 6; round++) {
        const countBefore = rewindCount;
        const claim = await scene.claim(reader, { deliveriesMax: 5 });
        const { handles, applied } = await settleAsPulled(scene, claim);
        const voidFrom = Math.min(Infinity, ...rewoundTo.slice(countBefore));
        expect(applied).toBeGreaterThanOrEqual(handles.filter(({ seq }) => seq < voidFrom).length);
        await scene.store.log.settlePulled(reader.id, handles.map(ack));
        await scene.settleNext(reader, delivered, { deliveriesMax: 3 });
        scene.under.clock.advance(1);
      }
    };
    const rewind = async (): Promise<void> => {
      for (let seq = 30; seq > 10; seq -= 5) {
        rewoundTo.push(seq);
        await scene.store.log.rewind(reader.id, { seq });
        rewindCount++;
      }
    };
    await Promise.all([work(), work(), rewind(), scene.publish("last")]);
    await scene.store.log.rewind(reader.id, { seq: 5 });
    const texts = (await scene.claimUntil(reader, 37))
      .flatMap(textsOf)
      .filter((text) => text === "last" || Number(text) >= 4);
    expect(new Set(texts).size).toBe(37);
    const counts = await scene.store.records.unsettledCounts(reader.id);
    expect(counts.inFlight).toBeGreaterThanOrEqual(37);
    expect(counts.backlog + counts.parked).toBeLessThanOrEqual(4);
  });

  promise("returns only messages that retention has kept, and counts later removals as expired", async () => {
    await empty(async (under) => {
      const scene = await Scene.make(under, { retentionMs: 60_000 });
      const reader = await scene.subscribe("reader");
      await scene.publish("old");
      under.clock.advance(40_000);
      await scene.publish("young", "younger");
      await scene.settleNext(reader, delivered);
      under.clock.advance(30_000);
      while ((await scene.store.log.retain()).more);
      await scene.store.log.rewind(reader.id, { seq: 1 });
      const claims = await scene.claimUntil(reader, 2);
      expect(claims.flatMap(textsOf)).toEqual(["young", "younger"]);
      for (const claim of claims) await scene.settle(claim, delivered);
      await scene.store.log.rewind(reader.id, "oldest");
      under.clock.advance(60_000);
      while ((await scene.store.log.retain()).more);
      expect(textsOf(await scene.claim(reader))).toEqual([]);
      expect(await scene.store.records.subscriptionCounts(reader.id)).toMatchObject({ expired: 2, backlog: 0 });
    });
  });

  promise("turns an invisible delivery past its retention into a dead letter, and rejects its answer", async () => {
    await empty(async (under) => {
      const scene = await Scene.make(under, { retentionMs: 1_000 });
      const reader = await scene.subscribe("reader");
      await scene.publish("a");
      const [handle] = (await pull(scene, reader)) as [PulledDelivery];
      under.clock.advance(1_001);
      while ((await scene.store.log.retain()).more);
      expect(await scene.store.log.settlePulled(reader.id, [ack(handle)])).toEqual([false]);
      expect((await scene.store.records.listDeadLetters(reader.id, { after: null, limit: 9 })).items).toMatchObject([
        { reason: "expired" },
      ]);
    });
  });
}
