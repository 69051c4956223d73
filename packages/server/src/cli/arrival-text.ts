import type { IncomingMessage } from "@ringback/sdk/protocols";
import { bodyView } from "../shapes/bytes-view.ts";
import type { Paint } from "./paint.ts";
import { jsonLine, printableLine, printableText, textOfBytes } from "./printable.ts";
import type { Arrival } from "./receiver.ts";
import type { Recognised } from "./recognise.ts";

/** The most characters of a body that are shown. With --json the whole body is printed. */
export const shownCharsMax = 4096;
const shownBytesMax = 48;

/** Describes a request in a few lines for people. */
export function arrivalText(arrival: Arrival, count: number, paint: Paint): string {
  const { recognised, body } = arrival;
  const head = [
    countAndTime(arrival, count, paint),
    paint("bold", printableLine(`${arrival.method} ${arrival.path}`)),
    dialectText(recognised),
    answerText(arrival, paint),
  ];
  const details = recognised?.message ? [messageLine(recognised.message)] : headerLines(arrival);
  return [
    head.filter((part) => part !== "").join(" "),
    ...details.map((line) => `  ${paint("dim", line)}`),
    indented(bodyText(recognised?.message?.body ?? body)),
    "",
  ].join("\n");
}

/** Returns the request as one JSON object. A body that is not UTF-8 is in `bodyBase64`. */
export function arrivalJson(arrival: Arrival): string {
  const { atMs, method, path, headers, recognised, status, note } = arrival;
  const message = recognised?.message ?? null;
  return jsonLine({
    type: "request",
    at: new Date(atMs).toISOString(),
    method,
    path,
    headers,
    protocol: recognised?.protocol.name ?? null,
    ...(recognised?.untrusted ? { untrusted: recognised.untrusted } : {}),
    message: message === null ? null : messageJson(message),
    ...(message === null ? bodyView(arrival.body) : {}),
    status,
    note,
  });
}

export function countAndTime({ atMs }: { readonly atMs: number }, count: number, paint: Paint): string {
  return paint("dim", `#${count} ${new Date(atMs).toLocaleTimeString("en-GB")}`);
}

function dialectText(recognised: Recognised | null): string {
  if (recognised === null) return "";
  const { protocol, untrusted } = recognised;
  return untrusted === null ? protocol.name : `${protocol.name} (not verified: ${untrusted.replaceAll("_", " ")})`;
}

function messageJson({ body, ...members }: IncomingMessage) {
  return { ...members, ...bodyView(body) };
}

function answerText({ status, note }: Arrival, paint: Paint): string {
  const reason = note === null ? "" : ` (${note})`;
  if (status === null) return paint("red", `→ no answer${reason}`);
  return paint(status < 300 ? "green" : "red", `→ ${status}${reason}`);
}

function messageLine(message: IncomingMessage): string {
  const parts: readonly (readonly [label: string, value: string | number | null])[] = [
    ["topic", message.topic],
    ["subscription", message.subscription],
    ["id", message.messageId],
    ["attempt", message.attempt],
    ["tags", message.tags.length === 0 ? null : message.tags.join(", ")],
    ["routing key", message.type],
    ["ordering key", message.orderingKey],
    ["content type", message.contentType],
    ...Object.entries(message.attributes),
  ];
  const known = parts.flatMap(([label, value]) => (value === null ? [] : [`${label} ${value}`]));
  return printableLine(known.join(" · "));
}

function headerLines({ headers }: Arrival): string[] {
  return Object.entries(headers).map(([name, value]) => printableLine(`${name}: ${value}`));
}

function bodyText(body: Uint8Array): string {
  if (body.length === 0) return "(no body)";
  const text = textOfBytes(body);
  if (text === null) {
    const cut = body.length > shownBytesMax ? "…" : "";
    return `(${body.length} bytes, not text) ${Buffer.from(body.subarray(0, shownBytesMax)).toString("hex")}${cut}`;
  }
  const cut = text.length > shownCharsMax ? `… (${body.length} bytes in total)` : "";
  return printableText(text.slice(0, shownCharsMax)) + cut;
}

export const indented = (text: string) => text.replaceAll(/^/gm, "  ");
