import { pino } from "pino";
import type { DestinationStream, Logger } from "pino";
import { createLogLines } from "./log-lines.ts";

export const logLevels = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LogOptions {
  readonly level: LogLevel;
  /** Lines for people instead of JSON; left out: when standard output is a terminal. */
  readonly pretty?: boolean;
  /** Where the lines go; left out: standard output. */
  readonly destination?: DestinationStream;
}

/** Past this a log that nobody reads (a stuck pipe) loses lines: it must neither block the server nor fill its memory. */
const bufferedBytesMax = 4 * 1024 * 1024;

/** Whatever these are called anywhere in the first three levels of a line is not written. */
const secretNames = [
  "authorization",
  "Authorization",
  "cookie",
  "password",
  "secret",
  "secretKey",
  "token",
  "jwk",
  "masterKey",
  "apiKey",
];
const secretPaths = secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/** JSON lines for machines, one line for people on a terminal. Never holds credentials. */
export function createLog(options: LogOptions): Logger {
  const pretty = options.pretty ?? (options.destination === undefined && process.stdout.isTTY);
  const out = options.destination ?? pino.destination({ dest: 1, sync: false, maxLength: bufferedBytesMax });
  return pino(
    {
      level: options.level,
      redact: { paths: secretPaths, censor: "[hidden]" },
      // Who and where is the collector's knowledge; in every line it only costs.
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pretty ? createLogLines(out) : out,
  );
}
