import { CommanderError } from "commander";
import { ConfigError } from "../config/config-error.ts";
import { CommandError, exitCodes } from "./command-error.ts";
import type { CommandContext } from "./context.ts";
import { printableLine } from "./printable.ts";
import { createProgram } from "./program.ts";
import type { StartServer } from "./serve.ts";

/**
 * Runs one command and returns its exit code. Writes an error as one line, or with --debug as the full stack with its
 * causes.
 */
export async function run(
  args: readonly string[],
  context: CommandContext,
  loadServer: () => Promise<StartServer>,
): Promise<number> {
  const program = createProgram(context, loadServer);
  if (args.length === 0) {
    context.stderr.write(program.helpInformation());
    return exitCodes.misused;
  }
  try {
    await program.parseAsync(args, { from: "user" });
    return exitCodes.done;
  } catch (error) {
    // Commander has already written the help, the version or the error.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.misused;
    const debug = program.opts()["debug"] === true;
    context.stderr.write(`ringback: ${debug ? stackWithCauses(error) : oneLine(error)}\n`);
    if (error instanceof CommandError) return error.exitCode;
    return error instanceof ConfigError ? exitCodes.misused : exitCodes.failed;
  }
}

function oneLine(error: unknown): string {
  return printableLine(error instanceof Error ? error.message : String(error));
}

function stackWithCauses(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `\ncaused by: ${stackWithCauses(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
