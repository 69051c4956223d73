import { createPrivateKey, createPublicKey } from "node:crypto";
import type { Jwk } from "@ringback/sdk/protocols";
import { RingbackError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";

/** A key as it is stored: only the members that the dialects use. */
export type StoredJwk =
  | { readonly kty: "oct"; readonly k: string }
  | { readonly kty: "OKP"; readonly crv: "Ed25519"; readonly x: string; readonly d: string };

/** The public properties of a key. */
export interface KeyDescription {
  readonly kty: "oct" | "OKP";
  readonly crv: "Ed25519" | null;
  readonly bits: number;
}

const ed25519Bytes = 32;

/**
 * Checks a JWK and drops all members except `kty` with `k` (oct), or with `crv`, `x` and `d` (OKP, Ed25519). Throws
 * `invalid_key` with an error that quotes nothing of the key.
 */
export function storedJwk(jwk: Jwk): StoredJwk {
  switch (jwk.kty) {
    case "oct":
      return { kty: "oct", k: octets("k", jwk.k, limits.secretBytesMin, limits.secretBytesMax) };
    case "OKP":
      return storedEd25519(jwk);
    default:
      throw fault("kty", 'must be "oct" or "OKP"');
  }
}

export function describeJwk(jwk: StoredJwk): KeyDescription {
  if (jwk.kty === "OKP") return { kty: "OKP", crv: "Ed25519", bits: ed25519Bytes * 8 };
  return { kty: "oct", crv: null, bits: Buffer.from(jwk.k, "base64url").length * 8 };
}

function storedEd25519(jwk: Jwk): StoredJwk {
  if (jwk.crv !== "Ed25519") throw fault("crv", 'must be "Ed25519"');
  const x = octets("x", jwk.x, ed25519Bytes, ed25519Bytes);
  const d = octets("d", jwk.d, ed25519Bytes, ed25519Bytes);
  const kept = { kty: "OKP", crv: "Ed25519", x, d } as const;
  if (publicHalf(kept) !== x) throw fault("x", "is not the public key that belongs to d");
  return kept;
}

/**
 * The public key of a pair, derived from the private half; null: not a valid pair. Node versions after 24 refuse a
 * public half that does not match the private one. Node 24 ignores the given public half.
 */
function publicHalf(pair: { kty: string; crv: string; x: string; d: string }): string | null {
  try {
    return createPublicKey(createPrivateKey({ key: pair, format: "jwk" })).export({ format: "jwk" }).x ?? null;
  } catch {
    return null;
  }
}

/** Checks base64url by writing the decoded bytes again, because Buffer ignores invalid characters. */
function octets(member: string, text: unknown, bytesMin: number, bytesMax: number): string {
  if (text === undefined) throw fault(member, "is missing");
  const bytes = typeof text === "string" ? Buffer.from(text, "base64url") : null;
  if (bytes === null || bytes.toString("base64url") !== text) throw fault(member, "must be base64url without padding");
  if (bytes.length < bytesMin || bytes.length > bytesMax) {
    const range = bytesMin === bytesMax ? `${bytesMin}` : `${bytesMin} to ${bytesMax}`;
    throw fault(member, `must be ${range} bytes, not ${bytes.length}`);
  }
  return text;
}

function fault(member: string, sentence: string): RingbackError {
  return RingbackError.at("invalid_key", `jwk.${member}`, sentence);
}
