/**
 * Keys as dialects take them: JSON Web Keys (RFC 7517), since every platform can import those and they say themselves
 * what they are.
 */

/** The members that the dialects use. All values are base64url without padding (RFC 7518 section 6). */
export interface Jwk {
  /** `oct`: a shared secret in `k`. `OKP` with `crv` `Ed25519`: `x` is the public key, `d` the private one. */
  readonly kty: string;
  readonly k?: string;
  readonly crv?: string;
  readonly x?: string;
  readonly d?: string;
  readonly [member: string]: unknown;
}

export interface ProtocolKey {
  /** The name by which both ends know the key. */
  readonly kid: string;
  /** The same object for as long as the key is the same: what is imported from it is kept with it. */
  readonly jwk: Jwk;
}

/** What a receiver goes by when it verifies. */
export interface Trust {
  /** Any of them may have signed: the old one and the new one while a key is being changed. */
  readonly keys: readonly ProtocolKey[];
  /** Unix time in milliseconds. */
  readonly nowMs: number;
  /** How far a signed timestamp may lie from `nowMs`, in both directions. */
  readonly toleranceMs: number;
}
