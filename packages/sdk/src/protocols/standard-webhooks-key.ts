/**
 * Keys of Standard Webhooks: the JSON Web Keys that can sign or verify, and the text form of the specification
 * (`whsec_…`, `whsk_…`, `whpk_…`). Error texts contain nothing of a key.
 */

import { fromBase64, fromBase64Url, toBase64, toBase64Url } from "./base64.ts";
import type { ImportedKey } from "./imported-key.ts";
import type { Jwk, ProtocolKey } from "./key.ts";

/** The specification requires secrets of 24 to 64 bytes. Ringback signs with no shorter or longer secret. */
const secretBytesMin = 24;
const secretBytesMax = 64;
/**
 * The shortest secret for verifying. A receiver cannot choose its sender's secret, so shorter secrets are accepted; 128
 * bits are still secure.
 */
const verifyingSecretBytesMin = 16;
const ed25519KeyBytes = 32;

const hmac = { name: "HMAC", hash: "SHA-256" } as const;
const ed25519 = { name: "Ed25519" } as const;

/** The specification's names for its two kinds of signature: HMAC-SHA256 and Ed25519. */
export type SignatureVersion = "v1" | "v1a";
export type KeyPurpose = "sign" | "verify";

/** The error for a key that cannot be used. The message describes the fault, and contains no part of the key. */
export class UnusableKey extends Error {}

type ImportedKeys = WeakMap<Jwk, Promise<ImportedKey>>;
const imported: Readonly<Record<KeyPurpose, ImportedKeys>> = { sign: new WeakMap(), verify: new WeakMap() };

/**
 * Returns the kind of signature that the key creates. Null for a key that is not for signatures, or not for one of the
 * two kinds.
 */
export function versionOf(jwk: Jwk): SignatureVersion | null {
  const use = jwk["use"];
  if (use !== undefined && use !== "sig") return null;
  const alg = jwk["alg"];
  if (jwk.kty === "oct") return alg === undefined || alg === "HS256" ? "v1" : null;
  if (jwk.kty !== "OKP" || jwk.crv !== "Ed25519") return null;
  return alg === undefined || alg === "EdDSA" || alg === "Ed25519" ? "v1a" : null;
}

/** Describes why this JWK cannot sign, without revealing a part of the key. Returns null for a usable key. */
export const signingKeyFault = (jwk: Jwk): string | null => keyFault(jwk, "sign");

/** As {@link signingKeyFault}, for a key that verifies. */
export const verifyingKeyFault = (jwk: Jwk): string | null => keyFault(jwk, "verify");

function keyFault(jwk: Jwk, purpose: KeyPurpose): string | null {
  const version = versionOf(jwk);
  if (version === null) return "neither a shared secret nor an Ed25519 key";
  try {
    assertMeantFor(jwk, purpose);
    if (version === "v1") secretBytes(jwk, purpose);
    else memberBytes(jwk, purpose === "sign" ? "d" : "x", ed25519KeyBytes);
    return null;
  } catch (error) {
    if (error instanceof UnusableKey) return error.message;
    throw error;
  }
}

/** Throws when the JWK lists its operations and this purpose is not one of them (RFC 7517 section 4.3). */
function assertMeantFor(jwk: Jwk, purpose: KeyPurpose): void {
  const operations = jwk["key_ops"];
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes(purpose))) {
    throw new UnusableKey(`"key_ops" does not have "${purpose}"`);
  }
}

/** Imports each JWK object once per purpose. Rejects with {@link UnusableKey}. */
export function cryptoKeyOf(jwk: Jwk, version: SignatureVersion, purpose: KeyPurpose): Promise<ImportedKey> {
  const importing = imported[purpose].get(jwk) ?? imports(jwk, version, purpose);
  imported[purpose].set(jwk, importing);
  return importing;
}

async function imports(jwk: Jwk, version: SignatureVersion, purpose: KeyPurpose): Promise<ImportedKey> {
  assertMeantFor(jwk, purpose);
  if (version === "v1") return importByPlatform("raw", secretBytes(jwk, purpose), hmac, purpose);
  if (purpose === "verify") return importPublicKey(jwk);
  const seed = memberBytes(jwk, "d", ed25519KeyBytes);
  // Imports the private key alone, so that a wrong public key in the JWK cannot change the signature.
  const signer = await importByPlatform("pkcs8", Uint8Array.of(...pkcs8Head, ...seed), ed25519, "sign");
  if (jwk.x !== undefined) await assertPair(signer, await importPublicKey(jwk));
  return signer;
}

function secretBytes(jwk: Jwk, purpose: KeyPurpose): Uint8Array<ArrayBuffer> {
  const secret = memberBytes(jwk, "k");
  const bytesMin = purpose === "sign" ? secretBytesMin : verifyingSecretBytesMin;
  if (secret.length < bytesMin || secret.length > secretBytesMax) {
    throw new UnusableKey(`a secret must have ${bytesMin} to ${secretBytesMax} bytes to ${purpose}`);
  }
  return secret;
}

