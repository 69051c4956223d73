import { CommanderError } from "commander";
import { ConfigError } from "../config/config-error.ts";
import { CommandError, exitCodes } from "./command-error.ts";
import type { CommandContext } from "./context.ts";
import { printableLine } from "./printable.ts";
import { createProgram } from "./program.ts";
import type { StartServer } from "./serve.ts";

/** Runs one command to its end and tells the exit code. What goes wrong is one line, or with --debug the whole story. */
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
    // Commander has said what there is to say: help, the version, or what is wrong with an option.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.misused;
    const debug = program.opts()["debug"] === true;
    context.stderr.write(`ringback: ${debug ? wholeStory(error) : oneLine(error)}\n`);
    if (error instanceof CommandError) return error.exitCode;
    return error instanceof ConfigError ? exitCodes.misused : exitCodes.failed;
  }
}

function oneLine(error: unknown): string {
  return printableLine(error instanceof Error ? error.message : String(error));
}

function wholeStory(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `\ncaused by: ${wholeStory(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
