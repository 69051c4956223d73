import { afterAll, beforeAll, expect, it } from "vitest";
import { readInTablesOf } from "./testing/growth.ts";
import { PostgresServer } from "./testing/postgres-server.ts";

// Real: PostgreSQL, its statistics and its planner. Rows that have been there for long are put into the tables directly.
// A million of them: test/slow/postgres-growth.test.ts.
let server: PostgresServer;
beforeAll(async () => void (server = await PostgresServer.start()));
afterAll(() => server.stop());

it("reads no more on the way of a message, and by the same indexes, when the tables are ten and five hundred times as large", async () => {
  const small = await readInTablesOf(server, 200);
  const medium = await readInTablesOf(server, 10_000);
  const large = await readInTablesOf(server, 100_000);
  expect(small.perMessage).toBeLessThan(20);
  expect(large.perMessage).toBeLessThan(small.perMessage * 1.2);
  expect(medium.plans.tablesScanned).toEqual([]);
  expect(large.plans).toEqual(medium.plans);
});
