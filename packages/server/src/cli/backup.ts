import type { Command } from "commander";
import { loadConfig, type Config } from "../config/config.ts";
import { settings } from "../config/settings.ts";
import { byteUnits, durationUnits } from "../config/units.ts";
import { parseAddress } from "../store/postgres-address.ts";
import { CommandError, exitCodes } from "./command-error.ts";
import { stopSignal, type CommandContext } from "./context.ts";
import { createPaint } from "./paint.ts";
import { printableLine } from "./printable.ts";

interface BackupOptions {
  readonly to: string;
  readonly data?: string;
  readonly database?: string;
  readonly config?: string;
  readonly json?: true;
}

const example = `
Examples:
  $ ringback backup --to /backups/ringback-monday.db
  $ ringback backup --data /var/lib/ringback --to /backups/ringback-monday.db --json

The server may run meanwhile. The file has every message that was accepted before the backup began. It appears when it
is complete, only its owner can read it, and a file that exists is never overwritten.
To restore it, copy it as ringback.db into an empty folder, and start the server with --data and that folder.
`;

export function addBackupCommand(program: Command, context: CommandContext): void {
  program
    .command("backup")
    .summary("copy the database into a file while the server runs")
    .description("Copies the SQLite database of a data folder into a new file. The server may run meanwhile.")
    .requiredOption("--to <file>", "the file to write; it must not exist")
    .option("--data <folder>", `the data folder of the server (default: RINGBACK_DATA, or ${settings.data.default})`)
    .option("--database <url>", "the database of the server, as for `ringback serve`")
    .option("--config <file>", "the configuration file of the server")
    .option("--json", "print one JSON object")
    .addHelpText("after", example)
    .action(async (options: BackupOptions) => backup(options, context));
}

async function backup({ to, json, ...flags }: BackupOptions, context: CommandContext): Promise<void> {
  const readFile = (path: string) => new TextDecoder().decode(context.readFile(path));
  const config = loadConfig({ flags, env: context.env, readFile });
  if (config.database !== "sqlite")
    throw new CommandError(adviceForPostgres(config, to), { exitCode: exitCodes.misused });
  const stop = stopSignal(context);
  const startedAtMs = context.clock.now();
  // Loaded only when needed, because other commands do not need SQLite.
  const { backUp } = await import("../store/sqlite/backup.ts");
  const { bytes } = await backUp(config.data, to, stop);
  const durationMs = context.clock.now() - startedAtMs;
  if (json === true) {
    context.stdout.write(`${JSON.stringify({ type: "backup", file: to, bytes, durationMs })}\n`);
    return;
  }
  const paint = createPaint(context, context.stdout);
  const took = durationUnits.format(Math.max(1, Math.round(durationMs)));
  const [from, file] = [printableLine(config.data), printableLine(to)];
  context.stdout.write(`${paint("green", "copied")} ${byteUnits.format(bytes)} from ${from} to ${file} in ${took}.\n`);
}

/** The password is left out of the command: pg_dump asks for it, or reads it from its own file. */
function adviceForPostgres({ database: address }: Config, to: string): string {
  const { database, host } = parseAddress(address);
  const [, name = host, port = "5432"] = /^(.*?)(?::(\d+))?$/.exec(host) ?? [];
  const target = `--host=${name} --port=${port}${database === null ? "" : ` --dbname=${database}`}`;
  return (
    `the database is PostgreSQL, which has its own tool for backups: ` +
    `pg_dump --format=custom --schema=ringback ${target} --file=${to}`
  );
}
