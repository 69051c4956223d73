import * as fc from "fast-check";
import { describe, expect, it, vi } from "vitest";

import { createDeduplication, Deduplication, joinableMsMax } from "./deduplication.ts";
import type { Claim, DeduplicationStore } from "./deduplication-store.ts";
import { type DeduplicationLimits, MemoryDeduplicationStore } from "./memory-deduplication-store.ts";

const report = () => Promise.reject(new Error("not expected"));

function inMemory({ ttlMs, ...limits }: DeduplicationLimits, clock: () => number) {
  const store = new MemoryDeduplicationStore(limits, clock);
  const deduplication = new Deduplication({ store, ...(ttlMs === undefined ? {} : { ttlMs }) }, clock);
  return {
    once: (key: string, handle: () => Promise<boolean>) => deduplication.once(key, { handle, report }),
    get size() {
      return store.size;
    },
  };
}

const succeed = () => Promise.resolve(true);
const fail = () => Promise.resolve(false);

/** A handler that counts its calls. */
function handler(outcome: () => Promise<boolean> = succeed) {
  return vi.fn<() => Promise<boolean>>(outcome);
}

describe("deduplication", () => {
  it("handles a message once and remembers its success", async () => {
    const deduplication = inMemory({}, () => 0);
    const handle = handler();
    expect(await deduplication.once("a", handle)).toBe(true);
    expect(await deduplication.once("a", handle)).toBe(true);
    expect(await deduplication.once("b", handle)).toBe(true);
    expect(handle).toHaveBeenCalledTimes(2);
  });

  it("lets a repeated message wait while the first is handled", async () => {
    for (const outcome of [true, false]) {
      const deduplication = inMemory({}, () => 0);
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
    const deduplication = inMemory({}, () => 0);
    expect(await deduplication.once("a", fail)).toBe(false);
    expect(await deduplication.once("a", succeed)).toBe(true);
    const handle = handler();
    expect(await deduplication.once("a", handle)).toBe(true);
    expect(handle).not.toHaveBeenCalled();
  });

  it("forgets a handler that rejects, and passes on the rejection", async () => {
    const deduplication = inMemory({}, () => 0);
    await expect(deduplication.once("a", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await deduplication.once("a", succeed)).toBe(true);
  });

  it("remembers a message by default until the last retry of the policy webhook", async () => {
    let nowMs = 0;
    const settings = [true, {} as DeduplicationLimits, { store: new MemoryDeduplicationStore({}, () => nowMs) }];
    for (const setting of settings) {
      nowMs = 0;
      const deduplication = createDeduplication(setting, () => nowMs);
      const handle = handler();
      await deduplication?.once("a", { handle, report });
      nowMs = 299_315_500;
      await deduplication?.once("a", { handle, report });
      expect(handle).toHaveBeenCalledOnce();
    }
  });

  it("forgets a handled message when its time is over, and not before", async () => {
    let nowMs = 1000;
    const deduplication = inMemory({ ttlMs: 50 }, () => nowMs);
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
    const deduplication = inMemory({}, () => nowMs);
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
    const deduplication = inMemory({ ttlMs: 50 }, () => nowMs);
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
    const deduplication = inMemory({ entriesMax: 2 }, () => 0);
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
          const deduplication = inMemory({ entriesMax, ttlMs: 40 }, () => nowMs);
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
      expect(() => createDeduplication(limits, () => 0)).toThrow(RangeError);
    },
  );
});

describe("deduplication with a store of one's own", () => {
  it("lets two processes handle a message once, and answers the sender of the second with a failure meanwhile", async () => {
    const store = sharedStore();
    const [one, other] = [stored(store), stored(store)];
    const finishing: ((handled: boolean) => void)[] = [];
    const handle = handler(() => new Promise((resolve) => finishing.push(resolve)));
    const first = one.once("a", handle);
    await expect.poll(() => finishing.length).toBe(1);
    expect(await other.once("a", handle)).toBe(false);
    finishing[0]?.(true);
    expect(await first).toBe(true);
    expect(await other.once("a", handle)).toBe(true);
    expect(handle).toHaveBeenCalledOnce();
  });

  it("lets the other process handle the retry of a message whose handler has failed", async () => {
    const store = sharedStore();
    expect(await stored(store).once("a", handler(fail))).toBe(false);
    expect(await stored(store).once("a", handler(succeed))).toBe(true);
  });

  it("lets the retry be handled when the process with the claim has died, and not before its claim ends", async () => {
    const store = sharedStore();
    void stored(store).once(
      "a",
      handler(() => new Promise(() => undefined)),
    );
    const handle = handler();
    store.pass(29_999);
    expect(await stored(store).once("a", handle)).toBe(false);
    store.pass(1);
    expect(await stored(store).once("a", handle)).toBe(true);
    expect(handle).toHaveBeenCalledOnce();
  });

  it("joins repetitions within a process without asking the store again", async () => {
    const store = sharedStore();
    const one = stored(store);
    const handle = handler();
    expect(await Promise.all([one.once("a", handle), one.once("a", handle)])).toEqual([true, true]);
    expect(store.claims).toBe(1);
    expect(handle).toHaveBeenCalledOnce();
  });

  it.each(["claim", "done", "release"] as const)("never loses a message when %s fails", async (method) => {
    const store = sharedStore();
    const one = stored({ ...store, [method]: () => Promise.reject(new Error(method)) });
    const handle = handler(method === "release" ? fail : succeed);
    expect(await one.once("a", handle)).toBe(method === "done");
    expect(handle).toHaveBeenCalledTimes(method === "claim" ? 0 : 1);
    expect(one.errors).toEqual([new Error(method)]);
    // The store works again, and what it did not record is handled again.
    store.pass(30_000);
    expect(await stored(store).once("a", handler())).toBe(true);
  });
});

function stored(store: DeduplicationStore) {
  const errors: unknown[] = [];
  // oxlint-disable-next-line typescript/require-await -- a report is a promise
  const reporting = async (error: unknown) => void errors.push(error);
  const deduplication = new Deduplication({ store }, () => 0);
  return {
    errors,
    once: (key: string, handle: () => Promise<boolean>) => deduplication.once(key, { handle, report: reporting }),
  };
}

/** A store with a clock of its own that several processes could share. */
function sharedStore() {
  const entries = new Map<string, { owner: string | null; untilMs: number }>();
  let nowMs = 0;
  const store = {
    claims: 0,
    pass: (ms: number) => void (nowMs += ms),
    claim: (key: string, owner: string, claimMs: number): Promise<Claim> => {
      store.claims++;
      const entry = entries.get(key);
      if (entry !== undefined && nowMs < entry.untilMs) return Promise.resolve(entry.owner === null ? "done" : "busy");
      entries.set(key, { owner, untilMs: nowMs + claimMs });
      return Promise.resolve("new");
    },
    done: (key: string, _owner: string, keepMs: number) => entries.set(key, { owner: null, untilMs: nowMs + keepMs }),
    release: (key: string, owner: string) => (entries.get(key)?.owner === owner ? entries.delete(key) : false),
  };
  return store;
}
