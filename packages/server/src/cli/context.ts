import type { Environment } from "../config/environment.ts";
import type { Clock } from "../domain/ports.ts";
import { exitCodes } from "./command-error.ts";

export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  /** The size of the terminal. */
  readonly columns?: number;
  readonly rows?: number;
}

export interface Input extends AsyncIterable<Uint8Array | string> {
  readonly isTTY?: boolean;
  /** Of a terminal: passes on each key as it is pressed. */
  setRawMode?(isRaw: boolean): unknown;
}

/** The parts of the process that a command uses. main.ts passes the real ones, tests pass fakes. */
export interface CommandContext {
  readonly stdin: Input;
  /** Output for the results of commands: events, messages, requests. */
  readonly stdout: Output;
  /** Output for all other text: errors, advice, the address on which a server listens. */
  readonly stderr: Output;
  /** Output for the server's log. Default: the standard output, without the buffering of `stdout`. */
  readonly logTo?: Output;
  readonly env: Environment;
  /** Throws when the file cannot be read. */
  readonly readFile: (path: string) => Uint8Array;
  /** Calls the listener at every SIGINT, SIGTERM and SIGHUP. These signals then no longer end the process. */
  readonly onStopSignal: (listener: () => void) => void;
  /** Stops the processes of the terminal's job, as Ctrl-Z does, until the shell lets them go on. */
  readonly suspend?: () => void;
  /** Calls the listener each time when the process goes on after it was stopped. */
  readonly onContinue?: (listener: () => void) => void;
  readonly clock: Clock;
  /** Ends the process at once. */
  readonly exit: (code: number) => never;
}

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** Some terminals do not know their size, and say 0: containers, `script`, serial lines. */
export function terminalSize({ columns = 0, rows = 0 }: Output): TerminalSize {
  return { columns: columns > 0 ? columns : 80, rows: rows > 0 ? rows : 24 };
}

/** A signal that is aborted at the first SIGINT, SIGTERM or SIGHUP. */
export function stopSignal(context: CommandContext): AbortSignal {
  const stop = new AbortController();
  context.onStopSignal(() => stop.abort());
  return stop.signal;
}

/**
 * On Ctrl-C under npm, this process gets two signals: one from the terminal and one from npm. Signals within this time
 * count as one.
 */
const sameSignalMsMax = 300;

/** Ends the process at once at the next stop signal. For a command that is about to end, but may take some time. */
export function exitAtNextSignal(context: CommandContext): void {
  const sinceMs = context.clock.now();
  context.onStopSignal(() => {
    if (context.clock.now() - sinceMs > sameSignalMsMax) context.exit(exitCodes.failed);
  });
}
