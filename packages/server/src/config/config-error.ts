/** An invalid configuration. The message is one line: where the fault is, which key, and what would be valid. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  /** `--listen`, `RINGBACK_LISTEN` or `ringback.yaml:3`. */
  readonly origin: string;
  /** The setting, or the unknown key as written. */
  readonly key: string;

  constructor(origin: string, key: string, sentence: string, cause?: unknown) {
    super(`${origin}: ${sentence}`, cause === undefined ? undefined : { cause });
    this.origin = origin;
    this.key = key;
  }
}