function importPublicKey(jwk: Jwk): Promise<ImportedKey> {
  return importByPlatform("raw", memberBytes(jwk, "x", ed25519KeyBytes), ed25519, "verify");
}

/**
 * Checks that the public key fits the private key. With a wrong public key, messages would be sent, and every receiver
 * would refuse them.
 */
async function assertPair(signer: ImportedKey, verifier: ImportedKey): Promise<void> {
  const anything = new Uint8Array(1);
  const signature = await crypto.subtle.sign("Ed25519", signer, anything);
  if (!(await crypto.subtle.verify("Ed25519", verifier, signature, anything))) {
    throw new UnusableKey("the public key does not belong to the private key");
  }
}

/** The bytes before the 32 bytes of an Ed25519 private key in PKCS #8 (RFC 8410 section 7). */
const pkcs8Head = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

async function importByPlatform(
  format: "raw" | "pkcs8",
  bytes: Uint8Array<ArrayBuffer>,
  algorithm: typeof hmac | typeof ed25519,
  purpose: KeyPurpose,
): Promise<ImportedKey> {
  try {
    return await crypto.subtle.importKey(format, bytes, algorithm, false, [purpose]);
  } catch {
    throw new UnusableKey("the platform does not support it");
  }
}

function memberBytes(jwk: Jwk, member: "k" | "d" | "x", length?: number): Uint8Array<ArrayBuffer> {
  const value: unknown = jwk[member];
  if (typeof value !== "string") throw new UnusableKey(`has no "${member}"`);
  const bytes = fromBase64Url(value);
  if (bytes === null) throw new UnusableKey(`"${member}" is not base64url without padding`);
  if (length !== undefined && bytes.length !== length)
    throw new UnusableKey(`"${member}" does not have ${length} bytes`);
  return bytes;
}

// ---- keys as text

const SECRET = "whsec_";
const PRIVATE_KEY = "whsk_";
const PUBLIC_KEY = "whpk_";

/**
 * Parses the text form of a key: `whsec_` and the base64 of a shared secret, `whpk_` and the base64 of an Ed25519
 * public key, or `whsk_` and the base64 of a private key (32 bytes, or 64 with the public key). Throws TypeError, whose
 * text contains nothing of the key.
 */
export function standardWebhooksKey(kid: string, text: string): ProtocolKey {
  return { kid, jwk: Object.freeze(jwkOf(text)) };
}

function jwkOf(text: string): Jwk {
  if (text.startsWith(SECRET)) {
    const secret = textBytes(text, SECRET);
    if (secret.length < verifyingSecretBytesMin || secret.length > secretBytesMax) {
      throw new TypeError(`a secret must have ${verifyingSecretBytesMin} to ${secretBytesMax} bytes`);
    }
    return { kty: "oct", k: toBase64Url(secret) };
  }
  if (text.startsWith(PUBLIC_KEY)) {
    const publicKey = textBytes(text, PUBLIC_KEY);
    if (publicKey.length !== ed25519KeyBytes) throw new TypeError(`a public key has ${ed25519KeyBytes} bytes`);
    return { kty: "OKP", crv: "Ed25519", x: toBase64Url(publicKey) };
  }
  if (text.startsWith(PRIVATE_KEY)) {
    const pair = textBytes(text, PRIVATE_KEY);
    const privateKey = { kty: "OKP", crv: "Ed25519", d: toBase64Url(pair.subarray(0, ed25519KeyBytes)) };
    if (pair.length === ed25519KeyBytes) return privateKey;
    if (pair.length === 2 * ed25519KeyBytes) return { ...privateKey, x: toBase64Url(pair.subarray(ed25519KeyBytes)) };
    throw new TypeError(`a private key has ${ed25519KeyBytes} bytes, or ${2 * ed25519KeyBytes} with the public one`);
  }
  throw new TypeError(`a key in text begins with ${SECRET}, ${PUBLIC_KEY} or ${PRIVATE_KEY}`);
}

function textBytes(text: string, prefix: string): Uint8Array<ArrayBuffer> {
  const bytes = fromBase64(text.slice(prefix.length));
  if (bytes === null) throw new TypeError(`what follows ${prefix} is not base64`);
  return bytes;
}

/**
 * Returns the text form with which a receiver verifies: `whsec_…` for a shared secret, `whpk_…` for an Ed25519 key. The
 * private key is never included. Throws TypeError for a key that this dialect cannot use.
 */
export function standardWebhooksText(key: ProtocolKey): string {
  const version = versionOf(key.jwk);
  if (version === null) throw new TypeError(`key "${key.kid}": neither a shared secret nor an Ed25519 key`);
  try {
    return version === "v1"
      ? SECRET + toBase64(memberBytes(key.jwk, "k"))
      : PUBLIC_KEY + toBase64(memberBytes(key.jwk, "x", ed25519KeyBytes));
  } catch (error) {
    throw error instanceof UnusableKey ? new TypeError(`key "${key.kid}": ${error.message}`) : error;
  }
}
