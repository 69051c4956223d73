import { describe, expect, it } from "vitest";
import { costBetween, costPerMessage, databasePercent, medianCost, totalUs } from "./cost.ts";
import { statementCounts } from "./cost-meter.ts";
import type { Cost } from "./cost.ts";

function cost(serversUs: number, cpuUs: number, statements: number, walBytes: number): Cost {
  return { serversUs, database: { cpuUs, statements, appends: 0, claims: 0, settlements: statements, walBytes } };
}

describe("the cost of messages", () => {
  it("is the difference of two readings, divided by the number of messages", () => {
    const all = costBetween(cost(1_000, 500, 7, 4_096), cost(5_000, 1_500, 27, 24_096));
    expect(all).toEqual(cost(4_000, 1_000, 20, 20_000));
    expect(costPerMessage(all, 100)).toEqual(cost(40, 10, 0.2, 200));
  });

  it("takes the median of each part over all samples", () => {
    expect(medianCost([cost(1, 30, 2, 9), cost(3, 10, 1, 7), cost(2, 20, 3, 8)])).toEqual(cost(2, 20, 2, 8));
  });

  it("is the server's alone with an embedded database", () => {
    const embedded = costPerMessage({ serversUs: 80, database: null }, 2);
    expect(embedded).toEqual({ serversUs: 40, database: null });
    expect(totalUs(embedded)).toBe(40);
    expect(databasePercent(embedded)).toBe(0);
  });

  it("counts all statements, and separately those that store, claim and settle messages", () => {
    const samples = ["append", "claim", "settle", "wake"].map(
      (name, index) => [`ringback_store_statements_total{statement="${name}"}`, 10 ** index] as const,
    );
    expect(statementCounts([...samples, ...samples, ["ringback_publishes_total", 7]])).toEqual({
      statements: 2_222,
      appends: 2,
      claims: 20,
      settlements: 200,
    });
  });

  it("adds the CPU time of the database to the servers', and gives its share", () => {
    expect(totalUs(cost(30, 10, 0, 0))).toBe(40);
    expect(databasePercent(cost(30, 10, 0, 0))).toBe(25);
  });
});
