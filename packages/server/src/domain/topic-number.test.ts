import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { SEQ_MAX } from "./message-id.ts";
import type { TopicId } from "./model.ts";
import { isReusable, newTopicNumber, topicNumber, type ReleasedNumber } from "./topic-number.ts";

const limits = { topicNumbersMax: 5, topicNumbersResting: 3 };
const USES_MAX = 2 ** 30 - 1;

const released = (topicId: number, lastSeq: number, later: number) => ({ ...ofTopic(topicId, lastSeq), later });

describe("the number of a new topic", () => {
  it("is the next one, and the first position is 1", () => {
    expect(newTopicNumber({ last: 0, released: null })).toEqual({ id: 1, firstSeq: 1, isReused: false });
    expect(newTopicNumber({ last: 4, released: null }, limits)).toEqual({ id: 5, firstSeq: 1, isReused: false });
  });

  it("is the next one while fewer numbers were released after the oldest released one than must be", () => {
    const chosen = newTopicNumber({ last: 4, released: released(2, 7, 2) }, limits);
    expect(chosen).toEqual({ id: 5, firstSeq: 1, isReused: false });
  });

  it("is the oldest released one when it has rested, and the positions go on", () => {
    const chosen = newTopicNumber({ last: 4, released: released(2, 7, 3) }, limits);
    expect(chosen).toEqual({ id: 2 ** 23 + 2, firstSeq: 8, isReused: true });
  });

  it("is the oldest released one when no other is left", () => {
    const chosen = newTopicNumber({ last: 5, released: released(2, 0, 0) }, limits);
    expect(chosen).toEqual({ id: 2 ** 23 + 2, firstSeq: 1, isReused: true });
  });

  it("is missing when all are in use", () => {
    expect(newTopicNumber({ last: 5, released: null }, limits)).toBeNull();
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
        const chosen = newTopicNumber({ last: 5, released: { ...before, later: 0 } }, limits);
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
