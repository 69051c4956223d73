import { resolve } from "node:path";
import { parseArgs } from "node:util";

export type DatabaseKind = "sqlite" | "postgres";

export interface Options {
  readonly database: DatabaseKind;
  readonly only: readonly string[];
  readonly scale: number;
  /** Path of the JSON file. Null: a new file in bench/results. */
  readonly json: string | null;
  readonly lostAfterMs: number;
  /** Exit with 1 also when a figure misses its target. */
  readonly check: boolean;
  readonly profile: boolean;
  /** Entry point of the server to measure. Null: the build of this repository. */
  readonly server: string | null;
  readonly dataRoot: string | null;
  readonly help: boolean;
}

export class UsageError extends Error {}

const SCALE_MIN = 0.001;
const SCALE_MAX = 10;
const LOST_AFTER_S = 20;
const LOST_AFTER_S_MAX = 3_600;

export const usage = `npm run bench -- [options]

  --database KIND  sqlite (the default), or postgres: a PostgreSQL of the benchmark, whose CPU time is counted too
  --only NAMES     run only these scenarios, separated by commas
  --scale N        ${SCALE_MIN} to ${SCALE_MAX}; 0.1 measures for a tenth of the time with a tenth of the messages
  --json FILE      write the figures to this file (default: bench/results/<date>.json)
  --check          exit with 1 also when a figure misses its target; --no-check is the default
  --profile        take CPU profiles of the server and print the functions that use most of its CPU time
  --server FILE    another entry point of the server, such as packages/server/bin/ringback.js of another
                   checkout, which is built first if it can be
  --data DIR       folder for the data of the servers (default: the system's temporary folder)
  --lost-after S   seconds without an arrival after which missing deliveries are lost (default: ${LOST_AFTER_S})

--database postgres has more scenarios, which bench/README.md lists.

The exit code is 1 when an accepted message did not arrive or a scenario failed.`;

/** Names of the scenarios. Some always run, others need PostgreSQL. */
export interface ScenarioNames {
  readonly always: readonly string[];
  readonly postgres: readonly string[];
}

export function parseCommandLine(args: readonly string[], scenarios: ScenarioNames): Options {
  const values = parse(args);
  const database = databaseKind(values.database ?? "sqlite");
  const known = database === "postgres" ? [...scenarios.always, ...scenarios.postgres] : scenarios.always;
  const only = values.only?.split(",").map((name) => name.trim()) ?? known;
  for (const name of only) {
    if (scenarios.postgres.includes(name) && database !== "postgres") {
      throw new UsageError(`scenario ${name} needs --database postgres`);
    }
    if (!known.includes(name)) throw new UsageError(`no scenario ${name}; the scenarios are ${known.join(", ")}`);
  }
  return {
    database,
    only,
    scale: numberOf("--scale", values.scale ?? "1", SCALE_MIN, SCALE_MAX),
    json: values.json ?? null,
    lostAfterMs: 1000 * numberOf("--lost-after", values["lost-after"] ?? `${LOST_AFTER_S}`, 0, LOST_AFTER_S_MAX),
    check: values.check ?? false,
    profile: values.profile ?? false,
    server: values.server === undefined ? null : resolve(values.server),
    dataRoot: values.data === undefined ? null : resolve(values.data),
    help: values.help ?? false,
  };
}

function numberOf(option: string, text: string, min: number, max: number): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (!(value >= min && value <= max)) throw new UsageError(`${option} is a number from ${min} to ${max}`);
  return value;
}

function databaseKind(text: string): DatabaseKind {
  if (text === "sqlite" || text === "postgres") return text;
  throw new UsageError("--database is sqlite or postgres");
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowNegative: true,
      options: {
        database: { type: "string" },
        only: { type: "string" },
        scale: { type: "string" },
        json: { type: "string" },
        "lost-after": { type: "string" },
        check: { type: "boolean" },
        profile: { type: "boolean" },
        server: { type: "string" },
        data: { type: "string" },
        help: { type: "boolean" },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
