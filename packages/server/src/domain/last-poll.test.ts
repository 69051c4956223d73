import { describe, expect, it } from "vitest";
import { LastPoll } from "./last-poll.ts";

describe("an inbox that keeps messages while it is polled", () => {
  it("keeps messages that arrive less than whilePolledMs after the last poll", () => {
    const last = new LastPoll(1_000);
    expect([1_000, 300_999, 301_000].map((nowMs) => last.keeps(300_000, nowMs))).toEqual([true, true, false]);
    last.note(301_000);
    expect([600_999, 601_000].map((nowMs) => last.keeps(300_000, nowMs))).toEqual([true, false]);
  });

  it("keeps all messages without whilePolledMs", () => {
    expect(new LastPoll(0).keeps(null, Number.MAX_SAFE_INTEGER)).toBe(true);
  });
});
