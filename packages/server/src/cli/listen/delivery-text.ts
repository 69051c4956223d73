import { bodyView } from "../../shapes/bytes-view.ts";
import type { Paint } from "../paint.ts";
import { jsonLine, printableLine } from "../printable.ts";
import type { Delivery, ListenReport } from "./delivery.ts";
import type { CommandContext } from "../context.ts";
import { createPaint } from "../paint.ts";

/** Prints one line per delivery, when it has ended. */
export function lineReport(context: CommandContext, json: boolean): ListenReport {
  const paint = createPaint(context, context.stdout);
  const write = (text: string): void => void context.stdout.write(`${text}\n`);
  return {
    delivery(delivery) {
      if (delivery.state === "sending") return;
      write(json ? jsonLine(deliveryJson(delivery)) : deliveryLine(delivery, paint, context.clock.wall()));
    },
    notice(text) {
      if (json) write(jsonLine({ type: "notice", text }));
      else context.stderr.write(`ringback: ${printableLine(text)}\n`);
    },
  };
}

/** Returns a line such as `21:45:03 503 order.paid 1099511627777 · 12 ms · attempt 2 · again in 2 s`. */
export function deliveryLine(delivery: Delivery, paint: Paint, nowMs: number): string {
  const { message, attempt, startedAtMs, durationMs, error } = delivery;
  const details = [
    durationMs === null ? "" : `${Math.round(durationMs)} ms`,
    attempt === 1 ? "" : `attempt ${attempt}`,
    delivery.state === "accepted" ? "" : stateText(delivery, nowMs),
    error ?? "",
  ].filter((part) => part !== "");
  const name = [message.type ?? "", message.id].filter((part) => part !== "").join(" ");
  const line = `${printableLine(name)} · ${printableLine(details.join(" · "))}`;
  return `${paint("dim", timeOfDay(startedAtMs))} ${statusText(delivery, paint)} ${line}`;
}

export function timeOfDay(ms: number): string {
  return new Date(ms).toLocaleTimeString("en-GB");
}

const statusColumns = 4;

/** The status of the reply, or what there is in its place, in four columns. */
export function statusText({ state, reply }: Delivery, paint: Paint): string {
  const text = (reply === null ? words[state] : String(reply.status)).padEnd(statusColumns);
  if (state === "sending") return paint("dim", text);
  if (state === "accepted") return paint("green", text);
  return paint(reply === null ? "red" : "yellow", text);
}

const words: Readonly<Record<Delivery["state"], string>> = {
  sending: "…",
  accepted: "ok",
  waiting: "fail",
  lost: "late",
  skipped: "skip",
  resent: "fail",
};

export function stateText({ state, nextAtMs }: Delivery, nowMs: number): string {
  if (state === "waiting" && nextAtMs !== null) {
    const seconds = Math.ceil((nextAtMs - nowMs) / 1000);
    return seconds > 0 ? `again in ${seconds} s` : "again now";
  }
  return { sending: "sending", accepted: "accepted", waiting: "waiting", ...endTexts }[state];
}

const endTexts = {
  lost: "comes again",
  skipped: "cannot be sent in this protocol, so it was acknowledged",
  resent: "sent once more",
} as const;

export function deliveryJson(delivery: Delivery): object {
  const { message, attempt, state, startedAtMs, durationMs, nextAtMs, error, request, reply } = delivery;
  const { id, type, orderingKey, tags } = message;
  return {
    type: "delivery",
    at: new Date(startedAtMs).toISOString(),
    message: { id, type, orderingKey, tags },
    attempt,
    state,
    status: reply?.status ?? null,
    error,
    durationMs: durationMs === null ? null : Math.round(durationMs * 10) / 10,
    nextAt: nextAtMs === null ? null : new Date(nextAtMs).toISOString(),
    request: request && { url: request.url, headers: headerPairs(request.headers), ...bodyView(request.body) },
    reply: reply && { headers: reply.headers, ...bodyView(reply.body) },
  };
}

export function headerPairs(headers: readonly string[]): Record<string, string> {
  const pairs: [string, string][] = [];
  for (let index = 0; index + 1 < headers.length; index += 2)
    pairs.push([headers[index] ?? "", headers[index + 1] ?? ""]);
  return Object.fromEntries(pairs);
}
