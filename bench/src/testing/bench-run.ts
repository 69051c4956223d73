import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
const STAND_IN = fileURLToPath(new URL("stand-in-server.ts", import.meta.url));

/** The server itself. */
export const SERVER = fileURLToPath(new URL("../../../packages/server/bin/ringback.js", import.meta.url));

/** What a run writes down, as far as tests look at it. */
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
  readonly env?: Readonly<Record<string, string>>;
}

/** A run of the benchmark, as short as can be, in a process of its own. */
export function bench(
  folder: string,
  only: string,
  { server = STAND_IN, database = "sqlite", env = {} }: RunOptions = {},
) {
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
