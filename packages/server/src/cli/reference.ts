import type { Command } from "commander";
import { systemClock } from "../domain/ports.ts";
import type { CommandContext } from "./context.ts";
import { createProgram } from "./program.ts";

/** Writes `docs/reference/command-line.md` from the commands themselves. */
export function commandLineReference(): string {
  const program = createProgram(noContext, async () => Promise.reject(new Error("nothing is started")));
  const sections = program.commands.flatMap((command) => sectionsOf(command, ["ringback"]));
  return `${head}\n${sections.join("\n")}`;
}

const head = `# Command line

This page is generated from the program by \`npm run generate\`. [The guide](../guide/command-line.md) explains the
commands.
`;

function sectionsOf(command: Command, above: readonly string[]): string[] {
  const path = [...above, command.name()];
  if (command.commands.length > 0) return command.commands.flatMap((one) => sectionsOf(one, path));
  const names = command.registeredArguments.map((one) => (one.required ? `<${one.name()}>` : `[${one.name()}]`));
  const rows = command.options.map(({ flags, description }) => `| \`${cell(flags)}\` | ${cell(description)} |`);
  const table = rows.length === 0 ? [] : ["", "| option | meaning |", "|---|---|", ...rows];
  const aliases = command.aliases().length === 0 ? [] : [`Also: \`${command.aliases().join("`, `")}\`.`, ""];
  return [
    [`## ${[...path, ...names].join(" ")}`, "", command.description(), "", ...aliases, ...table.slice(1), ""].join(
      "\n",
    ),
  ];
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

const noOutput = { write: () => undefined };

/** Nothing is run, so nothing is read or written. */
const noContext: CommandContext = {
  stdin: (async function* empty(): AsyncGenerator<Uint8Array, void, undefined> {
    // There is no input.
  })(),
  stdout: noOutput,
  stderr: noOutput,
  env: {},
  readFile: (path) => {
    throw new Error(`no file ${path}`);
  },
  onStopSignal: () => undefined,
  clock: systemClock,
  exit: (code) => {
    throw new Error(`exit ${code}`);
  },
};
