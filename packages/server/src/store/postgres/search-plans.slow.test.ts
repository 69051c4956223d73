import { expect, it } from "vitest";
import { LargeRecords, PAGE_ROWS } from "./testing/large-records.ts";
import { PostgresServer } from "./testing/postgres-server.ts";

it("reads one page of a million attempts, whatever the filter", async () => {
  const server = await PostgresServer.start();
  try {
    const large = await LargeRecords.fill(server, 1_000_000);
    const toMs = LargeRecords.middleMs;
    const only = "failed";
    for (const filter of [
      { toMs },
      { only, toMs },
      { only, status: { from: 503, to: 503 } },
      { only, errorCode: "http_status" },
    ] as const) {
      const { rows, pages, scanned } = await large.searchAttempts(filter);
      expect(scanned).toEqual([]);
      expect(rows).toBeLessThanOrEqual(PAGE_ROWS + 1);
      expect(pages).toBeLessThanOrEqual(100);
    }
  } finally {
    await server.stop();
  }
});
