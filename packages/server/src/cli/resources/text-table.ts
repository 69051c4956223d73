import { stripVTControlCharacters } from "node:util";
import type { Paint } from "../paint.ts";
import { printableLine } from "../printable.ts";
import type { Column } from "./resource.ts";

/** Tables for people: aligned columns, as wide as the terminal. */

const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

/** The number of terminal columns that a text takes. */
export function widthOf(text: string): number {
  let width = 0;
  for (const char of stripVTControlCharacters(text))
    width += /\p{Mn}|\p{Me}|\u200b/u.test(char) ? 0 : wide.test(char) ? 2 : 1;
  return width;
}

/** Shortens a text to a number of terminal columns; `…` shows that something is missing. */
export function fit(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let width = 0;
  let kept = "";
  for (const char of text) {
    width += widthOf(char);
    if (width > columns - 1) break;
    kept += char;
  }
  return `${kept}…`;
}

export function padded(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - widthOf(text)));
}

const columnMin = 6;
const gap = "  ";

/**
 * Returns the lines of a table. `widthMax`: the columns of the terminal; null: no limit. The widest columns are
 * shortened first.
 */
export function tableLines(
  columns: readonly Column[],
  items: readonly unknown[],
  paint: Paint,
  { widthMax, heading }: { readonly widthMax: number | null; readonly heading: boolean },
): string[] {
  const rows = items.map((item) => columns.map(({ paths }) => cellText(valueAt(item, paths))));
  // A column without any value would only take room.
  const used = columns.flatMap((_, index) =>
    rows.length === 0 || rows.some((row) => row[index] !== "") ? [index] : [],
  );
  const widths = used.map((index) =>
    Math.max(...rows.map((row) => widthOf(row[index] ?? "")), heading ? (columns[index]?.heading.length ?? 0) : 0),
  );
  if (widthMax !== null) shrink(widths, widthMax - gap.length * (widths.length - 1));
  const line = (texts: readonly string[], colour: (text: string, padded: string) => string): string =>
    texts
      .map((text, index) => colour(text, padded(fit(text, widths[index] ?? 0), widths[index] ?? 0)))
      .join(gap)
      .trimEnd();
  const head = line(
    used.map((index) => columns[index]?.heading ?? ""),
    (_, text) => text,
  );
  return [
    ...(heading ? [paint("bold", head)] : []),
    ...rows.map((row) =>
      line(
        used.map((index) => row[index] ?? ""),
        (text, shown) => coloured(text, shown, paint),
      ),
    ),
  ];
}

function shrink(widths: number[], total: number): void {
  let excess = widths.reduce((sum, width) => sum + width, 0) - total;
  while (excess > 0) {
    const widest = Math.max(...widths);
    if (widest <= columnMin) return;
    const at = widths.lastIndexOf(widest);
    widths[at] = widest - 1;
    excess -= 1;
  }
}

const good = new Set(["active", "healthy", "accepted", "done", "completed", "delivered", "continue", "settled"]);
const bad = new Set(["disabled", "open", "dead", "error", "failed", "expired", "reject"]);
const middling = new Set(["paused", "failing", "parked", "pending", "cancelled", "running"]);

export function coloured(word: string, shown: string, paint: Paint): string {
  if (good.has(word)) return paint("green", shown);
  if (bad.has(word)) return paint("red", shown);
  return middling.has(word) ? paint("yellow", shown) : shown;
}

/** Returns the first value that is neither missing nor null. */
export function valueAt(item: unknown, paths: readonly string[]): unknown {
  for (const path of paths) {
    let value: unknown = item;
    for (const name of path.split(".")) {
      const object: object | null = typeof value === "object" ? value : null;
      value = object !== null && Object.hasOwn(object, name) ? (object as Record<string, unknown>)[name] : null;
    }
    if (value !== null && value !== undefined) return value;
  }
  return null;
}

export function cellText(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string")
    return printableLine(value.replace(/^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d{3}Z$/, "$1Z"));
  if (Array.isArray(value)) return value.map(cellText).join(",");
  if (typeof value === "number" && !Number.isInteger(value)) return String(Math.round(value * 10) / 10);
  return printableLine(JSON.stringify(value));
}
