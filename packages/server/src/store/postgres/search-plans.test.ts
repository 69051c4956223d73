/** Real: PostgreSQL. Its executor reports which rows and pages a statement reads. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LargeRecords, PAGE_ROWS } from "./testing/large-records.ts";
import { PostgresServer } from "./testing/postgres-server.ts";

const ATTEMPTS = 200_000;
/** One page per row, and one index page per level and partition. */
const PAGES_MAX = 100;

let server: PostgresServer;
let large: LargeRecords;
beforeAll(async () => {
  server = await PostgresServer.start();
  large = await LargeRecords.fill(server, ATTEMPTS);
});
afterAll(() => server.stop());

const toMs = LargeRecords.middleMs;
const only = "failed" as const;

describe("a search in a large table reads only what it shows", () => {
  it.each([
    ["all", {}, PAGE_ROWS, PAGES_MAX],
    ["before a time", { toMs }, PAGE_ROWS, PAGES_MAX],
    ["within a short range", { fromMs: toMs - 30_240, toMs }, 10, PAGES_MAX],
    ["accepted", { verdict: "accepted" as const, toMs }, PAGE_ROWS, PAGES_MAX],
    ["failed", { only, toMs }, PAGE_ROWS, PAGES_MAX],
    ["failed with a status", { only, status: { from: 503, to: 503 } }, 50, PAGES_MAX],
    ["failed with a class of statuses", { only, status: { from: 500, to: 599 }, toMs }, 99, 600],
    ["failed with an error", { only, errorCode: "http_status", toMs }, PAGE_ROWS, PAGES_MAX],
    ["failed with an error that there is not", { only, errorCode: "timeout" }, 0, PAGES_MAX],
  ])("attempts: %s", async (_name, filter, rows, pagesMax) => {
    const reading = await large.searchAttempts(filter);
    expect(reading.scanned).toEqual([]);
    expect(reading.rows).toBeGreaterThanOrEqual(rows);
    // The attempt at the end of the range is read, too.
    expect(reading.rows).toBeLessThanOrEqual(rows + 1);
    expect(reading.pages).toBeLessThanOrEqual(pagesMax);
  });

  it.each(["account", "subscription", "topic"] as const)("dead letters by %s", async (source) => {
    const reading = await large.searchDeadLetters(source, { toMs });
    expect(reading.scanned.filter((table) => table === "dead_letter")).toEqual([]);
    expect(reading.rows).toBeLessThanOrEqual(PAGE_ROWS + 2);
    expect(reading.pages).toBeLessThanOrEqual(PAGES_MAX);
  });
});
