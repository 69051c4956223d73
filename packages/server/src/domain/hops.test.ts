import { describe, expect, it } from "vitest";
import { isLoopReply, readHops } from "./hops.ts";
import { limits } from "./limits.ts";

const reply = (status: number, text: string) => ({ status, body: Buffer.from(text) });

describe("the header", () => {
  it.each([
    ["0", 0],
    ["1", 1],
    ["04", 4],
    ["1000", 1000],
    ["9".repeat(400), Infinity],
  ])("%s is a number of hops", (text, hops) => {
    expect(readHops(text)).toBe(hops);
  });

  it.each(["", " ", "-1", "1.5", "1e0", "0x1", "1, 2", "one", "١", "null"])("%j counts as the limit", (text) => {
    expect(readHops(text)).toBe(limits.hopsMax);
  });
});

describe("a reply", () => {
  it("is about a loop if it is 508 with Ringback's code", () => {
    expect(isLoopReply(reply(508, '{"type":"about:blank","code":"loop_detected"}'))).toBe(true);
  });

  it.each([
    [503, '{"code":"loop_detected"}'],
    [508, '{"code":"other"}'],
    [508, "Resource Limit Is Reached"],
    [508, '{"code":"loop_detected"'],
    [508, "null"],
    [508, ""],
  ])("with the status %d and the body %j is not", (status, text) => {
    expect(isLoopReply(reply(status, text))).toBe(false);
  });
});
