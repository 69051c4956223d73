import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bench } from "./testing/bench-run.ts";

// Real: the benchmark with all its processes and sockets. Faked: the server. The faked server only forwards messages.
// So the tests assert that every figure has a value and that losses are found, but they check no value. The tests in
// bench/test/slow use a real server and PostgreSQL.

/** Time limit of a test, for a test that hangs. Every wait inside a test is for a condition. */
const HANG_GUARD_MS = 900_000;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ringback-bench-test-"));
  // If root runs this test, PostgreSQL runs as another user, who must be able to read the folder.
  chmodSync(folder, 0o755);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("a run of the benchmark", { timeout: HANG_GUARD_MS }, () => {
  it("finds every message of an honest server, and gives a number for every figure", async () => {
    const { code, output, report } = await bench(folder, "publish-one,hook-call,latency,steady");
    expect(output).toContain("publish-one");
    expect(report.failures).toEqual([]);
    expect(code).toBe(0);
    expect(report.lost).toBe(0);
    expect(report.machine.cores).toBeGreaterThan(0);
    const scenarios = report.results.map(({ scenario }) => scenario);
    expect(scenarios).toEqual(["publish-one", "hook-call", "latency", "steady"]);
    for (const { figures, deliveries } of report.results) {
      expect(figures.filter(({ value }) => typeof value !== "number")).toEqual([]);
      for (const { acceptedMessages } of deliveries) expect(acceptedMessages).toBeGreaterThan(0);
    }
  });

  it("fails when the server lost an accepted message, and names the message", async () => {
    const options = { lostAfterS: 1, env: { STAND_IN_DROP_EVERY: "40" } };
    const { code, output, report } = await bench(folder, "fanout", options);
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
