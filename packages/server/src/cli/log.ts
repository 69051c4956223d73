import { pino } from "pino";
import type { Logger } from "pino";
import type { Config } from "../config/config.ts";
import { isRecord } from "../config/record.ts";
import type { Output } from "./context.ts";
import type { Paint } from "./paint.ts";
import { printableLine } from "./printable.ts";

/** One JSON object per line, for programs. */
export function createJsonLog(level: Config["logLevel"], output: Output): Logger {
  return pino({ level }, { write: (line) => void output.write(line) });
}

/** One short line per entry, for people at a terminal. */
export function createPeopleLog(level: Config["logLevel"], output: Output, paint: Paint): Logger {
  const formatters = { level: (label: string) => ({ level: label }) };
  return pino({ level, base: null, formatters }, { write: (line) => void output.write(`${readable(line, paint)}\n`) });
}

const colours = { warn: "yellow", error: "red", fatal: "red" } as const;

function readable(line: string, paint: Paint): string {
  const entry: unknown = JSON.parse(line);
  if (!isRecord(entry)) return line;
  const { level, time, msg, ...rest } = entry;
  const word = String(level);
  const clock = new Date(Number(time)).toLocaleTimeString("en-GB");
  const particulars = Object.entries(rest).map(([key, value]) => `${key}=${particular(value)}`);
  const shown = word === "warn" || word === "error" || word === "fatal" ? paint(colours[word], word) : word;
  const message = printableLine(typeof msg === "string" ? msg : "");
  return [paint("dim", clock), shown, message, paint("dim", particulars.join(" "))]
    .filter((part) => part !== "")
    .join(" ");
}

/** Of an error its message; the stack is for the JSON log. */
function particular(value: unknown): string {
  if (isRecord(value) && typeof value["message"] === "string") return printableLine(value["message"]);
  return printableLine(typeof value === "string" ? value : JSON.stringify(value));
}
