import { Option, type Command } from "commander";
import { durationUnits } from "../config/units.ts";
import { isRecord } from "../config/record.ts";
import { readApiServer } from "../config/api-server.ts";
import { limits } from "../domain/limits.ts";
import { send } from "./api-client.ts";
import { collectBytes } from "./collect-bytes.ts";
import { CommandError, exitCodes } from "./command-error.ts";
import type { CommandContext } from "./context.ts";
import {
  accountOption,
  attributeOption,
  collectOption,
  durationOption,
  profileOption,
  urlOption,
} from "./option-values.ts";
import { createPaint } from "./paint.ts";
import { jsonLine, printableLine, textOfBytes } from "./printable.ts";
import { publishRequest } from "./publish-request.ts";

interface PublishOptions {
  readonly tag?: readonly string[];
  readonly type?: string;
  readonly orderingKey?: string;
  readonly attribute?: Readonly<Record<string, string>>;
  readonly delay?: number;
  readonly contentType?: string;
  readonly idempotencyKey?: string;
  readonly timeout: number;
  readonly url?: string;
  readonly account?: string;
  readonly profile?: string;
  readonly json?: true;
}

const timeoutMsDefault = 30_000;

const example = `
Examples:
  $ ringback publish MyTopic "test message" --tag a --tag b
  $ ringback publish MyTopic @order.json --content-type "application/json" --idempotency-key order-17
  $ date | ringback publish MyTopic -

The body is sent unchanged. @file reads it from a file, and - reads it from standard input. Without BODY it is also read
from standard input, if that is not a terminal.
`;

/** `parent`: the program, or the group `messages`. */
export function addPublishCommand(parent: Command, context: CommandContext): void {
  parent
    .command("publish")
    .summary("publish one message")
    .description("Publishes one message to a topic and shows its id.")
    .argument("<topic>", "the topic's name")
    .argument("[body]", "the message's text, @file, or - for standard input")
    .option("--tag <tag>", "a tag; may be given several times", collectOption)
    .option("--type <type>", "the message's type, such as invoice.payment_failed")
    .option(
      "--ordering-key <key>",
      "messages with the same key are delivered in order to subscriptions that require it",
    )
    .option("--attribute <key=value>", "an attribute; may be given several times", attributeOption)
    .option("--delay <duration>", "deliver the message after this time, such as 500ms, 2s, 5m", durationOption)
    .option(
      "--content-type <type>",
      "the body's content type (default: text/plain for UTF-8, otherwise application/octet-stream)",
    )
    .option("--idempotency-key <key>", "a message is published only once per key")
    .addOption(
      new Option("--timeout <duration>", "how long to wait for the server's response")
        .argParser(durationOption)
        .default(timeoutMsDefault, durationUnits.format(timeoutMsDefault)),
    )
    .addOption(urlOption())
    .addOption(accountOption())
    .addOption(profileOption())
    .option("--json", "print the server's response as one JSON object")
    .addHelpText("after", example)
    .action(async (topic: string, body: string | undefined, options: PublishOptions) =>
      publish(topic, body, options, context),
    );
}

async function publish(
  topic: string,
  bodyArgument: string | undefined,
  options: PublishOptions,
  context: CommandContext,
): Promise<void> {
  const server = readApiServer(options, context);
  const body = await readBody(bodyArgument, context);
  const request = publishRequest({
    topic,
    body,
    contentType: options.contentType ?? contentTypeOf(body),
    tags: options.tag ?? [],
    type: options.type ?? null,
    orderingKey: options.orderingKey ?? null,
    attributes: options.attribute ?? {},
    delayMs: options.delay ?? 0,
    idempotencyKey: options.idempotencyKey ?? null,
  });
  const result = await send(server, { ...request, timeoutMs: options.timeout });
  if (!isRecord(result) || typeof result["id"] !== "string") {
    throw new CommandError("the server's response has no message id; is it a Ringback server?");
  }
  context.stdout.write(`${options.json ? jsonLine(result) : resultLine(topic, result["id"], context)}\n`);
}

/** Returns a sentence for a terminal. For a pipe, returns only the id, so that the next command can use the id. */
function resultLine(topic: string, id: string, context: CommandContext): string {
  if (context.stdout.isTTY !== true) return printableLine(id);
  const paint = createPaint(context, context.stdout);
  return `${paint("green", "published")} ${printableLine(id)} to ${printableLine(topic)}`;
}

const contentTypeOf = (body: Uint8Array) =>
  textOfBytes(body) === null ? "application/octet-stream" : "text/plain; charset=utf-8";

async function readBody(argument: string | undefined, context: CommandContext): Promise<Uint8Array> {
  if (argument === "-" || (argument === undefined && context.stdin.isTTY !== true)) return readStdin(context);
  if (argument === undefined) {
    throw new CommandError("the message is missing; give BODY or @file, or pipe it to standard input", {
      exitCode: exitCodes.misused,
    });
  }
  if (!argument.startsWith("@")) return new TextEncoder().encode(argument);
  const path = argument.slice(1);
  try {
    return context.readFile(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(`cannot read the file ${JSON.stringify(path)}: ${reason}`, { cause: error });
  }
}

async function readStdin({ stdin }: CommandContext): Promise<Uint8Array> {
  // The size is checked while reading, because standard input may be endless. The server checks the exact limit of
  // messages.
  const bytes = await collectBytes(stdin, limits.requestBytesMax);
  if (bytes !== null) return bytes;
  const limit = `a message may have at most ${limits.bodyBytesMax}`;
  throw new CommandError(`standard input has more than ${limits.requestBytesMax} bytes; ${limit}`);
}
