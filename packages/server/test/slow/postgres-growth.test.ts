import { afterAll, beforeAll, expect, it } from "vitest";
import { readInTablesOf } from "../../src/store/postgres/testing/growth.ts";
import { PostgresServer } from "../../src/store/postgres/testing/postgres-server.ts";

// Real: PostgreSQL, its statistics and its planner. Old rows are inserted into the tables directly.
let server: PostgresServer;
beforeAll(async () => void (server = await PostgresServer.start()));
afterAll(() => server.stop());

it("reads no more rows per message, and uses the same indexes, with a million rows as with ten thousand", async () => {
  const thousands = await readInTablesOf(server, { rows: 10_000, partitions: 10 });
  const million = await readInTablesOf(server, { rows: 1_000_000, partitions: 40 });
  expect(million.perMessage).toBeLessThan(thousands.perMessage * 1.2);
  expect(million.plans).toEqual(thousands.plans);
  expect(million.plans.tablesScanned).toEqual([]);
});
