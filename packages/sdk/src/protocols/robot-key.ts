/** Keys of chat robots that verify a signature: the shared secret that the chat shows, as the bytes of its text. */

import { fromBase64Url, toBase64 } from "./base64.ts";
import type { Jwk, ProtocolKey } from "./key.ts";
import { type OutgoingDelivery, UnencodableError, UntrustedError } from "./protocol.ts";
import { utf8Bytes } from "./text-bytes.ts";
import { outgoingInteger } from "./wire-number.ts";

/** The members of a dialect that signs only if the subscription names a key. */
export const robotKeys = { keys: "optional", keyFault, verifyingKeyFault: keyFault, signingKeysMax: 1 } as const;

const hmac = { name: "HMAC", hash: "SHA-256" } as const;

function keyFault(jwk: Jwk): string | null {
  if (jwk.kty !== "oct") return "not a shared secret";
  const secret = typeof jwk.k === "string" ? fromBase64Url(jwk.k) : null;
  return secret === null || secret.length === 0 ? '"k" is not base64url without padding' : null;
}

/** Sender: the bytes of the secret. Throws {@link UnencodableError} without a part of the key. */
export function secretToSign({ kid, jwk }: ProtocolKey): Uint8Array<ArrayBuffer> {
  const fault = keyFault(jwk);
  const secret = fault === null ? fromBase64Url(jwk.k ?? "") : null;
  if (secret === null) throw new UnencodableError(`key "${kid}": ${fault}`);
  return secret;
}

export function sentAtMsOf({ sentAtMs }: OutgoingDelivery): number {
  return outgoingInteger("sentAtMs", sentAtMs);
}

/** HMAC-SHA256 in base64. */
export async function hmacOf(key: Uint8Array<ArrayBuffer>, content: Uint8Array): Promise<string> {
  const imported = await crypto.subtle.importKey("raw", key, hmac, false, ["sign"]);
  return toBase64(new Uint8Array(await crypto.subtle.sign("HMAC", imported, new Uint8Array(content))));
}

/**
 * Receiver: throws {@link UntrustedError} unless one of the keys makes `signature`. The signatures are compared after
 * another HMAC with a random key, so the time of the comparison shows nothing.
 */
export async function assertRobotSignature(
  signature: string,
  keys: readonly ProtocolKey[],
  signatureOf: (secret: Uint8Array<ArrayBuffer>) => Promise<string>,
): Promise<void> {
  const blind = crypto.getRandomValues(new Uint8Array(32));
  const given = await hmacOf(blind, utf8Bytes(signature));
  for (const key of keys) {
    if ((await hmacOf(blind, utf8Bytes(await signatureOf(secretToSign(key))))) === given) return;
  }
  throw new UntrustedError("wrong_signature");
}
