import type { Environment } from "../config/environment.ts";

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
  readonly env: Environment;
  /** Throws when the file cannot be read. */
  readonly readFile: (path: string) => Uint8Array;
  /** SIGINT or SIGTERM; the returned function ends the watch. */
  readonly onStopSignal: (listener: () => void) => () => void;
  /** Ends the process at once, without finishing anything. */
  readonly exit: (code: number) => never;
}

/** Resolves at the first SIGINT or SIGTERM. */
export function stopSignal(context: CommandContext): AbortSignal {
  const stop = new AbortController();
  const forget = context.onStopSignal(() => {
    forget();
    stop.abort();
  });
  return stop.signal;
}
