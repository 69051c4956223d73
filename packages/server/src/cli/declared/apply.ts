import type { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { serverOptions } from "../option-values.ts";
import type { ApplyOptions } from "./run-apply.ts";

const example = `
Examples:
  $ ringback diff -f ringback.yaml
  $ ringback apply -f ringback.yaml
  $ ringback apply -f ringback.yaml --prune --json

The file is a configuration file of the server, or a part of one: topics with their subscriptions, eventTypes, inboxes,
hooks, callbacks, keys and apiKeys. Settings of the server in it are ignored. A file that is applied twice changes
nothing the second time. Secrets cannot be compared, because the server never shows them; they are sent each time.
With --prune, resources of the parts that the file has are deleted if the file does not declare them, and with a topic
its messages. API keys are never deleted.
`;

/** Adds `apply` and `diff`. */
export function addApplyCommands(program: Command, context: CommandContext): void {
  const add = (name: "apply" | "diff", about: string): void => {
    const command = program
      .command(name)
      .description(about)
      .requiredOption("-f, --file <file>", "a configuration file in YAML, or - for standard input")
      .option("--prune", "also delete what the file does not declare")
      .option("--json", "print one JSON object per line")
      .addHelpText("after", example);
    for (const option of serverOptions()) command.addOption(option);
    command.action(async (options: ApplyOptions) =>
      (await import("./run-apply.ts")).runApply(options, name === "diff", context),
    );
  };
  add("apply", "Creates and changes the resources that a file declares, through the API.");
  add("diff", "Shows what `ringback apply` would change. Exit code 3: there are differences.");
}
