/**
 * The text that chat robots show of a message. An event of Ringback (a JSON object with `type` and `at`) becomes a
 * title and one line per member. Any other text is shown as it is. Nothing in a message can notify a whole group: the
 * texts that chats read as such a mention get an invisible space (U+200B), which keeps them readable.
 */

import { parseWithExactIntegers } from "./exact-integers.ts";
import { envelopeJsonLimits } from "./incoming-limits.ts";
import { isJsonObject, type JsonObject, ownMember } from "./json-object.ts";
import { readJson } from "./json-reader.ts";
import { cutText } from "./lenient-text.ts";
import type { OutgoingDelivery } from "./protocol.ts";
import { USER_AGENT } from "./ringback-headers.ts";
import { utf8Bytes, utf8Text } from "./text-bytes.ts";

/** A longer body is no event. */
const eventBytesMax = 64 * 1024;
const eventLinesMax = 50;
const eventValueCharsMax = 500;
/** Longer than every robot's limit. The work on a body ends here. */
const shownCharsMax = 20_000;
const invisibleSpace = "\u200b";
const ellipsis = "…";
const opening = 0x7b;

export interface RobotText {
  /** The headline: the event's type with its subscription, or the type or topic of another message. */
  readonly title: string;
  /** Never empty. */
  readonly text: string;
  /** True: `text` needs the title above it. */
  readonly isEvent: boolean;
}

export function robotText(delivery: OutgoingDelivery): RobotText {
  const event = eventOf(delivery.body);
  if (event !== null) {
    const { topic, subscription } = event;
    const of = [topic, subscription].filter((name) => typeof name === "string").join("/");
    const title = of === "" ? String(event["type"]) : `${String(event["type"])}: ${of}`;
    return { title: oneLine(title), text: linesOf(event).join("\n"), isEvent: true };
  }
  const { body, contentType, type, topic } = delivery;
  const text = utf8Text(body) ?? `${body.length} bytes of ${contentType ?? "unknown type"}`;
  const shown = shownText(text);
  return { title: oneLine(type ?? topic), text: shown.trim() === "" ? "(empty message)" : shown, isEvent: false };
}

function eventOf(body: Uint8Array): JsonObject | null {
  if (body[0] !== opening || body.length > eventBytesMax) return null;
  const read = readJson(body, envelopeJsonLimits, parseWithExactIntegers);
  if ("fault" in read || !isJsonObject(read.value)) return null;
  const [type, at] = [ownMember(read.value, "type"), ownMember(read.value, "at")];
  return typeof type === "string" && (typeof at === "string" || typeof at === "number") ? read.value : null;
}

function linesOf(event: JsonObject): string[] {
  const lines = [`at: ${timeOf(event["at"])}`];
  addLines(lines, "", event, new Set(["type", "at", "topic", "subscription"]));
  return lines.map(oneLine);
}

function addLines(lines: string[], path: string, object: JsonObject, omitted: ReadonlySet<string>): void {
  for (const [name, value] of Object.entries(object)) {
    if (omitted.has(name) || value === null) continue;
    if (lines.length >= eventLinesMax) return;
    if (isJsonObject(value)) addLines(lines, `${path}${name}.`, value, new Set());
    else lines.push(`${path}${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`);
  }
}

function timeOf(at: unknown): string {
  const date = new Date(typeof at === "number" ? at : NaN);
  return Number.isNaN(date.getTime()) ? String(at) : date.toISOString();
}

/** Text without line breaks, so that a value cannot look like further lines of the event. */
function oneLine(text: string): string {
  const line = shownText(text).replaceAll(/\s+/g, " ");
  return line.length <= eventValueCharsMax ? line : `${cutText(line, eventValueCharsMax)}${ellipsis}`;
}

/** The words that chats or servers compatible with them read as a mention of everybody. */
const mentionOfAll = /@(?=all|everyone|channel|here|所有人|全体)/giu;
// oxlint-disable-next-line no-control-regex -- line feeds and tabs stay
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

function shownText(text: string): string {
  return cutText(text, shownCharsMax)
    .toWellFormed()
    .replaceAll(/\r\n?/g, "\n")
    .replaceAll(controls, " ")
    .replaceAll(mentionOfAll, `@${invisibleSpace}`);
}

/** Keeps tags such as `<at user_id="all">` and `<@all>` from being read as tags. */
export function withoutTags(text: string): string {
  return text.replaceAll(/<(?=[a-z/!?@])/gi, `<${invisibleSpace}`);
}

/**
 * Keeps text from being read as links, images, tags, headings, lists, quotes and blocks of code in Markdown. Emphasis
 * stays possible, because it hides nothing.
 */
export function plainMarkdown(text: string): string {
  return withoutTags(text)
    .replaceAll(/\](?=[([:])/g, `]${invisibleSpace}`)
    .replaceAll(/^(?=[ \t#>*+=|~`-]|\d+[.)])/gm, invisibleSpace);
}

/** Cuts the text between two characters (code points), so that their costs together are at most `max`. */
export function fitted(text: string, max: number, costOf: (character: string) => number): string {
  const room = max - costOf(ellipsis);
  let cost = 0;
  let length = 0;
  let fitting = 0;
  for (const character of text) {
    cost += costOf(character);
    if (cost > max) return `${text.slice(0, fitting)}${ellipsis}`;
    length += character.length;
    if (cost <= room) fitting = length;
  }
  return text;
}

export function utf8Cost(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return 1;
  if (code < 0x800) return 2;
  return code < 0x10000 ? 3 : 4;
}

/** The bytes of the character inside a JSON string, as `JSON.stringify` writes it. */
export function jsonCost(character: string): number {
  if (character === '"' || character === "\\" || character === "\n" || character === "\t") return 2;
  return character < " " ? 6 : utf8Cost(character);
}

/** The request of a robot: JSON, whose members may not be changed by the message. */
export function robotRequest(body: object): { readonly headers: readonly string[]; readonly body: Uint8Array } {
  return {
    headers: ["Content-Type", "application/json", "User-Agent", USER_AGENT],
    body: utf8Bytes(JSON.stringify(body)),
  };
}
