import type { Command } from "commander";
import { isRecord } from "../config/record.ts";
import { readApiServer } from "../config/api-server.ts";
import { ApiError, events, pause } from "./api-client.ts";
import { CommandError } from "./command-error.ts";
import { stopSignal, type CommandContext } from "./context.ts";
import type { StreamEvent } from "./event-stream.ts";
import { accountOption, collectOption, profileOption, urlOption } from "./option-values.ts";
import { createPaint, type Paint } from "./paint.ts";
import { printableLine } from "./printable.ts";

interface TailOptions {
  readonly topic?: readonly string[];
  readonly type?: readonly string[];
  readonly url?: string;
  readonly account?: string;
  readonly profile?: string;
  readonly json?: true;
}

/**
 * Delay before the next attempt to connect. The delay doubles with each failure, up to the maximum. A success resets
 * the delay to the minimum.
 */
const reconnectMsMin = 250;
const reconnectMsMax = 10_000;

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
  const query = eventsQuery(options);
  const paint = createPaint(context, context.stdout);
  const signal = stopSignal(context);
  const position = { lastId: "" };
  let everOpened = false;
  let delayMs = reconnectMsMin;
  const opened = () => {
    everOpened = true;
    delayMs = reconnectMsMin;
  };
  while (!signal.aborted) {
    let reason = "closed by the server";
    try {
      for await (const event of events(server, query, signal, opened, position)) {
        const data = parseEvent(event);
        if (!wanted(data, options)) continue;
        context.stdout.write(`${options.json ? JSON.stringify(data) : eventLine(data, paint)}\n`);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!everOpened || !(error instanceof CommandError)) throw error;
      if (isFinal(error)) {
        if (!(error instanceof ApiError && error.status === 400) || position.lastId === "") throw error;
        // The server accepted the query before, so it refuses the id: its database has been replaced.
        position.lastId = "";
        context.stderr.write(
          "ringback: the server does not know the last event shown; going on with events from now\n",
        );
        continue;
      }
      reason = error.message;
    }
    if (signal.aborted) return;
    context.stderr.write(`ringback: the stream ended (${reason}); trying again in ${delayMs / 1000} s\n`);
    await pause(delayMs, signal);
    delayMs = Math.min(delayMs * 2, reconnectMsMax);
  }
}

/**
 * After a 4xx response the request is not repeated. After a 5xx response the request is repeated, because a server that
 * is stopping or starting replies 5xx.
 */
const isFinal = (error: CommandError) => error instanceof ApiError && error.status < 500;

type EventData = Readonly<Record<string, unknown>>;

function parseEvent(event: StreamEvent): EventData {
  try {
    const data: unknown = JSON.parse(event.data);
    if (isRecord(data)) return { type: event.type, ...data };
  } catch {
    // Data that is not JSON is shown as text.
  }
  return { type: event.type, data: event.data };
}

/** The server can filter by types and by one topic. If several topics are given, the function `wanted` filters. */
function eventsQuery({ topic = [], type = [] }: TailOptions): string {
  const query = new URLSearchParams(type.map((name) => ["type", name]));
  if (topic.length === 1) query.set("topic", topic.join(""));
  return query.size === 0 ? "" : `?${query.toString()}`;
}

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
