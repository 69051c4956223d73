import { Option, type Command } from "commander";
import { findPushProtocol, pushProtocols, type ProtocolKey } from "@ringback/sdk/protocols";
import type { ListenAddress } from "../config/listen-address.ts";
import { systemClock, systemTimers } from "../domain/ports.ts";
import { arrivalJson, arrivalText } from "./arrival-text.ts";
import type { CommandContext } from "./context.ts";
import { arrivalPrinter, serveUntilStopped } from "./listening.ts";
import {
  addCallerOptions,
  callerRulesOf,
  type CallerOptions,
  countOption,
  durationOption,
  listenOption,
  secretOption,
  statusOption,
} from "./option-values.ts";
import { createReceiver } from "./receiver.ts";

interface ReceiveOptions extends CallerOptions {
  readonly listen: ListenAddress;
  readonly status?: number;
  readonly delay: number;
  readonly failFirst: number;
  readonly neverAnswer?: true;
  readonly protocol?: string;
  readonly secret: readonly ProtocolKey[];
  readonly quiet?: true;
  readonly json?: true;
}

/** A CMQ push contains a message of up to 1 MiB as JSON text. JSON may need six bytes for one byte of the message. */
const bodyBytesMax = 8 * 1024 * 1024;

const example = `
Examples:
  $ ringback receive
  $ ringback receive --fail-first 2
  $ ringback receive --listen 127.0.0.1:9001 --status 503 --delay 2s --json

Shows every request at any path, and recognises the protocols that Ringback can send.
`;

export function addReceiveCommand(program: Command, context: CommandContext): void {
  const names = pushProtocols.map(({ name }) => name);
  const command = program
    .command("receive")
    .summary("receive and show requests")
    .description("Runs a small HTTP server that shows the requests it receives. It can imitate a failing endpoint.")
    .addOption(listenOption("address and port to listen on", { host: "127.0.0.1", port: 9000 }))
    .option(
      "--status <status>",
      "reply with this HTTP status (default: success in the request's protocol)",
      statusOption,
    )
    .option("--delay <duration>", "wait before every reply, such as 500ms, 2s, 5m", durationOption, 0)
    .option("--fail-first <count>", "reply 500 to the first requests of each message id", countOption, 0)
    .option("--never-answer", "never reply to requests")
    .addOption(new Option("--protocol <name>", "recognise only this protocol").choices(names))
    .option(
      "--secret <secret>",
      "verify signatures with this key (whsec_… or whpk_…); may be given several times",
      secretOption,
      [],
    )
    .option("--quiet", "show no requests, only a count at the end")
    .option("--json", "print one JSON object per line")
    .addHelpText("after", example);
  addCallerOptions(command).action(async (options: ReceiveOptions) => receive(options, context));
}

const listeningSentence = (url: string) => `Listening on ${url} and showing requests. Ctrl-C stops.`;

async function receive(options: ReceiveOptions, context: CommandContext): Promise<void> {
  const json = options.json === true;
  const tally = new Map<string, number>();
  const only = options.protocol === undefined ? null : findPushProtocol(options.protocol);
  const show = options.quiet ? () => undefined : arrivalPrinter(context, json ? arrivalJson : null, arrivalText);
  const server = createReceiver(
    {
      status: options.status ?? null,
      delayMs: options.delay,
      failFirst: options.failFirst,
      neverAnswer: options.neverAnswer ?? false,
      keys: options.secret,
      protocols: only === null ? pushProtocols : [only],
      bodyBytesMax,
      callers: callerRulesOf(options, options.listen),
    },
    {
      clock: systemClock,
      timers: systemTimers,
      arrived(arrival) {
        const answer = arrival.status === null ? "no answer" : String(arrival.status);
        tally.set(answer, (tally.get(answer) ?? 0) + 1);
        show(arrival);
      },
    },
  );
  await serveUntilStopped({ server, address: options.listen, json, sentence: listeningSentence }, context);
  if (!json) context.stderr.write(`${summary(tally)}\n`);
}

function summary(tally: ReadonlyMap<string, number>): string {
  const parts = [...tally].map(([answer, count]) => `${answer}: ${count}`);
  return parts.length === 0 ? "No requests were received." : `Requests by reply: ${parts.join(", ")}.`;
}
