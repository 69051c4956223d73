import { describe, expect, it } from "vitest";
import { RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { subscriptionShape } from "./subscription.ts";
import type { SubscriptionBody } from "./subscription.ts";

const normalised = (input: SubscriptionBody) =>
  subscriptionShape.read({ push: { url: "http://test.com/cgi" }, ...input }).settings;

/** Returns the code and field of the first fault; null when there is none. */
function faultOf(input: SubscriptionBody): [string, string | undefined] | null {
  try {
    normalised(input);
    return null;
  } catch (error) {
    if (error instanceof RingbackError) return [error.code, error.details[0]?.field];
    throw error;
  }
}

describe("the retry policy of a subscription", () => {
  it.each(["EXPONENTIAL_DECAY_RETRY", "BACKOFF_RETRY", "none"] as const)("may be %s", (retry) => {
    expect(normalised({ retry }).retry).toBe(retry);
  });

  it("may leave out all of a growing delay but its first", () => {
    expect(normalised({ retry: { baseMs: 500 } }).retry).toEqual({
      baseMs: 500,
      factor: 2,
      delayMsMax: 512_000,
      retriesMax: 176,
      totalMsMax: 86_400_000,
      jitter: "none",
    });
  });

  it("may begin above the default maximum", () => {
    expect(normalised({ retry: { baseMs: 600_000 } }).retry).toMatchObject({ baseMs: 600_000, delayMsMax: 600_000 });
  });

  it.each<[string, object]>([
    ["retry.delaysMs[1]", { delaysMs: [1, -1] }],
    ["retry.delaysMs[0]", { delaysMs: [0.5] }],
    ["retry.delaysMs[0]", { delaysMs: [limits.retryDelayMsMax + 1] }],
    ["retry.baseMs", { baseMs: 0 }],
    ["retry.baseMs", { baseMs: limits.retryDelayMsMax + 1 }],
    ["retry.factor", { baseMs: 1, factor: 0.9 }],
    ["retry.factor", { baseMs: 1, factor: 101 }],
    ["retry.factor", { baseMs: 1, factor: Number.NaN }],
    ["retry.delayMsMax", { baseMs: 10, delayMsMax: 9 }],
    ["retry.delayMsMax", { baseMs: 10, delayMsMax: limits.retryDelayMsMax + 1 }],
    ["retry.retriesMax", { baseMs: 1, retriesMax: -1 }],
    ["retry.retriesMax", { baseMs: 1, retriesMax: 1001 }],
    ["retry.totalMsMax", { baseMs: 1, totalMsMax: limits.retryTotalMsMax + 1 }],
  ])("is refused at %s in %j", (field, retry) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each row has the members that its check needs.
    expect(faultOf({ retry } as SubscriptionBody)).toEqual(["invalid_retry_policy", field]);
  });

  it("has at most 1000 delays", () => {
    expect(faultOf({ retry: { delaysMs: Array<number>(1000).fill(0) } })).toBeNull();
    expect(faultOf({ retry: { delaysMs: Array<number>(1001).fill(0) } })).toEqual([
      "invalid_retry_policy",
      "retry.delaysMs",
    ]);
  });

  it.each([{ delaysMs: [] }, { baseMs: 1, factor: 1.5, retriesMax: 0 }])("is taken at its limits: %j", (retry) => {
    expect(normalised({ retry }).retry).toMatchObject(retry);
  });
});
