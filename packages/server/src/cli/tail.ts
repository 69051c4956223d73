import { createClient, InvalidRequestError, type ClientOptions, type EventOptions } from "@ringback/sdk/client";
import type { Command } from "commander";
import { readApiServer } from "../config/api-server.ts";
import { commandError } from "./api-client.ts";
import { stopSignal, type CommandContext } from "./context.ts";
import { accountOption, collectOption, profileOption, urlOption } from "./option-values.ts";
import { createPaint, type Paint } from "./paint.ts";
import { jsonLine, printableLine } from "./printable.ts";

interface TailOptions {
  readonly topic?: readonly string[];
  readonly type?: readonly string[];
  readonly url?: string;
  readonly account?: string;
  readonly profile?: string;
  readonly json?: true;
}

const example = `
Example:
  $ ringback tail --topic MyTopic --type delivery.attempted --type delivery.dead

Connects again when the connection is lost or the server restarts. Then the events of Ringback itself in between are
shown, such as subscription.disabled; publishes and attempts in between are not.
`;

export function addTailCommand(program: Command, context: CommandContext): void {
  program
    .command("tail")
    .summary("show events as they happen")
    .description("Shows publishes, attempts, dead letters, hook calls and changes as they happen, from GET /v1/events.")
    .option("--topic <name>", "show only events of this topic; may be given several times", collectOption)
    .option(
      "--type <type>",
      "show only events of this type, such as delivery.dead; may be given several times",
      collectOption,
    )
    .addOption(urlOption())
    .addOption(accountOption())
    .addOption(profileOption())
    .option("--json", "print one JSON object per line")
    .addHelpText("after", example)
    .action(async (options: TailOptions) => tail(options, context));
}

/** Shows events until a stop signal. The first connection must succeed. A failed later connection is tried again. */
async function tail(options: TailOptions, context: CommandContext): Promise<void> {
  const server = readApiServer(options, context);
  const signal = stopSignal(context);
  let everOpened = false;
  for (;;) {
    let isKnown = false;
    try {
      const onOpen = () => (everOpened = isKnown = true);
      await showEvents(
        options,
        context,
        { signal, onOpen },
        {
          ...server,
          onRetry(error, delayMs) {
            const { message } = commandError(server.url, error);
            if (!everOpened) throw error;
            const seconds = Math.round(delayMs / 100) / 10;
            context.stderr.write(`ringback: the stream ended (${message}); trying again in ${seconds} s\n`);
          },
        },
      );
    } catch (error) {
      if (signal.aborted) return;
      // The server accepted the query before, so it refuses the last id: its database has been replaced.
      if (!isKnown || !(error instanceof InvalidRequestError)) throw commandError(server.url, error);
      const now = "the server does not know the last event shown; going on with events from now";
      context.stderr.write(`ringback: ${now}\n`);
    }
  }
}

/** Ends only by an error. */
async function showEvents(
  options: TailOptions,
  context: CommandContext,
  more: EventOptions,
  server: ClientOptions,
): Promise<void> {
  const { topic = [], type: types = [], json } = options;
  const paint = createPaint(context, context.stdout);
  // The server can filter by types and by one topic. If several topics are given, the function `wanted` filters.
  const ofTopic = topic.length === 1 ? { topic: topic.join("") } : {};
  for await (const event of createClient(server).events({ types, ...ofTopic, ...more })) {
    if (!wanted(event, options)) continue;
    context.stdout.write(`${json === true ? jsonLine(event) : eventLine(event, paint)}\n`);
  }
}

type EventData = Readonly<Record<string, unknown>>;

function wanted(data: EventData, { topic }: TailOptions): boolean {
  // Hook calls belong to no topic. Events without a topic, such as the notice of dropped events, are always shown.
  if (topic !== undefined && typeof data["hook"] === "string") return false;
  return topic === undefined || typeof data["topic"] !== "string" || topic.includes(data["topic"]);
}

/**
 * Returns a line such as `21:45:03 delivery.attempted MyTopic/mysubscription messageId=… attempt=1 verdict=accepted …`.
 */
function eventLine(data: EventData, paint: Paint): string {
  const clock = timeOfDay(data["at"]);
  const resource = [data["topic"], data["subscription"], data["hook"]].filter((part) => typeof part === "string");
  const members = Object.entries(data)
    .filter(([key, value]) => value !== null && !["type", "at", "topic", "subscription", "hook"].includes(key))
    .map(([key, value]) => `${key}=${memberText(key, value)}`);
  const words = [paint("dim", clock), colouredType(data, paint), paint("bold", printableLine(resource.join("/")))];
  return [...words, printableLine(members.join(" "))].filter((word) => word !== "").join(" ");
}

function memberText(key: string, value: unknown): string {
  if (key === "nextAttemptAt") return timeOfDay(value);
  if (key === "durationMs" && typeof value === "number") return String(Math.round(value * 10) / 10);
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Accepts a date-time text or Unix milliseconds. */
function timeOfDay(value: unknown): string {
  const time = new Date(typeof value === "number" || typeof value === "string" ? value : Number.NaN);
  return Number.isNaN(time.getTime()) ? "" : time.toLocaleTimeString("en-GB");
}

function colouredType({ type, verdict, action, error }: EventData, paint: Paint): string {
  const word = printableLine(String(type));
  if (type === "delivery.dead" || type === "delivery.expired") return paint("red", word);
  if (verdict === "failed" || verdict === "error") return paint("yellow", word);
  if (typeof error === "string" || action === "reject") return paint("yellow", word);
  return verdict === "accepted" || action === "continue" ? paint("green", word) : word;
}
