import { describe, expect, test } from "vitest";
import { limits } from "./limits.ts";
import { normaliseTopic } from "./topic-rules.ts";

describe("a topic's settings", () => {
  test("get a default where the caller gives none", () => {
    expect(normaliseTopic({})).toEqual({
      retentionMs: limits.retentionMsDefault,
      bodyBytesMax: limits.bodyBytesMax,
    });
    expect(normaliseTopic({ retentionMs: 60_000 })).toEqual({ retentionMs: 60_000, bodyBytesMax: limits.bodyBytesMax });
  });

  test("keep members that the rules do not know", () => {
    const labels = { customer: "acme" };
    expect(normaliseTopic(Object.assign({ labels }, { bodyBytesMax: 2048 }))).toMatchObject({
      bodyBytesMax: 2048,
      labels,
    });
  });

  test.each([
    ["retentionMs", { retentionMs: limits.retentionMsMin - 1 }],
    ["retentionMs", { retentionMs: limits.retentionMsMax + 1 }],
    ["retentionMs", { retentionMs: 60_000.5 }],
    ["bodyBytesMax", { bodyBytesMax: limits.topicBodyBytesMin - 1 }],
    ["bodyBytesMax", { bodyBytesMax: limits.bodyBytesMax + 1 }],
  ])("are refused when %s is out of bounds: %o", (field, settings) => {
    expect(() => normaliseTopic(settings)).toThrow(expect.objectContaining({ code: "invalid_request" }) as Error);
    expect(() => normaliseTopic(settings)).toThrow(new RegExp(`^${field}: `));
  });
});
