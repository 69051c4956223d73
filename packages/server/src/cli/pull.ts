import type { Command } from "commander";
import { isRecord } from "../config/record.ts";
import { readServerUrl, serverUrlDefault } from "../config/server-url.ts";
import { limits } from "../domain/limits.ts";
import { createApiClient } from "./api-client.ts";
import type { ApiClient } from "./api-client.ts";
import { CommandError } from "./command-error.ts";
import type { CommandContext } from "./context.ts";
import { countFrom1Option, durationOption } from "./option-values.ts";
import { createPaint } from "./paint.ts";
import { printableLine, printableText } from "./printable.ts";

interface PullOptions {
  readonly count: number;
  readonly wait: number;
  readonly ack?: true;
  readonly url?: string;
  readonly json?: true;
}

/** As much of a message as is shown here; the rest goes through as it is. */
interface PulledView {
  readonly id: string;
  readonly receiptHandle: string;
  readonly receives: number;
  readonly visibleAt: string;
  readonly body?: string;
  readonly bodyBase64?: string;
}

/** On top of what the server may wait. */
const answerMsMax = 30_000;

const example = `
Examples:
  $ ringback pull jobs workers --wait 20s --ack
  $ ringback pull jobs workers --count 10 --json

What is pulled is hidden from other receivers for the subscription's visibility time, and then there again, unless --ack acknowledges it
once it has been shown.
`;

export function addPullCommand(program: Command, context: CommandContext): void {
  program
    .command("pull")
    .summary("take messages from a subscription that is pulled from")
    .description("Takes messages from a subscription that is pulled from, and shows them.")
    .argument("<topic>", "the topic's name")
    .argument("<subscription>", "the subscription's name")
    .option("--count <count>", "how many at most", countFrom1Option(limits.pullMessagesMax), 1)
    .option(
      "--wait <duration>",
      "how long to wait when there is none: 500ms, 20s, 1m (default: not at all)",
      durationOption,
      0,
    )
    .option("--ack", "acknowledge them once they have been shown")
    .option("--url <url>", `the server (default: RINGBACK_URL, then ${serverUrlDefault})`)
    .option("--json", "one JSON object per line")
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
  const client = createApiClient(readServerUrl(options.url, context.env));
  const { count: messagesMax, wait: waitMs } = options;
  const answer = await ask(client, `${path}/pull`, { messagesMax, waitMs }, waitMs + answerMsMax);
  const messages = isRecord(answer) && Array.isArray(answer["messages"]) ? answer["messages"] : [];
  if (!messages.every(isPulled)) throw new CommandError("the server told no messages: is it a Ringback server?");
  for (const message of messages)
    context.stdout.write(`${options.json ? JSON.stringify(message) : text(message, context)}\n`);
  if (messages.length === 0 && !options.json) context.stderr.write("Nothing is there.\n");
  if (!options.ack || messages.length === 0) return;
  const acknowledged = await ask(
    client,
    `${path}/ack`,
    { receiptHandles: messages.map(({ receiptHandle }) => receiptHandle) },
    answerMsMax,
  );
  const failed = isRecord(acknowledged) ? acknowledged["failed"] : null;
  if (failed === 0) return;
  throw new CommandError(`${String(failed)} of ${messages.length} were not acknowledged: their time was over`);
}

function ask(client: ApiClient, path: string, json: object, timeoutMs: number): Promise<unknown> {
  const headers = { "content-type": "application/json" };
  return client.send({ method: "POST", path, headers, body: Buffer.from(JSON.stringify(json)), timeoutMs });
}

function text(message: PulledView, context: CommandContext): string {
  const paint = createPaint(context, context.stdout);
  const { id, receiptHandle, receives, visibleAt, body, bodyBase64 = "" } = message;
  const times = receives === 1 ? "" : ` · time ${receives}`;
  const head = `${paint("green", printableLine(id))}${times} · hidden until ${printableLine(visibleAt)} · receipt handle ${printableLine(receiptHandle)}`;
  return `${head}\n${body === undefined ? `(base64) ${printableLine(bodyBase64)}` : printableText(body)}`;
}

function isPulled(value: unknown): value is PulledView {
  if (!isRecord(value)) return false;
  const texts = ["id", "receiptHandle", "visibleAt"].every((name) => typeof value[name] === "string");
  return texts && typeof value["receives"] === "number";
}
