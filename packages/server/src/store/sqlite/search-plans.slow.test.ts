import { expect, it } from "vitest";
import { LargeRecords, PAGE_ROWS, type ReadRows } from "./testing/large-records.ts";

it("reads one page of a million attempts, whatever the filter", () => {
  const large = new LargeRecords(1_000_000);
  const toMs = large.middleMs;
  const found: ReadRows[] = [];
  found.push(large.searchAttempts("indexed", { toMs }));
  found.push(large.searchAttempts("failed", { only: "failed", toMs }));
  found.push(large.searchAttempts("status", { only: "failed", status: { from: 503, to: 503 } }, [503]));
  found.push(large.searchAttempts("error", { only: "failed", errorCode: "http_status" }));
  for (const { read, returned } of found) {
    expect(returned).toBe(PAGE_ROWS);
    expect(read).toBeLessThanOrEqual(PAGE_ROWS + 1);
  }
});
