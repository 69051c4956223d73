/** Nothing is faked: the times are given. */
import { describe, expect, it } from "vitest";
import { engineLimits } from "../engine/engine-limits.ts";
import { ShownSeries } from "./shown-series.ts";

const { seriesReviewMs: reviewMs, seriesShownMsMin: shownMs } = engineLimits;

function seriesOf(max: number) {
  const series = new ShownSeries<string, { count: number }>(max, () => ({ count: 0 }));
  const happen = (id: string, times: number, isFailure = false): void => {
    for (let i = 0; i < times; i++) series.cellsFor(id, isFailure).count++;
  };
  const shown = (nowMs: number) => [...series.shown(nowMs)].map(([id]) => id).sort();
  const counts = (nowMs: number) => Object.fromEntries([...series.shown(nowMs)].map(([id, { count }]) => [id, count]));
  return { series, happen, shown, counts };
}

describe("series", () => {
  it("are shown at the first event while there is room, and all further ones are counted together", () => {
    const { series, happen, counts } = seriesOf(2);
    for (const id of ["a", "b", "c", "d"]) happen(id, 3);
    expect(counts(0)).toEqual({ a: 3, b: 3 });
    expect(series.others.count).toBe(6);
  });

  it("stay the same while nobody else is clearly busier", () => {
    const { happen, shown } = seriesOf(2);
    happen("a", 10);
    happen("b", 10);
    for (let minute = 0; minute < 60; minute++) {
      happen("a", 10);
      happen("b", 10);
      happen("c", 12);
      expect(shown(minute * reviewMs)).toEqual(["a", "b"]);
    }
  });

  it("give way to busier ones after some time, and begin again at zero without taking counts from the others", () => {
    const { series, happen, shown, counts } = seriesOf(2);
    happen("a", 10);
    happen("b", 10);
    shown(0);
    happen("c", 1_000);
    expect(shown(reviewMs)).toEqual(["a", "b"]);
    happen("c", 1_000);
    happen("a", 5);
    expect(shown(shownMs + reviewMs)).toEqual(["a", "c"]);
    expect(series.others.count).toBe(2_000);
    happen("c", 1);
    expect(counts(shownMs + reviewMs)).toEqual({ a: 15, c: 1 });
    expect(series.others.count).toBe(2_000);
  });

  it("of failing ones are shown beside much busier ones", () => {
    const { happen, shown } = seriesOf(4);
    for (const id of ["a", "b", "c", "d"]) happen(id, 10_000);
    shown(0);
    for (let round = 1; round <= 10; round++) {
      for (const id of ["a", "b", "c", "d"]) happen(id, 10_000);
      happen("failing", 1, true);
      shown(round * shownMs);
    }
    expect(shown(11 * shownMs)).toContain("failing");
    expect(shown(11 * shownMs)).toHaveLength(4);
  });

  it("that are idle stay until somebody needs their room, and no more are tracked than a limit", () => {
    const { happen, shown, series } = seriesOf(2);
    happen("a", 1);
    for (let review = 0; review < 30; review++) expect(shown(review * shownMs)).toEqual(["a"]);
    for (let id = 0; id < 10 * engineLimits.seriesCandidatesMax; id++) happen(`s${id}`, 1);
    expect(shown(30 * shownMs)).toHaveLength(2);
    expect(series.others.count).toBeGreaterThan(engineLimits.seriesCandidatesMax);
  });

  it("never show more than the limit, whatever happens", () => {
    const { happen, shown } = seriesOf(3);
    let seed = 7;
    for (let round = 0; round < 300; round++) {
      for (let i = 0; i < 20; i++) {
        seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
        happen(`s${seed % 11}`, seed % 50, seed % 7 === 0);
      }
      expect(shown(round * reviewMs).length).toBeLessThanOrEqual(3);
    }
  });

  it("end when their subscription is deleted, and with a limit of 0 there are none", () => {
    const { series, happen, shown } = seriesOf(1);
    happen("a", 1);
    series.forget("a");
    happen("b", 1);
    expect(shown(0)).toEqual(["b"]);
    const none = seriesOf(0);
    none.happen("a", 1);
    expect(none.shown(0)).toEqual([]);
    expect(none.series.others.count).toBe(1);
  });
});
