import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
const STAND_IN = fileURLToPath(new URL("stand-in-server.ts", import.meta.url));

/** The entry point of the real server. */
export const SERVER = fileURLToPath(new URL("../../../packages/server/bin/ringback.js", import.meta.url));

/** The part of a run's JSON file that the tests read. */
export interface Report {
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
  /**
   * Seconds without a delivery after which missing deliveries are lost. The default is so long that a slow machine
   * loses none.
   */
  readonly lostAfterS?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs the benchmark at a tiny scale in a process of its own. */
export function bench(folder: string, only: string, options: RunOptions = {}) {
  const { server = STAND_IN, database = "sqlite", lostAfterS = 3_600, env = {} } = options;
  const json = join(folder, "result.json");
  const args = ["--server", server, "--database", database, "--scale", "0.01", "--lost-after", String(lostAfterS)];
  return new Promise<{ code: number; output: string; report: Report }>((resolve) => {
    execFile(
      process.execPath,
      ["--conditions=ringback-source", MAIN, ...args, "--only", only, "--json", json, "--data", folder],
      { env: { ...process.env, ...env } },
      (error, stdout, stderr) => {
        const report: Report = JSON.parse(readFileSync(json, "utf8"));
        resolve({ code: Number(error?.code ?? 0), output: stdout + stderr, report });
      },
    );
  });
}
