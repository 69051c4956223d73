import { expect, it } from "vitest";
import { databaseTable } from "./database-table.ts";
import type { Figure } from "../scenarios/result.ts";

const database = { cpuUs: 20, statements: 0.25, appends: 0.05, claims: 0.06, settlements: 0.12, walBytes: 1_234.4 };
const cost = { serversUs: 60, database };
const figure: Figure = { name: "hot, 2 nodes: CPU", value: 1, unit: "%" };

it("has a line for each cost, with the database's share and the throughput at which the database would use one core", () => {
  const figures = [{ ...figure, perSecond: 900, cost }, { ...figure, cost }, figure];
  const [, , ...lines] = databaseTable([{ scenario: "nodes", figures }]).split("\n");
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(
    /^nodes +hot, 2 nodes +900 +60\.0 +20\.0 +25\.0 % +0\.25 +0\.05 +0\.06 +0\.12 +1,234 +50,000$/,
  );
});

it("is empty when the database is inside the server", () => {
  const embedded = { ...figure, cost: { serversUs: 60, database: null } };
  expect(databaseTable([{ scenario: "publish-one", figures: [figure, embedded] }])).toBe("");
});
