import { InvalidArgumentError, Option, type Command } from "commander";
import { durationUnits } from "../../config/units.ts";
import type { CommandContext } from "../context.ts";
import { countFrom1Option, durationFrom1Option, durationOption, serverOptions } from "../option-values.ts";
import { addPublishCommand } from "../publish.ts";
import { fieldOption } from "./fields.ts";
import { parseAssignment, type Assignment } from "./request-body.ts";
import { argumentsOf, type Resource, type Verb } from "./resource.ts";
import { resources } from "./resource-table.ts";
import type { VerbOptions } from "./write-items.ts";

const timeoutMsDefault = 60_000;

/** Adds a command for each resource of the table, with a command for each of its verbs. */
export function addResourceCommands(program: Command, context: CommandContext): void {
  for (const resource of resources) {
    const existing = program.commands.find((command) => command.name() === resource.name);
    const group = existing ?? program.command(resource.name);
    group.summary(resource.about).description(`Works on ${resource.about}.`);
    group.addHelpText("after", `\nExamples:${resource.examples}\n`);
    if (resource.name === "messages") addPublishCommand(group, context);
    for (const verb of resource.verbs) addVerb(group, resource, verb, context);
  }
}

function addVerb(group: Command, resource: Resource, verb: Verb, context: CommandContext): void {
  const command = group
    .command(verb.name)
    .description(verb.about)
    .aliases([...(verb.aliases ?? [])]);
  const longest = verb.routes.map(argumentsOf).toSorted((one, other) => other.length - one.length)[0] ?? [];
  const needed = Math.min(...verb.routes.map((route) => argumentsOf(route).length));
  for (const [index, name] of longest.entries()) command.argument(index < needed ? `<${name}>` : `[${name}]`);
  for (const field of [...(verb.query ?? []), ...(verb.fields ?? [])]) command.addOption(fieldOption(field));
  if (verb.body !== undefined) addBodyOptions(command);
  if (verb.isList === true) addListOptions(command, resource);
  if (verb.isList === true || verb.name === "get") {
    command.addOption(
      new Option("--watch [interval]", "ask again and again, and show what has changed")
        .argParser(durationFrom1Option)
        .preset(durationUnits.format(2_000)),
    );
  }
  for (const option of serverOptions()) command.addOption(option);
  command
    .addOption(
      new Option("--timeout <duration>", "how long to wait for the server's response")
        .argParser(durationOption)
        .default(timeoutMsDefault, durationUnits.format(timeoutMsDefault)),
    )
    .option("-q, --quiet", verb.isList === true ? "print only the names or ids" : "print nothing")
    .option("--json", verb.isList === true ? "print one JSON object per line" : "print one JSON object")
    .action(async (...given: unknown[]) => {
      // Commander passes the arguments, then the options and the command.
      const args = given.slice(0, longest.length).filter((text) => typeof text === "string");
      const { runVerb } = await import("./run-verb.ts");
      return runVerb({ resource, verb, args, options: command.opts<VerbOptions>(), context });
    });
}

function addBodyOptions(command: Command): void {
  command
    .option("-f, --file <file>", "the body: a file in YAML or JSON, or - for standard input")
    .option("--set <path=value>", "a member of the body; may be given several times", setOption);
}

function setOption(text: string, previous: readonly Assignment[] = []): readonly Assignment[] {
  const assignment = parseAssignment(text);
  if (assignment === null) throw new InvalidArgumentError("Give path=value, such as labels.team=billing.");
  return [...previous, assignment];
}

function addListOptions(command: Command, { kind }: Resource): void {
  command.option("--limit <count>", "the most items to show", countFrom1Option(1_000_000));
  if (kind === "records") command.option("--all", "show all items (default: the newest 100)");
}
