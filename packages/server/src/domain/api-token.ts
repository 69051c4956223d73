import { crc32 } from "node:zlib";
import { secretIdPrefix, isSecretId } from "./api-key-rules.ts";

/**
 * A token is `rbk_`, the key's id without its prefix, `_`, a secret of 32 letters and digits, and a checksum of 6. The
 * id shows which key has leaked. The prefix and the checksum let scanners find leaked tokens with few false alarms.
 */
const prefix = "rbk_";
const secretChars = 32;
const checksumChars = 6;
const tokenForm = new RegExp(
  `^${prefix}([a-zA-Z\\d_-]+)_([a-zA-Z\\d]{${secretChars}})([a-zA-Z\\d]{${checksumChars}})$`,
);

export const tokenSecretChars = secretChars;

export interface ApiToken {
  /** The id of the API key, which is its SecretId. */
  readonly id: string;
  readonly secret: string;
}

export function formatToken({ id, secret }: ApiToken): string {
  const text = `${prefix}${id.slice(secretIdPrefix.length)}_${secret}`;
  return text + checksumOf(text);
}

/** Returns null for a text that is no token, or whose checksum is wrong. */
export function parseToken(text: string): ApiToken | null {
  const [, suffix = "", secret = "", checksum] = tokenForm.exec(text) ?? [];
  const id = secretIdPrefix + suffix;
  if (!isSecretId(id) || checksum !== checksumOf(text.slice(0, -checksumChars))) return null;
  return { id, secret };
}

const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

function checksumOf(text: string): string {
  let rest = crc32(text);
  let checksum = "";
  for (let i = 0; i < checksumChars; i++) {
    checksum = (digits[rest % digits.length] ?? "") + checksum;
    rest = Math.floor(rest / digits.length);
  }
  return checksum;
}
