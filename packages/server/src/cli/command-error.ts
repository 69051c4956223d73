/** A failed command. The message is shown to the user as one line. */
export class CommandError extends Error {
  override readonly name: string = "CommandError";
  readonly exitCode: number;

  constructor(message: string, options: { exitCode?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.exitCode = options.exitCode ?? exitCodes.failed;
  }
}

export const exitCodes = {
  done: 0,
  /** The command was valid but failed. */
  failed: 1,
  /** An unknown option, an invalid value or an invalid configuration. */
  misused: 2,
  /** A file differs from the server. */
  different: 3,
  /** The resource does not exist. */
  missing: 4,
} as const;
