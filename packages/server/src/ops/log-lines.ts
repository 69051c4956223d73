import { styleText } from "node:util";
import type { DestinationStream } from "pino";

/** Converts the log's JSON lines to readable lines: `08:15:30.250 INFO  Listening  address=127.0.0.1:8000`. */
export function createLogLines(out: DestinationStream): DestinationStream {
  return {
    write(line) {
      out.write(`${readable(line)}\n`);
    },
  };
}

const colours: Readonly<Record<string, "red" | "yellow" | "green" | "gray">> = {
  fatal: "red",
  error: "red",
  warn: "yellow",
  info: "green",
  debug: "gray",
  trace: "gray",
};

function readable(line: string): string {
  const { level, time, msg, err, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const label = String(level);
  const members = Object.entries(rest).map(
    ([name, value]) => `${name}=${oneLine(typeof value === "string" ? value : JSON.stringify(value))}`,
  );
  const parts = [
    styleText("gray", String(time).slice(11, 23)),
    styleText(colours[label] ?? "gray", label.toUpperCase().padEnd(5)),
    typeof msg === "string" ? oneLine(msg) : "",
    styleText("gray", members.join(" ")),
  ];
  return parts.join(" ").trimEnd() + errorLines(err);
}

function errorLines(error: unknown): string {
  if (error === undefined || error === null) return "";
  const { stack, message } = error as { stack?: string; message?: string };
  const lines = (stack ?? message ?? JSON.stringify(error)).split("\n");
  return lines.map((line) => `\n    ${oneLine(line)}`).join("");
}

/** Texts can come from outside. A line break or a terminal's control sequence in one must not make another line. */
function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
