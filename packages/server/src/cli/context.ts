import type { Environment } from "../config/environment.ts";
import type { Clock } from "../domain/ports.ts";

export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

export interface Input extends AsyncIterable<Uint8Array | string> {
  readonly isTTY?: boolean;
}

/** What a command touches of the process it runs in; main.ts hands in the real one. */
export interface CommandContext {
  readonly stdin: Input;
  /** What was asked for: results, events, requests. */
  readonly stdout: Output;
  /** What accompanies it: errors, hints, where a server listens. */
  readonly stderr: Output;
  /** Where the server's log goes; left out: standard output, past the buffers of `stdout`. */
  readonly logTo?: Output;
  readonly env: Environment;
  /** Throws when the file cannot be read. */
  readonly readFile: (path: string) => Uint8Array;
  /** Calls the listener at every SIGINT and SIGTERM, which then no longer end the process by themselves. */
  readonly onStopSignal: (listener: () => void) => void;
  readonly clock: Clock;
  /** Ends the process at once, without finishing anything. */
  readonly exit: (code: number) => never;
}

/** Aborts at the first SIGINT or SIGTERM; later ones change nothing. */
export function stopSignal(context: CommandContext): AbortSignal {
  const stop = new AbortController();
  context.onStopSignal(() => stop.abort());
  return stop.signal;
}
