import { setImmediate as nextTurn } from "node:timers/promises";
import { expect } from "vitest";
import { limits } from "../../domain/limits.ts";
import type { Subscription } from "../../domain/model.ts";
import type { Claim, PulledDelivery, PulledSettlement } from "../log.ts";
import type { Part } from "./contract.ts";
import {
  attempt,
  dead,
  delivered,
  eventually,
  handedOutUntil,
  LEASE_MS,
  message,
  parkedUntil,
  released,
  Scene,
  settlement,
  textsOf,
  topicSettings,
} from "./fixtures.ts";

const HIDDEN_MS = 30_000;

/** The time at which a test begins comes first, since receipts of one millisecond are alike. */
export function pullContract({ promise, shared, fresh }: Part): void {
  promise("begins the clock of a delivery that was handed out without a POST, and only the first time", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a");
    const firstAtMs = scene.now;
    await pull(scene, reader);
    scene.under.clock.advance(HIDDEN_MS);
    const [second] = await pull(scene, reader);
    expect(second).toEqual({ seq: 1, retriesMade: 2, firstAttemptAtMs: firstAtMs });
    scene.under.clock.advance(HIDDEN_MS);
    expect((await scene.claim(reader)).deliveries).toMatchObject([
      { attemptsMade: 0, retriesMade: 2, firstAttemptAtMs: firstAtMs },
    ]);
  });

  promise("lets the first POST begin the clock where there was one", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a");
    const claim = await scene.claim(reader);
    const [delivery] = claim.deliveries;
    const startedAtMs = scene.now - 500;
    const parked = handedOutUntil(scene.now, 1, scene.now);
    await scene.store.log.settle([
      { ...settlement(claim, delivery as never, parked), attempt: attempt(1, "failed", { startedAtMs }) },
    ]);
    expect((await scene.claim(reader)).deliveries).toMatchObject([{ attemptsMade: 1, firstAttemptAtMs: startedAtMs }]);
  });

  promise("ends what a receiver acknowledges, with one line in the attempt record", async () => {
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
    scene.under.clock.advance(HIDDEN_MS);
    expect(textsOf(await scene.claim(reader))).toEqual(["b"]);
    expect(await scene.store.log.settlePulled(reader.id, [ack(second)])).toEqual([false]);
    expect((await scene.store.records.listAttempts(reader.id, { after: null, limit: 10 }, "all")).items).toHaveLength(
      1,
    );
  });

  promise("hands a delivery to nobody before its time is up, and then to one again", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a");
    await pull(scene, reader);
    scene.under.clock.advance(HIDDEN_MS - 1);
    expect(await scene.claim(reader)).toMatchObject({ deliveries: [], nextDueAtMs: scene.now + 1 });
    scene.under.clock.advance(1);
    expect(textsOf(await scene.claim(reader))).toEqual(["a"]);
  });

  promise("takes no answer for what is there again, is open, or was handed out again", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a");
    const [first] = await pull(scene, reader);
    scene.under.clock.advance(HIDDEN_MS);
    const answers = [[ack(first as never)], [due(first as never, scene.now + 1)]];
    for (const answer of answers) expect(await scene.store.log.settlePulled(reader.id, answer)).toEqual([false]);
    const claim = await scene.claim(reader);
    for (const answer of answers) expect(await scene.store.log.settlePulled(reader.id, answer)).toEqual([false]);
    await scene.settle(claim, handedOutUntil(scene.now + HIDDEN_MS, 2, scene.now), false);
    for (const answer of answers) expect(await scene.store.log.settlePulled(reader.id, answer)).toEqual([false]);
    expect(
      await scene.store.log.settlePulled(reader.id, [ack({ ...(first as PulledDelivery), retriesMade: 2 })]),
    ).toEqual([true]);
  });

  promise(
    "hands out what is there again although its receiver answers too late, just while a claim looks",
    async () => {
      const scene = await Scene.make(shared());
      const reader = await scene.subscribe("reader");
      await scene.publish("a");
      const [first] = (await pull(scene, reader)) as [PulledDelivery];
      scene.under.clock.advance(HIDDEN_MS);
      const looking = scene.claim(reader);
      const [taken, applied] = await Promise.all([looking, scene.store.log.settlePulled(reader.id, [ack(first)])]);
      expect(applied).toEqual([false]);
      const claims = taken.deliveries.length > 0 ? [taken] : await scene.claimUntil(reader, 1);
      expect(claims.flatMap(textsOf)).toEqual(["a"]);
    },
  );

  promise("takes the answer for the last handing out, beside one that comes too late for an earlier one", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a");
    const [first] = (await pull(scene, reader)) as [PulledDelivery];
    scene.under.clock.advance(HIDDEN_MS);
    const [second] = (await pull(scene, reader)) as [PulledDelivery];
    expect(await scene.store.log.settlePulled(reader.id, [ack(first), ack(second)])).toEqual([false, true]);
    expect(await scene.deliveryOf(1, reader)).toMatchObject({ state: "delivered" });
  });

  promise("takes the second of two answers only if the first left the delivery hidden", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a", "b", "c");
    const [one, two, three] = (await pull(scene, reader)) as [PulledDelivery, PulledDelivery, PulledDelivery];
    const say = async (answer: PulledSettlement) => (await scene.store.log.settlePulled(reader.id, [answer]))[0];
    expect([await say(ack(one)), await say(ack(one))]).toEqual([true, false]);
    expect([await say(due(two, scene.now)), await say(ack(two))]).toEqual([true, false]);
    expect([await say(due(three, scene.now + 90_000)), await say(ack(three))]).toEqual([true, true]);
  });

  promise("takes the first of several answers for one delivery, within a call and of calls at once", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a", "b");
    const [one, two] = (await pull(scene, reader)) as [PulledDelivery, PulledDelivery];
    expect(await scene.store.log.settlePulled(reader.id, [due(one, scene.now + 90_000), ack(one), ack(one)])).toEqual([
      true,
      false,
      false,
    ]);
    const atOnce = await Promise.all(
      Array.from({ length: 20 }, () => scene.store.log.settlePulled(reader.id, [ack(two)])),
    );
    expect(atOnce.filter(([applied]) => applied)).toHaveLength(1);
    expect(await scene.deliveryOf(2, reader)).toMatchObject({ attempts: [{ attempt: 1 }] });
  });

  promise("answers for each of many in the order of the call", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish(...Array.from({ length: 60 }, (_, index) => `${index}`));
    const receipts = await pull(scene, reader);
    const answers = receipts.map((receipt, index) => {
      if (index % 3 === 0) return ack(receipt);
      return index % 3 === 1 ? due(receipt, scene.now + 1) : ack({ ...receipt, retriesMade: 7 });
    });
    expect(await scene.store.log.settlePulled(reader.id, answers)).toEqual(receipts.map((_, index) => index % 3 !== 2));
    scene.under.clock.advance(1);
    const there = await scene.claimUntil(reader, 20);
    expect(
      there
        .flatMap(textsOf)
        .map(Number)
        .toSorted((a, b) => a - b),
    ).toEqual(Array.from({ length: 20 }, (_, index) => 3 * index + 1));
    expect(await scene.store.records.unsettledCounts(reader.id)).toEqual({ backlog: 0, parked: 20, inFlight: 20 });
  });

  promise("takes no answer for what names nothing that there is", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    const other = await scene.subscribe("other");
    await scene.publish("a");
    const [receipt] = (await pull(scene, reader)) as [PulledDelivery];
    const wrong: PulledDelivery[] = [
      { ...receipt, seq: 2 },
      { ...receipt, seq: -1 },
      { ...receipt, seq: 1.5 },
      { ...receipt, seq: 2 ** 70 },
      { ...receipt, retriesMade: 2 },
      { ...receipt, firstAttemptAtMs: receipt.firstAttemptAtMs + 1 },
      { ...receipt, firstAttemptAtMs: NaN },
    ];
    for (const pulled of wrong) expect(await scene.store.log.settlePulled(reader.id, [ack(pulled)])).toEqual([false]);
    expect(await scene.store.log.settlePulled(other.id, [ack(receipt)])).toEqual([false]);
    expect(await scene.store.log.settlePulled((2 ** 40) as never, [ack(receipt)])).toEqual([false]);
    expect(await scene.store.log.settlePulled(reader.id, [])).toEqual([]);
    expect(await scene.store.log.settlePulled(reader.id, [ack(receipt)])).toEqual([true]);
  });

  promise("refuses an answer that no record can hold, and applies nothing of its call", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a", "b");
    const [one, two] = (await pull(scene, reader)) as [PulledDelivery, PulledDelivery];
    const spoilt: PulledSettlement = {
      pulled: two,
      answer: { kind: "delivered", attempt: attempt(1, "accepted", { durationMs: 0.5 }) },
    };
    await expect(scene.store.log.settlePulled(reader.id, [ack(one), spoilt])).rejects.toMatchObject({
      code: "internal",
    });
    expect(await scene.store.log.settlePulled(reader.id, [ack(one), ack(two)])).toEqual([true, true]);
  });

  promise("hides a delivery longer or shorter, as its receiver says, under the same receipt", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a");
    const [receipt] = (await pull(scene, reader)) as [PulledDelivery];
    expect(await scene.store.log.settlePulled(reader.id, [due(receipt, scene.now + 2 * HIDDEN_MS)])).toEqual([true]);
    scene.under.clock.advance(HIDDEN_MS);
    expect(textsOf(await scene.claim(reader))).toEqual([]);
    expect(await scene.store.log.settlePulled(reader.id, [due(receipt, scene.now + 10)])).toEqual([true]);
    scene.under.clock.advance(10);
    expect(await scene.claim(reader)).toMatchObject({ deliveries: [{ retriesMade: 1, attemptsMade: 0 }] });
  });

  promise("hints at a subscription when a receiver puts a delivery back", async () => {
    await fresh(async (under) => {
      const scene = await Scene.make(under);
      const reader = await scene.subscribe("reader");
      await scene.publish("a");
      const [receipt] = (await pull(scene, reader)) as [PulledDelivery];
      expect(textsOf(await scene.claim(reader))).toEqual([]);
      const hints: number[] = [];
      scene.store.log.onReady((ids) => hints.push(...ids));
      await scene.store.log.settlePulled(reader.id, [due(receipt, scene.now)]);
      await eventually(() => hints.includes(reader.id));
      expect((await scene.claimUntil(reader, 1)).flatMap(textsOf)).toEqual(["a"]);
    });
  });

  promise("holds the key of what is handed out, and lets its successors go when it is acknowledged", async () => {
    await fresh(async (under) => {
      const scene = await Scene.make(under);
      const reader = await scene.subscribe("reader", { order: "key" });
      await scene.publish(keyed("a1"), keyed("a2"), keyed("b1"));
      const [first] = (await pull(scene, reader, 1)) as [PulledDelivery];
      expect(textsOf(await scene.claim(reader))).toEqual(["b1"]);
      const hints: number[] = [];
      scene.store.log.onReady((ids) => hints.push(...ids));
      expect(await scene.store.log.settlePulled(reader.id, [ack(first)])).toEqual([true]);
      await eventually(() => hints.includes(reader.id));
      expect((await scene.claimUntil(reader, 1)).flatMap(textsOf)).toEqual(["a2"]);
    });
  });

  promise("hands out one after the other in strict order, each when the one before is acknowledged", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader", { order: "strict" });
    await scene.publish("a", "b", "c");
    for (const seq of [1, 2, 3]) {
      const [receipt] = (await pull(scene, reader, 10, 1)) as [PulledDelivery];
      expect(receipt.seq).toBe(seq);
      expect(textsOf(await scene.claim(reader))).toEqual([]);
      expect(await scene.store.log.settlePulled(reader.id, [ack(receipt)])).toEqual([true]);
    }
    expect(await scene.store.records.unsettledCounts(reader.id)).toEqual({ backlog: 0, parked: 0, inFlight: 0 });
  });

  promise("keeps the place of a delivery of a strict subscription that is put back", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader", { order: "strict" });
    await scene.publish("a", "b");
    const [receipt] = (await pull(scene, reader)) as [PulledDelivery];
    await scene.store.log.settlePulled(reader.id, [due(receipt, scene.now)]);
    const [again] = await scene.claimUntil(reader, 1);
    expect(textsOf(again as never)).toEqual(["a"]);
  });

  promise(
    "takes no answer for a delivery that has died and was redriven since, and takes its new receipt",
    async () => {
      const scene = await Scene.make(shared());
      const reader = await scene.subscribe("reader");
      await scene.publish("a");
      const [old] = (await pull(scene, reader)) as [PulledDelivery];
      scene.under.clock.advance(HIDDEN_MS);
      await scene.settleNext(reader, dead);
      expect(await scene.store.log.settlePulled(reader.id, [ack(old)])).toEqual([false]);
      await scene.store.records.redriveDeadLetters(reader.id, null);
      expect(await scene.store.log.settlePulled(reader.id, [ack(old)])).toEqual([false]);
      const [receipt] = (await pull(scene, reader, 1, 1)) as [PulledDelivery];
      expect(receipt).toEqual({ seq: 1, retriesMade: 1, firstAttemptAtMs: scene.now });
      expect(await scene.store.log.settlePulled(reader.id, [ack(old)])).toEqual([false]);
      expect(await scene.store.log.settlePulled(reader.id, [ack(receipt)])).toEqual([true]);
      expect(await scene.store.records.subscriptionCounts(reader.id)).toMatchObject({ parked: 0, deadLetters: 0 });
      expect(await scene.store.records.redriveDeadLetters(reader.id, null)).toBe(0);
    },
  );

  promise("keeps what was answered over a crash, and what is hidden stays hidden", async () => {
    await fresh(async (under) => {
      const scene = await Scene.make(under);
      const reader = await scene.subscribe("reader");
      await scene.publish("acknowledged", "put back", "hidden", "put off", "new");
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
          due(four, scene.now + 2 * HIDDEN_MS),
        ]),
      ).toEqual([true, true, true]);
      await under.crash();
      expect((await scene.claimUntil(reader, 2)).flatMap(textsOf).toSorted()).toEqual(["new", "put back"]);
      expect(await scene.store.log.settlePulled(reader.id, [ack(one), ack(three)])).toEqual([false, true]);
      scene.under.clock.advance(2 * HIDDEN_MS);
      expect(await scene.store.log.settlePulled(reader.id, [ack(four)])).toEqual([false]);
    });
  });

  promise("forgets what was handed out of a subscription that is gone", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a");
    const [receipt] = (await pull(scene, reader)) as [PulledDelivery];
    await scene.store.catalog.deleteSubscription(scene.topic.id, "reader");
    expect(await scene.store.log.settlePulled(reader.id, [ack(receipt)])).toEqual([false]);
    expect(await scene.store.log.rewind(reader.id, "oldest")).toBe(false);
    await expect(scene.store.records.pullCounts(reader.id, 0)).rejects.toMatchObject({
      code: "subscription_not_found",
    });
  });

  promise(
    "hands out nothing that was acknowledged and all that was not, when both come at the end of its time",
    async () => {
      const scene = await Scene.make(shared());
      const reader = await scene.subscribe("reader");
      const count = 60;
      await scene.publish(...Array.from({ length: count }, (_, index) => `${index}`));
      const done = new Set<number>();
      // Receivers that hold something: only then may the time pass, or no claim would ever outlive its own writing
      // down.
      let holding = 0;
      const receive = async (dieEvery: number): Promise<void> => {
        for (let round = 0; done.size < count; round++) {
          if (round > 100_000) throw new Error("Some of them never come again.");
          // Claims that are answered from memory leave no turn to the disk.
          await nextTurn();
          const doneBefore = new Set(done);
          const claim = await scene.claim(reader, { deliveriesMax: 5 });
          if (claim.deliveries.length === 0) {
            if (holding === 0) scene.under.clock.advance(HIDDEN_MS);
            continue;
          }
          holding++;
          // Where another has moved the clock meanwhile, the claim may be over: such receipts are worth nothing, as
          // their answers tell.
          const { receipts } = await handOut(scene, claim);
          for (const { seq } of receipts) expect(doneBefore.has(seq)).toBe(false);
          const alive = receipts.filter(({ seq }) => (seq + round) % dieEvery !== 0);
          // Now and then the time of all of them is over while answers are on their way.
          const answering = scene.store.log.settlePulled(reader.id, alive.map(ack));
          if (round % dieEvery === 1) scene.under.clock.advance(HIDDEN_MS);
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
      expect(
        (await scene.store.records.listAttempts(reader.id, { after: null, limit: 1_000 }, "all")).items,
      ).toHaveLength(count);
    },
  );

  // ---- going back

  promise("brings back everything from a place on, whatever became of it, once", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish(
      "before",
      "delivered",
      "dead",
      "hidden",
      message("delayed", { delayMs: LEASE_MS }),
      "open",
      "new",
    );
    const claim = await scene.claim(reader, { deliveriesMax: 5 });
    expect(textsOf(claim)).toEqual(["before", "delivered", "dead", "hidden", "open"]);
    const [first, second, third, fourth, fifth] = claim.deliveries.map((each) => each);
    await scene.store.log.settle([
      settlement(claim, first as never, delivered),
      settlement(claim, second as never, delivered),
      settlement(claim, third as never, dead),
      settlement(claim, fourth as never, parkedUntil(scene.now + HIDDEN_MS)),
    ]);
    scene.under.clock.advance(1);
    expect(await scene.store.log.rewind(reader.id, { seq: 2 })).toBe(true);
    expect(await scene.store.log.settle([settlement(claim, fifth as never, delivered)])).toBe(0);
    expect(await scene.store.log.renew([claim.id], LEASE_MS)).toEqual([]);
    const again = await scene.claimUntil(reader, 5);
    expect(again.flatMap(textsOf)).toEqual(["delivered", "dead", "hidden", "open", "new"]);
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

  promise("leaves the part of a claim before the place to its holder", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a", "b", "c");
    const claim = await scene.claim(reader);
    await scene.store.log.rewind(reader.id, { seq: 2 });
    expect(await scene.settle(claim, delivered)).toBe(1);
    expect((await scene.claimUntil(reader, 2)).flatMap(textsOf)).toEqual(["b", "c"]);
  });

  promise("says what a message is that comes again, not what it was", async () => {
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

  promise("takes no answer for what was handed out before the subscription went back", async () => {
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

  promise("goes back to a time: to the first message published then or later", async () => {
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
    for (const to of [{ atMs: scene.now }, { atMs: scene.now + 1_000_000 }, { seq: 4 }, { seq: 400 }]) {
      expect(await scene.store.log.rewind(reader.id, to)).toBe(true);
      expect(await deliverAll(0)).toEqual([]);
    }
    await scene.publish("d");
    expect(await deliverAll(1)).toEqual(["d"]);
  });

  promise("changes nothing for a place that no claim has come to", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a", "b", "c");
    const claim = await scene.claim(reader, { deliveriesMax: 1 });
    await scene.store.log.rewind(reader.id, { seq: 3 });
    expect(textsOf(await scene.claim(reader, { deliveriesMax: 1 }))).toEqual(["b"]);
    expect(await scene.settle(claim, delivered)).toBe(1);
    expect(textsOf(await scene.claim(reader))).toEqual(["c"]);
  });

  promise("goes back past what was given back, of which claims have come to the later ones", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a", "b", "c");
    await scene.settle(await scene.claim(reader), [released, delivered, delivered]);
    await scene.store.log.rewind(reader.id, { seq: 3 });
    expect((await scene.claimUntil(reader, 2)).flatMap(textsOf)).toEqual(["a", "c"]);
  });

  promise("brings back what the subscription had begun after, and nothing that its filter refuses", async () => {
    const scene = await Scene.make(shared());
    await scene.publish("no", message("yes", { tags: ["x"] }));
    const reader = await scene.subscribe("reader", { filter: { tags: ["x"], types: [] } });
    await scene.publish("no", message("too", { tags: ["x"] }));
    await scene.settle((await scene.claimUntil(reader, 1))[0] as never, delivered);
    await scene.store.log.rewind(reader.id, "oldest");
    expect((await scene.claimUntil(reader, 2)).flatMap(textsOf)).toEqual(["yes", "too"]);
  });

  promise("lets go of every key that was held from the place on", async () => {
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

  promise("goes back past more than one commit removes, and loses nothing and no order", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader", { order: "key" });
    const count = 2 * limits.rewoundPerCommitMax + 2;
    const messages = Array.from({ length: count }, (_, index) => message(`${index + 1}`, { orderingKey: `k${index}` }));
    for (let from = 0; from < count; from += 500) await scene.publish(...messages.slice(from, from + 500));
    const receipts: PulledDelivery[] = [];
    while (receipts.length < count) receipts.push(...(await pull(scene, reader, 1_000)));
    await Promise.all([scene.store.log.rewind(reader.id, { seq: 2 }), scene.publish("last")]);
    expect(await scene.store.records.unsettledCounts(reader.id)).toEqual({ backlog: count, parked: 1, inFlight: 0 });
    const answers = [1, count - 1, 0].map((place) => ack(receipts[place] as PulledDelivery));
    expect(await scene.store.log.settlePulled(reader.id, answers)).toEqual([false, false, true]);
    const texts: string[] = [];
    while (texts.length < count) {
      const claim = await scene.claim(reader, { deliveriesMax: 1_000 });
      texts.push(...textsOf(claim));
      await scene.settle(claim, delivered);
    }
    expect(texts).toEqual([...messages.slice(1).map((_, index) => `${index + 2}`), "last"]);
  });

  promise("still holds a key that a delivery before the place holds", async () => {
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

  promise("leaves dead letters, and one of them that is redriven then only goes", async () => {
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

  promise("takes what is being redriven back into the log, with its dead letter", async () => {
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

  promise("has gone back for good when it says so", async () => {
    await fresh(async (under) => {
      const scene = await Scene.make(under);
      const reader = await scene.subscribe("reader");
      await scene.publish("a", "b", "c", "d");
      const claim = await scene.claim(reader, { deliveriesMax: 3 });
      await scene.settle(claim, [delivered, parkedUntil(scene.now + HIDDEN_MS), delivered]);
      await scene.store.log.rewind(reader.id, { seq: 2 });
      await under.crash();
      expect((await scene.claimUntil(reader, 3)).flatMap(textsOf)).toEqual(["b", "c", "d"]);
      scene.under.clock.advance(HIDDEN_MS);
      expect(textsOf(await scene.claim(reader, {}, 1))).toEqual([]);
    });
  });

  promise("goes back while others publish, claim, settle and answer, and loses nothing", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish(...Array.from({ length: 40 }, (_, index) => `${index}`));
    // Going back voids what is claimed from its place on, and nothing else.
    const places: number[] = [];
    let wentBack = 0;
    const work = async (): Promise<void> => {
      for (let round = 0; round < 6; round++) {
        const wentBackBefore = wentBack;
        const claim = await scene.claim(reader, { deliveriesMax: 5 });
        const { receipts, applied } = await handOut(scene, claim);
        const passedBy = Math.min(Infinity, ...places.slice(wentBackBefore));
        expect(applied).toBeGreaterThanOrEqual(receipts.filter(({ seq }) => seq < passedBy).length);
        await scene.store.log.settlePulled(reader.id, receipts.map(ack));
        await scene.settleNext(reader, delivered, { deliveriesMax: 3 });
        scene.under.clock.advance(1);
      }
    };
    const goBack = async (): Promise<void> => {
      for (let seq = 30; seq > 10; seq -= 5) {
        places.push(seq);
        await scene.store.log.rewind(reader.id, { seq });
        wentBack++;
      }
    };
    await Promise.all([work(), work(), goBack(), scene.publish("last")]);
    await scene.store.log.rewind(reader.id, { seq: 5 });
    const texts = (await scene.claimUntil(reader, 37))
      .flatMap(textsOf)
      .filter((text) => text === "last" || Number(text) >= 4);
    expect(new Set(texts).size).toBe(37);
    const counts = await scene.store.records.unsettledCounts(reader.id);
    expect(counts.inFlight).toBeGreaterThanOrEqual(37);
    expect(counts.backlog + counts.parked).toBeLessThanOrEqual(4);
  });

  promise("brings back only what retention has left, and counts what it takes of it as expired", async () => {
    await fresh(async (under) => {
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

  promise("makes a dead letter of what is hidden when its retention is over, and takes no answer for it", async () => {
    await fresh(async (under) => {
      const scene = await Scene.make(under, { retentionMs: 1_000 });
      const reader = await scene.subscribe("reader");
      await scene.publish("a");
      const [receipt] = (await pull(scene, reader)) as [PulledDelivery];
      under.clock.advance(1_001);
      while ((await scene.store.log.retain()).more);
      expect(await scene.store.log.settlePulled(reader.id, [ack(receipt)])).toEqual([false]);
      expect((await scene.store.records.listDeadLetters(reader.id, { after: null, limit: 9 })).items).toMatchObject([
        { reason: "expired" },
      ]);
    });
  });

  // ---- counting

  promise("counts what is there, what is hidden, what waits for its time, and what a rewind would bring", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    const counts = (fromMs = 0) => scene.store.records.pullCounts(reader.id, fromMs);
    const nothing = { visible: 0, invisible: 0, delayed: 0, oldestAtMs: null, rewindable: 0 };
    expect(await counts()).toEqual(nothing);
    const startedAtMs = scene.now;
    await scene.publish("a", "b", message("later", { delayMs: 90_000 }));
    scene.under.clock.advance(10);
    await scene.publish("c");
    expect(await counts()).toEqual({ ...nothing, visible: 3, delayed: 1, oldestAtMs: startedAtMs });

    const [a, b] = (await pull(scene, reader, 2)) as [PulledDelivery, PulledDelivery];
    expect(await counts()).toEqual({ ...nothing, visible: 1, invisible: 2, delayed: 1, oldestAtMs: startedAtMs });
    await scene.store.log.settlePulled(reader.id, [ack(a)]);
    expect(await counts()).toEqual({ visible: 1, invisible: 1, delayed: 1, oldestAtMs: startedAtMs, rewindable: 1 });
    await scene.store.log.settlePulled(reader.id, [due(b, scene.now)]);
    expect(await counts()).toMatchObject({ visible: 2, invisible: 0, delayed: 1 });

    const claims = await scene.claimUntil(reader, 2);
    expect(await counts()).toMatchObject({ visible: 0, invisible: 2, delayed: 1, oldestAtMs: startedAtMs });
    for (const claim of claims) await scene.settle(claim, delivered);
    expect(await counts()).toMatchObject({ visible: 0, invisible: 0, delayed: 1, rewindable: 3 });
    expect(await counts(startedAtMs + 1)).toMatchObject({ rewindable: 1 });
    expect(await counts(scene.now + 1)).toMatchObject({ rewindable: 0 });

    scene.under.clock.advance(90_000);
    expect(await counts()).toMatchObject({ visible: 1, invisible: 0, delayed: 0, oldestAtMs: startedAtMs });
    await scene.store.log.rewind(reader.id, { seq: 2 });
    expect(await counts()).toEqual({ visible: 3, invisible: 0, delayed: 0, oldestAtMs: startedAtMs, rewindable: 1 });
    for (const claim of await scene.claimUntil(reader, 3)) await scene.settle(claim, delivered);
    expect(await counts()).toEqual({ ...nothing, rewindable: 4 });
  });

  promise("counts what a claim that has run out held as there again", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a", "b");
    await pull(scene, reader, 1);
    scene.under.clock.advance(HIDDEN_MS);
    await scene.claimUntil(reader, 2);
    expect(await scene.store.records.pullCounts(reader.id, 0)).toMatchObject({ visible: 0, invisible: 2 });
    scene.under.clock.advance(LEASE_MS);
    expect(await scene.store.records.pullCounts(reader.id, 0)).toMatchObject({
      visible: 2,
      invisible: 0,
      rewindable: 0,
    });
  });

  promise("knows the age of what is redriven after its message has gone", async () => {
    await fresh(async (under) => {
      const scene = await Scene.make(under, { retentionMs: 1_000 });
      const reader = await scene.subscribe("reader");
      const publishedAtMs = scene.now;
      await scene.publish("a");
      await scene.settleNext(reader, dead);
      under.clock.advance(1_001);
      while ((await scene.store.log.retain()).more);
      await scene.publish("b");
      await scene.store.records.redriveDeadLetters(reader.id, null);
      expect(await scene.store.records.pullCounts(reader.id, 0)).toMatchObject({
        visible: 2,
        oldestAtMs: publishedAtMs,
        rewindable: 0,
      });
      await scene.store.log.rewind(reader.id, "oldest");
      expect((await scene.claimUntil(reader, 2)).flatMap(textsOf).toSorted()).toEqual(["a", "b"]);
    });
  });

  promise("finds a topic by its name in any case, and the one of that very name first", async () => {
    const { store } = shared();
    const account = store.catalog.defaultAccount().id;
    const { topic: lower } = await store.catalog.putTopic(account, "any-case-x", topicSettings());
    const { topic: queue } = await store.catalog.putTopic(account, "queue:Any-Case-X", topicSettings());
    expect(await store.catalog.findTopicAnyCase(account, "ANY-Case-x")).toEqual(lower);
    expect(await store.catalog.createTopic(account, "ANY-Case-x", topicSettings())).toBeNull();
    const names = ["Twice-made", "twice-made", "TWICE-MADE", "twice-made"];
    const made = await Promise.all(names.map((name) => store.catalog.createTopic(account, name, topicSettings())));
    expect(made.filter((topic) => topic !== null)).toEqual([
      await store.catalog.findTopicAnyCase(account, "twice-MADE"),
    ]);
    expect(await store.catalog.findTopicAnyCase(account, "queue:any-case-X")).toEqual(queue);
    const { topic: upper } = await store.catalog.putTopic(account, "ANY-CASE-X", topicSettings());
    expect(await store.catalog.findTopicAnyCase(account, "any-case-x")).toEqual(lower);
    expect(await store.catalog.findTopicAnyCase(account, "ANY-CASE-X")).toEqual(upper);
    await store.catalog.deleteTopic(account, "any-case-x");
    expect(await store.catalog.findTopicAnyCase(account, "any-case-x")).toEqual(upper);
    await store.catalog.deleteTopic(account, "ANY-CASE-X");
    expect(await store.catalog.findTopicAnyCase(account, "any-case-x")).toBeNull();
    expect(await store.catalog.findTopicAnyCase(account, "any_case-x")).toBeNull();
  });
}

/** Takes what there is and hides it, as the engine does for receivers. */
async function pull(
  scene: Scene,
  reader: Subscription,
  messagesMax = 100,
  countMin = 0,
): Promise<readonly PulledDelivery[]> {
  const want = { deliveriesMax: messagesMax };
  const claims = countMin === 0 ? [await scene.claim(reader, want)] : await scene.claimUntil(reader, countMin);
  const receipts: PulledDelivery[] = [];
  for (const claim of claims) {
    const pulled = await handOut(scene, claim);
    expect(pulled.applied).toBe(claim.deliveries.length);
    receipts.push(...pulled.receipts);
  }
  return receipts;
}

/**
 * Hides what was claimed. Of that which is no longer the claim's, nothing is applied, and the receipts are worth
 * nothing.
 */
async function handOut(
  scene: Scene,
  claim: Claim,
): Promise<{ readonly receipts: readonly PulledDelivery[]; readonly applied: number }> {
  // The clock may move before they are written.
  const nowMs = scene.now;
  const applied = await scene.store.log.settle(
    claim.deliveries.map((delivery) =>
      settlement(claim, delivery, handedOutUntil(nowMs + HIDDEN_MS, delivery.retriesMade + 1, nowMs), false),
    ),
  );
  const receipts = claim.deliveries.map(({ message: { seq }, retriesMade, firstAttemptAtMs }) => ({
    seq,
    retriesMade: retriesMade + 1,
    firstAttemptAtMs: firstAttemptAtMs ?? nowMs,
  }));
  return { receipts, applied };
}

function ack(pulled: PulledDelivery): PulledSettlement {
  return {
    pulled,
    answer: { kind: "delivered", attempt: attempt(1, "accepted", { status: null, reply: null }) },
  };
}

function due(pulled: PulledDelivery, dueAtMs: number): PulledSettlement {
  return { pulled, answer: { kind: "due", dueAtMs } };
}

/** Its key is its first letter. */
function keyed(text: string) {
  return message(text, { orderingKey: text.slice(0, 1) });
}
