import { RingbackError } from "./errors.ts";

/**
 * A kid allows more than a name, because other systems call their keys "0" or use versions with dots. "." and ".." are
 * excluded: URL paths give them another meaning (RFC 3986 section 5.2.4), so no client could request such a key.
 */
export const kidForm = /^(?!\.{1,2}$)[a-zA-Z\d_.~-]{1,64}$/;

export function assertKid(field: string, kid: string): void {
  if (kidForm.test(kid)) return;
  throw RingbackError.at(
    "invalid_name",
    field,
    'must have 1 to 64 of the characters a-z, A-Z, 0-9, "-", "_", "." and "~", and must not be "." or ".."',
  );
}
