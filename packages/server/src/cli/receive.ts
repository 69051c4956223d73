import { once } from "node:events";
import { Option } from "commander";
import type { Command } from "commander";
import { findPushProtocol, pushProtocols } from "@ringback/sdk/protocols";
import type { ProtocolKey } from "@ringback/sdk/protocols";
import { formatListenAddress } from "../config/listen-address.ts";
import type { ListenAddress } from "../config/listen-address.ts";
import { systemClock, systemTimers } from "../domain/ports.ts";
import { arrivalJson, arrivalText } from "./arrival-text.ts";
import { stopSignal } from "./context.ts";
import type { CommandContext } from "./context.ts";
import { listen } from "./listening.ts";
import { countOption, durationOption, listenOption, secretOption, statusOption } from "./option-values.ts";
import { createPaint } from "./paint.ts";
import { createReceiver } from "./receiver.ts";
import type { Arrival } from "./receiver.ts";

interface ReceiveOptions {
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

const listenDefault: ListenAddress = { host: "127.0.0.1", port: 9000 };
/** A CMQ push contains a message of up to 1 MiB as JSON text, which may need six bytes for one. */
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
  program
    .command("receive")
    .summary("receive and show requests")
    .description("Runs a small HTTP server that shows the requests it receives. It can imitate a failing endpoint.")
    .addOption(
      new Option("--listen <host:port>", "address and port to listen on")
        .argParser(listenOption)
        .default(listenDefault, formatListenAddress(listenDefault)),
    )
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
    .addHelpText("after", example)
    .action(async (options: ReceiveOptions) => receive(options, context));
}

async function receive(options: ReceiveOptions, context: CommandContext): Promise<void> {
  const stop = stopSignal(context);
  const tally = new Map<string, number>();
  const only = options.protocol === undefined ? null : findPushProtocol(options.protocol);
  const show = options.quiet ? () => undefined : createShow(options, context);
  const server = createReceiver(
    {
      status: options.status ?? null,
      delayMs: options.delay,
      failFirst: options.failFirst,
      neverAnswer: options.neverAnswer ?? false,
      keys: options.secret,
      protocols: only === null ? pushProtocols : [only],
      bodyBytesMax,
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
  const url = await listen(server, options.listen);
  if (options.json) context.stdout.write(`${JSON.stringify({ type: "listening", url })}\n`);
  else context.stderr.write(`Listening on ${url} and showing requests. Ctrl-C stops.\n`);
  if (!stop.aborted) await once(stop, "abort");
  // Requests that wait for a reply are not answered.
  server.close();
  server.closeAllConnections();
  if (!options.json) context.stderr.write(`${summary(tally)}\n`);
}

function createShow({ json }: ReceiveOptions, context: CommandContext): (arrival: Arrival) => void {
  const paint = createPaint(context, context.stdout);
  let count = 0;
  return (arrival) => {
    count += 1;
    context.stdout.write(json ? `${arrivalJson(arrival)}\n` : `${arrivalText(arrival, count, paint)}\n`);
  };
}

function summary(tally: ReadonlyMap<string, number>): string {
  const parts = [...tally].map(([answer, count]) => `${answer}: ${count}`);
  return parts.length === 0 ? "No requests were received." : `Requests by reply: ${parts.join(", ")}.`;
}
