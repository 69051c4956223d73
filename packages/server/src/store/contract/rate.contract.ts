import { expect } from "vitest";
import { limits } from "../../domain/limits.ts";
import type { SubscriptionId } from "../../domain/model.ts";
import type { ReservedStarts, StartPace, StartWant } from "../../domain/start-schedule.ts";
import { Scene } from "./fixtures.ts";
import type { Part } from "./part.ts";

const wide: StartWant = { count: 1_000, spanMs: 100 };

/** A subscription and its starts, in milliseconds after the scene began. */
async function reserving(part: Part) {
  const scene = await Scene.make(part.shared());
  const { id } = await scene.subscribe("reader");
  const beginMs = scene.now;
  const reserve = async (pace: StartPace, want: StartWant = wide) =>
    startsOf(await scene.store.log.reserveStarts(id, pace, want), pace, beginMs);
  return { scene, id, reserve };
}

function startsOf({ firstAtMs, count }: ReservedStarts, { intervalMs }: StartPace, beginMs: number): number[] {
  return Array.from({ length: count }, (_, index) => firstAtMs + index * intervalMs - beginMs);
}

/** How long after `nowMs` the starts are. */
const late = (starts: readonly number[], nowMs: number) => starts.map((at) => Math.max(0, at - nowMs));

export function rateContract(part: Part): void {
  const { promise, shared } = part;

  promise("reserves starts in equal distances, one after the other, as many as fit into the time", async () => {
    const { reserve } = await reserving(part);
    const pace = { intervalMs: 30, burst: 1 };
    expect(await reserve(pace)).toEqual([0, 30, 60, 90]);
    expect(await reserve(pace, { count: 2, spanMs: 100 })).toEqual([120, 150]);
    expect(await reserve(pace, { count: 9, spanMs: 1 })).toEqual([180]);
  });

  promise("rounds no rate, and loses no start while reservations go on", async () => {
    const { scene, reserve } = await reserving(part);
    const pace = { intervalMs: 1_000 / 3_000, burst: 1 };
    let starts: number[] = [];
    for (let round = 0; round < 10; round++) {
      starts = starts.concat(await reserve(pace));
      scene.under.clock.advance(90);
    }
    expect(starts).toHaveLength(3_000);
    for (const [index, at] of starts.entries()) expect(at).toBeCloseTo(index / 3, 1);
  });

  promise("lets a burst start at once after silence, and no more than a burst however long it was", async () => {
    const { scene, reserve } = await reserving(part);
    const pace = { intervalMs: 50, burst: 3 };
    expect(late(await reserve(pace), 0)).toEqual([0, 0, 0, 50]);
    expect(late(await reserve(pace, { count: 1, spanMs: 1 }), 0)).toEqual([100]);
    scene.under.clock.advance(150);
    expect(late(await reserve(pace, { count: 9, spanMs: 1 }), 150)).toEqual([0]);
    scene.under.clock.advance(1_000_000);
    expect(late(await reserve(pace, { count: 9, spanMs: 1 }), 1_000_150)).toEqual([0, 0, 0]);
  });

  promise("reserves nothing that is too far ahead, and reports when the next start is", async () => {
    const { scene, id, reserve } = await reserving(part);
    const pace = { intervalMs: 5_000, burst: 1 };
    expect(await reserve(pace)).toEqual([0]);
    const ask = () => scene.store.log.reserveStarts(id, pace, wide);
    const startMs = scene.now + 5_000;
    expect(await ask()).toEqual({ count: 0, firstAtMs: startMs });
    scene.under.clock.advance(4_999 - limits.startsAheadMsMax);
    expect(await ask()).toEqual({ count: 0, firstAtMs: startMs });
    scene.under.clock.advance(1);
    expect(await ask()).toEqual({ count: 1, firstAtMs: startMs });
  });

  promise("applies a changed pace at once, and gives nothing for the change", async () => {
    const { scene, reserve } = await reserving(part);
    const one = { count: 1, spanMs: 1 };
    expect(await reserve({ intervalMs: 100_000, burst: 1 })).toEqual([0]);
    expect(await reserve({ intervalMs: 20, burst: 1 }, one)).toEqual([20]);
    // A start that was just possible is followed by the new interval, not by the rest of the old one.
    expect(await reserve({ intervalMs: 500, burst: 1 }, one)).toEqual([500]);
    scene.under.clock.advance(10_000);
    // The rest of one start stays one start. The larger burst is possible after as much silence.
    const starts = await reserve({ intervalMs: 10, burst: 5 }, { count: 9, spanMs: 1 });
    expect(starts.map((at) => at - 10_000)).toEqual([0]);
    scene.under.clock.advance(10_000);
    const burst = await reserve({ intervalMs: 10, burst: 5 }, { count: 9, spanMs: 1 });
    expect(burst.map((at) => Math.max(0, at - 20_000))).toEqual([0, 0, 0, 0, 0]);
  });

  promise("keeps the schedules of subscriptions apart, also when they are reserved together", async () => {
    const { scene, id } = await reserving(part);
    const other = await scene.subscribe("other");
    const pace = { intervalMs: 40, burst: 1 };
    const ask = (of: SubscriptionId) => scene.store.log.reserveStarts(of, pace, wide);
    const begin = scene.now;
    const all = await Promise.all([ask(other.id), ask(id), ask(other.id), ask(id)]);
    expect(all.map((reserved) => startsOf(reserved, pace, begin))).toEqual([
      [0, 40, 80],
      [0, 40, 80],
      [120, 160, 200],
      [120, 160, 200],
    ]);
  });

  promise("gives many callers at the same time no start twice", async () => {
    const { reserve } = await reserving(part);
    const all = await Promise.all(
      Array.from({ length: 40 }, () => reserve({ intervalMs: 5, burst: 1 }, { count: 5, spanMs: 25 })),
    );
    expect(all.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, index) => index * 5));
  });

  promise("reserves nothing for an unknown or deleted subscription", async () => {
    const { scene, id, reserve } = await reserving(part);
    const pace = { intervalMs: 10, burst: 1 };
    expect(await reserve(pace)).toHaveLength(10);
    await scene.store.catalog.deleteSubscription(scene.topic.id, "reader");
    await shared().store.log.retain();
    for (const unknown of [id, 987_654_321 as SubscriptionId]) {
      const { count, firstAtMs } = await scene.store.log.reserveStarts(unknown, pace, wide);
      expect([count, firstAtMs > scene.now]).toEqual([0, true]);
    }
  });
}
