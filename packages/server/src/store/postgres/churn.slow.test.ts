import { afterAll, beforeAll, expect, it } from "vitest";
import { Churn, hotShare, hotTables } from "./testing/churn.ts";
import { PostgresServer } from "./testing/postgres-server.ts";

// Real: PostgreSQL and its statistics, two nodes. Faked: the clock, which runs fast. test/slow/postgres-churn.test.ts
// runs longer and checks sizes, dead rows and pages.
let server: PostgresServer;
beforeAll(async () => void (server = await PostgresServer.start()));
afterAll(() => server.stop());

const ROUNDS = 10;
const HOT_SHARE_MIN = 0.9;

it("keeps the rows that every batch updates in their pages, without new index entries", async () => {
  const churn = await Churn.start(server);
  for (let round = 0; round < ROUNDS; round++) await churn.round();
  await churn.retain();
  const figures = await churn.finalFigures();
  for (const table of hotTables) {
    const { updates = 0 } = figures.find((each) => each.table === table) ?? {};
    expect(updates).toBeGreaterThan(ROUNDS);
    const share = hotShare(figures, table);
    expect({ table, share }).toSatisfy(() => share > HOT_SHARE_MIN);
  }
  await churn.dispose();
});
