import { describe, expect, it } from "vitest";
import { lostMessages } from "../scenarios/result.ts";
import type { DeliveryAccount, ScenarioResult } from "../scenarios/result.ts";
import { deliveryLines, resultTable } from "./table.ts";

const whole: DeliveryAccount = {
  group: "g",
  acceptedMessages: 2,
  expectedDeliveries: 2,
  missing: 0,
  missingExamples: [],
  duplicates: 0,
  unexpected: 0,
  refused: {},
};

function result(deliveries: readonly DeliveryAccount[]): ScenarioResult {
  return {
    scenario: "publish-one",
    title: "",
    figures: [
      { name: "CPU per message", value: 3.0001, unit: "×", limit: "at most", reach: 3, serverUs: 91.26 },
      { name: "throughput kept", value: 95, unit: "%", limit: "at least", reach: 90, perSecond: 12_345.6 },
    ],
    deliveries,
    details: {},
    metrics: {},
    journalMode: "wal",
    tookS: 1,
  };
}

describe("resultTable", () => {
  it("judges by the value and not by what is printed, in either direction", () => {
    const [, , first, second] = resultTable([result([])]).split("\n");
    expect(first).toMatch(/^publish-one +CPU per message +3\.00 × +≤ 3 × +OVER +91\.3$/);
    expect(second).toMatch(/^ +throughput kept +95\.0 % +≥ 90 % +ok +12,346$/);
  });

  it("judges no figure that is there for information", () => {
    const [figure] = result([]).figures;
    const told = { ...result([]), figures: [{ ...figure!, reach: null }] };
    expect(resultTable([told])).toMatch(/3\.00 × +91\.3$/);
  });

  it("shows a figure that could not be computed, and does not call it reached", () => {
    const [figure] = result([]).figures;
    const broken = { ...result([]), figures: [{ ...figure!, value: Number.NaN }] };
    expect(resultTable([broken])).toMatch(/\? × +≤ 3 × +OVER/);
  });
});

describe("the account of deliveries", () => {
  it("names what was lost and counts what it does not name", () => {
    const lossy = { ...whole, missing: 3, missingExamples: ["/g/0 17"], duplicates: 1, refused: { "503": 4 } };
    expect(deliveryLines([result([lossy])])).toEqual([
      "publish-one /g: accepted 2 messages, expected 2 deliveries, lost 3, duplicates 1",
      "  4 publishes refused: 503",
      "  lost: /g/0 17",
      "  … and 2 more",
    ]);
    expect(lostMessages([result([whole]), result([whole, lossy])])).toBe(3);
  });

  it("is one line when all is well", () => {
    expect(deliveryLines([result([whole])])).toHaveLength(1);
    expect(lostMessages([result([whole])])).toBe(0);
  });
});
