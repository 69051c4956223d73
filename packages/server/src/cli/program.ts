import { Command } from "commander";
import { version } from "../config/version.ts";
import { addApiKeysCommand } from "./api-keys.ts";
import { addBackupCommand } from "./backup.ts";
import { addApplyCommands } from "./declared/apply.ts";
import { addCompletionCommand } from "./completion.ts";
import type { CommandContext } from "./context.ts";
import { addInboxCommand } from "./inbox.ts";
import { addListenCommand } from "./listen/listen.ts";
import { addMigrateCommand } from "./migrate.ts";
import { addProfileCommand } from "./profile.ts";
import { addPublishCommand } from "./publish.ts";
import { addKeysCommand } from "./keys.ts";
import { addPullCommand } from "./pull.ts";
import { addReceiveCommand } from "./receive.ts";
import { addResourceCommands } from "./resources/add-resources.ts";
import { addServeCommand, type StartServer } from "./serve.ts";
import { addTailCommand } from "./tail.ts";
import { addVersionCommand } from "./version.ts";

/** Creates the command line with all commands and options. */
export function createProgram(context: CommandContext, loadServer: () => Promise<StartServer>): Command {
  const program = new Command("ringback")
    .description("Self-hosted HTTP callbacks: durable topics, retried POSTs and a record of every attempt.")
    .version(version, "-V, --version", "show the version")
    .option("--debug", "show errors with their stack and causes")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void context.stdout.write(text),
      writeErr: (text) => void context.stderr.write(text),
      // Commander writes suggestions on a second line. Errors of this program have one line, so the two lines are
      // joined.
      outputError: (text, write) =>
        write(
          `${text
            .replace(/^error: /, "ringback: ")
            .trimEnd()
            .replaceAll("\n", " ")}\n`,
        ),
    });
  addServeCommand(program, context, loadServer);
  addPublishCommand(program, context);
  addPullCommand(program, context);
  addKeysCommand(program, context);
  addReceiveCommand(program, context);
  addListenCommand(program, context);
  addInboxCommand(program, context);
  addTailCommand(program, context);
  addApiKeysCommand(program, context);
  addBackupCommand(program, context);
  addMigrateCommand(program, context);
  addResourceCommands(program, context);
  addApplyCommands(program, context);
  addProfileCommand(program, context);
  addCompletionCommand(program, context);
  addVersionCommand(program, context);
  return program;
}
