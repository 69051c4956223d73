/** A command could not do what was asked. The message is the one line that a person reads. */
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
  /** It was tried and did not work. */
  failed: 1,
  /** What was asked for makes no sense: an unknown option, a bad value, a bad configuration. */
  misused: 2,
} as const;
