import { isRecord } from "./record.ts";
import { secretKeys } from "./settings.ts";

/** The members that may have `{file: path}` instead of a text. */
const secretNames: ReadonlySet<string> = new Set([
  ...secretKeys,
  "password",
  "token",
  "clientSecret",
  "certificate",
  "key",
  "ca",
  "secretKey",
  "k",
  "d",
]);

/**
 * Returns a copy of the file's values in which the content of the named file replaces each secret of the form `{file:
 * path}`. The values of headers are secrets too. `read` throws if a file cannot be read.
 */
export function withSecretFiles(
  value: unknown,
  keys: readonly string[],
  read: (path: string, keys: readonly string[]) => string,
): unknown {
  if (Array.isArray(value)) return value.map((item, index) => withSecretFiles(item, [...keys, String(index)], read));
  if (!isRecord(value)) return value;
  const { file } = value;
  const isSecret = secretNames.has(keys.at(-1) ?? "") || keys.at(-2) === "headers";
  if (isSecret && typeof file === "string" && Object.keys(value).length === 1) return read(file, keys);
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, withSecretFiles(member, [...keys, name], read)]),
  );
}
