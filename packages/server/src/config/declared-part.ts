import { RingbackError } from "../domain/errors.ts";
import { assertName } from "../domain/names.ts";
import { ConfigError } from "./config-error.ts";
import type { ConfigFile } from "./config-file.ts";
import { isRecord } from "./record.ts";
import { show } from "./words.ts";

/**
 * Shared by the readers of the file's declarations (`topics:`, `hooks:` and so on). Every function throws
 * `ConfigError`.
 */

/** Reads the members of a part as pairs of a name and a body. `assertForm` is the rule for the names. */
export function named(
  file: ConfigFile,
  keys: readonly string[],
  what: string,
  value: unknown,
  assertForm: (field: string, name: string) => void = assertName,
): [string, unknown][] {
  if (value === undefined) return [];
  const entries = Object.entries(record(file, keys, what, value));
  for (const [name] of entries) {
    checked(file, [...keys, name], () => {
      assertForm(show(name), name);
    });
  }
  return entries;
}

export function record(file: ConfigFile, keys: readonly string[], what: string, value: unknown) {
  if (isRecord(value)) return value;
  throw new ConfigError(file.origin(keys), keys.join("."), `${what} cannot be ${show(value)}; give keys and values`);
}

/** Turns an error that names a field into one that names the line of that field. */
export function checked<T>(file: ConfigFile, keys: readonly string[], check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof RingbackError)) throw error;
    const path = [...keys, ...fieldKeys(error.details[0]?.field ?? "")];
    throw new ConfigError(file.origin(path), path.join("."), error.message.replace(/\.$/, ""), error);
  }
}

/** `filter.tags[0]` is `filter`, `tags`, `0`. */
function fieldKeys(field: string): string[] {
  return field.split(/[.[\]]+/).filter((key) => key !== "");
}
