import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bench, SERVER } from "../../src/testing/bench-run.ts";

// Real: the benchmark, the server and PostgreSQL. Nothing is faked.

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ringback-bench-test-"));
  // If root runs this test, PostgreSQL runs as another user, who must be able to read the folder.
  chmodSync(folder, 0o755);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("a run of the benchmark on PostgreSQL", () => {
  it("counts per message what a durable PostgreSQL does for the server, and stops PostgreSQL", async () => {
    const { code, report } = await bench(folder, "cmq,one-at-a-time", { server: SERVER, database: "postgres" });
    expect(report.failures).toEqual([]);
    expect(code).toBe(0);
    expect(report.database).toMatchObject({ fsync: "on", synchronous_commit: "on", full_page_writes: "on" });
    const figures = report.results.flatMap(({ figures }) => figures);
    expect(figures.filter(({ value }) => typeof value !== "number")).toEqual([]);
    const costs = figures.flatMap(({ cost }) => cost ?? []);
    expect(costs).toHaveLength(1);
    for (const { database } of costs) {
      expect(database?.["statements"]).toBeGreaterThan(0);
      expect(database?.["walBytes"]).toBeGreaterThan(512);
    }
    expect(readdirSync(folder)).toEqual(["result.json"]);
  });
});
