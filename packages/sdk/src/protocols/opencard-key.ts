/**
 * Opencard's key: a JSON Web Key of type `oct` with exactly 16 bytes, written as 22 characters of base64url. With this
 * key the content key of each token is wrapped (AES Key Wrap, RFC 7518 section 4.4). Error texts contain no part of a
 * key.
 */

import { fromBase64Url } from "./base64.ts";
import type { ImportedKey } from "./imported-key.ts";
import type { Jwk } from "./key.ts";

const secretBytes = 16;
const secretCharsMax = 22;
const usages: ("wrapKey" | "unwrapKey")[] = ["wrapKey", "unwrapKey"];

const imported = new WeakMap<Jwk, Promise<ImportedKey>>();

/**
 * Describes why the JWK is not a key for Opencard, without revealing a part of the key. Returns null for a valid key.
 */
export function opencardKeyFault(jwk: Jwk): string | null {
  if (typeof jwk !== "object" || jwk === null) return "not a JWK";
  if (jwk.kty !== "oct") return 'kty must be "oct"';
  if (secretOf(jwk) === null) return `k must be ${secretBytes} bytes in base64url without padding`;
  if (jwk["alg"] !== undefined && jwk["alg"] !== "A128KW") return 'alg must be "A128KW" or left out';
  if (jwk["use"] !== undefined && jwk["use"] !== "enc") return 'use must be "enc" or left out';
  // Both ends wrap the content keys of tokens that they send, and unwrap the content keys of tokens that they receive.
  const operations = jwk["key_ops"];
  if (operations !== undefined && !(Array.isArray(operations) && usages.every((usage) => operations.includes(usage)))) {
    return 'key_ops must have "wrapKey" and "unwrapKey" or be left out';
  }
  return null;
}

/**
 * Imports the key and caches the imported key, because importing takes as long as unwrapping. Rejects for an invalid
 * JWK.
 */
export function importOpencardKey(jwk: Jwk): Promise<ImportedKey> {
  const key = imported.get(jwk) ?? importSecret(jwk);
  imported.set(jwk, key);
  return key;
}

async function importSecret(jwk: Jwk): Promise<ImportedKey> {
  const secret = secretOf(jwk);
  if (secret === null) throw new TypeError("the JWK is invalid");
  return crypto.subtle.importKey("raw", secret, "AES-KW", false, usages);
}

function secretOf(jwk: Jwk): Uint8Array<ArrayBuffer> | null {
  if (typeof jwk.k !== "string" || jwk.k.length > secretCharsMax) return null;
  const secret = fromBase64Url(jwk.k);
  return secret?.length === secretBytes ? secret : null;
}
