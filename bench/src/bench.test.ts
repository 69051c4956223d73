import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bench, SERVER } from "./testing/bench-run.ts";

// Real: the benchmark with all its processes and sockets, and where it says so the server and PostgreSQL. Faked: elsewhere the
// server, which only forwards. So nothing may be asserted about the figures, only that they exist and that losses are found.
// One to four nodes: bench/test/slow/nodes.test.ts.

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ringback-bench-test-"));
  // PostgreSQL runs as somebody else where we are root.
  chmodSync(folder, 0o755);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("a run of the benchmark", { timeout: 180_000 }, () => {
  it("finds every message of an honest server, and gives a number for every figure", async () => {
    const { code, output, report } = await bench(folder, "publish-one,publish-batch,latency");
    expect(output).toContain("publish-one");
    expect(report.failures).toEqual([]);
    expect(code).toBe(0);
    expect(report.lost).toBe(0);
    expect(report.machine.cores).toBeGreaterThan(0);
    expect(report.results.map(({ scenario }) => scenario)).toEqual(["publish-one", "publish-batch", "latency"]);
    for (const { figures, deliveries } of report.results) {
      expect(figures.filter(({ value }) => typeof value !== "number")).toEqual([]);
      for (const { acceptedMessages } of deliveries) expect(acceptedMessages).toBeGreaterThan(0);
    }
  });

  it("counts what a durable PostgreSQL does for the servers, by the message, and stops it", async () => {
    const { code, report } = await bench(folder, "one-at-a-time", { server: SERVER, database: "postgres" });
    expect(report.failures).toEqual([]);
    expect(code).toBe(0);
    expect(report.database).toMatchObject({ fsync: "on", synchronous_commit: "on", full_page_writes: "on" });
    const costs = report.results.flatMap(({ figures }) => figures.flatMap(({ cost }) => cost ?? []));
    expect(costs).toHaveLength(1);
    for (const { database } of costs) {
      expect(database?.["statements"]).toBeGreaterThan(0);
      expect(database?.["walBytes"]).toBeGreaterThan(512);
    }
    expect(readdirSync(folder)).toEqual(["result.json"]);
  });

  it("fails when the server lost an accepted message, and names it", async () => {
    const { code, output, report } = await bench(folder, "fanout", { env: { STAND_IN_DROP_EVERY: "40" } });
    expect(code).toBe(1);
    expect(report.lost).toBeGreaterThan(0);
    expect(output).toMatch(/lost: \/fanout\/\d+ \d+/);
    expect(output).toContain(`LOST: ${report.lost} accepted deliveries did not arrive.`);
  });

  it("fails when a scenario cannot be run", async () => {
    const { code, output, report } = await bench(folder, "start", { server: join(folder, "no-such-server.ts") });
    expect(code).toBe(1);
    expect(report.failures).toHaveLength(1);
    expect(output).toContain("the server ended");
  });
});
