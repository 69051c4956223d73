/**
 * Keys of the dialects are JSON Web Keys (RFC 7517). Every platform can import JSON Web Keys, and each key contains its
 * own type.
 */

/** The members that dialects use. All values are base64url without padding (RFC 7518 section 6). */
export interface Jwk {
  /**
   * `oct`: the shared secret is in `k`. `OKP` with `crv` `Ed25519`: the public key is in `x`, the private key in `d`.
   */
  readonly kty: string;
  readonly k?: string;
  readonly crv?: string;
  readonly x?: string;
  readonly d?: string;
  readonly [member: string]: unknown;
}

export interface ProtocolKey {
  /** The name of the key at both ends. */
  readonly kid: string;
  /** The key. Pass the same object as long as the key does not change: the imported key is cached per object. */
  readonly jwk: Jwk;
}

/** The keys and the time with which a receiver verifies a request. */
export interface Trust {
  /**
   * The keys of the sender; the request must be valid for any of them. During a key rotation the old and the new key
   * are both listed.
   */
  readonly keys: readonly ProtocolKey[];
  /** Unix time in milliseconds. */
  readonly nowMs: number;
  /** The largest difference between a signed timestamp and `nowMs`, in either direction. */
  readonly toleranceMs: number;
}
