import { RingbackError } from "./errors.ts";

/**
 * Wider than a name: senders of other systems call their keys "0", or by a version with dots. "." and ".." mean something
 * else in the path of a URL (RFC 3986 section 5.2.4), so that no client could ask for such a key.
 */
export const kidForm = /^(?!\.{1,2}$)[a-zA-Z\d_.~-]{1,64}$/;

export function assertKid(field: string, kid: string): void {
  if (kidForm.test(kid)) return;
  throw RingbackError.at(
    "invalid_name",
    field,
    'must be 1 to 64 of a-z, A-Z, 0-9, "-", "_", "." and "~", and not "." or ".."',
  );
}
