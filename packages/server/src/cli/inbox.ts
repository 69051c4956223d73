import { Option, type Command } from "commander";
import type { ListenAddress } from "../config/listen-address.ts";
import { limits } from "../domain/limits.ts";
import { systemTimers } from "../domain/ports.ts";
import type { CommandContext } from "./context.ts";
import { createInboxServer } from "./inbox-server.ts";
import { inboxArrivalJson, inboxArrivalText } from "./inbox-text.ts";
import { arrivalPrinter, serveUntilStopped } from "./listening.ts";
import { MemoryInbox } from "./memory-inbox.ts";
import {
  addCallerOptions,
  callerRulesOf,
  countFrom1Option,
  durationFrom1Option,
  listenOption,
  pathOption,
  type CallerOptions,
} from "./option-values.ts";

interface InboxOptions extends CallerOptions {
  readonly listen: ListenAddress;
  readonly path: string;
  readonly whilePolled: number;
  readonly durable?: true;
  readonly messagesMax: number;
  readonly json?: true;
}

const pathDefault = "/weixinCallback";
const whilePolledDefault = { ms: 300_000, text: "5m" };
/** Limit of all messages of the inbox together, which bounds the memory of the process. */
const messageBytesMax = 256 * 1024 * 1024;

const example = `
Examples:
  $ ringback inbox --listen 0.0.0.0:18000 --path /weixinCallback
  $ ringback inbox --durable --messages-max 100 --json

POST at the path keeps a JSON message and answers {"response":"success"}; GET takes the oldest, or answers with an empty
body. Messages are in memory only: an inbox of the server (PUT /v1/inboxes/{inbox}) keeps them over a restart.
`;

export function addInboxCommand(program: Command, context: CommandContext): void {
  const command = program
    .command("inbox")
    .summary("keep what is POSTed until somebody GETs it")
    .description("Runs a small receiver that keeps JSON callbacks for a program that fetches them. Needs no server.")
    .addOption(listenOption("where to listen", { host: "127.0.0.1", port: 18_000 }))
    .option("--path <path>", "where to POST to and to GET from", pathOption, pathDefault)
    .addOption(
      new Option("--while-polled <duration>", "keep only while somebody has fetched within this time: 30s, 5m")
        .argParser(durationFrom1Option)
        .default(whilePolledDefault.ms, whilePolledDefault.text),
    )
    .addOption(new Option("--durable", "keep every message until it is taken").conflicts("whilePolled"))
    .option(
      "--messages-max <count>",
      "how many messages may wait",
      countFrom1Option(limits.inboxMessagesMax),
      limits.inboxMessagesDefault,
    )
    .option("--json", "one JSON object per line")
    .addHelpText("after", example);
  addCallerOptions(command).action(async (options: InboxOptions) => inbox(options, context));
}

const listeningSentence = (url: string) => `Listening at ${url}: POST keeps, GET takes the oldest. Ctrl-C ends.`;

async function inbox(options: InboxOptions, context: CommandContext): Promise<void> {
  const json = options.json === true;
  const { clock } = context;
  const inbox = await MemoryInbox.open({
    whilePolledMs: options.durable ? null : options.whilePolled,
    messagesMax: options.messagesMax,
    bytesMax: messageBytesMax,
    clock,
    timers: systemTimers,
    failed: (error) => context.stderr.write(`ringback: ${error instanceof Error ? error.message : String(error)}\n`),
  });
  const tally = { kept: 0, dropped: 0, refused: 0, taken: 0 };
  const show = arrivalPrinter(context, json ? inboxArrivalJson : null, inboxArrivalText);
  const server = createInboxServer({
    path: options.path,
    inbox,
    clock,
    callers: callerRulesOf(options, options.listen),
    arrived(arrival) {
      tally[arrival.outcome]++;
      show(arrival);
    },
    taken: () => void tally.taken++,
  });
  await serveUntilStopped(
    { server, address: options.listen, path: options.path, json, sentence: listeningSentence },
    context,
  );
  if (json) return;
  const { kept, taken, dropped, refused } = tally;
  const count = await inbox.waitingCount();
  const lost = count === 0 ? "" : ` ${count} that nobody fetched are gone.`;
  context.stderr.write(`Kept ${kept}, taken ${taken}, dropped ${dropped}, refused ${refused}.${lost}\n`);
}
