import { RingbackError } from "./errors.ts";
import { limits } from "./limits.ts";
import { headerTextFault, isLongerThanBytes } from "./text-rules.ts";

/** Existing client libraries that sign with such pairs reject a SecretId without this prefix. */
export const secretIdPrefix = "AKID";
const secretIdForm = /^AKID[a-zA-Z\d_-]+$/;
/** Printable ASCII without spaces, which passes through shells, forms and settings files unchanged. */
const secretKeyForm = /^[!-~]+$/;

export function isSecretId(text: string): boolean {
  return text.length <= limits.secretIdCharsMax && secretIdForm.test(text);
}

export function assertApiKeyName(field: string, name: string): void {
  const fault =
    name.length > limits.apiKeyNameCharsMax
      ? `must have at most ${limits.apiKeyNameCharsMax} characters`
      : headerTextFault(name);
  if (fault !== null) throw RingbackError.at("invalid_name", field, fault);
}

/** Error messages never quote either half, because a caller may have swapped the two. */
export function assertApiKeyPair({ secretId, secretKey }: { secretId: string; secretKey: string }): void {
  if (!isSecretId(secretId)) {
    const rule = `must be ${secretIdPrefix} followed by letters, digits, "-" and "_"`;
    throw RingbackError.at("invalid_key", "secretId", `${rule}, at most ${limits.secretIdCharsMax} characters`);
  }
  const { secretBytesMin, secretBytesMax } = limits;
  if (secretKey.length < secretBytesMin || isLongerThanBytes(secretKey, secretBytesMax)) {
    throw RingbackError.at("invalid_key", "secretKey", `must have ${secretBytesMin} to ${secretBytesMax} characters`);
  }
  if (!secretKeyForm.test(secretKey)) {
    throw RingbackError.at("invalid_key", "secretKey", "must contain only printable ASCII characters, without spaces");
  }
}
