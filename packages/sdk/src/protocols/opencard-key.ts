/**
 * Opencard's key: a JSON Web Key of type `oct` with exactly 16 bytes, written as 22 characters of base64url. It wraps
 * the key of each token (AES Key Wrap, RFC 7518 section 4.4). Nothing of a key ever stands in what is said about it.
 */

import { fromBase64Url } from "./base64.ts";
import type { Jwk } from "./key.ts";

const secretBytes = 16;
const secretCharsMax = 22;
const usages: ("wrapKey" | "unwrapKey")[] = ["wrapKey", "unwrapKey"];

const imported = new WeakMap<Jwk, Promise<CryptoKey>>();

/** What makes this JWK no key for Opencard, in words that hold nothing of it; null when it is one. */
export function opencardKeyFault(jwk: Jwk): string | null {
  if (typeof jwk !== "object" || jwk === null) return "not a JWK";
  if (jwk.kty !== "oct") return 'kty must be "oct"';
  if (secretOf(jwk) === null) return `k must be ${secretBytes} bytes in base64url without padding`;
  if (jwk["alg"] !== undefined && jwk["alg"] !== "A128KW") return 'alg must be "A128KW" or left out';
  if (jwk["use"] !== undefined && jwk["use"] !== "enc") return 'use must be "enc" or left out';
  // Both ends wrap a key for what they send and unwrap one for what they get.
  const operations = jwk["key_ops"];
  if (operations !== undefined && !(Array.isArray(operations) && usages.every((usage) => operations.includes(usage)))) {
    return 'key_ops must have "wrapKey" and "unwrapKey" or be left out';
  }
  return null;
}

/** Rejects for a JWK with a fault. Kept with the JWK, since importing costs as much as unwrapping. */
export function importOpencardKey(jwk: Jwk): Promise<CryptoKey> {
  let key = imported.get(jwk);
  if (key === undefined) {
    key = importSecret(jwk);
    imported.set(jwk, key);
  }
  return key;
}

async function importSecret(jwk: Jwk): Promise<CryptoKey> {
  const secret = secretOf(jwk);
  if (secret === null) throw new TypeError("the JWK has a fault");
  return crypto.subtle.importKey("raw", secret, "AES-KW", false, usages);
}

function secretOf(jwk: Jwk): Uint8Array<ArrayBuffer> | null {
  if (typeof jwk.k !== "string" || jwk.k.length > secretCharsMax) return null;
  const secret = fromBase64Url(jwk.k);
  return secret?.length === secretBytes ? secret : null;
}
