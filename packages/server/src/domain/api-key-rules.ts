import { RingbackError } from "./errors.ts";
import { limits } from "./limits.ts";
import { carriedTextFault, isLongerThanBytes } from "./text-rules.ts";

/** Programs for Tencent Cloud are refused there without it. */
export const secretIdPrefix = "AKID";
const secretIdForm = /^AKID[a-zA-Z\d_-]+$/;
/** Nothing that a shell, a form or a file with settings would change on its way. */
const secretKeyForm = /^[!-~]+$/;

export function isSecretId(text: string): boolean {
  return text.length <= limits.secretIdCharsMax && secretIdForm.test(text);
}

export function assertApiKeyName(field: string, name: string): void {
  const fault =
    name.length > limits.apiKeyNameCharsMax
      ? `must have at most ${limits.apiKeyNameCharsMax} characters`
      : carriedTextFault(name);
  if (fault !== null) throw RingbackError.at("invalid_name", field, fault);
}

/** A refusal shows nothing of either half: one may stand where the other belongs. */
export function assertApiKeyPair({ secretId, secretKey }: { secretId: string; secretKey: string }): void {
  if (!isSecretId(secretId)) {
    throw RingbackError.at(
      "invalid_key",
      "secretId",
      `must be ${secretIdPrefix} and then letters, digits, "-" and "_", at most ${limits.secretIdCharsMax} characters`,
    );
  }
  const { secretBytesMin, secretBytesMax } = limits;
  if (secretKey.length < secretBytesMin || isLongerThanBytes(secretKey, secretBytesMax)) {
    throw RingbackError.at("invalid_key", "secretKey", `must have ${secretBytesMin} to ${secretBytesMax} characters`);
  }
  if (!secretKeyForm.test(secretKey)) {
    throw RingbackError.at("invalid_key", "secretKey", "must hold printable ASCII alone, without spaces");
  }
}
