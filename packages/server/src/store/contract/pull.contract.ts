import { expect } from "vitest";
import type { PulledDelivery, PulledSettlement } from "../log.ts";
import {
  attempt,
  dead,
  eventually,
  invisibleUntil,
  keyed,
  parkedUntil,
  Scene,
  settlement,
  textsOf,
  turn,
} from "./fixtures.ts";
import type { Part } from "./part.ts";
import { ack, due, pull, settleAsPulled, VISIBILITY_MS } from "./pull-fixtures.ts";

export function pullContract({ promise, shared, empty }: Part): void {
  promise("sets the time of the first attempt when a delivery is pulled for the first time", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a");
    const firstAtMs = scene.now;
    await pull(scene, reader);
    scene.under.clock.advance(VISIBILITY_MS);
    const [second] = await pull(scene, reader);
    expect(second).toEqual({ seq: 1, retriesMade: 2, firstAttemptAtMs: firstAtMs });
    scene.under.clock.advance(VISIBILITY_MS);
    expect((await scene.claim(reader)).deliveries).toMatchObject([
      { attemptsMade: 0, retriesMade: 2, firstAttemptAtMs: firstAtMs },
    ]);
  });

  promise("keeps the time of the first POST as the time of the first attempt", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a");
    const claim = await scene.claim(reader);
    const [delivery] = claim.deliveries;
    const startedAtMs = scene.now - 500;
    const parked = { ...parkedUntil(scene.now, 1), firstAttemptAtMs: startedAtMs };
    await scene.store.log.settle([{ ...settlement(claim, delivery as never, parked), attempt: attempt(1, "failed") }]);
    const again = await scene.claim(reader);
    expect(again.deliveries).toMatchObject([{ attemptsMade: 1, firstAttemptAtMs: startedAtMs }]);
    await scene.settle(again, invisibleUntil(scene.now, 2, scene.now), false);
    expect((await scene.claim(reader)).deliveries).toMatchObject([{ attemptsMade: 1, firstAttemptAtMs: startedAtMs }]);
  });

  promise("ends an acknowledged delivery, and records one attempt", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a", "b");
    const [first, second] = (await pull(scene, reader)) as [PulledDelivery, PulledDelivery];
    const line = attempt(1, "accepted", { status: null, reply: null, startedAtMs: scene.now, durationMs: 12 });
    expect(
      await scene.store.log.settlePulled(reader.id, [{ pulled: first, answer: { kind: "delivered", attempt: line } }]),
    ).toEqual([true]);
    expect(await scene.deliveryOf(1, reader)).toMatchObject({ state: "delivered", attempts: [line] });
    expect(await scene.deliveryOf(2, reader)).toMatchObject({ state: "parked", attempts: [] });
    scene.under.clock.advance(VISIBILITY_MS);
    expect(textsOf(await scene.claim(reader))).toEqual(["b"]);
    expect(await scene.store.log.settlePulled(reader.id, [ack(second)])).toEqual([false]);
    expect((await scene.store.records.listAttempts(reader.id, { after: null, limit: 10 })).items).toHaveLength(1);
  });

  promise("returns a pulled delivery again only after its visibility timeout", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a");
    await pull(scene, reader);
    scene.under.clock.advance(VISIBILITY_MS - 1);
    expect(await scene.claim(reader)).toMatchObject({ deliveries: [], nextDueAtMs: scene.now + 1 });
    scene.under.clock.advance(1);
    expect(textsOf(await scene.claim(reader))).toEqual(["a"]);
  });

  promise("rejects answers for a delivery that is visible again, open, or pulled again", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a");
    const [first] = await pull(scene, reader);
    scene.under.clock.advance(VISIBILITY_MS);
    const answers = [[ack(first as never)], [due(first as never, scene.now + 1)]];
    for (const answer of answers) expect(await scene.store.log.settlePulled(reader.id, answer)).toEqual([false]);
    const claim = await scene.claim(reader);
    for (const answer of answers) expect(await scene.store.log.settlePulled(reader.id, answer)).toEqual([false]);
    await scene.settle(claim, invisibleUntil(scene.now + VISIBILITY_MS, 2, scene.now), false);
    for (const answer of answers) expect(await scene.store.log.settlePulled(reader.id, answer)).toEqual([false]);
    expect(
      await scene.store.log.settlePulled(reader.id, [ack({ ...(first as PulledDelivery), retriesMade: 2 })]),
    ).toEqual([true]);
  });

  promise("returns a delivery that is visible again although its receiver answers while a claim reads it", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a");
    const [first] = (await pull(scene, reader)) as [PulledDelivery];
    scene.under.clock.advance(VISIBILITY_MS);
    const claiming = scene.claim(reader);
    const [taken, applied] = await Promise.all([claiming, scene.store.log.settlePulled(reader.id, [ack(first)])]);
    expect(applied).toEqual([false]);
    const claims = taken.deliveries.length > 0 ? [taken] : await scene.claimUntil(reader, 1);
    expect(claims.flatMap(textsOf)).toEqual(["a"]);
  });

  promise("applies the answer for the last pull, and rejects the late answer for an earlier one", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a");
    const [first] = (await pull(scene, reader)) as [PulledDelivery];
    scene.under.clock.advance(VISIBILITY_MS);
    const [second] = (await pull(scene, reader)) as [PulledDelivery];
    expect(await scene.store.log.settlePulled(reader.id, [ack(first), ack(second)])).toEqual([false, true]);
    expect(await scene.deliveryOf(1, reader)).toMatchObject({ state: "delivered" });
  });

  promise("applies a second answer only if the first left the delivery invisible", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a", "b", "c");
    const [one, two, three] = (await pull(scene, reader)) as [PulledDelivery, PulledDelivery, PulledDelivery];
    const settleOne = async (answer: PulledSettlement) => (await scene.store.log.settlePulled(reader.id, [answer]))[0];
    expect([await settleOne(ack(one)), await settleOne(ack(one))]).toEqual([true, false]);
    expect([await settleOne(due(two, scene.now)), await settleOne(ack(two))]).toEqual([true, false]);
    expect([await settleOne(due(three, scene.now + 90_000)), await settleOne(ack(three))]).toEqual([true, true]);
  });

  promise(
    "applies the first of several answers for one delivery, within one call and of concurrent calls",
    async () => {
      const scene = await Scene.make(shared());
      const reader = await scene.subscribe("reader");
      await scene.publish("a", "b");
      const [one, two] = (await pull(scene, reader)) as [PulledDelivery, PulledDelivery];
      expect(await scene.store.log.settlePulled(reader.id, [due(one, scene.now + 90_000), ack(one), ack(one)])).toEqual(
        [true, false, false],
      );
      const atOnce = await Promise.all(
        Array.from({ length: 20 }, () => scene.store.log.settlePulled(reader.id, [ack(two)])),
      );
      expect(atOnce.filter(([applied]) => applied)).toHaveLength(1);
      expect(await scene.deliveryOf(2, reader)).toMatchObject({ attempts: [{ attempt: 1 }] });
    },
  );

  promise("reports for each of many answers whether it was applied, in the order of the call", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish(...Array.from({ length: 60 }, (_, index) => `${index}`));
    const handles = await pull(scene, reader);
    const answers = handles.map((handle, index) => {
      if (index % 3 === 0) return ack(handle);
      return index % 3 === 1 ? due(handle, scene.now + 1) : ack({ ...handle, retriesMade: 7 });
    });
    expect(await scene.store.log.settlePulled(reader.id, answers)).toEqual(handles.map((_, index) => index % 3 !== 2));
    scene.under.clock.advance(1);
    const visible = await scene.claimUntil(reader, 20);
    expect(
      visible
        .flatMap(textsOf)
        .map(Number)
        .toSorted((a, b) => a - b),
    ).toEqual(Array.from({ length: 20 }, (_, index) => 3 * index + 1));
    expect(await scene.store.records.unsettledCounts(reader.id)).toEqual({ backlog: 0, parked: 20, inFlight: 20 });
  });

  promise("rejects answers that match no pulled delivery", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    const other = await scene.subscribe("other");
    await scene.publish("a");
    const [handle] = (await pull(scene, reader)) as [PulledDelivery];
    const wrong: PulledDelivery[] = [
      { ...handle, seq: 2 },
      { ...handle, seq: -1 },
      { ...handle, seq: 1.5 },
      { ...handle, seq: 2 ** 70 },
      { ...handle, retriesMade: 2 },
      { ...handle, firstAttemptAtMs: handle.firstAttemptAtMs + 1 },
      { ...handle, firstAttemptAtMs: NaN },
    ];
    for (const pulled of wrong) expect(await scene.store.log.settlePulled(reader.id, [ack(pulled)])).toEqual([false]);
    expect(await scene.store.log.settlePulled(other.id, [ack(handle)])).toEqual([false]);
    expect(await scene.store.log.settlePulled((2 ** 40) as never, [ack(handle)])).toEqual([false]);
    expect(await scene.store.log.settlePulled(reader.id, [])).toEqual([]);
    expect(await scene.store.log.settlePulled(reader.id, [ack(handle)])).toEqual([true]);
  });

  promise("refuses an answer that cannot be stored, and applies nothing of its call", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a", "b");
    const [one, two] = (await pull(scene, reader)) as [PulledDelivery, PulledDelivery];
    const invalid: PulledSettlement = {
      pulled: two,
      answer: { kind: "delivered", attempt: attempt(1, "accepted", { durationMs: 0.5 }) },
    };
    await expect(scene.store.log.settlePulled(reader.id, [ack(one), invalid])).rejects.toMatchObject({
      code: "internal",
    });
    expect(await scene.store.log.settlePulled(reader.id, [ack(one), ack(two)])).toEqual([true, true]);
  });

  promise("extends or shortens the visibility timeout, and keeps the receipt handle valid", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a");
    const [handle] = (await pull(scene, reader)) as [PulledDelivery];
    expect(await scene.store.log.settlePulled(reader.id, [due(handle, scene.now + 2 * VISIBILITY_MS)])).toEqual([true]);
    scene.under.clock.advance(VISIBILITY_MS);
    expect(textsOf(await scene.claim(reader))).toEqual([]);
    expect(await scene.store.log.settlePulled(reader.id, [due(handle, scene.now + 10)])).toEqual([true]);
    scene.under.clock.advance(10);
    expect(await scene.claim(reader)).toMatchObject({ deliveries: [{ retriesMade: 1, attemptsMade: 0 }] });
  });

  promise("reports the subscription as ready when a receiver makes a delivery visible again", async () => {
    await empty(async (under) => {
      const scene = await Scene.make(under);
      const reader = await scene.subscribe("reader");
      await scene.publish("a");
      const [handle] = (await pull(scene, reader)) as [PulledDelivery];
      expect(textsOf(await scene.claim(reader))).toEqual([]);
      const ready: number[] = [];
      scene.store.log.onReady((ids) => ready.push(...ids));
      await scene.store.log.settlePulled(reader.id, [due(handle, scene.now)]);
      await eventually(() => ready.includes(reader.id));
      expect((await scene.claimUntil(reader, 1)).flatMap(textsOf)).toEqual(["a"]);
    });
  });

  promise("blocks the ordering key of a pulled delivery until the delivery is acknowledged", async () => {
    await empty(async (under) => {
      const scene = await Scene.make(under);
      const reader = await scene.subscribe("reader", { order: "key" });
      await scene.publish(keyed("a1"), keyed("a2"), keyed("b1"));
      const [first] = (await pull(scene, reader, 1)) as [PulledDelivery];
      expect(textsOf(await scene.claim(reader))).toEqual(["b1"]);
      const ready: number[] = [];
      scene.store.log.onReady((ids) => ready.push(...ids));
      expect(await scene.store.log.settlePulled(reader.id, [ack(first)])).toEqual([true]);
      await eventually(() => ready.includes(reader.id));
      expect((await scene.claimUntil(reader, 1)).flatMap(textsOf)).toEqual(["a2"]);
    });
  });

  promise(
    "returns deliveries in strict order one after the other, each when its predecessor is acknowledged",
    async () => {
      const scene = await Scene.make(shared());
      const reader = await scene.subscribe("reader", { order: "strict" });
      await scene.publish("a", "b", "c");
      for (const seq of [1, 2, 3]) {
        const [handle] = (await pull(scene, reader, 10, 1)) as [PulledDelivery];
        expect(handle.seq).toBe(seq);
        expect(textsOf(await scene.claim(reader))).toEqual([]);
        expect(await scene.store.log.settlePulled(reader.id, [ack(handle)])).toEqual([true]);
      }
      expect(await scene.store.records.unsettledCounts(reader.id)).toEqual({ backlog: 0, parked: 0, inFlight: 0 });
    },
  );

  promise("keeps the strict order when a delivery is made visible again", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader", { order: "strict" });
    await scene.publish("a", "b");
    const [handle] = (await pull(scene, reader)) as [PulledDelivery];
    await scene.store.log.settlePulled(reader.id, [due(handle, scene.now)]);
    const [again] = await scene.claimUntil(reader, 1);
    expect(textsOf(again as never)).toEqual(["a"]);
  });

  promise(
    "rejects answers for a delivery that has died and was redriven, and accepts its new receipt handle",
    async () => {
      const scene = await Scene.make(shared());
      const reader = await scene.subscribe("reader");
      await scene.publish("a");
      const [old] = (await pull(scene, reader)) as [PulledDelivery];
      scene.under.clock.advance(VISIBILITY_MS);
      await scene.settleNext(reader, dead);
      expect(await scene.store.log.settlePulled(reader.id, [ack(old)])).toEqual([false]);
      await scene.store.records.redriveDeadLetters(reader.id, null);
      expect(await scene.store.log.settlePulled(reader.id, [ack(old)])).toEqual([false]);
      const [handle] = (await pull(scene, reader, 1, 1)) as [PulledDelivery];
      expect(handle).toEqual({ seq: 1, retriesMade: 1, firstAttemptAtMs: scene.now });
      expect(await scene.store.log.settlePulled(reader.id, [ack(old)])).toEqual([false]);
      expect(await scene.store.log.settlePulled(reader.id, [ack(handle)])).toEqual([true]);
      expect(await scene.store.records.subscriptionCounts(reader.id)).toMatchObject({ parked: 0, deadLetters: 0 });
      expect(await scene.store.records.redriveDeadLetters(reader.id, null)).toBe(0);
    },
  );

  promise("keeps answers and visibility timeouts over a crash", async () => {
    await empty(async (under) => {
      const scene = await Scene.make(under);
      const reader = await scene.subscribe("reader");
      await scene.publish("acknowledged", "visible", "invisible", "extended", "new");
      const [one, two, three, four] = (await pull(scene, reader, 4)) as [
        PulledDelivery,
        PulledDelivery,
        PulledDelivery,
        PulledDelivery,
      ];
      expect(
        await scene.store.log.settlePulled(reader.id, [
          ack(one),
          due(two, scene.now),
          due(four, scene.now + 2 * VISIBILITY_MS),
        ]),
      ).toEqual([true, true, true]);
      await under.crash();
      expect((await scene.claimUntil(reader, 2)).flatMap(textsOf).toSorted()).toEqual(["new", "visible"]);
      expect(await scene.store.log.settlePulled(reader.id, [ack(one), ack(three)])).toEqual([false, true]);
      scene.under.clock.advance(2 * VISIBILITY_MS);
      expect(await scene.store.log.settlePulled(reader.id, [ack(four)])).toEqual([false]);
    });
  });

  promise("rejects answers for a deleted subscription", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a");
    const [handle] = (await pull(scene, reader)) as [PulledDelivery];
    await scene.store.catalog.deleteSubscription(scene.topic.id, "reader");
    expect(await scene.store.log.settlePulled(reader.id, [ack(handle)])).toEqual([false]);
    expect(await scene.store.log.rewind(reader.id, "oldest")).toBe(false);
    await expect(scene.store.records.pullCounts(reader.id, 0)).rejects.toMatchObject({
      code: "subscription_not_found",
    });
  });

  promise(
    "returns every delivery until it is acknowledged, and never again, while visibility timeouts end",
    async () => {
      const scene = await Scene.make(shared());
      const reader = await scene.subscribe("reader");
      const count = 60;
      await scene.publish(...Array.from({ length: count }, (_, index) => `${index}`));
      const done = new Set<number>();
      // Number of receivers with pulled deliveries. While it is above 0, an empty claim does not advance the clock.
      let holding = 0;
      const receive = async (dieEvery: number): Promise<void> => {
        for (let round = 0; done.size < count; round++) {
          if (round > 100_000) throw new Error("Some deliveries are never returned again.");
          // Claims that are served from memory give the driver no time to write.
          await turn();
          const doneBefore = new Set(done);
          const claim = await scene.claim(reader, { deliveriesMax: 5 });
          if (claim.deliveries.length === 0) {
            if (holding === 0) scene.under.clock.advance(VISIBILITY_MS);
            continue;
          }
          holding++;
          // Another receiver may have advanced the clock past the lease of the claim. The answers are then rejected.
          const { handles } = await settleAsPulled(scene, claim);
          for (const { seq } of handles) expect(doneBefore.has(seq)).toBe(false);
          const alive = handles.filter(({ seq }) => (seq + round) % dieEvery !== 0);
          // Sometimes all visibility timeouts end while the answers are being written.
          const answering = scene.store.log.settlePulled(reader.id, alive.map(ack));
          if (round % dieEvery === 1) scene.under.clock.advance(VISIBILITY_MS);
          const applied = await answering;
          holding--;
          for (const [index, { seq }] of alive.entries()) {
            if (applied[index] !== true) continue;
            expect(done.has(seq)).toBe(false);
            done.add(seq);
          }
        }
      };
      await Promise.all([receive(3), receive(4), receive(5)]);
      expect(await scene.store.records.unsettledCounts(reader.id)).toEqual({ backlog: 0, parked: 0, inFlight: 0 });
      expect((await scene.store.records.listAttempts(reader.id, { after: null, limit: 1_000 })).items).toHaveLength(
        count,
      );
    },
  );
}
