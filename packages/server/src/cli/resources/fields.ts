import { InvalidArgumentError, Option } from "commander";
import { durationUnits } from "../../config/units.ts";
import { collectOption } from "../option-values.ts";
import type { Field, FieldKind } from "./resource.ts";

/** Options of the table as options of commander, and their values as JSON values. */

const words: Readonly<Record<FieldKind, string>> = {
  text: "text",
  list: "text",
  count: "count",
  counts: "count",
  duration: "duration",
  time: "time",
  position: "position",
  yes: "",
};

/** The value of an option is read by `fieldValue`, which knows the time. */
export function fieldOption({ name, kind, about, word = words[kind] }: Field): Option {
  const option = new Option(kind === "yes" ? `--${name}` : `--${name} <${word}>`, about);
  if (kind === "list") return option.argParser(collectOption);
  if (kind === "count") return option.argParser(countOption);
  if (kind === "counts") return option.argParser(countsOption);
  return kind === "duration" ? option.argParser(durationOption) : option;
}

function countOption(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("Give a whole number.");
  return Number(text);
}

function countsOption(text: string, before: readonly number[] = []): readonly number[] {
  return [...before, countOption(text)];
}

function durationOption(text: string): number {
  const ms = durationUnits.parse(text);
  if (ms === null) throw new InvalidArgumentError(`Give ${durationUnits.forms}.`);
  return ms;
}

/** The name under which commander keeps the value of an option. */
export function keyOf({ name }: Field): string {
  return name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** Converts the value of an option to the JSON value that the API takes. */
export function fieldValue({ kind }: Field, value: unknown, nowMs: number): unknown {
  if (typeof value !== "string") return value;
  if (kind === "time") return timeOf(value, nowMs);
  if (kind !== "position") return value;
  if (value === "oldest" || value === "now") return value;
  const seq = /^seq:(\d{1,15})$/.exec(value)?.[1];
  return seq === undefined ? { at: timeOf(value, nowMs) } : { seq: Number(seq) };
}

/** `2h` is the time two hours ago. The server reads every other form. */
function timeOf(text: string, nowMs: number): string {
  const ageMs = /^\d+(?:\.\d+)?(?:ms|s|m|h|d)$/.test(text) ? durationUnits.parse(text) : null;
  return ageMs === null ? text : new Date(nowMs - ageMs).toISOString();
}
