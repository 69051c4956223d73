import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { bench, SERVER } from "../../src/testing/bench-run.ts";

// Real: the benchmark, the servers and PostgreSQL. Nothing is faked.

it("counts the cost of one to four nodes on one PostgreSQL, with one subscription and with several", async () => {
  const folder = mkdtempSync(join(tmpdir(), "ringback-bench-test-"));
  // If root runs this test, PostgreSQL runs as another user, who must be able to read the folder.
  chmodSync(folder, 0o755);
  try {
    const { code, output, report } = await bench(folder, "nodes", { server: SERVER, database: "postgres" });
    expect(report.failures).toEqual([]);
    expect(code).toBe(0);
    const costs = report.results.flatMap(({ figures }) => figures.flatMap(({ cost }) => cost ?? []));
    expect(costs).toHaveLength(4 * 2);
    for (const { database } of costs) expect(database?.["statements"]).toBeGreaterThan(0);
    expect(output).toMatch(/several, 4 nodes .* %/);
    expect(readdirSync(folder)).toEqual(["result.json"]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
