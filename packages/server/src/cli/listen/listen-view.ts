import type { Paint } from "../paint.ts";
import { printableLine, printableText, textOfBytes } from "../printable.ts";
import { fit, padded } from "../resources/text-table.ts";
import type { Delivery } from "./delivery.ts";
import { headerPairs, stateText, statusText, timeOfDay } from "./delivery-text.ts";

/** The state of the terminal view, and how it is drawn. Free of input and output. */

export interface ListenView {
  /** The topic and the address of the local program. */
  readonly title: string;
  readonly deliveries: readonly Delivery[];
  /** Identifies the selected delivery; null: the newest one. */
  readonly selected: string | null;
  /** The view shows the selected delivery alone, from this line on; null: the list. */
  readonly inspectedFrom: number | null;
  readonly notice: string;
}

export type ViewAction = "none" | "quit" | "retry" | "suspend";

/** Deliveries that the view remembers. */
export const viewDeliveriesMax = 500;

export function createView(title: string): ListenView {
  return { title, deliveries: [], selected: null, inspectedFrom: null, notice: "" };
}

export function deliveryKey({ message, attempt, startedAtMs }: Delivery): string {
  return `${message.id} ${attempt} ${startedAtMs}`;
}

/** Adds a delivery, newest last, or replaces its earlier state. */
export function withDelivery(view: ListenView, delivery: Delivery): ListenView {
  const key = deliveryKey(delivery);
  const at = view.deliveries.findLastIndex((one) => deliveryKey(one) === key);
  const deliveries = at === -1 ? [...view.deliveries, delivery] : view.deliveries.with(at, delivery);
  return { ...view, deliveries: deliveries.slice(-viewDeliveriesMax) };
}

export function selectedDelivery({ deliveries, selected }: ListenView): Delivery | null {
  return deliveries.find((one) => deliveryKey(one) === selected) ?? deliveries.at(-1) ?? null;
}

/** Returns the view after a key, and the action that the key asks for beyond the view. */
export function pressed(view: ListenView, key: string): readonly [ListenView, ViewAction] {
  const { inspectedFrom } = view;
  switch (key) {
    case "q":
    case "\u0003":
      return [view, "quit"];
    case "\u001a":
      return [view, "suspend"];
    case "r":
      return [view, "retry"];
    case "\r":
    case "i":
      return [{ ...view, inspectedFrom: inspectedFrom === null ? 0 : null }, "none"];
    case "\u001b":
    case "\u001b[D":
      return [{ ...view, inspectedFrom: null }, "none"];
    case "\u001b[A":
    case "k":
      return [inspectedFrom === null ? moved(view, -1) : scrolled(view, -1), "none"];
    case "\u001b[B":
    case "j":
      return [inspectedFrom === null ? moved(view, 1) : scrolled(view, 1), "none"];
    default:
      return [view, "none"];
  }
}

function moved(view: ListenView, by: number): ListenView {
  const { deliveries } = view;
  const current = selectedDelivery(view);
  const at = current === null ? -1 : deliveries.indexOf(current);
  const next = Math.max(0, Math.min(deliveries.length - 1, at + by));
  const chosen = deliveries[next];
  // At the end of the list the selection follows the newest delivery.
  const isNewest = next === deliveries.length - 1;
  return { ...view, selected: chosen === undefined || isNewest ? null : deliveryKey(chosen) };
}

function scrolled(view: ListenView, by: number): ListenView {
  return { ...view, inspectedFrom: Math.max(0, (view.inspectedFrom ?? 0) + by) };
}

export interface ViewSize {
  readonly columns: number;
  readonly rows: number;
}

/** Returns exactly `rows` lines of at most `columns`. */
export function viewLines(view: ListenView, { columns, rows }: ViewSize, paint: Paint, nowMs: number): string[] {
  const room = Math.max(1, rows - 3);
  const body =
    view.inspectedFrom === null ? listLines(view, columns, room, paint, nowMs) : inspectLines(view, columns, room);
  const keys =
    view.inspectedFrom === null
      ? "↑↓ select · enter inspect · r retry · q quit"
      : "↑↓ scroll · esc back · r retry · q quit";
  const filled = [...body, ...Array<string>(Math.max(0, room - body.length)).fill("")];
  const head = paint("bold", fit(printableLine(view.title), columns));
  return [
    head,
    ...filled,
    paint("yellow", fit(printableLine(view.notice), columns)),
    paint("dim", fit(keys, columns)),
  ].slice(-rows);
}

function listLines(view: ListenView, columns: number, room: number, paint: Paint, nowMs: number): string[] {
  const { deliveries } = view;
  if (deliveries.length === 0) return [paint("dim", fit("Waiting for messages.", columns))];
  const selected = selectedDelivery(view);
  const at = selected === null ? 0 : deliveries.indexOf(selected);
  const first = Math.max(0, Math.min(at - Math.floor(room / 2), deliveries.length - room));
  return deliveries.slice(first, first + room).map((delivery) => {
    const mark = delivery === selected ? "›" : " ";
    return listLine(delivery, mark, columns, paint, nowMs);
  });
}

const fixedColumns = 2 + 9 + 5;

function listLine(delivery: Delivery, mark: string, columns: number, paint: Paint, nowMs: number): string {
  const { message, attempt, durationMs } = delivery;
  const type = padded(fit(message.type ?? "", 28), 28);
  const duration = (durationMs === null ? "" : `${Math.round(durationMs)} ms`).padStart(8);
  const times = attempt === 1 ? "" : ` attempt ${attempt},`;
  const state = delivery.error ?? "";
  const rest = `${type} ${message.id} ${duration} ${times} ${stateText(delivery, nowMs)}${state === "" ? "" : ` · ${state}`}`;
  const room = columns - fixedColumns;
  if (room < 1) return fit(`${mark} ${statusText(delivery, (_, word) => word)}`, columns);
  const text = fit(printableLine(rest), room);
  const line = `${mark} ${timeOfDay(delivery.startedAtMs)} ${statusText(delivery, paint)} `;
  return line + (mark === " " ? text : paint("bold", text));
}

const bodyCharsMax = 64 * 1024;

function inspectLines(view: ListenView, columns: number, room: number): string[] {
  const delivery = selectedDelivery(view);
  if (delivery === null) return [];
  const { message, request, reply, error, attempt } = delivery;
  const lines = [
    `Message ${message.id}, attempt ${attempt}${error === null ? "" : `: ${error}`}`,
    "",
    ...(request === null
      ? []
      : [`POST ${request.url}`, ...headerLines(headerPairs(request.headers)), "", bodyText(request.body)]),
    "",
    ...(reply === null
      ? ["No reply."]
      : [`Reply ${reply.status}`, ...headerLines(reply.headers), "", bodyText(reply.body)]),
  ].flatMap((text) => printableText(text).replaceAll("\t", "  ").split("\n"));
  const from = Math.min(view.inspectedFrom ?? 0, Math.max(0, lines.length - room));
  return lines.slice(from, from + room).map((line) => fit(printableLine(line), columns));
}

function headerLines(headers: Readonly<Record<string, string>>): string[] {
  return Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
}

function bodyText(body: Uint8Array): string {
  const text = textOfBytes(body);
  if (text === null) return `(${body.byteLength} bytes that are not text)`;
  try {
    if (text.length <= bodyCharsMax) return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    // Shown as it is.
  }
  return text.slice(0, bodyCharsMax);
}
