import type { Command } from "commander";
import { durationUnits } from "../config/units.ts";
import { masterKeyFileOf } from "../config/master-key-file.ts";
import { readMigrationSource, readMigrationTarget } from "../config/migration-ends.ts";
import { settings } from "../config/settings.ts";
import type { MoveOutcome, TableMoved } from "../store/migrate/move.ts";
import { CommandError } from "./command-error.ts";
import { stopSignal, type CommandContext } from "./context.ts";
import { createPaint } from "./paint.ts";
import { printableLine } from "./printable.ts";

interface MigrateOptions {
  readonly from?: string;
  readonly to?: string;
  readonly json?: true;
}

const example = `
Examples:
  $ ringback migrate --from ./ringback-data --to postgres://ringback@db.example/ringback
  $ RINGBACK_DATABASE=postgres://ringback:secret@db.example/ringback ringback migrate --json

Stop the server first. The database must be empty. If the command is interrupted, run it again; it continues where it
stopped. Servers can use the database when everything was moved. The folder is only read. Keep it as a backup, but do
not start a server on it again, because that server would send the undelivered messages a second time.
`;

export function addMigrateCommand(program: Command, context: CommandContext): void {
  program
    .command("migrate")
    .summary("move a data folder into PostgreSQL")
    .description("Moves all data from the folder of a stopped server into a PostgreSQL database.")
    .option("--from <folder>", `the data folder (default: RINGBACK_DATA, or ${settings.data.default})`)
    .option("--to <url>", "postgres://user:password@host:port/name (default: RINGBACK_DATABASE)")
    .option("--json", "print one JSON object per line")
    .addHelpText("after", example)
    .action(async (options: MigrateOptions) => migrate(options, context));
}

async function migrate(options: MigrateOptions, context: CommandContext): Promise<void> {
  const folder = readMigrationSource(options.from, context.env);
  const url = readMigrationTarget(options.to, context.env);
  const stop = stopSignal(context);
  const startedAtMs = context.clock.now();
  const rows: Record<string, number> = {};
  const show = options.json === true ? showJson(context) : showText(context);
  // The module is loaded only when needed, because it loads the libraries of both databases.
  const { moveToPostgres } = await import("../store/migrate/move.ts");
  const outcome = await moveToPostgres({
    folder,
    url,
    stop,
    progress(moved) {
      rows[moved.table] = moved.rows;
      show(moved);
    },
  });
  if (outcome === "stopped") {
    throw new CommandError("stopped before everything was moved; run the same command again to continue");
  }
  const durationMs = context.clock.now() - startedAtMs;
  const line =
    options.json === true
      ? JSON.stringify({ type: "migrated", movedBefore: outcome === "moved_before", rows, durationMs })
      : sentence(outcome, folder, durationMs, context);
  context.stdout.write(`${line}\n`);
}

function sentence(outcome: MoveOutcome, folder: string, durationMs: number, context: CommandContext): string {
  if (outcome === "moved_before") return "Everything had been moved before; there was nothing to do.";
  const paint = createPaint(context, context.stdout);
  const took = durationUnits.format(Math.max(1, Math.round(durationMs)));
  const moved = `${paint("green", "moved")} everything from ${printableLine(folder)} in ${took}.`;
  const file = masterKeyFileOf(folder);
  const keyed = file === null ? "" : `, and with RINGBACK_MASTER_KEY set to the content of ${printableLine(file)}`;
  return `${moved} Start the servers with --database${keyed}.`;
}

function showJson(context: CommandContext): (moved: TableMoved) => void {
  return ({ table, rows, rowsMax, isDone }) =>
    void context.stdout.write(`${JSON.stringify({ type: "progress", table, rows, rowsMax, done: isDone })}\n`);
}

/** Shows one line per table. On a terminal the number in the line increases until the table is done. */
function showText({ stderr }: CommandContext): (moved: TableMoved) => void {
  const isTerminal = stderr.isTTY === true;
  return ({ label, rows, rowsMax, isDone }) => {
    if (isDone) stderr.write(`${isTerminal ? "\r\u001B[K" : ""}${label}: ${count(rows)}\n`);
    else if (isTerminal) stderr.write(`\r\u001B[K${label}: ${count(rows)} of ${count(Math.max(rows, rowsMax))}`);
  };
}

const count = (rows: number): string => rows.toLocaleString("en");
