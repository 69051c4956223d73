import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { SEQ_MAX } from "./message-id.ts";
import type { TopicId } from "./model.ts";
import { isReusable, newTopicNumber, topicNumber, type ReleasedNumber } from "./topic-number.ts";

const key = new Uint8Array(16);
const limits = { topicNumbersMax: 5, topicNumbersResting: 3 };
const USES_MAX = 2 ** 30 - 1;

const released = (topicId: number, lastSeq: number, later: number) => ({ ...ofTopic(topicId, lastSeq), later });

describe("the number of a new topic", () => {
  it("is one that no topic has had, and the first position is 1", () => {
    const chosen = [0, 1, 2, 3, 4].map((last) => newTopicNumber({ last, key, released: null }, limits));
    expect(chosen.map((each) => each?.id).toSorted((one, other) => Number(one) - Number(other))).toEqual([
      1, 2, 3, 4, 5,
    ]);
    for (const each of chosen) expect(each).toMatchObject({ firstSeq: 1, isReused: false });
  });

  it("is not the same on two databases", () => {
    const [one, other] = [key, new Uint8Array(16).fill(1)].map((of) =>
      newTopicNumber({ last: 0, key: of, released: null }),
    );
    expect(one?.id).not.toBe(other?.id);
  });

  it("is a fresh one while fewer numbers were released after the oldest released one than must be", () => {
    const chosen = newTopicNumber({ last: 4, key, released: released(2, 7, 2) }, limits);
    expect(chosen).toMatchObject({ firstSeq: 1, isReused: false });
  });

  it("is the oldest released one when it has rested, and the positions go on", () => {
    const chosen = newTopicNumber({ last: 4, key, released: released(2, 7, 3) }, limits);
    expect(chosen).toEqual({ id: 2 ** 23 + 2, firstSeq: 8, isReused: true });
  });

  it("is the oldest released one when no other is left", () => {
    const chosen = newTopicNumber({ last: 5, key, released: released(2, 0, 0) }, limits);
    expect(chosen).toEqual({ id: 2 ** 23 + 2, firstSeq: 1, isReused: true });
  });

  it("is missing when all are in use", () => {
    expect(newTopicNumber({ last: 5, key, released: null }, limits)).toBeNull();
  });
});

describe("a released number", () => {
  it("keeps half of its positions for its last topic", () => {
    expect(isReusable(ofTopic(1, (SEQ_MAX + 1) / 2))).toBe(true);
    expect(isReusable(ofTopic(1, (SEQ_MAX + 1) / 2 + 1))).toBe(false);
  });

  it("is not used again when the id would be too large for a number of JavaScript", () => {
    expect(isReusable(ofTopic(USES_MAX * 2 ** 23 + 1, 0))).toBe(false);
    expect(isReusable(ofTopic((USES_MAX - 1) * 2 ** 23 + 1, 0))).toBe(true);
  });

  it("gives a new topic the same number under another id, as long as it can be used again", () => {
    const numbers = fc.integer({ min: 1, max: 2 ** 23 - 1 });
    fc.assert(
      fc.property(numbers, fc.integer({ min: 0, max: USES_MAX - 1 }), (number, uses) => {
        const before = ofTopic(uses * 2 ** 23 + number, 1);
        const chosen = newTopicNumber({ last: 5, key, released: { ...before, later: 0 } }, limits);
        expect(isReusable(before)).toBe(true);
        expect(chosen?.id).toBe((uses + 1) * 2 ** 23 + number);
        expect(topicNumber(chosen?.id ?? before.topicId)).toBe(number);
      }),
    );
  });
});

function ofTopic(topicId: number, lastSeq: number): ReleasedNumber {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as a store creates it
  return { topicId: topicId as TopicId, lastSeq };
}
