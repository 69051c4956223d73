import { createPrivateKey, createPublicKey } from "node:crypto";
import type { Jwk } from "@ringback/sdk/protocols";
import { RingbackError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";

/** A key as it is kept: the members that the dialects use, and nothing else that came with it. */
export type KeptJwk =
  | { readonly kty: "oct"; readonly k: string }
  | { readonly kty: "OKP"; readonly crv: "Ed25519"; readonly x: string; readonly d: string };

/** What may be told about a key. */
export interface KeyDescription {
  readonly kty: "oct" | "OKP";
  readonly crv: "Ed25519" | null;
  readonly bits: number;
}

const ed25519Bytes = 32;

/**
 * Kept are `kty` with `k` (oct), or with `crv`, `x` and `d` (OKP, Ed25519); whatever else a JWK may hold (`kid`, `alg`,
 * `use`, `key_ops` …) is dropped. Throws `invalid_key`, with nothing of the key in it.
 */
export function keptJwk(jwk: Jwk): KeptJwk {
  switch (jwk.kty) {
    case "oct":
      return { kty: "oct", k: octets("k", jwk.k, limits.secretBytesMin, limits.secretBytesMax) };
    case "OKP":
      return keptEd25519(jwk);
    default:
      throw fault("kty", 'must be "oct" or "OKP"');
  }
}

export function describeJwk(jwk: KeptJwk): KeyDescription {
  if (jwk.kty === "OKP") return { kty: "OKP", crv: "Ed25519", bits: ed25519Bytes * 8 };
  return { kty: "oct", crv: null, bits: Buffer.from(jwk.k, "base64url").length * 8 };
}

function keptEd25519(jwk: Jwk): KeptJwk {
  if (jwk.crv !== "Ed25519") throw fault("crv", 'must be "Ed25519"');
  const x = octets("x", jwk.x, ed25519Bytes, ed25519Bytes);
  const d = octets("d", jwk.d, ed25519Bytes, ed25519Bytes);
  const kept = { kty: "OKP", crv: "Ed25519", x, d } as const;
  if (publicHalf(kept) !== x) throw fault("x", "is not the public key that belongs to d");
  return kept;
}

/** Node 24 goes by the private half alone; later ones refuse halves that do not belong together. */
function publicHalf(pair: { kty: string; crv: string; x: string; d: string }): string | null {
  try {
    return createPublicKey(createPrivateKey({ key: pair, format: "jwk" })).export({ format: "jwk" }).x ?? null;
  } catch {
    return null;
  }
}

/** Only what Buffer writes back the same: it would skip characters that are no base64url. */
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
