import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Cursor } from "./cursor.ts";

const SEQ_MAX = 60;

/** The reference: a set of the settled positions. */
class NaiveCursor {
  readonly settled = new Set<number>();
  scannedThrough = 0;

  constructor(start: number) {
    for (let seq = 1; seq <= start; seq++) this.settled.add(seq);
    this.scannedThrough = start;
  }

  get settledThrough(): number {
    let seq = 0;
    while (this.settled.has(seq + 1)) seq++;
    return seq;
  }

  get ahead(): readonly number[] {
    const from = this.settledThrough;
    return [...this.settled].filter((seq) => seq > from).toSorted((a, b) => a - b);
  }
}

type Step = readonly ["scan" | "settle" | "skip" | "rewind" | "store", number];
const seq = fc.integer({ min: 1, max: SEQ_MAX });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constant("scan" as const), seq) },
  { weight: 8, arbitrary: fc.tuple(fc.constant("settle" as const), seq) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("skip" as const), seq) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("rewind" as const), seq) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("store" as const), seq) },
);

function apply(cursor: Cursor, naive: NaiveCursor, [operation, at]: Step): Cursor {
  switch (operation) {
    case "scan":
      if (at <= cursor.scannedThrough) break;
      cursor.scannedThrough = at;
      naive.scannedThrough = at;
      break;
    case "settle":
      // Only a scanned position can be settled.
      if (at > naive.scannedThrough) break;
      cursor.settle(at);
      naive.settled.add(at);
      break;
    case "skip":
      cursor.skipThrough(at);
      for (let each = 1; each <= at; each++) naive.settled.add(each);
      break;
    case "rewind":
      cursor.rewind(at);
      naive.scannedThrough = Math.min(naive.scannedThrough, at - 1);
      break;
    case "store":
      // A crash: the scanned position is lost, because it is not stored.
      naive.scannedThrough = 0;
      return new Cursor(cursor.settledThrough, cursor.ahead());
  }
  naive.scannedThrough = Math.max(naive.scannedThrough, naive.settledThrough);
  return cursor;
}

describe("a cursor", () => {
  test("knows which positions are settled, in any order of settling, also after a crash", () => {
    fc.assert(
      fc.property(fc.nat({ max: 20 }), fc.array(step, { maxLength: 120 }), (start, steps) => {
        let cursor = new Cursor(start);
        const naive = new NaiveCursor(start);
        for (const each of steps) {
          cursor = apply(cursor, naive, each);
          naive.scannedThrough = Math.max(naive.scannedThrough, naive.settledThrough);
          expect(cursor.settledThrough).toBe(naive.settledThrough);
          expect(cursor.doneAhead().toSorted((a, b) => a - b)).toEqual(naive.ahead);
          expect(cursor.doneCount).toBe(naive.ahead.length);
          expect(cursor.scannedThrough).toBe(naive.scannedThrough);
          for (let at = 1; at <= SEQ_MAX; at++) expect(cursor.isDone(at)).toBe(naive.settled.has(at));
        }
      }),
      { numRuns: 60 },
    );
  });

  test("stores one bit for each position from the first unsettled to the last settled one", () => {
    const cursor = new Cursor(1_000);
    for (let at = 1_002; at <= 1_017; at++) cursor.settle(at);
    expect(cursor.ahead()).toEqual(Uint8Array.from([0b1111_1110, 0b1111_1111, 0b1]));
    cursor.settle(1_001);
    expect(cursor.ahead()).toBeNull();
    expect(cursor.settledThrough).toBe(1_017);
  });
});
