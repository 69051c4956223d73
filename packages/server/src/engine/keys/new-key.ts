import { createHash, createPrivateKey, createPublicKey } from "node:crypto";
import { type Jwk, standardWebhooksKey, standardWebhooksText } from "@ringback/sdk/protocols";
import { RingbackError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import { type StoredJwk, storedJwk } from "./jwk-rule.ts";

/** `hmac`: a shared secret. `ed25519`: a key pair. */
export type KeyKind = "hmac" | "ed25519";

/** A key that a caller brings along. `secret`: in the text form of Standard Webhooks. */
export type GivenKey = { readonly jwk: Jwk } | { readonly secret: string };
/** A key that a caller brings along, or the kind of key to generate. */
export type KeySource = GivenKey | { readonly generate: KeyKind };

/** The part of a generated key that receivers need. Only the response to the request that made the key shows it. */
export interface ShownKey {
  /** `whsec_…` */
  readonly secret?: string;
  /** `whpk_…` */
  readonly publicKey?: string;
}

export interface NewKey {
  readonly jwk: StoredJwk;
  /** null: the caller has brought the key along and knows it. */
  readonly shown: ShownKey | null;
}

export type RandomBytes = (count: number) => Uint8Array;

const ed25519SeedBytes = 32;
/** The bytes before the 32 bytes of an Ed25519 private key in PKCS #8 (RFC 8410 section 7). */
const pkcs8Head = Buffer.from("302e020100300506032b657004220420", "hex");

/** Throws `invalid_key` with an error that quotes nothing of the key. */
export function newKey(source: KeySource, randomBytes: RandomBytes): NewKey {
  if (!("generate" in source)) return { jwk: givenKey(source), shown: null };
  return source.generate === "hmac"
    ? newSecret(limits.generatedSecretBytes, randomBytes)
    : newPair(randomBytes(ed25519SeedBytes));
}

/** Throws `invalid_key` with an error that quotes nothing of the key. */
export function givenKey(given: GivenKey): StoredJwk {
  return "jwk" in given ? storedJwk(given.jwk) : jwkOfText(given.secret);
}

/** Generates a key of the same type and length, so that everything that uses the key can use the new one too. */
export function newKeyLike(jwk: StoredJwk, randomBytes: RandomBytes): NewKey {
  if (jwk.kty === "OKP") return newPair(randomBytes(ed25519SeedBytes));
  return newSecret(Buffer.from(jwk.k, "base64url").length, randomBytes);
}

function newSecret(bytes: number, randomBytes: RandomBytes): NewKey {
  const jwk = { kty: "oct", k: Buffer.from(randomBytes(bytes)).toString("base64url") } as const;
  return { jwk, shown: { secret: standardWebhooksText({ kid: "", jwk: { ...jwk } }) } };
}

function newPair(seed: Uint8Array): NewKey {
  const jwk = pairOf(seed);
  return { jwk, shown: { publicKey: standardWebhooksText({ kid: "", jwk: { ...jwk } }) } };
}

function jwkOfText(text: string): StoredJwk {
  try {
    const { jwk } = standardWebhooksKey("", text);
    if (jwk.kty === "oct") return storedJwk(jwk);
    if (jwk.d === undefined) throw new TypeError("must be a key that signs: whsec_… or whsk_…");
    const pair = pairOf(Buffer.from(jwk.d, "base64url"));
    if (jwk.x !== undefined && jwk.x !== pair.x)
      throw new TypeError("the public half does not belong to the private one");
    return pair;
  } catch (error) {
    if (error instanceof TypeError) throw RingbackError.at("invalid_key", "secret", error.message);
    throw error;
  }
}

function pairOf(seed: Uint8Array): StoredJwk & { kty: "OKP" } {
  const key = createPrivateKey({ key: Buffer.concat([pkcs8Head, seed]), format: "der", type: "pkcs8" });
  const { x = "" } = createPublicKey(key).export({ format: "jwk" });
  return { kty: "OKP", crv: "Ed25519", x, d: Buffer.from(seed).toString("base64url") };
}

/** The public half of an Ed25519 key in the three forms that receivers read. */
export interface PublicKeyForms {
  readonly jwk: { readonly kty: "OKP"; readonly crv: "Ed25519"; readonly x: string };
  readonly pem: string;
  /** `whpk_…` */
  readonly text: string;
}

/** The first characters of the key's RFC 7638 thumbprint: enough to tell a few keys apart. */
export function thumbprintStart(x: string): string {
  const canonical = JSON.stringify({ crv: "Ed25519", kty: "OKP", x });
  return createHash("sha256").update(canonical).digest("base64url").slice(0, 11);
}

export function publicForms(x: string): PublicKeyForms {
  const jwk = { kty: "OKP", crv: "Ed25519", x } as const;
  const pem = createPublicKey({ key: jwk, format: "jwk" }).export({ format: "pem", type: "spki" });
  return { jwk, pem, text: standardWebhooksText({ kid: "", jwk }) };
}
