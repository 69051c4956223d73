import { resolve } from "node:path";
import { parseArgs } from "node:util";

export type DatabaseKind = "sqlite" | "postgres";

export interface Options {
  readonly database: DatabaseKind;
  readonly only: readonly string[];
  readonly scale: number;
  /** Null: a file of its own in bench/results. */
  readonly json: string | null;
  /** Exit with 1 also when a figure is out of reach. */
  readonly check: boolean;
  readonly profile: boolean;
  /** Null: the sources in this repository. */
  readonly server: string | null;
  readonly dataRoot: string | null;
  readonly help: boolean;
}

export class UsageError extends Error {}

const SCALE_MIN = 0.001;
const SCALE_MAX = 10;

export const usage = `npm run bench -- [options]

  --database KIND sqlite (the default), or postgres: one of the benchmark's own, its CPU counted too
  --only NAMES    scenarios, separated by commas
  --scale N       ${SCALE_MIN} to ${SCALE_MAX}; 0.1 measures for a tenth of the time with a tenth of the messages
  --json FILE     where the figures go (default: bench/results/<date>.json)
  --check         exit with 1 also when a figure is out of its reach; --no-check is the default
  --profile       take CPU profiles of the server and print where its time went
  --server FILE   another entry point of the server, for example a build
  --data DIR      where the servers keep their data (default: the system's temporary folder)

There are more scenarios with --database postgres: README.md says which.

Exit code 1 when an accepted message did not arrive, or a scenario failed.`;

/** What `--only` can name: always, and with PostgreSQL only. */
export interface Known {
  readonly always: readonly string[];
  readonly postgres: readonly string[];
}

export function parseCommandLine(args: readonly string[], scenarios: Known): Options {
  const values = parse(args);
  const database = databaseKind(values.database ?? "sqlite");
  const known = database === "postgres" ? [...scenarios.always, ...scenarios.postgres] : scenarios.always;
  const only = values.only?.split(",").map((name) => name.trim()) ?? known;
  for (const name of only) {
    if (scenarios.postgres.includes(name) && database !== "postgres") {
      throw new UsageError(`scenario ${name} needs --database postgres`);
    }
    if (!known.includes(name)) throw new UsageError(`no scenario ${name}; there are ${known.join(", ")}`);
  }
  const scale = Number(values.scale ?? "1");
  if (!(scale >= SCALE_MIN && scale <= SCALE_MAX)) {
    throw new UsageError(`--scale is a number from ${SCALE_MIN} to ${SCALE_MAX}`);
  }
  return {
    database,
    only,
    scale,
    json: values.json ?? null,
    check: values.check ?? false,
    profile: values.profile ?? false,
    server: values.server === undefined ? null : resolve(values.server),
    dataRoot: values.data === undefined ? null : resolve(values.data),
    help: values.help ?? false,
  };
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
