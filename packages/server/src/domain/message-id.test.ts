import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { limits } from "./limits.ts";
import { messageId, messageIdToBigInt, parseMessageId, SEQ_MAX } from "./message-id.ts";
import type { TopicId } from "./model.ts";
import { topicNumber } from "./topic-number.ts";

const topicIds = fc
  .tuple(fc.integer({ min: 1, max: limits.topicNumbersMax }), fc.integer({ min: 0, max: 2 ** 30 - 1 }))
  .map(([number, earlierTopics]) => topicIdOf(earlierTopics * 2 ** 23 + number));
const seqs = fc.integer({ min: 1, max: SEQ_MAX });

describe("a message id", () => {
  it("is parsed to the number of the message's topic, and the position", () => {
    fc.assert(
      fc.property(topicIds, seqs, (topicId, seq) => {
        expect(parseMessageId(messageId(topicId, seq))).toEqual({ number: topicNumber(topicId), seq });
      }),
    );
  });

  it("is an unsigned integer that fits signed 64-bit columns too", () => {
    fc.assert(
      fc.property(topicIds, seqs, (topicId, seq) => {
        expect(messageId(topicId, seq)).toBe(messageIdToBigInt(topicId, seq).toString());
        expect(BigInt.asIntN(64, messageIdToBigInt(topicId, seq))).toBeGreaterThan(0n);
      }),
    );
  });

  it("grows with the position within a topic", () => {
    fc.assert(
      fc.property(topicIds, fc.integer({ min: 1, max: SEQ_MAX - 1 }), (topicId, seq) => {
        expect(messageIdToBigInt(topicId, seq + 1) - messageIdToBigInt(topicId, seq)).toBe(1n);
      }),
    );
  });

  it("is at most the largest 63-bit integer, for the last position of the last topic", () => {
    const last = messageId(topicIdOf(limits.topicNumbersMax), SEQ_MAX);
    expect(last).toBe("9223372036854775807");
    expect(parseMessageId(last)).toEqual({ number: limits.topicNumbersMax, seq: SEQ_MAX });
    expect(parseMessageId("9223372036854775808")).toBeNull();
  });

  it("is smallest for the first position of the first topic", () => {
    expect(messageId(topicIdOf(1), 1)).toBe("1099511627777");
    expect(parseMessageId("1099511627777")).toEqual({ number: 1, seq: 1 });
  });

  it.each([
    ["", "nothing"],
    ["0", "no topic"],
    ["1", "no topic"],
    ["1099511627775", "no topic"],
    ["1099511627776", "no position"],
    ["01099511627777", "a leading zero"],
    ["-1099511627777", "a sign"],
    ["+1099511627777", "a sign"],
    [" 1099511627777", "a space"],
    ["1099511627777\n", "a line break"],
    ["1099511627777.0", "a fraction"],
    ["1e13", "an exponent"],
    ["0x10000000001", "another base"],
    ["１０９９５１１６２７７７７", "digits of another script"],
    ["18446744073709551615", "64 bits"],
    ["99999999999999999999", "more than 64 bits"],
    ["abc", "letters"],
  ])("is not %j: %s", (text) => {
    expect(parseMessageId(text)).toBeNull();
  });

  it("is not a very long number, which is refused without parsing", () => {
    expect(parseMessageId("9".repeat(1_000_000))).toBeNull();
  });

  it("has only one spelling: a parsed text is formatted to the same text", () => {
    const digits = fc.bigInt({ min: 0n, max: 2n ** 65n }).map(String);
    fc.assert(
      fc.property(fc.oneof(digits, fc.string()), (text) => {
        const parsed = parseMessageId(text);
        expect(parsed === null || messageId(topicIdOf(parsed.number), parsed.seq) === text).toBe(true);
      }),
    );
  });
});

function topicIdOf(id: number): TopicId {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as a store creates it
  return id as TopicId;
}
