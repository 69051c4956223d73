import { RingbackError } from "./errors.ts";

/**
 * The kid of a key may contain more characters than other names, because other systems use kids such as "0" or "v1.2".
 * "." and ".." are excluded: URL paths give them another meaning (RFC 3986 section 5.2.4), so no client could request
 * such a key.
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
