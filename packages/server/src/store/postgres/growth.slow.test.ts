import { afterAll, beforeAll, expect, it } from "vitest";
import { readInTablesOf } from "./testing/growth.ts";
import { PostgresServer } from "./testing/postgres-server.ts";

// Real: PostgreSQL, its statistics and its planner. Old rows are inserted into the tables directly.
// test/slow/postgres-growth.test.ts does the same with a million rows.
let server: PostgresServer;
beforeAll(async () => void (server = await PostgresServer.start()));
afterAll(() => server.stop());

it("reads no more rows per message, and uses the same indexes, in tables that are fifty times as large and have many partitions", async () => {
  const small = await readInTablesOf(server, { rows: 200, partitions: 2 });
  const large = await readInTablesOf(server, { rows: 10_000, partitions: 50 });
  expect(small.perMessage).toBeLessThan(20);
  expect(large.perMessage).toBeLessThan(small.perMessage * 1.2);
  // Indexes may be one level deeper.
  expect(large.pagesPerMessage).toBeLessThan(small.pagesPerMessage * 1.5);
  expect(large.plans.tablesScanned).toEqual([]);
});
