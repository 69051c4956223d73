import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

// Real: the benchmark with all its processes and sockets, and where it says so the server and PostgreSQL. Faked: elsewhere the
// server, which only forwards. So nothing may be asserted about the figures, only that they exist and that losses are found.

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
const SERVER = fileURLToPath(new URL("../../packages/server/bin/ringback.js", import.meta.url));
const STAND_IN = fileURLToPath(new URL("testing/stand-in-server.ts", import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ringback-bench-test-"));
  // PostgreSQL runs as somebody else where we are root.
  chmodSync(folder, 0o755);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Report {
  readonly lost: number;
  readonly failures: readonly unknown[];
  readonly database: Readonly<Record<string, string>> | null;
  readonly machine: { readonly cores: number; readonly fileSystem: string };
  readonly results: readonly {
    readonly scenario: string;
    readonly figures: readonly {
      readonly name: string;
      readonly value: number | null;
      readonly cost?: { readonly database: Readonly<Record<string, number | null>> | null };
    }[];
    readonly deliveries: readonly { readonly acceptedMessages: number; readonly missing: number }[];
  }[];
}

interface RunOptions {
  readonly server?: string;
  readonly database?: "sqlite" | "postgres";
  readonly env?: Readonly<Record<string, string>>;
}

function bench(only: string, { server = STAND_IN, database = "sqlite", env = {} }: RunOptions = {}) {
  const json = join(folder, "result.json");
  const args = ["--conditions=ringback-source", MAIN, "--server", server, "--database", database, "--scale", "0.01"];
  return new Promise<{ code: number; output: string; report: Report }>((resolve) => {
    execFile(
      process.execPath,
      [...args, "--only", only, "--json", json, "--data", folder],
      { env: { ...process.env, ...env } },
      (error, stdout, stderr) => {
        const report: Report = JSON.parse(readFileSync(json, "utf8"));
        resolve({ code: Number(error?.code ?? 0), output: stdout + stderr, report });
      },
    );
  });
}

describe("a run of the benchmark", { timeout: 180_000 }, () => {
  it("finds every message of an honest server, and gives a number for every figure", async () => {
    const { code, output, report } = await bench("publish-one,publish-batch,latency");
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
    const { code, output, report } = await bench("one-at-a-time,nodes", { server: SERVER, database: "postgres" });
    expect(report.failures).toEqual([]);
    expect(code).toBe(0);
    expect(report.database).toMatchObject({ fsync: "on", synchronous_commit: "on", full_page_writes: "on" });
    const costs = report.results.flatMap(({ figures }) => figures.flatMap(({ cost }) => cost ?? []));
    // One message at a time, and one to four nodes with one subscription and with several.
    expect(costs).toHaveLength(1 + 4 * 2);
    for (const { database } of costs) {
      expect(database?.["statements"]).toBeGreaterThan(0);
      expect(database?.["walBytes"]).toBeGreaterThan(512);
    }
    expect(output).toMatch(/several, 4 nodes .* %/);
    expect(readdirSync(folder)).toEqual(["result.json"]);
  });

  it("fails when the server lost an accepted message, and names it", async () => {
    const { code, output, report } = await bench("fanout", { env: { STAND_IN_DROP_EVERY: "40" } });
    expect(code).toBe(1);
    expect(report.lost).toBeGreaterThan(0);
    expect(output).toMatch(/lost: \/fanout\/\d+ \d+/);
    expect(output).toContain(`LOST: ${report.lost} accepted deliveries did not arrive.`);
  });

  it("fails when a scenario cannot be run", async () => {
    const { code, output, report } = await bench("start", { server: join(folder, "no-such-server.ts") });
    expect(code).toBe(1);
    expect(report.failures).toHaveLength(1);
    expect(output).toContain("the server ended");
  });
});
