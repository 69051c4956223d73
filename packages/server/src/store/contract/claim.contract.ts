import { expect } from "vitest";
import type { ClaimId } from "../log.ts";
import type { Part } from "./part.ts";
import { delivered, LEASE_MS, message, parkedUntil, Scene, textsOf } from "./fixtures.ts";

export function claimContract({ promise, shared }: Part): void {
  promise("returns each delivery to one claim only", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish(...Array.from({ length: 50 }, (_, index) => `${index}`));
    const claims = await Promise.all(Array.from({ length: 10 }, () => scene.claim(reader, { deliveriesMax: 7 })));
    const seqs = claims.flatMap((claim) => claim.deliveries.map((delivery) => delivery.message.seq));
    expect(seqs).toHaveLength(50);
    expect(new Set(seqs).size).toBe(50);
  });

  promise("returns every message to every subscription", async () => {
    const scene = await Scene.make(shared());
    const [one, other] = [await scene.subscribe("one"), await scene.subscribe("other")];
    await scene.publish("a", "b");
    expect(textsOf(await scene.claim(one))).toEqual(["a", "b"]);
    expect(textsOf(await scene.claim(other))).toEqual(["a", "b"]);
  });

  promise(
    "returns the claims in the order of the requests, and an empty claim for a deleted or paused subscription",
    async () => {
      const scene = await Scene.make(shared());
      const [gone, paused, reader] = [
        await scene.subscribe("gone"),
        await scene.subscribe("paused"),
        await scene.subscribe("reader"),
      ];
      await scene.publish("a");
      await scene.store.catalog.deleteSubscription(scene.topic.id, "gone");
      await scene.store.catalog.setSubscriptionState(scene.topic.id, "paused", "paused");
      const want = { deliveriesMax: 10, bytesMax: 1_000, fromLog: true };
      const ids = [paused.id, reader.id, gone.id, reader.id];
      const claims = await scene.store.log.claim(
        ids.map((subscriptionId) => ({ ...want, subscriptionId })),
        LEASE_MS,
      );
      expect(claims.map((claim) => claim.subscriptionId)).toEqual(ids);
      expect(claims.map(textsOf)).toEqual([[], ["a"], [], []]);
      expect(claims[0]).toMatchObject({ more: false, nextDueAtMs: null });
      expect(claims[2]).toMatchObject({ more: false, nextDueAtMs: null, parkedCount: 0 });
    },
  );

  promise("returns a new delivery without attempts", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a");
    const [first] = (await scene.claim(reader)).deliveries;
    expect(first).toMatchObject({ attemptsMade: 0, retriesMade: 0, firstAttemptAtMs: null });
  });

  promise("returns at most `deliveriesMax` deliveries, and reports that there are more", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a", "b", "c");
    const first = await scene.claim(reader, { deliveriesMax: 2 });
    expect(textsOf(first)).toEqual(["a", "b"]);
    expect(first.more).toBe(true);
    const second = await scene.claim(reader, { deliveriesMax: 2 });
    expect(textsOf(second)).toEqual(["c"]);
    expect(second.more).toBe(false);
  });

  promise("stops at `bytesMax`, but returns at least one message", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("x".repeat(1_000), "y".repeat(400), "z".repeat(700), "rest");
    expect((await scene.claim(reader, { bytesMax: 10 })).deliveries).toHaveLength(1);
    const second = await scene.claim(reader, { bytesMax: 1_000 });
    expect(second.deliveries.map((delivery) => delivery.message.body.byteLength)).toEqual([400, 700]);
    expect(second.more).toBe(true);
  });

  promise("counts parked and new deliveries together towards `deliveriesMax` and `bytesMax`", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("x".repeat(500), "y".repeat(500));
    await scene.settleNext(reader, parkedUntil(scene.now));
    await scene.publish("z".repeat(500), "a", "b");
    expect((await scene.claim(reader, { bytesMax: 900 })).deliveries).toHaveLength(2);
    await scene.publish("c");
    await scene.settleNext(reader, parkedUntil(scene.now), { deliveriesMax: 1 });
    expect((await scene.claim(reader, { deliveriesMax: 2 })).deliveries).toHaveLength(2);
  });

  promise("returns parked deliveries that did not fit into a claim in the next one", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish(...Array.from({ length: 9 }, (_, index) => `${index}`.repeat(100)));
    await scene.settleNext(reader, parkedUntil(scene.now));
    const sizes: number[] = [];
    for (let more = true; more;) {
      const claim = await scene.claim(reader, { bytesMax: 150 });
      sizes.push(claim.deliveries.length);
      more = claim.more;
    }
    expect(sizes).toEqual([2, 2, 2, 2, 1]);
  });

  promise("returns only parked deliveries without `fromLog`, and ignores messages in the log for `more`", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("parked");
    await scene.settleNext(reader, parkedUntil(scene.now + 10));
    await scene.publish("new");
    expect(await scene.claim(reader, { fromLog: false })).toMatchObject({
      deliveries: [],
      more: false,
      nextDueAtMs: scene.now + 10,
      parkedCount: 1,
    });
    scene.under.clock.advance(10);
    expect(textsOf(await scene.claim(reader, { fromLog: false }))).toEqual(["parked"]);
    expect(textsOf(await scene.claim(reader))).toEqual(["new"]);
  });

  promise("returns the messages that a filter by tags matches, and settles the others by skipping them", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader", { filter: { tags: ["a", "c"], types: [] } });
    await scene.publish(
      message("1", { tags: ["a", "b"] }),
      message("2", { tags: ["b"] }),
      message("3"),
      message("4", { tags: ["c"] }),
    );
    const claim = await scene.claim(reader);
    expect(textsOf(claim)).toEqual(["1", "4"]);
    await scene.settle(claim, delivered);
    expect(await scene.store.records.subscriptionCounts(reader.id)).toMatchObject({
      backlog: 0,
      inFlight: 0,
      expired: 0,
    });
  });

  promise("returns the messages that a filter by types, or by tags and types, matches", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader", { filter: { tags: [], types: ["a.*", "#.z"] } });
    const keys = ["a.b", "a.b.c", "q.w.z", "a", null];
    await scene.publish(...keys.map((type) => message(String(type), { type })));
    expect(textsOf(await scene.claim(reader))).toEqual(["a.b", "q.w.z"]);
    const both = await scene.subscribe("both", { filter: { tags: ["t"], types: ["a.*"] } });
    await scene.publish(
      message("tag", { tags: ["t"] }),
      message("both", { tags: ["t"], type: "a.x" }),
      message("type", { type: "a.x" }),
    );
    expect(textsOf(await scene.claim(both))).toEqual(["both"]);
  });

  promise("finds a matching message behind thousands that do not match", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader", { filter: { tags: ["wanted"], types: [] } });
    const noise = Array.from({ length: 1_000 }, () => message("noise"));
    for (let batch = 0; batch < 5; batch++) await scene.publish(...noise);
    await scene.publish(message("needle", { tags: ["wanted"] }));
    const claims = await scene.claimUntil(reader, 1);
    expect(claims.flatMap(textsOf)).toEqual(["needle"]);
  });

  promise("returns a delayed message at its time, reports that time, and does not delay later messages", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish(message("later", { delayMs: 5_000 }), "now");
    const claim = await scene.claim(reader);
    expect(textsOf(claim)).toEqual(["now"]);
    await scene.settle(claim, delivered);
    scene.under.clock.advance(4_999);
    expect(await scene.claim(reader)).toMatchObject({ deliveries: [], nextDueAtMs: scene.now + 1 });
    scene.under.clock.advance(1);
    const late = await scene.claim(reader);
    expect(late.deliveries[0]).toMatchObject({ attemptsMade: 0, retriesMade: 0, firstAttemptAtMs: null });
    expect(late.deliveries[0]?.message.deliverAtMs).toBe(scene.now);
  });

  promise("returns a delayed message at its time when no claim has read it before", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish(message("later", { delayMs: 5_000 }));
    scene.under.clock.advance(5_000);
    expect(textsOf(await scene.claim(reader))).toEqual(["later"]);
  });

  promise("returns a delivery again when its lease has expired", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a", "b");
    await scene.claim(reader, {}, 1_000);
    scene.under.clock.advance(999);
    expect(await scene.claim(reader)).toMatchObject({ deliveries: [], nextDueAtMs: scene.now + 1 });
    scene.under.clock.advance(1);
    expect(textsOf(await scene.claim(reader))).toEqual(["a", "b"]);
  });

  promise("returns a parked delivery again when its lease has expired, with its attempts", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a");
    await scene.settleNext(reader, parkedUntil(scene.now, 3));
    const first = await scene.claim(reader, {}, 1_000);
    scene.under.clock.advance(1_000);
    const second = await scene.claim(reader);
    expect(second.deliveries).toEqual(first.deliveries);
    expect(second.deliveries[0]).toMatchObject({ attemptsMade: 1, retriesMade: 3 });
  });

  promise("renews only claims that have open deliveries and whose leases have not expired", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a", "b", "c");
    const [held, lapsed, settled] = [
      await scene.claim(reader, { deliveriesMax: 1 }, 1_000),
      await scene.claim(reader, { deliveriesMax: 1 }, 500),
      await scene.claim(reader, { deliveriesMax: 1 }, 1_000),
    ];
    await scene.settle(settled, delivered);
    scene.under.clock.advance(600);
    const unknown = 987_654_321 as ClaimId;
    expect(await scene.store.log.renew([held.id, lapsed.id, settled.id, unknown], 1_000)).toEqual([held.id]);
    scene.under.clock.advance(999);
    expect(textsOf(await scene.claim(reader, {}, 10_000))).toEqual(["b"]);
    scene.under.clock.advance(1);
    expect(textsOf(await scene.claim(reader))).toEqual(["a"]);
  });

  promise("never shortens a lease", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a");
    const claim = await scene.claim(reader, {}, 1_000);
    expect(await scene.store.log.renew([claim.id], 1)).toEqual([claim.id]);
    scene.under.clock.advance(999);
    expect(textsOf(await scene.claim(reader))).toEqual([]);
  });

  promise("returns nothing for a paused subscription, and everything when it resumes", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("parked");
    await scene.settleNext(reader, parkedUntil(scene.now));
    await scene.publish("a");
    await scene.store.catalog.setSubscriptionState(scene.topic.id, "reader", "paused");
    expect(textsOf(await scene.claim(reader))).toEqual([]);
    await scene.publish("b");
    await scene.store.catalog.setSubscriptionState(scene.topic.id, "reader", "active");
    expect(textsOf(await scene.claim(reader)).toSorted()).toEqual(["a", "b", "parked"]);
  });

  promise("reads a backlog larger than any cache, in order and without gaps", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    const body = "x".repeat(2_000);
    for (let batch = 0; batch < 3; batch++) {
      await scene.publish(...Array.from({ length: 1_000 }, (_, index) => `${batch * 1_000 + index} ${body}`));
    }
    const numbers: number[] = [];
    while (numbers.length < 3_000) {
      const claim = await scene.claim(reader, { deliveriesMax: 300 });
      expect(claim.more).toBe(numbers.length + claim.deliveries.length < 3_000);
      numbers.push(...textsOf(claim).map((text) => Number(text.split(" ")[0])));
    }
    expect(numbers).toEqual(Array.from({ length: 3_000 }, (_, index) => index));
  });

  promise("does not change one subscription when a delivery of another is parked or held", async () => {
    const scene = await Scene.make(shared());
    const [bad, good] = [await scene.subscribe("bad", { order: "strict" }), await scene.subscribe("good")];
    await scene.publish("a", "b", "c");
    await scene.settleNext(bad, parkedUntil(scene.now + 1_000_000));
    await scene.claim(bad);
    const claim = await scene.claim(good);
    expect(textsOf(claim)).toEqual(["a", "b", "c"]);
    expect(claim).toMatchObject({ parkedCount: 0, nextDueAtMs: null });
  });

  promise("does not lose a delivery that is released while another claim reads the log", async () => {
    // The bodies are larger than any cache, so that the second claim has to read them.
    const bodies = Array.from({ length: 30 }, (_, index) => `${index} ${"x".repeat(50_000)}`);
    for (let ticks = 0; ticks < 8; ticks++) {
      const scene = await Scene.make(shared());
      const reader = await scene.subscribe("reader");
      await scene.publish(...bodies);
      const first = await scene.claim(reader, { deliveriesMax: 5 });
      const second = scene.claim(reader, { deliveriesMax: 5 });
      for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
      await scene.settle(first, { kind: "released" });
      const seen = new Set((await second).deliveries.map((delivery) => delivery.message.seq));
      for (const claim of await scene.claimUntil(reader, bodies.length - seen.size)) {
        for (const delivery of claim.deliveries) seen.add(delivery.message.seq);
      }
      expect(seen.size).toBe(bodies.length);
    }
  });
}
