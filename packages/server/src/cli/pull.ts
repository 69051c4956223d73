import type { Command } from "commander";
import { isRecord } from "../config/record.ts";
import { readApiServer, type ApiServer } from "../config/api-server.ts";
import { limits } from "../domain/limits.ts";
import { send } from "./api-client.ts";
import { CommandError } from "./command-error.ts";
import type { CommandContext } from "./context.ts";
import { accountOption, countFrom1Option, durationOption, profileOption, urlOption } from "./option-values.ts";
import { createPaint } from "./paint.ts";
import { jsonLine, printableLine, printableText } from "./printable.ts";

interface PullOptions {
  readonly count: number;
  readonly wait: number;
  readonly ack?: true;
  readonly url?: string;
  readonly account?: string;
  readonly profile?: string;
  readonly json?: true;
}

/** The members that this command reads. --json prints all members. */
interface PulledView {
  readonly id: string;
  readonly receiptHandle: string;
  readonly receives: number;
  readonly visibleAt: string;
  readonly body?: string;
  readonly bodyBase64?: string;
}

/** Time for the server's response, in addition to the wait for a message. */
const responseMsMax = 30_000;

const example = `
Examples:
  $ ringback pull jobs workers --wait 20s --ack
  $ ringback pull jobs workers --count 10 --json

A pulled message is invisible to other receivers for the subscription's visibility timeout. After that it can be pulled
again, unless it was acknowledged. With --ack messages are acknowledged after they were shown.
`;

export function addPullCommand(program: Command, context: CommandContext): void {
  program
    .command("pull")
    .summary("pull messages from a subscription")
    .description("Pulls messages from a subscription with pull settings, and shows them.")
    .argument("<topic>", "the topic's name")
    .argument("<subscription>", "the subscription's name")
    .option("--count <count>", "the maximum number of messages", countFrom1Option(limits.pullMessagesMax), 1)
    .option(
      "--wait <duration>",
      "how long to wait if there is no message, such as 500ms, 20s, 1m (default: do not wait)",
      durationOption,
      0,
    )
    .option("--ack", "acknowledge the messages after they were shown")
    .addOption(urlOption())
    .addOption(accountOption())
    .addOption(profileOption())
    .option("--json", "print one JSON object per line")
    .addHelpText("after", example)
    .action(async (topic: string, subscription: string, options: PullOptions) =>
      pull(
        `/v1/topics/${encodeURIComponent(topic)}/subscriptions/${encodeURIComponent(subscription)}`,
        options,
        context,
      ),
    );
}

async function pull(path: string, options: PullOptions, context: CommandContext): Promise<void> {
  const server = readApiServer(options, context);
  const { count: messagesMax, wait: waitMs } = options;
  const pulled = await post(server, `${path}/pull`, { messagesMax, waitMs }, waitMs + responseMsMax);
  const messages = isRecord(pulled) && Array.isArray(pulled["messages"]) ? pulled["messages"] : [];
  if (!messages.every(isPulled)) {
    throw new CommandError("the server's response has no valid messages; is it a Ringback server?");
  }
  for (const message of messages) {
    context.stdout.write(`${options.json ? jsonLine(message) : text(message, context)}\n`);
  }
  if (messages.length === 0 && !options.json) context.stderr.write("There are no messages.\n");
  if (!options.ack || messages.length === 0) return;
  const receiptHandles = messages.map(({ receiptHandle }) => receiptHandle);
  const acknowledged = await post(server, `${path}/ack`, { receiptHandles }, responseMsMax);
  const failed = isRecord(acknowledged) ? acknowledged["failed"] : null;
  if (failed === 0) return;
  const count = `${String(failed)} of ${messages.length} messages`;
  throw new CommandError(`${count} were not acknowledged, because their visibility timeout was over`);
}

function post(server: ApiServer, path: string, json: object, timeoutMs: number): Promise<unknown> {
  const headers = { "content-type": "application/json" };
  return send(server, { method: "POST", path, headers, body: Buffer.from(JSON.stringify(json)), timeoutMs });
}

function text(message: PulledView, context: CommandContext): string {
  const paint = createPaint(context, context.stdout);
  const { id, receiptHandle, receives, visibleAt, body, bodyBase64 = "" } = message;
  const times = receives === 1 ? "" : ` · receive ${receives}`;
  const details = `invisible until ${printableLine(visibleAt)} · receipt handle ${printableLine(receiptHandle)}`;
  const head = `${paint("green", printableLine(id))}${times} · ${details}`;
  return `${head}\n${body === undefined ? `(base64) ${printableLine(bodyBase64)}` : printableText(body)}`;
}

function isPulled(value: unknown): value is PulledView {
  if (!isRecord(value)) return false;
  const texts = ["id", "receiptHandle", "visibleAt"].every((name) => typeof value[name] === "string");
  return texts && typeof value["receives"] === "number";
}
