/** Real: SQLite, with a table in memory. The rows that a statement reads are counted. */
import { describe, expect, it } from "vitest";
import { LargeRecords, PAGE_ROWS, type ReadRows } from "./testing/large-records.ts";

describe("a search in a large table reads only what it shows", () => {
  const large = new LargeRecords(200_000);
  const toMs = large.middleMs;

  it("reads attempts from the newest on, or from the end of a range of times", () => {
    expectPage(large.searchAttempts("indexed", {}));
    const inMiddle = large.searchAttempts("indexed", { toMs });
    expectPage(inMiddle);
    expect(inMiddle.plan).toMatch(/PRIMARY KEY \(subscription_id=\? AND started_at>\? AND started_at<\?\)/);
    const short = large.searchAttempts("indexed", { fromMs: toMs - 10, toMs });
    expect(short).toMatchObject({ read: 11, returned: 10 });
  });

  it.each([
    ["failed", {}, [], "attempt_failed ", PAGE_ROWS],
    ["failed", { toMs }, [], "attempt_failed ", PAGE_ROWS],
    ["status", { status: { from: 500, to: 599 } }, [503], "attempt_failed_status", 50],
    ["status", { status: { from: 500, to: 599 }, toMs }, [501], "attempt_failed_status", 25],
    ["error", { errorCode: "http_status" }, [], "attempt_failed_error", PAGE_ROWS],
    ["error", { errorCode: "timeout" }, [], "attempt_failed_error", 0],
  ] as const)("reads failed attempts by their own index: %s %o", (name, filter, more, index, expected) => {
    const { read, returned, plan } = large.searchAttempts(name, { only: "failed", ...filter }, more);
    expect(read).toBeLessThanOrEqual(returned + 1);
    expect(returned).toBe(expected);
    expect(plan).toContain(`USING INDEX ${index}`);
    expect(plan).not.toContain("TEMP B-TREE");
  });

  it.each([
    ["account", 1, "dead_letter_account"],
    ["subscription", 7, "dead_letter_newest"],
    ["topic", 1, "dead_letter_topic"],
  ] as const)("reads dead letters of %s by the time of death", (source, owner, index) => {
    const found = large.searchDeadLetters(source, owner, { toMs });
    expectPage(found);
    expect(found.plan).toContain(`USING INDEX ${index}`);
    expect(found.plan).not.toContain("TEMP B-TREE");
  });
});

/** The record at the end of the range is read, too. */
function expectPage({ read, returned }: ReadRows): void {
  expect(returned).toBe(PAGE_ROWS);
  expect(read).toBeLessThanOrEqual(PAGE_ROWS + 1);
}
