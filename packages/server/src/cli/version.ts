import type { Command } from "commander";
import { version } from "../config/version.ts";
import type { CommandContext } from "./context.ts";

const example = `
Example:
  $ ringback version --json
`;

export function addVersionCommand(program: Command, context: CommandContext): void {
  program
    .command("version")
    .summary("show the versions of Ringback and Node.js")
    .description("Shows the versions of Ringback and of the Node.js that runs it.")
    .option("--json", "print a JSON object")
    .addHelpText("after", example)
    .action(({ json }: { json?: true }) => {
      const versions = { version, node: process.versions.node };
      const text = json ? JSON.stringify(versions) : `ringback ${versions.version} (Node ${versions.node})`;
      context.stdout.write(`${text}\n`);
    });
}
