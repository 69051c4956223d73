import { pino, type DestinationStream, type Logger } from "pino";
import { createLogLines } from "./log-lines.ts";
import type { LogLevel } from "./log-levels.ts";

export interface LogOptions {
  readonly level: LogLevel;
  /** Lines for people instead of JSON. Default: true if standard output is a terminal. */
  readonly pretty?: boolean;
  /** Default: standard output. */
  readonly destination?: DestinationStream;
}

/**
 * Size of the buffer for unwritten log lines. If nobody reads the log and the buffer is full, lines are dropped. A
 * blocked pipe must neither block the server nor fill its memory.
 */
const bufferedBytesMax = 4 * 1024 * 1024;

/** The values of members with these names are hidden, in the first three levels of nested objects of a log line. */
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

/** Creates the log. It writes JSON, or readable lines on a terminal. Credentials are hidden. */
export function createLog(options: LogOptions): Logger {
  const pretty = options.pretty ?? (options.destination === undefined && process.stdout.isTTY);
  const out = options.destination ?? pino.destination({ dest: 1, sync: false, maxLength: bufferedBytesMax });
  return pino(
    {
      level: options.level,
      redact: { paths: secretPaths, censor: "[hidden]" },
      // Omits the process id and the host name, because log collectors add both themselves.
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pretty ? createLogLines(out) : out,
  );
}
