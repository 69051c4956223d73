/**
 * An invalid configuration. The message is one line with the source of the fault, the key and a description of valid
 * values.
 */
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
