import { Option, InvalidArgumentError, type Command } from "commander";
import { durationUnits } from "../../config/units.ts";
import type { CommandContext } from "../context.ts";
import {
  collectOption,
  countFrom1Option,
  durationFrom1Option,
  durationOption,
  secretOption,
  serverOptions,
} from "../option-values.ts";
import type { ListenOptions } from "./run-listen.ts";

const timeoutMsDefault = 30_000;
/** Further messages wait at the server. */
const parallelMax = 100;

const example = `
Examples:
  $ ringback listen --topic orders --forward http://localhost:3000/hook
  $ ringback listen --topic orders --forward http://localhost:3000/hook --protocol cloudevents --type "invoice.*"
  $ ringback listen --topic orders --forward http://localhost:3000/hook --start 2h --json

Sends the topic's messages to a program on this machine, as the server would POST them. No tunnel is needed: the command
pulls the messages through a subscription of its own, which it deletes when it ends. A message is acknowledged when the
program accepts it; otherwise it comes again. On a terminal there is a view in which deliveries can be inspected and sent
again; elsewhere, or with --plain, there is one line per delivery.
`;

export function addListenCommand(program: Command, context: CommandContext): void {
  const command = program
    .command("listen")
    .summary("send a topic's messages to a program on this machine")
    .description("Sends a topic's messages to a program on this machine, in any protocol and signed.")
    .requiredOption("--topic <name>", "the topic")
    .addOption(
      new Option("--forward <url>", "where the program listens, such as http://localhost:3000/hook")
        .argParser(urlOption)
        .makeOptionMandatory(),
    )
    .option("--protocol <name>", "the format of the POSTs, as of a subscription's push.protocol", "standard-webhooks")
    .option("--secret <secret>", "sign with this key (whsec_…); default: a secret of this machine", secretOption, [])
    .option("--type <pattern>", "only messages whose type matches; may be given several times", collectOption)
    .option("--tag <tag>", "only messages with this tag; may be given several times", collectOption)
    .option("--where <expression>", "only messages for which this CEL expression is true, such as 'data.amount > 100'")
    .option("--start <position>", "from where on: now, oldest, a time, or an age such as 2h (default: now)")
    .option("--header <header>", 'a further header, such as "X-Debug: 1"; may be given several times', headerOption)
    .option("--parallel <count>", "how many messages are sent at a time", countFrom1Option(parallelMax), 1)
    .addOption(
      new Option("--timeout <duration>", "how long the program has for its reply")
        .argParser(durationFrom1Option)
        .default(timeoutMsDefault, durationUnits.format(timeoutMsDefault)),
    )
    .option("--retry <delays>", "when a message comes again, such as 1s,5s,1m; the last one repeats", delaysOption)
    .option("--plain", "one line per delivery, also on a terminal")
    .option("--json", "print one JSON object per line")
    .addHelpText("after", example);
  for (const option of serverOptions()) command.addOption(option);
  command.action(async (options: ListenOptions) => (await import("./run-listen.ts")).runListen(options, context));
}

function urlOption(text: string): URL {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol)) return url;
  throw new InvalidArgumentError("Give an address such as http://localhost:3000/hook.");
}

/** The transport's own headers cannot be replaced. */
const transportHeader = /^(?:host|connection|content-length|transfer-encoding|te|upgrade)$/i;

function headerOption(text: string, previous: readonly string[] = []): readonly string[] {
  const [, name = "", value = ""] = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*([\t\u0020-\u007e\u0080-\u00ff]*)$/.exec(text) ?? [];
  if (name === "" || transportHeader.test(name)) throw new InvalidArgumentError('Give "name: value".');
  return [...previous, name, value];
}

function delaysOption(text: string): readonly number[] {
  return text.split(",").map(durationOption);
}
