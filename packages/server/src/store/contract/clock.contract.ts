import { expect } from "vitest";
import { limits } from "../../domain/limits.ts";
import { delivered, HOUR_MS, LEASE_MS, message, parkedUntil, Scene, textsOf } from "./fixtures.ts";
import type { StoreUnderTest } from "./harness.ts";
import type { Part } from "./part.ts";
import { ack, due, pull, VISIBILITY_MS } from "./pull-fixtures.ts";
import { retainAll, total } from "./retain-fixtures.ts";

const DAY_MS = 24 * HOUR_MS;
const jumpsMs = [-2 * DAY_MS, -HOUR_MS, 2 * HOUR_MS, 2 * DAY_MS];

/** The machine's clock is set ahead or back. In between no time passes, and everything that waits must not notice. */
export function clockContract({ promise, empty, fresh }: Part): void {
  /** Runs the test once for each jump, each time with a topic of its own and with a clock that is right at first. */
  function whatever(sentence: string, proof: (under: StoreUnderTest, jump: () => void) => Promise<void>): void {
    promise(sentence, async () => {
      await empty(async (under) => {
        for (const byMs of jumpsMs) {
          await proof(under, () => under.clock.jump(byMs));
          under.clock.correct();
        }
      });
    });
  }

  whatever("makes a failed delivery due after the time that was asked for", async (under, jump) => {
    const scene = await Scene.make(under);
    const sub = await scene.subscribe("sub");
    await scene.publish("a");
    await scene.settleNext(sub, parkedUntil(scene.now + 10_000));
    jump();
    under.clock.advance(9_999);
    const early = await scene.claim(sub);
    expect(textsOf(early)).toEqual([]);
    expect(early.nextDueAtMs).toBe(scene.now + 1);
    under.clock.advance(1);
    expect(textsOf(await scene.claim(sub))).toEqual(["a"]);
  });

  whatever("counts a delay from now, whatever was published before", async (under, jump) => {
    const scene = await Scene.make(under);
    const sub = await scene.subscribe("sub");
    jump();
    await scene.publish("when the clock was wrong");
    under.clock.correct();
    const { firstSeq } = await scene.publish(message("a", { delayMs: 1_000 }));
    const shown = await scene.store.records.getMessage(scene.topic.accountId, scene.idOf(firstSeq));
    expect(shown?.message.deliverAtMs).toBe(under.clock.wall() + 1_000);
    expect(textsOf(await scene.claim(sub))).toEqual(["when the clock was wrong"]);
    under.clock.advance(999);
    expect(textsOf(await scene.claim(sub))).toEqual([]);
    under.clock.advance(1);
    expect((await scene.claimUntil(sub, 1)).flatMap(textsOf)).toEqual(["a"]);
  });

  whatever("keeps a lease for its time, and no longer", async (under, jump) => {
    const scene = await Scene.make(under);
    const sub = await scene.subscribe("sub");
    await scene.publish("a");
    const claim = await scene.claim(sub);
    jump();
    under.clock.advance(LEASE_MS - 1);
    expect(textsOf(await scene.claim(sub))).toEqual([]);
    expect(await scene.store.log.renew([claim.id], LEASE_MS)).toEqual([claim.id]);
    under.clock.advance(LEASE_MS);
    expect(textsOf(await scene.claim(sub))).toEqual(["a"]);
  });

  whatever("records the time of the first attempt so that retries end when they should", async (under, jump) => {
    const scene = await Scene.make(under);
    const sub = await scene.subscribe("sub");
    await scene.publish("a");
    const firstAttemptAtMs = scene.now;
    const claim = await scene.claim(sub);
    const [delivery] = claim.deliveries;
    const attempt = {
      attempt: 1,
      startedAtMs: under.clock.wall(),
      durationMs: 7,
      verdict: "failed",
      status: 500,
      errorCode: "http_status",
      errorDetail: null,
      reply: null,
    } as const;
    const settled = { ...parkedUntil(scene.now + 10_000), firstAttemptAtMs };
    await scene.store.log.settle([
      { claimId: claim.id, subscriptionId: sub.id, delivery: delivery as never, attempt, settled },
    ]);
    jump();
    const nextAttemptAtMs = under.clock.wall() + 10_000;
    expect(await scene.deliveryOf(1, sub)).toMatchObject({ state: "parked", nextAttemptAtMs });
    under.clock.advance(10_000);
    expect((await scene.claim(sub)).deliveries).toMatchObject([{ firstAttemptAtMs }]);
  });

  whatever("keeps a pulled message invisible for its time, and its receipt handle valid", async (under, jump) => {
    const scene = await Scene.make(under);
    const reader = await scene.subscribe("reader", {
      push: null,
      pull: { visibilityMs: VISIBILITY_MS, receivesMax: null },
    });
    await scene.publish("a", "b");
    const [first, second] = await pull(scene, reader);
    jump();
    under.clock.advance(VISIBILITY_MS - 1);
    expect(textsOf(await scene.claim(reader))).toEqual([]);
    const answers = [ack(first as never), due(second as never, scene.now + 5_000)];
    expect(await scene.store.log.settlePulled(reader.id, answers)).toEqual([true, true]);
    jump();
    under.clock.advance(4_999);
    expect(textsOf(await scene.claim(reader))).toEqual([]);
    under.clock.advance(1);
    expect(textsOf(await scene.claim(reader))).toEqual(["b"]);
  });

  whatever("honours an idempotency key for its time", async (under, jump) => {
    const scene = await Scene.make(under);
    const request = {
      topicId: scene.topic.id,
      messages: [message("a")],
      idempotency: { key: "k", fingerprint: "f" },
    };
    const { publishedAtMs } = await scene.store.log.append(request);
    jump();
    under.clock.advance(limits.idempotencyKeyHours * HOUR_MS - 1);
    expect(await scene.store.log.append(request)).toMatchObject({ replayed: true, publishedAtMs });
    under.clock.advance(1);
    expect(await scene.store.log.append(request)).toMatchObject({ replayed: false });
  });

  promise("publishes with the time of today again as soon as the clock is right", async () => {
    await empty(async (under) => {
      const scene = await Scene.make(under);
      under.clock.jump(2 * DAY_MS);
      await scene.publish("in the future");
      under.clock.correct();
      expect(await scene.publish("a")).toMatchObject({ publishedAtMs: scene.now });
      await under.crash();
      under.clock.advance(1_000);
      expect(await scene.publish("b")).toMatchObject({ publishedAtMs: scene.now });
      // The messages at or after a time include those that were really published then.
      const late = await scene.subscribe("late", {}, { atMs: scene.now });
      expect(textsOf(await scene.claim(late))).toContain("b");
    });
  });

  promise("never repeats an earlier publishing time after a small step back of the clock", async () => {
    await empty(async (under) => {
      const scene = await Scene.make(under);
      const { publishedAtMs } = await scene.publish("a");
      under.clock.jump(-limits.clockStepMsMax);
      expect(await scene.publish("b")).toMatchObject({ publishedAtMs });
    });
  });

  promise("removes nothing for its age when the clock is ahead for less than an hour", async () => {
    await fresh(
      async (under) => {
        const scene = await Scene.make(under, { retentionMs: HOUR_MS });
        const sub = await scene.subscribe("sub");
        await scene.publish("a");
        await scene.settleNext(sub, { kind: "dead", reason: "retries_exhausted" });
        await retainAll(scene);
        under.clock.jump(2 * DAY_MS);
        under.clock.advance(limits.clockHoldMs / 2);
        await retainAll(scene);
        expect(await scene.deliveryOf(1, sub)).toMatchObject({ state: "dead" });
        expect((await scene.store.records.listDeadLetters(sub.id, { after: null, limit: 10 })).items).toHaveLength(1);
        under.clock.correct();
        await retainAll(scene);
        expect(await scene.deliveryOf(1, sub)).toMatchObject({ state: "dead" });
      },
      { attemptRetentionMs: HOUR_MS, deadLetterRetentionMs: HOUR_MS },
    );
  });

  promise("follows a clock that stays ahead", async () => {
    await empty(async (under) => {
      const scene = await Scene.make(under, { retentionMs: DAY_MS });
      await scene.publish("a");
      await retainAll(scene);
      under.clock.jump(2 * DAY_MS);
      expect(total(await retainAll(scene), "messages")).toBe(0);
      under.clock.advance(limits.clockHoldMs);
      expect(total(await retainAll(scene), "messages")).toBe(1);
    });
  });

  promise("removes messages with a publishing time in the future when later ones are too old", async () => {
    await empty(async (under) => {
      const scene = await Scene.make(under, { retentionMs: HOUR_MS });
      const sub = await scene.subscribe("sub");
      await scene.publish("a");
      under.clock.jump(2 * DAY_MS);
      await scene.publish("b");
      under.clock.correct();
      await scene.publish("c");
      await scene.settleNext(sub, delivered);
      under.clock.advance(HOUR_MS);
      await scene.publish("d");
      expect(total(await retainAll(scene), "messages")).toBe(3);
      expect(textsOf(await scene.claim(await scene.subscribe("late", {}, "oldest")))).toEqual(["d"]);
    });
  });
}
