import { describe, expect, it } from "vitest";
import { lostMessages } from "../scenarios/result.ts";
import type { DeliveryAccount, Figure, ScenarioResult } from "../scenarios/result.ts";
import { deliveryLines, resultTable } from "./table.ts";

const complete: DeliveryAccount = {
  group: "g",
  acceptedMessages: 2,
  expectedDeliveries: 2,
  missing: 0,
  missingExamples: [],
  duplicates: 0,
  unexpected: 0,
  refused: {},
};
const cpu: Figure = { name: "CPU per message", value: 3.0001, unit: "×", serverUs: 91.26 };
const throughput: Figure = { name: "throughput kept", value: 95, unit: "%", perSecond: 12_345.6 };

function result(figures: readonly Figure[], deliveries: readonly DeliveryAccount[] = []): ScenarioResult {
  return {
    scenario: "publish-one",
    title: "",
    figures,
    deliveries,
    details: {},
    metrics: {},
    journalMode: "wal",
    tookS: 1,
  };
}

function rowsOf(...figures: Figure[]): string[] {
  return resultTable([result(figures)])
    .split("\n")
    .slice(2);
}

describe("resultTable", () => {
  it("compares the exact value with its target, not the printed value", () => {
    const [first, second] = rowsOf({ ...cpu, atMost: 3 }, { ...throughput, atLeast: 90 });
    expect(first).toMatch(/^publish-one +CPU per message +3\.00 × +≤ 3 × +MISSED +91\.3$/);
    expect(second).toMatch(/^ +throughput kept +95\.0 % +≥ 90 % +ok +12,346$/);
  });

  it("prints no judgement for a figure without a target", () => {
    expect(rowsOf(cpu)[0]).toMatch(/3\.00 × +91\.3$/);
  });

  it("prints a question mark for a figure that could not be computed, which misses its target", () => {
    expect(rowsOf({ ...cpu, value: Number.NaN, atMost: 3 })[0]).toMatch(/\? × +≤ 3 × +MISSED/);
  });
});

describe("deliveryLines", () => {
  it("lists examples of lost deliveries and counts the others", () => {
    const lossy = { ...complete, missing: 3, missingExamples: ["/g/0 17"], duplicates: 1, refused: { "503": 4 } };
    expect(deliveryLines([result([], [lossy])])).toEqual([
      "publish-one /g: accepted 2 messages, expected 2 deliveries, lost 3, duplicates 1",
      "  4 publishes refused: 503",
      "  lost: /g/0 17",
      "  … and 2 more",
    ]);
    expect(lostMessages([result([], [complete]), result([], [complete, lossy])])).toBe(3);
  });

  it("prints one line when every delivery arrived", () => {
    expect(deliveryLines([result([], [complete])])).toHaveLength(1);
    expect(lostMessages([result([], [complete])])).toBe(0);
  });
});
