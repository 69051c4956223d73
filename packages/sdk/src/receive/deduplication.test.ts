import * as fc from "fast-check";
import { describe, expect, it, vi } from "vitest";

import { Deduplication, joinableMsMax } from "./deduplication.ts";

const succeed = () => Promise.resolve(true);
const fail = () => Promise.resolve(false);

/** A handler that counts its calls. */
function handler(outcome: () => Promise<boolean> = succeed) {
  return vi.fn<() => Promise<boolean>>(outcome);
}

describe("deduplication", () => {
  it("handles a message once and remembers its success", async () => {
    const deduplication = new Deduplication({}, () => 0);
    const handle = handler();
    expect(await deduplication.once("a", handle)).toBe(true);
    expect(await deduplication.once("a", handle)).toBe(true);
    expect(await deduplication.once("b", handle)).toBe(true);
    expect(handle).toHaveBeenCalledTimes(2);
  });

  it("lets a repeated message wait while the first is handled", async () => {
    for (const outcome of [true, false]) {
      const deduplication = new Deduplication({}, () => 0);
      const finishing: ((handled: boolean) => void)[] = [];
      const handle = handler(() => new Promise((resolve) => finishing.push(resolve)));
      const first = deduplication.once("a", handle);
      const second = deduplication.once("a", handle);
      finishing[0]?.(outcome);
      expect(await Promise.all([first, second])).toEqual([outcome, outcome]);
      expect(handle).toHaveBeenCalledOnce();
    }
  });

  it("forgets a failure, so that a retry is handled", async () => {
    const deduplication = new Deduplication({}, () => 0);
    expect(await deduplication.once("a", fail)).toBe(false);
    expect(await deduplication.once("a", succeed)).toBe(true);
    const handle = handler();
    expect(await deduplication.once("a", handle)).toBe(true);
    expect(handle).not.toHaveBeenCalled();
  });

  it("forgets a handler that rejects, and passes on the rejection", async () => {
    const deduplication = new Deduplication({}, () => 0);
    await expect(deduplication.once("a", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await deduplication.once("a", succeed)).toBe(true);
  });

  it("forgets a handled message when its time is over, and not before", async () => {
    let nowMs = 1000;
    const deduplication = new Deduplication({ ttlMs: 50 }, () => nowMs);
    const handle = handler();
    await deduplication.once("a", handle);
    nowMs = 1049;
    await deduplication.once("a", handle);
    expect(handle).toHaveBeenCalledOnce();
    nowMs = 1050;
    await deduplication.once("a", handle);
    expect(handle).toHaveBeenCalledTimes(2);
    nowMs = 2000;
    await deduplication.once("b", handle);
    expect(deduplication.size).toBe(1);
  });

  it("handles a message again when its first handler does not end, and remembers the success of either handler", async () => {
    let nowMs = 0;
    const deduplication = new Deduplication({}, () => nowMs);
    const finishing: ((handled: boolean) => void)[] = [];
    const handle = handler(() => new Promise((resolve) => finishing.push(resolve)));
    const first = deduplication.once("a", handle);
    nowMs = joinableMsMax - 1;
    const second = deduplication.once("a", handle);
    expect(handle).toHaveBeenCalledOnce();
    nowMs = joinableMsMax;
    const third = deduplication.once("a", handle);
    expect(handle).toHaveBeenCalledTimes(2);
    finishing[0]?.(false);
    expect(await Promise.all([first, second])).toEqual([false, false]);
    const fourth = deduplication.once("a", handle);
    finishing[1]?.(true);
    expect(await Promise.all([third, fourth])).toEqual([true, true]);
    expect(handle).toHaveBeenCalledTimes(2);
    expect(deduplication.size).toBe(1);
  });

  it("measures the time since a message was handled, not since it arrived", async () => {
    let nowMs = 0;
    const deduplication = new Deduplication({ ttlMs: 50 }, () => nowMs);
    await deduplication.once("a", () => {
      nowMs = 1000;
      return succeed();
    });
    const handle = handler();
    nowMs = 1049;
    expect(await deduplication.once("a", handle)).toBe(true);
    expect(handle).not.toHaveBeenCalled();
  });

  it("forgets the oldest when there are too many", async () => {
    const deduplication = new Deduplication({ entriesMax: 2 }, () => 0);
    const handle = handler();
    for (const key of ["a", "b", "c"]) await deduplication.once(key, handle);
    expect(deduplication.size).toBe(2);
    await deduplication.once("b", handle);
    await deduplication.once("c", handle);
    expect(handle).toHaveBeenCalledTimes(3);
    await deduplication.once("a", handle);
    expect(handle).toHaveBeenCalledTimes(4);
  });

  it("never remembers more than its limit, and never handles a remembered message again", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.record({ key: fc.nat({ max: 8 }), ok: fc.boolean(), waitMs: fc.nat({ max: 30 }) })),
        async (entriesMax, messages) => {
          let nowMs = 0;
          const deduplication = new Deduplication({ entriesMax, ttlMs: 40 }, () => nowMs);
          let remembered: { key: number; atMs: number }[] = [];
          for (const { key, ok, waitMs } of messages) {
            nowMs += waitMs;
            remembered = remembered.filter(({ atMs }) => nowMs - atMs < 40);
            const known = remembered.some((entry) => entry.key === key);
            const handle = handler(() => Promise.resolve(ok));
            expect(await deduplication.once(String(key), handle)).toBe(known || ok);
            expect(handle).toHaveBeenCalledTimes(known ? 0 : 1);
            if (!known && ok) remembered = [...remembered, { key, atMs: nowMs }].slice(-entriesMax);
            expect(deduplication.size).toBe(remembered.length);
          }
        },
      ),
    );
  });

  it.each([{ entriesMax: 0 }, { entriesMax: 1.5 }, { entriesMax: 10_000_001 }, { ttlMs: 0 }, { ttlMs: Number.NaN }])(
    "refuses the limits %j",
    (limits) => {
      expect(() => new Deduplication(limits, () => 0)).toThrow(RangeError);
    },
  );
});
